#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/list_vault.h"
#include "cli/options.h"
#include "cli/style.h"
#include "lib/bytes.h"
#include "lib/log.h"

static const char usage[] =
        "usage: aob list [PIPELINE] [--vault] [--json]\n\nThe generations that are in the vaults, the newest first; "
        "--json also those that were removed.\n\n"
        "  --vault    ask the vaults themselves, not the broker\n";

/* The last backup that a Mac completed, as the generation has it. */
static void print_mac(const json_t *mac)
{
	bool failed = json_is_true(json_object_get(mac, "verification_failed"));
	int64_t completed = ask_number(mac, "completed_at");
	const char *state = ask_text(mac, "state");
	char name[512];
	char when[32];

	(void)printf("    %s%s: %s%s%s%s%s\n", style_code(STYLE_DIM),
	             log_escape(ask_text(mac, "name"), name, sizeof(name)),
	             completed != 0 ? "last completed backup " : "no completed backup",
	             completed != 0 ? style_when(completed, when, sizeof(when)) : "",
	             strcmp(state, "finished") == 0    ? ""
	             : strcmp(state, "in-flight") == 0 ? ", and it may just have been writing"
	                                               : ", and a later one that it had not finished",
	             failed ? ", verification FAILED" : "", style_code(STYLE_PLAIN));
}

static void print_row(const json_t *g)
{
	char when[32];
	char bytes[32];
	char fresh[32];
	char state[64];
	size_t i;
	json_t *mac;

	(void)printf("%s  %s  %-10s %9lld %10s %10s  %s%s\n", ask_text(g, "generation"),
	             style_when(ask_number(g, "taken_at"), when, sizeof(when)),
	             log_escape(ask_text(g, "state"), state, sizeof(state)), (long long)ask_number(g, "files"),
	             bytes_text((uint64_t)ask_number(g, "bytes"), bytes, sizeof(bytes)),
	             bytes_text((uint64_t)ask_number(g, "literal_bytes"), fresh, sizeof(fresh)),
	             ask_text(g, "pipeline"), json_is_true(json_object_get(g, "held")) ? "  (held by the brake)" : "");
	json_array_foreach(json_object_get(g, "macs"), i, mac) print_mac(mac);
}

static void print_table(const json_t *list)
{
	size_t shown = 0;
	size_t i;
	json_t *g;

	json_array_foreach(list, i, g) shown += json_is_true(json_object_get(g, "pruned")) ? 0 : 1;
	if (shown == 0) {
		(void)puts("no generations yet");
		return;
	}
	(void)printf("%s%-20s  %-16s  %-10s %9s %10s %10s  %s%s\n", style_code(STYLE_BOLD), "GENERATION",
	             "TAKEN (local)", "STATE", "FILES", "SIZE", "NEW", "PIPELINE", style_code(STYLE_PLAIN));
	json_array_foreach(list, i, g) if (!json_is_true(json_object_get(g, "pruned"))) print_row(g);
}

/* An answer of the broker has room for the newest; the last line tells that there are more. */
static void print_answer(const json_t *result, const char *pipeline)
{
	int64_t left_out = ask_number(result, "left_out");

	print_table(json_object_get(result, "generations"));
	if (left_out > 0 && pipeline != NULL)
		(void)printf("and %lld older ones, which `aob list %s --vault` lists too\n", (long long)left_out,
		             pipeline);
	else if (left_out > 0)
		(void)printf("and %lld older ones, which `aob list PIPELINE` lists, or `aob list --vault`\n",
		             (long long)left_out);
}

static int ask_broker(struct ask *ask, const char *pipeline, json_t **result, struct error *err)
{
	json_t *body = pipeline != NULL ? json_pack("{s:s}", "pipeline", pipeline) : json_object();

	return ask_verb(ask, "generations", body, result, err);
}

static int work(struct ask *ask, const struct options *options, struct error *err)
{
	json_t *result = NULL;

	if (options->vault)
		result = list_vault(ask_config(ask), options->word, err);
	else
		(void)ask_broker(ask, options->word, &result, err);
	if (result == NULL)
		return -1;
	if (options->json)
		ask_print(result);
	else
		print_answer(result, options->word);
	json_decref(result);
	return 0;
}

int list_main(int argc, char **argv, const char *config_path)
{
	static const struct ask_command command = { "json vault ", OPTIONS_MAY_WORD, usage, work };

	return ask_main(&command, argc, argv, config_path);
}
