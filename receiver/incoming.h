/* incoming: a generation that is being built, ROOT/<pipeline>/.aob/incoming/<run>/: `tree` (what will be published) and `state.json`. In the tree, as
 * nothing can be renamed or linked into a subvolume from outside, lies our work folder, whose name no source has: `parts` (files under way), `trash`
 * (what was replaced). It is never listed and never published. The tree is only made when the first change comes. It outlives the connection: the same run, or the next one on the same base, goes on with it.
 *
 * A file is in the tree only whole: it is built in parts and renamed. After a reboot, what was written since the base was made is read again
 * and held against its recorded hash, as a power cut may have taken it.
 *
 * lifetime: incoming_begin / incoming_end. threads: one. */
#ifndef AOB_INCOMING_H
#define AOB_INCOMING_H

#include <stdint.h>

#include "lib/inside.h"
#include "receiver/aside.h"
#include "receiver/record.h"
#include "receiver/tally.h"
#include "receiver/ticker.h"
#include "receiver/vault.h"

#define INCOMING_RUN_MAX 63
#define INCOMING_WORK_SIZE ASIDE_NAME_SIZE

enum incoming_how { INCOMING_FRESH, INCOMING_RESUMED, INCOMING_PUBLISHED };

struct incoming {
	const struct vault *vault;
	struct record
	        record; /* what will be the generation's; or, with INCOMING_PUBLISHED, is. new_bytes grows with what arrives */
	struct wire_macs macs;         /* the Macs in it, as the client tells */
	char base[32];                 /* the generation that the tree began as; "" */
	struct record base_record;     /* its record; zeros */
	bool built;                    /* the tree is there */
	char work[INCOMING_WORK_SIZE]; /* the name of our folder in the tree */
	bool relinked;          /* a full group of hard links was given a new inode: compare again before publishing */
	bool going_on;          /* begun and not published: its state is to be remembered */
	struct tally tally;     /* what was done to its files, earlier connections included */
	unsigned brake_percent; /* the client's word, BRAKE_PERCENT_OFF: none */
	int fd;                 /* incoming/<run> */
	int tree_fd;            /* its tree; before it is made, -1 */
	int work_fd;            /* our folder in it */
	int parts_fd;           /* … and the parts in that */
	char aside[ASIDE_NAME_SIZE]; /* a name in parts/, of incoming_aside */
	int trash_fd;                /* … and what was replaced */
	struct inside *tree;
	struct inside *other; /* a second place in the tree at the same time */
};

/* incoming_begin: in: wanted->run and what the client knows of the snapshot; the vault is locked.
 * from_fd: of `adopt --tree`, that tree, borrowed for the call; else -1.
 * out: *incoming, the caller's; *how. With INCOMING_PUBLISHED there is no tree, with INCOMING_FRESH there is none yet.
 * errors: ERR_INPUT (run), ERR_LOCKED (an adoption's tree has the only copy of something: receiver/only_copy.h), by errno */
int incoming_begin(const struct vault *vault, const struct record *wanted, int from_fd, struct ticker *ticker,
                   struct incoming **incoming, enum incoming_how *how, struct error *err);

/* incoming_run_valid: may it be the name of a folder in .aob/incoming? Pure. */
bool incoming_run_valid(const char *run);

/* incoming_build: makes the tree, as the last generation; nothing to do if it is there. errors: ERR_SPACE, by errno */
int incoming_build(struct incoming *incoming, struct ticker *ticker, struct error *err);

/* incoming_base: a descriptor of the generation that the tree begins as, the caller's; -1: there is none. errors: by errno */
int incoming_base(const struct incoming *incoming, int *base_fd, struct error *err);

/* incoming_allows: does the path stay out of our work folder? errors: ERR_REFUSED */
int incoming_allows(const struct incoming *incoming, const char *path, struct error *err);

/* incoming_aside: incoming->aside is a name in parts/ that was never used, for what gets its place in the tree by rename(2) (receiver/aside.h); what still lies at the one before goes. errors: by errno */
int incoming_aside(struct incoming *incoming, struct error *err);

/* incoming_trash: `name` of an open folder in the tree goes, whatever it is. ENOENT is no error. */
int incoming_trash(struct incoming *incoming, int parent_fd, const char *name, struct error *err);

/* incoming_finish: the tree loses our work folder, and keeps its root's time. It is closed for changes then. */
int incoming_finish(struct incoming *incoming, struct ticker *ticker, struct error *err);
void incoming_end(struct incoming **incoming);

#endif
