#include <stdio.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/options.h"
#include "cli/style.h"
#include "cli/verbs.h"
#include "cli/watch_run.h"
#include "lib/log.h"

static const char usage[] =
        "usage: aob prune PIPELINE [--dry-run] [--json]\n"
        "\n"
        "Removes the generations and local snapshots that the pipeline's policy does not keep, and says why.\n"
        "\n"
        "  --dry-run   only say what would be removed\n";

static void print_list(const json_t *result, const char *list, const char *key)
{
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(result, list), i, row)
	{
		const char *action = ask_text(row, "action");
		enum style style = strcmp(action, "keep") == 0     ? STYLE_GOOD
		                   : strcmp(action, "remove") == 0 ? STYLE_WARN
		                                                   : STYLE_BAD;
		char name[512];
		char reason[512];

		(void)printf("%s%-8s%s %s  %s\n", style_code(style), action, style_code(STYLE_PLAIN),
		             log_escape(ask_text(row, key), name, sizeof(name)),
		             log_escape(ask_text(row, "reason"), reason, sizeof(reason)));
	}
}

static void print_result(const json_t *info, bool json)
{
	const json_t *result = json_object_get(json_array_get(json_object_get(info, "steps"), 0), "result");

	if (json) {
		ask_print(result);
		return;
	}
	if (!json_is_object(result))
		return;
	print_list(result, "generations", "generation");
	if (json_array_size(json_object_get(result, "unlisted")) > 0 ||
	    json_is_false(json_object_get(result, "complete_with_unlisted")))
		(void)puts("… and others, of which there are too many to list: they stay, at least until the next run");
	print_list(result, "snapshots", "snapshot");
	if (json_is_true(json_object_get(result, "dry_run")))
		(void)puts("nothing was removed: this was a dry run");
	else
		(void)printf("removed %lld generations, %lld snapshots\n",
		             (long long)ask_number(result, "removed_generations"),
		             (long long)ask_number(result, "removed_snapshots"));
}

static int work(struct ask *ask, const struct options *options, struct error *err)
{
	json_t *body = json_pack("{s:s, s:s, s:b}", "pipeline", options->word, "service", "prune", "dry_run",
	                         (int)options->dry_run);

	return watch_run_ask(ask, "run-stage", body, options, print_result, err);
}

int prune_main(int argc, char **argv, const char *config_path)
{
	static const struct ask_command command = { "dry-run json ", OPTIONS_WANT_WORD, usage, work };

	return ask_main(&command, argc, argv, config_path);
}
