#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

#include "cli/ask.h"
#include "cli/interrupt.h"
#include "cli/verbs.h"
#include "lib/bytes.h"
#include "lib/config.h"
#include "lib/duration.h"
#include "lib/progress.h"
#include "lib/stage_msg.h"
#include "wire/rehearsing.h"

#define PATIENCE_MS 2000 /* a broker that is there answers at once */

static const char usage_text[] =
        "usage: aob rehearse PIPELINE [--generation G] [--most SIZE] [--seed N] [--json]\n"
        "\n"
        "Would a restore give everything back, and in what time? A sample of the newest generation, drawn by lot, is\n"
        "brought back to a scratch folder (in $TMPDIR, else /var/tmp) by `aob restore`, each file held against the\n"
        "SHA-256 from the day it was written, and removed again. Of Time Machine's bundles all property lists are "
        "read,\n"
        "and each band has to lie within the image. From the time that it takes follows how long all of it would.\n"
        "\n"
        "  --generation G  this one instead of the newest\n"
        "  --most SIZE     how much the sample may hold (64 MiB)\n"
        "  --seed N        draw the sample that the one with this number had\n"
        "  --json          the result as JSON\n";

struct rehearse {
	const char *config_path;
	struct rehearsing rehearsing;
	struct rehearsing_result result;
	struct progress_bar bar;
	bool json, seeded;
};

static int asked_to_stop(void *context, struct error *err)
{
	(void)context;
	return interrupt_asked() ? error_set(err, ERR_CANCELLED, "interrupted; nothing of it is left") : 0;
}

static void show(void *context, uint64_t done, uint64_t total, const char *note)
{
	struct rehearse *r = context;

	(void)note;
	r->bar.done = done;
	r->bar.total = total;
	progress_show(&r->bar);
}

/* The pipeline's last rehearsal, as the broker has it; a new reference. NULL: there was none, or no broker is there. */
static json_t *last_of(const struct rehearse *r)
{
	struct error aside = { .class = ERR_NONE };
	struct ask *ask = NULL;
	json_t *status = NULL;
	json_t *last = NULL;
	json_t *row;
	size_t i;

	if (ask_open(r->config_path, &ask, &aside) != 0)
		return NULL;
	ask_patience(ask, PATIENCE_MS);
	(void)ask_verb(ask, "status", json_object(), &status, &aside);
	json_array_foreach(json_object_get(status, "pipelines"), i, row)
	{
		if (last == NULL && strcmp(ask_text(row, "name"), r->rehearsing.pipeline) == 0)
			last = json_incref(json_object_get(row, "rehearse"));
	}
	json_decref(status);
	ask_close(&ask);
	return last;
}

/* What was wrong is in the sample again: chance might leave it out, and what the broker is told ends the alarm. */
static int draw(struct rehearse *r, struct error *err)
{
	json_t *last = r->rehearsing.generation == NULL ? last_of(r) : NULL;
	uint64_t *seed = &r->rehearsing.seed;
	json_t *fault;
	size_t i;

	if (json_is_false(json_object_get(last, "restorable"))) {
		json_array_foreach(json_object_get(last, "faults"), i, fault)
		{
			(void)rehearsing_again(&r->rehearsing, ask_text(fault, "mark"));
		}
		r->seeded = r->seeded || rehearsing_seed(&r->rehearsing, ask_text(last, "seed"));
	}
	json_decref(last);
	if (!r->seeded && getrandom(seed, sizeof(*seed), 0) != (ssize_t)sizeof(*seed))
		return error_set(err, ERR_SYSTEM, "no random number");
	return 0;
}

/* So that the alarm begins, or ends. Only of the current generation: that an older one is not whole says nothing of what a restore gives. */
static void tell_broker(const struct rehearse *r, json_t *result)
{
	struct error aside = { .class = ERR_NONE };

	if (r->rehearsing.generation == NULL &&
	    ask_tell(r->config_path, "rehearsed", r->rehearsing.pipeline, result, &aside) != 0)
		(void)fprintf(stderr, "aob rehearse: the broker could not be told: %s\n", aside.text);
}

