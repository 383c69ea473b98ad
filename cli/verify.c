#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli/ask.h"
#include "cli/interrupt.h"
#include "cli/listing.h"
#include "cli/verbs.h"
#include "cli/verify_proof.h"
#include "lib/bytes.h"
#include "lib/config.h"
#include "lib/hex.h"
#include "lib/json_text.h"
#include "lib/log.h"
#include "lib/progress.h"
#include "lib/snapshots_option.h"
#include "lib/stage_msg.h"
#include "wire/verifying.h"

static const char usage_text[] =
        "usage: aob verify PIPELINE [--generation G | --all] [--look-only] [--json]\n"
        "       aob verify --proof PIPELINE [--generation G] [--json]\n"
        "\n"
        "The vault reads a generation (the newest without --generation), or all of them, from its disk again, and "
        "holds\n"
        "each file against the SHA-256 that was recorded when it was written. What is damaged is named, with the\n"
        "generations that it touches, and mended: from this machine, if it still has that content, else from another\n"
        "generation. It reads at idle priority, and waits while a backup writes there.\n"
        "\n"
        "With --proof no content is read: the root hash that this machine computed of its snapshot is held against "
        "the\n"
        "one that the vault computes of that generation now (aob verify --proof --help).\n"
        "\n"
        "  --all         every file of every generation, each content once\n"
        "  --look-only   mend nothing\n"
        "  --json        an object for each damaged file, then one with the totals\n";

struct verify {
	const char *config_path;
	struct verifying verifying;
	bool json, all;
	struct verifying_result result;
	struct progress_bar bar;
	struct error err; /* of printing */
};

static int asked_to_stop(void *context, struct error *err)
{
	(void)context;
	return interrupt_asked()
	               ? error_set(err, ERR_CANCELLED, "interrupted; with --all the next share goes on from here")
	               : 0;
}

static void show(void *context, uint64_t done, uint64_t total, const char *note)
{
	struct verify *v = context;

	(void)note;
	v->bar.done = done;
	v->bar.total = total;
	progress_show(&v->bar);
}

static const char *said(enum verifying_became became)
{
	static const char *const words[] = {
		[VERIFYING_FOUND] = "",
		[VERIFYING_FROM_SOURCE] = "mended, with the content that this machine has",
		[VERIFYING_FROM_VAULT] = "mended, with the content that another generation has",
		[VERIFYING_NEEDLESS] = "it is not damaged any more, or went with its generation",
		[VERIFYING_LATER] = "not mended now; the next verification tries again",
		[VERIFYING_CANNOT] = "can't be mended",
	};

	return words[became];
}

static void print_file(struct verify *v, const struct wire_damage *damage, enum verifying_became became,
                       const char *reason)
{
	size_t room = 4 * strlen(damage->path) + 1;
	char *safe = malloc(room);

	if (safe == NULL)
		return;
	progress_clear(&v->bar);
	(void)printf("%s: %s, in",
	             *damage->path != '\0'                 ? log_escape(damage->path, safe, room)
	             : damage->kind == WIRE_DAMAGE_DIFFERS ? "(all of it)"
	                                                   : "(a folder or files)",
	             verifying_said(damage->kind));
	for (size_t i = 0; i < damage->n_generations; i++)
		(void)printf(" %s", damage->generations[i]);
	(void)printf("\n");
	if (damage->kind == WIRE_DAMAGE_MISSING || *damage->path == '\0')
		(void)printf("  %s\n", damage->reason);
	if (became != VERIFYING_FOUND)
		(void)printf("  %s%s%s\n", said(became), *reason != '\0' ? ": " : "", reason);
	free(safe);
}

static void print_file_json(struct verify *v, const struct wire_damage *damage, enum verifying_became became,
                            const char *reason)
{
	static const char *const kinds[] = { [WIRE_DAMAGE_CONTENT] = "content",
		                             [WIRE_DAMAGE_UNREADABLE] = "unreadable",
		                             [WIRE_DAMAGE_MISSING] = "missing",
		                             [WIRE_DAMAGE_DIFFERS] = "differs" };
	char sha256[65];
	json_t *generations = json_array();
	json_t *json;

	hex_text(damage->sha256, sizeof(damage->sha256), sha256);
	for (size_t i = 0; i < damage->n_generations; i++)
		(void)json_array_append_new(generations, json_string(damage->generations[i]));
	json = json_pack("{s:s, s:s, s:I, s:s, s:I, s:o, s:o}", "damage", kinds[damage->kind], "became",
	                 verifying_word(became), "size", (json_int_t)damage->size_bytes, "sha256", sha256, "found_at",
	                 (json_int_t)damage->found_at_s, "reason", json_text(*reason != '\0' ? reason : damage->reason),
	                 "generations", generations);
	if (json != NULL && listing_name_json(json, "path", damage->path) != 0) {
		json_decref(json);
		json = NULL;
	}
	progress_clear(&v->bar);
	(void)listing_print_json(json, &v->err);
}

static void take_file(void *context, const struct wire_damage *damage, enum verifying_became became, const char *reason)
{
	struct verify *v = context;

	if (v->json)
		print_file_json(v, damage, became, reason);
	else
		print_file(v, damage, became, reason);
}

