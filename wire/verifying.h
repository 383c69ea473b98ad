/* verifying: a pipeline's vault is read again by its receiver, and what is damaged is mended: from the source, if that still holds the content, else from other generations. For the command and for the stage.
 *
 * threads: one at a time. */
#ifndef AOB_VERIFYING_H
#define AOB_VERIFYING_H

#include "wire/remote_verify.h"

struct stage_result;

enum verifying_became {
	VERIFYING_FOUND,       /* nothing was tried */
	VERIFYING_FROM_SOURCE, /* mended */
	VERIFYING_FROM_VAULT,  /* mended */
	VERIFYING_NEEDLESS,    /* it is not damaged any more, or went with its generation */
	VERIFYING_LATER,       /* somebody writes there now */
	VERIFYING_CANNOT,      /* nobody has it any more */
	VERIFYING_BECAMES
};

struct verifying {
	const struct config_vault *vault;
	const char *pipeline, *source;
	const char *snapshots; /* the folder that is configured for them, or NULL */
	struct remote_verify_want want;
	bool mends;
	/* progress: as remote_verify's. file: what became of a damaged file, and why not. asked_to_stop: at least once a second; -1 (err set) ends it. Each may be NULL. */
	void (*progress)(void *context, uint64_t done, uint64_t total, const char *note);
	void (*file)(void *context, const struct wire_damage *damage, enum verifying_became became, const char *reason);
	int (*asked_to_stop)(void *context, struct error *err);
	void *context;
};

#define VERIFYING_GENERATIONS_MAX 200 /* that are told of one by one */

struct verifying_damaged { /* a generation with files that are damaged still */
	char generation[VERIFY_CODEC_GENERATION_SIZE];
	uint64_t files;
	char reason[256]; /* the first of them, and what is wrong with it; escaped */
};

struct verifying_result {
	struct wire_verified verified; /* its `damaged` as before mending */
	uint64_t became[VERIFYING_BECAMES];
	uint64_t left;        /* files that are damaged still */
	size_t n_generations; /* those that have them, oldest first, of more than so many some */
	struct verifying_damaged generations[VERIFYING_GENERATIONS_MAX];
};

/* verifying_run: errors: those of remote_open, remote_verify and remote_verify_mend, asked_to_stop's; ERR_SYSTEM. That something is damaged is none. */
int verifying_run(const struct verifying *verifying, struct verifying_result *result, struct error *err);

/* verifying_tell: the result as the stage replies it and the broker keeps it (docs/protocol.md, `verify`). */
void verifying_tell(const struct verifying_result *r, struct stage_result *result);

/* verifying_said: "is not what was backed up", …; static. verifying_word: of what became of it, for programs: "found", "mended-from-source", … */
const char *verifying_said(enum wire_damage_kind kind);
const char *verifying_word(enum verifying_became became);

#endif
