#include <stdio.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "cli/watch_run.h"
#include "lib/bytes.h"
#include "lib/duration.h"

static const char usage[] =
        "usage: aob run PIPELINE [--now] [--wait] [--json]\n"
        "\n"
        "Starts a run without waiting for the source to come to rest. If one is running, that is it.\n"
        "\n"
        "  --now    what it does anyway\n"
        "  --wait   show how far it is, and end with its result as exit status\n";

/* What the transfer step tells of the new generation. */
static void print_generation(const json_t *result)
{
	char total[32];
	char fresh[32];
	char sent[32];
	char span[64];

	if (json_is_true(json_object_get(result, "unchanged"))) {
		(void)printf("nothing has changed: generation %s still is the newest\n",
		             ask_text(result, "generation"));
		return;
	}
	(void)printf("generation %s: %lld files, %s; %s new, %s sent in %s\n", ask_text(result, "generation"),
	             (long long)ask_number(result, "files"),
	             bytes_text((uint64_t)ask_number(result, "bytes"), total, sizeof(total)),
	             bytes_text((uint64_t)ask_number(result, "literal_bytes"), fresh, sizeof(fresh)),
	             bytes_text((uint64_t)ask_number(result, "wire_sent"), sent, sizeof(sent)),
	             duration_text((uint64_t)ask_number(result, "seconds") * 1000, span, sizeof(span)));
}

static void print_result(const json_t *info, bool json)
{
	watch_run_generations(info, json, print_generation);
}

static int work(struct ask *ask, const struct options *options, struct error *err)
{
	json_t *body = json_pack("{s:s, s:s}", "pipeline", options->word, "trigger", "manual");
	json_t *result = NULL;

	if (options->wait)
		return watch_run_ask(ask, "run", body, options, print_result, err);
	if (ask_verb(ask, "run", body, &result, err) != 0)
		return -1;
	if (options->json)
		ask_print(result);
	else
		(void)printf("run %s %s; `aob status` shows how far it is\n", ask_text(result, "run"),
		             json_is_true(json_object_get(result, "new")) ? "has started" : "is running already");
	json_decref(result);
	return 0;
}

int run_main(int argc, char **argv, const char *config_path)
{
	static const struct ask_command command = { "now wait json ", OPTIONS_WANT_WORD, usage, work };

	return ask_main(&command, argc, argv, config_path);
}