static int print_totals_json(const struct verify *v, const struct verifying_result *r, struct error *err)
{
	const uint64_t *n = r->became;

	return listing_print_json(
	        json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "pipeline", v->verifying.pipeline,
	                  "files", (json_int_t)r->verified.files, "bytes", (json_int_t)r->verified.bytes, "unhashed",
	                  (json_int_t)r->verified.unhashed, "damaged", (json_int_t)r->verified.damaged,
	                  "mended_from_source", (json_int_t)n[VERIFYING_FROM_SOURCE], "mended_from_vault",
	                  (json_int_t)n[VERIFYING_FROM_VAULT], "later", (json_int_t)n[VERIFYING_LATER], "left",
	                  (json_int_t)r->left, "last_round", (json_int_t)r->verified.last_round_s),
	        err);
}

static void print_totals(const struct verify *v, const struct verifying_result *r)
{
	uint64_t mended = r->became[VERIFYING_FROM_SOURCE] + r->became[VERIFYING_FROM_VAULT];
	char bytes[BYTES_TEXT_SIZE];

	(void)printf("%s: %llu files read again, %s; ", v->verifying.pipeline, (unsigned long long)r->verified.files,
	             bytes_text(r->verified.bytes, bytes, sizeof(bytes)));
	if (r->verified.unhashed != 0)
		(void)printf("%llu of them without a recorded hash, which nothing can be held against; ",
		             (unsigned long long)r->verified.unhashed);
	if (r->verified.damaged == 0)
		(void)printf("each is what was backed up\n");
	else
		(void)printf("%llu damaged, %llu mended, %llu left\n", (unsigned long long)r->verified.damaged,
		             (unsigned long long)mended, (unsigned long long)r->left);
}

/* So that the alarm begins, or ends. Without a broker the next share does that. */
static void tell_broker(const struct verify *v)
{
	struct error aside = { .class = ERR_NONE };
	struct stage_result *result = stage_result_new();

	if (result != NULL)
		verifying_tell(&v->result, result);
	(void)ask_tell(v->config_path, "verified", v->verifying.pipeline,
	               result != NULL ? stage_result_json(result) : NULL, &aside);
	stage_result_destroy(&result);
	if (aside.class != ERR_NONE && v->result.verified.damaged > 0)
		(void)fprintf(stderr, "aob verify: the broker could not be told (%s); the next share tells it\n",
		              aside.text);
}

static int run(struct verify *v, const struct config *config, struct error *err)
{
	const struct config_pipeline *pipeline = config_pipeline_asked(config, v->verifying.pipeline, err);
	struct verifying_result *result = &v->result;
	char *snapshots;
	int rc;

	if (pipeline == NULL)
		return -1;
	snapshots = snapshots_option(pipeline);
	v->verifying.vault = pipeline->vault;
	v->verifying.source = pipeline->source;
	v->verifying.snapshots = snapshots;
	rc = verifying_run(&v->verifying, result, err);
	free(snapshots);
	progress_clear(&v->bar);
	if (rc != 0)
		return -1;
	tell_broker(v);
	if (v->json && print_totals_json(v, result, &v->err) != 0) {
		*err = v->err;
		return -1;
	}
	if (!v->json)
		print_totals(v, result);
	return result->left == 0
	               ? 0
	               : error_set(err, ERR_DAMAGED,
	                           "%llu files in the vault are damaged; `aob restore` gives the others back, "
	                           "and `aob find %s PATH` tells of other versions",
	                           (unsigned long long)result->left, v->verifying.pipeline);
}

static int usage(FILE *out, int status)
{
	(void)fputs(usage_text, out);
	return status;
}

/* -1: go on; else the exit status. */
static int read_command_line(int argc, char **argv, struct verify *v)
{
	static const struct option options[] = { { "generation", required_argument, NULL, 'g' },
		                                 { "all", no_argument, NULL, 'a' },
		                                 { "look-only", no_argument, NULL, 'l' },
		                                 { "json", no_argument, NULL, 'j' },
		                                 { "help", no_argument, NULL, 'h' },
		                                 { NULL, 0, NULL, 0 } };
	int option;

	optind = 0;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'g':
			v->verifying.want.generation = optarg;
			break;
		case 'a':
			v->verifying.want.how = WIRE_VERIFY_ALL;
			break;
		case 'l':
			v->verifying.mends = false;
			break;
		case 'j':
			v->json = true;
			break;
		case 'h':
			return usage(stdout, EX_OK);
		default:
			return usage(stderr, EX_USAGE);
		}
	}
	if (optind + 1 != argc || (v->verifying.want.how == WIRE_VERIFY_ALL && *v->verifying.want.generation != '\0'))
		return usage(stderr, EX_USAGE);
	v->verifying.pipeline = argv[optind];
	return -1;
}

int verify_main(int argc, char **argv, const char *config_path)
{
	struct verify v = { .verifying = { .want = { .how = WIRE_VERIFY_ONE, .generation = "" },
		                           .mends = true,
		                           .progress = show,
		                           .file = take_file,
		                           .asked_to_stop = asked_to_stop } };
	struct error err = { .class = ERR_NONE };
	struct config *config = NULL;
	int status;

	if (verify_proof_asked(argc, argv))
		return verify_proof_main(argc, argv, config_path);
	status = read_command_line(argc, argv, &v);
	if (status >= 0)
		return status;
	v.verifying.context = &v;
	v.config_path = config_path;
	interrupt_catch();
	progress_begin(&v.bar, "verifying");
	if (config_load(config_path, &config, stderr, &err) == 0)
		(void)run(&v, config, &err);
	progress_clear(&v.bar);
	(void)fflush(stdout);
	status = err.class == ERR_NONE ? EX_OK : ask_failed("verify", &err);
	config_destroy(&config);
	return status;
}
