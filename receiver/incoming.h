/* incoming: a generation that is being built, ROOT/<pipeline>/.aob/incoming/<run>/: `tree` (what will be published), `parts` (files under way),
 * `state.json`. It outlives the connection: the same run, or the next one on the same base, goes on with it.
 *
 * A file is in the tree only whole: it is built in parts and renamed. After a reboot, what was written since the base was made is read again
 * and held against its recorded hash, as a power cut may have taken it.
 *
 * lifetime: incoming_begin / incoming_end. threads: one. */
#ifndef AOB_INCOMING_H
#define AOB_INCOMING_H

#include <stdint.h>

#include "lib/inside.h"
#include "receiver/record.h"
#include "receiver/ticker.h"
#include "receiver/vault.h"

#define INCOMING_RUN_MAX 63

enum incoming_how { INCOMING_FRESH, INCOMING_RESUMED, INCOMING_PUBLISHED };

struct incoming {
	const struct vault *vault;
	struct record
	        record; /* what will be the generation's; or, with INCOMING_PUBLISHED, is. new_bytes grows with what arrives */
	char base[32]; /* the generation that the tree began as; "" */
	char base_snapshot_uuid[40];
	bool relinked; /* a full group of hard links was given a new inode: compare again before publishing */
	bool going_on; /* begun and not published: its state is to be remembered */
	int fd;        /* incoming/<run> */
	int tree_fd;   /* its tree */
	int parts_fd;  /* its parts */
	struct inside *tree;
	struct inside *other; /* a second place in the tree at the same time */
};

/* incoming_begin: in: wanted->run and what the client knows of the snapshot; the vault is locked.
 * out: *incoming, the caller's; *how. With INCOMING_PUBLISHED there is no tree.
 * errors: ERR_INPUT (run), ERR_SPACE, by errno */
int incoming_begin(const struct vault *vault, const struct record *wanted, struct ticker *ticker,
                   struct incoming **incoming, enum incoming_how *how, struct error *err);
void incoming_end(struct incoming **incoming);

#endif
