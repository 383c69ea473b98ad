#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/ask.h"
#include "cli/verbs.h"
#include "cli/watch_run.h"
#include "lib/bytes.h"
#include "lib/duration.h"

static int usage(FILE *out, int status)
{
	(void)fputs("usage: aob run PIPELINE [--now] [--wait] [--json]\n"
	            "\n"
	            "Starts a run without waiting for the source to come to rest. If one is running, that is it.\n"
	            "\n"
	            "  --now    what it does anyway\n"
	            "  --wait   show how far it is, and end with its result as exit status\n",
	            out);
	return status;
}

/* What the transfer step tells of the new generation. */
static void print_result(const json_t *info)
{
	size_t i;
	json_t *step;

	json_array_foreach(json_object_get(info, "steps"), i, step)
	{
		const json_t *result = json_object_get(step, "result");
		char total[32];
		char fresh[32];
		char sent[32];
		char span[64];

		if (*ask_text(result, "generation") == '\0')
			continue;
		if (json_is_true(json_object_get(result, "unchanged"))) {
			(void)printf("nothing has changed: generation %s still is the newest\n",
			             ask_text(result, "generation"));
			continue;
		}
		(void)printf("generation %s: %lld files, %s; %s new, %s sent in %s\n", ask_text(result, "generation"),
		             (long long)ask_number(result, "files"),
		             bytes_text((uint64_t)ask_number(result, "bytes"), total, sizeof(total)),
		             bytes_text((uint64_t)ask_number(result, "literal_bytes"), fresh, sizeof(fresh)),
		             bytes_text((uint64_t)ask_number(result, "wire_sent"), sent, sizeof(sent)),
		             duration_text((uint64_t)ask_number(result, "seconds") * 1000, span, sizeof(span)));
	}
}

static int follow(struct ask *ask, const char *run, bool json, struct error *err)
{
	json_t *info = NULL;
	int rc = watch_run_follow(ask, run, &info, err);

	if (rc == 0) {
		if (json) {
			(void)json_dumpf(info, stdout, JSON_INDENT(2));
			(void)fputc('\n', stdout);
		} else {
			print_result(info);
		}
		rc = watch_run_status(info, err);
	}
	json_decref(info);
	return rc;
}

int run_main(int argc, char **argv, const char *config_path)
{
	static const struct option options[] = { { "now", no_argument, NULL, 'n' },
		                                 { "wait", no_argument, NULL, 'w' },
		                                 { "json", no_argument, NULL, 'j' },
		                                 { "help", no_argument, NULL, 'h' },
		                                 { NULL, 0, NULL, 0 } };
	struct error err = { .class = ERR_NONE };
	struct ask *ask = NULL;
	json_t *result = NULL;
	bool json = false;
	bool wait = false;
	int option;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'h' || option == '?')
			return usage(option == 'h' ? stdout : stderr, option == 'h' ? EX_OK : EX_USAGE);
		wait = wait || option == 'w';
		json = json || option == 'j';
	}
	if (argc - optind != 1)
		return usage(stderr, EX_USAGE);
	if (ask_open(config_path, &ask, &err) != 0)
		return ask_failed("run", &err);
	if (ask_verb(ask, "run", json_pack("{s:s, s:s}", "pipeline", argv[optind], "trigger", "manual"), &result,
	             &err) == 0) {
		if (wait) {
			(void)follow(ask, ask_text(result, "run"), json, &err);
		} else if (json) {
			(void)json_dumpf(result, stdout, JSON_COMPACT);
			(void)fputc('\n', stdout);
		} else {
			(void)printf("run %s %s; `aob status` shows how far it is\n", ask_text(result, "run"),
			             json_is_true(json_object_get(result, "new")) ? "has started"
			                                                          : "is running already");
		}
	}
	json_decref(result);
	ask_close(&ask);
	return err.class == ERR_NONE ? EX_OK : ask_failed("run", &err);
}
