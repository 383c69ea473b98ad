/* bare_rsync: rsync, run as a child over the vault's ssh, to or from a far end that has nothing of ours. For a vault of this machine the same, with a shell instead of ssh.
 *
 * threads: one at a time. */
#ifndef AOB_BARE_RSYNC_H
#define AOB_BARE_RSYNC_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/config.h"
#include "lib/error.h"
#include "wire/bare_output.h"

/* How a path of the pipeline's folder at the far end begins, for rsync: the vault is reached by other words, and "exec" is the first of what runs there. */
#define BARE_RSYNC_FAR "exec:"
/* What who writes holds. */
#define BARE_RSYNC_LOCK ".aob/lock"

struct bare_rsync {
	const struct config_vault *vault;
	const char *pipeline;
	const char *
	        held; /* a file or folder of the pipeline's folder, under a shared lock as long as the far rsync is there */
	const char *
	        locks; /* a folder here that the near rsync has a shared lock on, as long as any of its processes lives; NULL: none */
	bool fake_super; /* the far end is not root */
	bool fine_times; /* fractions of a second count */
	bool may_vanish; /* files that go while they are read are none that is missed */
	bool once;       /* it is never begun again: the limit that it began with stays */
	bool by_content; /* content is compared: an rsync is silent as long as that takes, and has no patience of its own. Then `waiting` is bare_ping, too */
	const char *const *options; /* beside what is always said; NULL-terminated */
	const char *from, *to;      /* as rsync takes them */
	const char *list;           /* on rsync's stdin; NULL: nothing */
	size_t list_bytes;
	/* waiting: a few times a second; -1: stop. told: how far it is, likewise. again: before it is begun once more: 0 when the one before has gone at the far end, too; else -1. Each may be NULL. */
	int (*waiting)(void *context, struct error *err);
	void (*told)(void *context, const struct bare_output *output);
	int (*again)(void *context, struct error *err);
	void *context;
};

/* bare_rsync_run: until it has ended; ended and begun again with another limit where a window of the vault's rate ends, which the partial files bear; but not if it is to be run once.
 * out: what it said. errors: those of bare_exit_read, of `waiting` and `again`, ERR_CONFIG (also: no rsync, or no flock, on this machine) */
int bare_rsync_run(const struct bare_rsync *rsync, struct bare_output *output, struct error *err);

/* bare_rsync_version: of the one on this machine, as bare_welcome_version has it; 0: not known. */
unsigned bare_rsync_version(void);

/* bare_rsync_limit: --bwlimit of a rate: whole KiB, one at least; "" for none. Pure. */
const char *bare_rsync_limit(uint64_t bytes_per_s, char *out, size_t size);

#endif
