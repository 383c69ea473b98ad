/* ledger_walk: a ledger becomes that of a snapshot by going through all of it: whatever it told before, or if it told nothing. Content is read only where neither
 * time of change and inode nor what was just sent tell its hash; after a break, what was read before is known.
 * ledger_plan: likewise by what is planned to be sent, which costs what has changed: the ledger is that of the snapshot that the plan begins from.
 *
 * threads: one. */
#ifndef AOB_LEDGER_WALK_H
#define AOB_LEDGER_WALK_H

#include "lib/inside.h"
#include "transfer/ledger.h"
#include "transfer/plan.h"

struct ledger_source {
	struct inside *tree; /* of the source folder in the snapshot */
	int folder_fd;
	const char *const *excludes;
	/* Called for each entry, and each piece of content that is read (bytes; else 0): -1 ends it. */
	int (*busy)(void *context, uint64_t bytes, struct error *err);
	void *context;
	uint64_t read_bytes; /* out: content that had to be read */
};

/* ledger_walk: commits now and then; tells of no snapshot meanwhile, nor behind it: that is the caller's. errors: busy's, ERR_SPACE, by errno */
int ledger_walk(struct ledger *ledger, struct ledger_source *source, struct error *err);

/* ledger_plan: commits nothing. errors: likewise; ERR_DAMAGED: it is not the ledger of where the plan begins */
int ledger_plan(struct ledger *ledger, struct ledger_source *source, struct plan *plan, struct error *err);

/* ledger_walk_read: the row of what lies at that open folder's name: metadata, and content as far as it need not be read: of a file what the ledger knows by its
 * inode and time, else `known` is false. */
int ledger_walk_read(struct ledger *ledger, const struct entry *entry, struct ledger_row *row, struct error *err);
/* ledger_walk_read_content: of a file, from its beginning to its end. */
int ledger_walk_read_content(struct ledger_source *source, int parent_fd, const char *name, const struct entry *entry,
                             struct ledger_row *row, struct error *err);

#endif
