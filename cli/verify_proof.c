#include "cli/verify_proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/looking.h"
#include "lib/hex.h"
#include "wire/choose.h"

static const char usage[] =
        "usage: aob verify --proof PIPELINE [--generation G] [--json]\n"
        "\n"
        "Is a generation (the newest without --generation) what it was? Its root hash, over names, metadata and\n"
        "content, as this machine came to it from the source when it was published, as the vault recorded it then,\n"
        "and as the vault comes to it now, from the metadata and the recorded hashes of content that lie there.\n"
        "\n"
        "  --json   as one object\n"
        "\n"
        "The exit status is 65 if they are not the same. docs/vault-format.md tells how to compute it without us.\n";

struct proof {
	char generation[32];
	char here[65], recorded[65], now[65]; /* "": not known */
	uint64_t unhashed;
	bool good;
};

#define PATIENCE_MS 2000 /* a broker that is there answers at once */

static const char *config_file;

bool verify_proof_asked(int argc, char *const *argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--proof") == 0)
			return true;
	return false;
}

/* What the broker knows. Without one that answers, the vault is compared with its own record alone. */
static void ask_here(const char *pipeline, struct proof *proof)
{
	struct error aside = { .class = ERR_NONE };
	json_t *result = NULL;
	struct ask *ask = NULL;
	json_t *g;
	size_t i;

	if (ask_open(config_file, &ask, &aside) == 0)
		ask_patience(ask, PATIENCE_MS);
	if (ask != NULL &&
	    ask_verb(ask, "generations", json_pack("{s:s}", "pipeline", pipeline), &result, &aside) == 0) {
		json_array_foreach(json_object_get(result, "generations"), i, g)
		{
			if (strcmp(ask_text(g, "generation"), proof->generation) == 0 &&
			    hex_is(ask_text(g, "root"), 32))
				(void)snprintf(proof->here, sizeof(proof->here), "%s", ask_text(g, "root"));
		}
	}
	json_decref(result);
	ask_close(&ask);
}

static int take_proven(void *context, const struct frame *frame, struct error *err)
{
	struct proof *proof = context;
	char generation[32];
	const uint8_t *now;
	struct decoder d;

	decoder_init(&d, frame->payload, frame->len_bytes);
	get_string(&d, generation, sizeof(generation));
	get_string(&d, proof->recorded, sizeof(proof->recorded));
	now = get_raw(&d, 32);
	proof->unhashed = get_u64(&d);
	if (codec_done(&d, "PROVEN", err) != 0)
		return -1;
	hex_text(now, 32, proof->now);
	if (strcmp(generation, proof->generation) != 0 || (proof->recorded[0] != '\0' && !hex_is(proof->recorded, 32)))
		return error_set(err, ERR_PROTOCOL, "a PROVEN that makes no sense");
	return 0;
}

static int ask_vault(struct looking *looking, struct proof *proof, struct error *err)
{
	const struct looking_answer answer = {
		.each = FRAME_PROVEN, .end = FRAME_PROVEN, .take_end = take_proven, .context = proof
	};
	struct encoder e;
	int rc;

	encoder_init(&e);
	put_string(&e, proof->generation);
	rc = looking_ask(looking, FRAME_PROOF, &e, err);
	encoder_done(&e);
	return rc == 0 ? looking_take(looking, &answer, err) : -1;
}

static const char *told(const char *root)
{
	return root[0] != '\0' ? root : "not known";
}

static void tell(const struct looking *looking, const struct proof *p)
{
	if (looking->json) {
		json_t *object = json_pack("{s:s, s:s, s:s*, s:s*, s:s, s:I, s:b}", "pipeline", looking->pipeline,
		                           "generation", p->generation, "root", p->here[0] != '\0' ? p->here : NULL,
		                           "recorded", p->recorded[0] != '\0' ? p->recorded : NULL, "now", p->now,
		                           "unhashed", (json_int_t)p->unhashed, "same", (int)p->good);

		ask_print(object);
		json_decref(object);
		return;
	}
	(void)printf("generation %s of %s\n  this machine, when it was published  %s\n  the vault's record"
	             "                   %s\n  the vault, now                       %s\n",
	             p->generation, looking->pipeline, told(p->here), told(p->recorded), p->now);
	if (p->unhashed != 0)
		(void)printf("%llu files had no recorded hash, and were read\n", (unsigned long long)p->unhashed);
	if (p->good)
		(void)puts("the same: its names, metadata and recorded hashes are what they were");
}

static bool agrees(const char *root, const char *now)
{
	return root[0] == '\0' || strcmp(root, now) == 0;
}

static int work(struct looking *looking, struct error *err)
{
	struct generation_info chosen;
	struct proof proof = { .unhashed = 0 };

	if (!remote_welcome(looking->remote)->proves)
		return error_set(err, ERR_CONFIG,
		                 "the vault knows no root hashes: its receiver is older, or its file system has no "
		                 "extended attributes");
	if (choose_generation(looking->remote, looking->pipeline, looking->generation, &chosen, err) != 0)
		return -1;
	(void)snprintf(proof.generation, sizeof(proof.generation), "%s", chosen.name);
	ask_here(looking->pipeline, &proof);
	if (ask_vault(looking, &proof, err) != 0)
		return -1;
	proof.good = agrees(proof.here, proof.now) && agrees(proof.recorded, proof.now) &&
	             (proof.here[0] != '\0' || proof.recorded[0] != '\0');
	tell(looking, &proof);
	if (proof.good)
		return 0;
	return proof.here[0] == '\0' && proof.recorded[0] == '\0'
	               ? error_set(err, ERR_NOT_FOUND, "nobody has compared this generation when it was published")
	               : error_set(
	                         err, ERR_DAMAGED,
	                         "generation %s is not what it was: something in the vault has changed it since; `aob "
	                         "verify` reads its content, `aob diff` compares it with another generation",
	                         proof.generation);
}

int verify_proof_main(int argc, char **argv, const char *config_path)
{
	static const struct looking_command command = {
		.usage = usage, .takes_generation = true, .by_fetch = true, .work = work
	};
	int n = 0;

	config_file = config_path;
	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], "--proof") != 0)
			argv[n++] = argv[i];
	argv[n] = NULL;
	return looking_main(&command, n, argv, config_path);
}