static void print(const struct rehearsing_result *r)
{
	char bytes[BYTES_TEXT_SIZE];
	char whole[BYTES_TEXT_SIZE];
	char about[DURATION_TEXT_SIZE];

	for (size_t i = 0; i < r->n_wrongs; i++)
		(void)printf("%s%s%s\n", r->wrongs[i].path, *r->wrongs[i].path != '\0' ? ": " : "",
		             r->wrongs[i].reason);
	if (r->wrong == 0 && r->whole_s != 0)
		(void)printf("restorable, in %s: ", duration_about((uint64_t)r->whole_s * 1000, about, sizeof(about)));
	else if (r->wrong == 0)
		(void)printf(
		        "restorable, but in what time is not known, as the smallest of the large files does not fit "
		        "into scratch ($TMPDIR): ");
	(void)printf("%llu files, %s, of generation %s came back (%llu files, %s)", (unsigned long long)r->files,
	             bytes_text(r->bytes, bytes, sizeof(bytes)), r->generation, (unsigned long long)r->whole_files,
	             bytes_text(r->whole_bytes, whole, sizeof(whole)));
	if (r->bundles != 0)
		(void)printf("; %llu Time Machine bundles were looked at", (unsigned long long)r->bundles);
	(void)printf("\n");
}

static int report(struct rehearse *r, struct error *err)
{
	struct stage_result *result = stage_result_new();
	json_t *json = NULL;

	if (result != NULL) {
		rehearsing_tell(&r->result, result);
		json = stage_result_json(result);
	}
	tell_broker(r, json);
	if (r->json && json != NULL)
		ask_print(json);
	else
		print(&r->result);
	stage_result_destroy(&result);
	return r->result.wrong == 0 ? 0
	                            : error_set(err, ERR_DAMAGED,
	                                        "generation %s does not come back whole; `aob verify %s --all` mends "
	                                        "what can be mended, "
	                                        "`aob restore --generation` takes an older one",
	                                        r->result.generation, r->rehearsing.pipeline);
}

static int run(struct rehearse *r, const struct config *config, struct error *err)
{
	const struct config_pipeline *pipeline = config_pipeline_asked(config, r->rehearsing.pipeline, err);
	int rc;

	if (pipeline == NULL || draw(r, err) != 0)
		return -1;
	r->rehearsing.vault = pipeline->vault;
	rc = rehearsing_run(&r->rehearsing, &r->result, err);
	progress_clear(&r->bar);
	if (rc != 0)
		return -1;
	rc = report(r, err);
	rehearsing_done(&r->result);
	return rc;
}

static int usage(FILE *out, int status)
{
	(void)fputs(usage_text, out);
	return status;
}

/* -1: go on; else the exit status. */
static int read_command_line(int argc, char **argv, struct rehearse *r)
{
	static const struct option options[] = { { "generation", required_argument, NULL, 'g' },
		                                 { "most", required_argument, NULL, 'm' },
		                                 { "seed", required_argument, NULL, 's' },
		                                 { "json", no_argument, NULL, 'j' },
		                                 { "help", no_argument, NULL, 'h' },
		                                 { NULL, 0, NULL, 0 } };
	struct error err = { .class = ERR_NONE };
	int option;

	optind = 0;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'g':
			r->rehearsing.generation = optarg;
			break;
		case 'm':
			if (bytes_parse(optarg, &r->rehearsing.most_bytes, &err) != 0) {
				(void)fprintf(stderr, "aob rehearse: --most: %s\n", err.text);
				return EX_USAGE;
			}
			break;
		case 's':
			r->seeded = rehearsing_seed(&r->rehearsing, optarg);
			if (!r->seeded)
				return usage(stderr, EX_USAGE);
			break;
		case 'j':
			r->json = true;
			break;
		case 'h':
			return usage(stdout, EX_OK);
		default:
			return usage(stderr, EX_USAGE);
		}
	}
	if (optind + 1 != argc)
		return usage(stderr, EX_USAGE);
	r->rehearsing.pipeline = argv[optind];
	return -1;
}

int rehearse_main(int argc, char **argv, const char *config_path)
{
	struct rehearse r = {
		.config_path = config_path,
		.rehearsing = { .most_bytes = REHEARSING_MOST_BYTES, .progress = show, .asked_to_stop = asked_to_stop }
	};
	struct error err = { .class = ERR_NONE };
	struct config *config = NULL;
	int status = read_command_line(argc, argv, &r);

	if (status >= 0)
		return status;
	r.rehearsing.context = &r;
	interrupt_catch();
	progress_begin(&r.bar, "rehearsing");
	if (config_load(config_path, &config, stderr, &err) == 0)
		(void)run(&r, config, &err);
	progress_clear(&r.bar);
	(void)fflush(stdout);
	status = err.class == ERR_NONE ? EX_OK : ask_failed("rehearse", &err);
	config_destroy(&config);
	return status;
}
