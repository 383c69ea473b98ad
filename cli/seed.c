#include <stdio.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/options.h"
#include "cli/seed_place.h"
#include "cli/verbs.h"
#include "cli/watch_run.h"
#include "lib/bytes.h"
#include "lib/duration.h"

static const char usage[] =
        "usage: aob seed PIPELINE --to DIR [--wait] [--force] [--json]\n"
        "       aob seed PIPELINE --forget\n"
        "\n"
        "Writes a first generation on a disk that somebody carries to the vault, for a link that would take weeks for "
        "it. There,\n"
        "`aob-receiver adopt --from` takes it up; until then the pipeline's runs wait, and then carry only what has "
        "changed since.\n"
        "\n"
        "  --to DIR   where the disk is mounted: ext4, XFS or btrfs. Asked again, it goes on, or brings the seed up to "
        "date\n"
        "  --wait     show how far it is, and end with its result as exit status\n"
        "  --force    also if nothing is mounted at DIR, or on the source's own disk\n"
        "  --forget   the seed on its way is lost, or not wanted any more: send everything over the link\n";

static void print_generation(const json_t *result)
{
	char total[32];
	char span[64];

	(void)printf("The seed is written: generation %s, %lld files, %s, in %s.\n", ask_text(result, "generation"),
	             (long long)ask_number(result, "files"),
	             bytes_text((uint64_t)ask_number(result, "bytes"), total, sizeof(total)),
	             duration_text((uint64_t)ask_number(result, "seconds") * 1000, span, sizeof(span)));
}

static void print_result(const json_t *info, bool json)
{
	watch_run_generations(info, json, print_generation);
}

/* For the two people who do the rest. */
static void print_next(const struct config_pipeline *pipeline, const char *dir, bool written)
{
	const char *ssh = pipeline->vault->ssh;

	(void)printf(
	        "\n%s\n"
	        "  1. Here: umount %s, and give the disk to whoever brings it to the vault%s%s.\n"
	        "     Whoever has it can read it: it is as private as the source.\n"
	        "  2. There, as root: connect the disk, and mount it read-only (mount -o ro,nosuid,nodev,noexec "
	        "/dev/sdX1 /mnt). Then:\n"
	        "       aob-receiver adopt --root %s --from /mnt %s\n"
	        "     It only reads the disk, checks each file, and goes on where it was if it is cut off.\n"
	        "  3. Nothing more: the pipeline's runs wait for that (`aob status`), and then carry only what has "
	        "changed.\n"
	        "     Keep the disk until a run has ended well. If it is lost: aob seed %s --forget\n",
	        written ? "What is to be done now:" : "When it is done (`aob status` shows how far it is):", dir,
	        ssh != NULL ? ", " : "", ssh != NULL ? ssh : "", pipeline->vault->root, pipeline->name, pipeline->name);
}

static int write_seed(struct ask *ask, const struct config_pipeline *pipeline, const struct options *options,
                      struct error *err)
{
	char root[SEED_PLACE_SIZE];
	json_t *result = NULL;
	json_t *body;

	if (seed_place_make(ask_config(ask), pipeline, options->to, options->force, root, err) != 0)
		return -1;
	body = json_pack("{s:s, s:s}", "pipeline", pipeline->name, "root", root);
	if (options->wait) {
		if (watch_run_ask(ask, "seed", body, options, print_result, err) != 0)
			return -1;
	} else {
		if (ask_verb(ask, "seed", body, &result, err) != 0)
			return -1;
		if (options->json)
			ask_print(result);
		else
			(void)printf("run %s %s\n", ask_text(result, "run"),
			             json_is_true(json_object_get(result, "new")) ? "has started"
			                                                          : "is writing it already");
		json_decref(result);
	}
	if (!options->json)
		print_next(pipeline, options->to, options->wait);
	return 0;
}

static int forget_seed(struct ask *ask, const struct config_pipeline *pipeline, const struct options *options,
                       struct error *err)
{
	json_t *result = NULL;

	if (ask_verb(ask, "forget-seed", json_pack("{s:s}", "pipeline", pipeline->name), &result, err) != 0)
		return -1;
	if (options->json)
		ask_print(result);
	else
		(void)printf("%s: its runs wait for no seed any more\n", pipeline->name);
	json_decref(result);
	return 0;
}

static int work(struct ask *ask, const struct options *options, struct error *err)
{
	const struct config_pipeline *pipeline = config_pipeline_asked(ask_config(ask), options->word, err);

	if (pipeline == NULL)
		return -1;
	if ((options->to != NULL) == options->forget)
		return error_set(err, ERR_USAGE, "want either --to DIR or --forget");
	return options->forget ? forget_seed(ask, pipeline, options, err) : write_seed(ask, pipeline, options, err);
}

int seed_main(int argc, char **argv, const char *config_path)
{
	static const struct ask_command command = { "to wait force forget json ", OPTIONS_WANT_WORD, usage, work };

	return ask_main(&command, argc, argv, config_path);
}
