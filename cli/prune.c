#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/ask.h"
#include "cli/style.h"
#include "cli/verbs.h"
#include "cli/watch_run.h"
#include "lib/log.h"

static int usage(FILE *out, int status)
{
	(void)fputs(
	        "usage: aob prune PIPELINE [--dry-run] [--json]\n"
	        "\n"
	        "Removes the generations and local snapshots that the pipeline's policy does not keep, and says why.\n"
	        "\n"
	        "  --dry-run   only say what would be removed\n",
	        out);
	return status;
}

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
		(void)json_dumpf(result, stdout, JSON_INDENT(2));
		(void)fputc('\n', stdout);
		return;
	}
	if (!json_is_object(result))
		return;
	print_list(result, "generations", "generation");
	print_list(result, "snapshots", "snapshot");
	if (json_is_true(json_object_get(result, "dry_run")))
		(void)puts("nothing was removed: this was a dry run");
	else
		(void)printf("removed %lld generations, %lld snapshots\n",
		             (long long)ask_number(result, "removed_generations"),
		             (long long)ask_number(result, "removed_snapshots"));
}

static int follow(struct ask *ask, const char *run, bool json, struct error *err)
{
	json_t *info = NULL;
	int rc = watch_run_follow(ask, run, &info, err);

	if (rc == 0) {
		rc = watch_run_status(info, err);
		print_result(info, json);
	}
	json_decref(info);
	return rc;
}

int prune_main(int argc, char **argv, const char *config_path)
{
	static const struct option options[] = { { "dry-run", no_argument, NULL, 'd' },
		                                 { "json", no_argument, NULL, 'j' },
		                                 { "help", no_argument, NULL, 'h' },
		                                 { NULL, 0, NULL, 0 } };
	struct error err = { .class = ERR_NONE };
	struct ask *ask = NULL;
	json_t *result = NULL;
	bool json = false;
	bool dry_run = false;
	int option;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'h' || option == '?')
			return usage(option == 'h' ? stdout : stderr, option == 'h' ? EX_OK : EX_USAGE);
		dry_run = dry_run || option == 'd';
		json = json || option == 'j';
	}
	if (argc - optind != 1)
		return usage(stderr, EX_USAGE);
	if (ask_open(config_path, &ask, &err) != 0)
		return ask_failed("prune", &err);
	if (ask_verb(
	            ask, "run-stage",
	            json_pack("{s:s, s:s, s:b}", "pipeline", argv[optind], "service", "prune", "dry_run", (int)dry_run),
	            &result, &err) == 0)
		(void)follow(ask, ask_text(result, "run"), json, &err);
	json_decref(result);
	ask_close(&ask);
	return err.class == ERR_NONE ? EX_OK : ask_failed("prune", &err);
}
