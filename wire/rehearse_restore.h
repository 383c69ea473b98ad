/* rehearse_restore: brings files of a generation back by the very command that a person would take, `aob restore --from`, as a child: what it can't do, nobody can.
 *
 * threads: one at a time, and the one that is waited in (child.h). */
#ifndef AOB_REHEARSE_RESTORE_H
#define AOB_REHEARSE_RESTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/config.h"
#include "lib/error.h"

#define REHEARSE_RESTORE_WRONG_MAX 20

struct rehearse_restore {
	const struct config_vault *vault;
	const char *pipeline, *generation;
	int64_t limit_ms; /* it is cut after so long; 0: never */
	/* At least once a second; -1 (err set) ends it. May be NULL. */
	int (*waiting)(void *context, struct error *err);
	void *context;
};

struct rehearse_restore_wrong { /* a file that did not come back as it was */
	char *path;             /* as it is, whatever bytes */
	char reason[256];
};

struct rehearse_restore_result {
	uint64_t files, bytes;
	int64_t carry_us; /* for their content to come and be put in its place; of one that was cut, all of its time */
	bool cut;         /* by limit_ms; then nothing else is known */
	uint64_t wrong;   /* files; of the first: */
	size_t n_wrongs;
	struct rehearse_restore_wrong wrongs[REHEARSE_RESTORE_WRONG_MAX];
};

/* rehearse_restore_run: paths: NULL-terminated; to: a folder that is not there yet. That files did not come back as they were is no error.
 * errors: as the command ended: ERR_LINK, ERR_SPACE, …; ERR_DAMAGED (the vault can't give them), waiting's own, ERR_PROTOCOL (not of the form) */
int rehearse_restore_run(const struct rehearse_restore *restore, const char *const *paths, const char *to,
                         struct rehearse_restore_result *result, struct error *err);
void rehearse_restore_done(struct rehearse_restore_result *result);

/* rehearse_restore_parse: what the command says (docs of --json in aob(1)). errors: ERR_PROTOCOL, ERR_SYSTEM. Pure. */
int rehearse_restore_parse(const char *json, size_t len_bytes, struct rehearse_restore_result *result,
                           struct error *err);
/* rehearse_restore_from: the vault as --from has it. out: the caller's, free(3); NULL: out of memory. Pure. */
char *rehearse_restore_from(const struct config_vault *vault);

#endif
