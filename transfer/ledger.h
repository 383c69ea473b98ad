/* ledger: what this machine knows of the tree that a vault's last generation was made from: of each entry the hashes of its metadata and its content, so that the
 * root hash of the next one (lib/tree_digest.h) costs what has changed. One SQLite file for each pipeline and vault. It is only a memory: lost, damaged or of another
 * snapshot, the tree is gone through, and content is read whose hash is not known (ledger_walk.h). Never asked of the vault: that is compared with it.
 *
 * Killed anywhere, it is as it was at one of its commits; `about` tells which snapshot that is, or none.
 *
 * lifetime: ledger_open / ledger_close. threads: one. */
#ifndef AOB_LEDGER_H
#define AOB_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/entry.h"
#include "lib/error.h"
#include "lib/tree_digest.h"

#define LEDGER_ROOT 1 /* the row of the tree's root */
#define LEDGER_SUM_LEAST                                                                                               \
	256u /* with more files than this, a folder's sum is kept, so that one is exchanged without the others */

struct ledger;

struct ledger_row {
	int64_t id, parent; /* id 0: it is not there yet */
	enum entry_type kind;
	uint64_t inode;
	int64_t ctime_ns; /* of a file; 0: it may change without this */
	uint8_t meta[TREE_DIGEST_BYTES];
	uint8_t content[TREE_DIGEST_BYTES];
	bool known; /* content is; of a folder: nothing in it has changed since */
};

/* ledger_open: in: folder: made if it is not there, but not what it lies in. errors: ERR_NOT_FOUND, by errno, ERR_SYSTEM; one that is damaged is begun anew. */
int ledger_open(const char *folder, const char *pipeline, const char *vault_id, struct ledger **ledger,
                struct error *err);
void ledger_close(struct ledger **ledger);

/* ledger_is_of: does it tell of this snapshot, so seen? "" is none. ledger_tells_of: from the next commit on. errors: ERR_SPACE, ERR_SYSTEM (as all that follow) */
bool ledger_is_of(const struct ledger *ledger, const char *uuid, const char *view);
int ledger_tells_of(struct ledger *ledger, const char *uuid, const char *view, struct error *err);

/* Changes are in a transaction, begun by the first. ledger_commit: also when there is none. ledger_undo: back to the last commit. */
int ledger_commit(struct ledger *ledger, struct error *err);
void ledger_undo(struct ledger *ledger);

/* ledger_sent: the content of a file that crosses just now: kept, now and then, so that it need not be read again after a break. ledger_hash_of: that of an
 * inode with this time: 1: known, 0, -1. ledger_forget_sent: all is in the rows now. */
int ledger_sent(struct ledger *ledger, const struct entry *file, const uint8_t sha256[TREE_DIGEST_BYTES],
                struct error *err);
int ledger_hash_of(struct ledger *ledger, const struct entry *file, uint8_t sha256[TREE_DIGEST_BYTES],
                   struct error *err);
int ledger_forget_sent(struct ledger *ledger, struct error *err);

/* ledger_aim: which snapshot is read from now on, and when it was taken: what changed just before may have changed once more without another time.
 * ledger_ctime_ns: a file's time of change; 0: too near to that. */
void ledger_aim(struct ledger *ledger, const char *snapshot, int64_t taken_at_s);
int64_t ledger_ctime_ns(const struct ledger *ledger, const struct entry *file);

/* Rows. ledger_find: 1, 0: none, -1. ledger_next: the first behind the name `after` ("": the first at all); out: name, 256 bytes. */
int ledger_find(struct ledger *ledger, int64_t parent, const char *name, struct ledger_row *row, struct error *err);
int ledger_next(struct ledger *ledger, int64_t parent, const char *after, char name[256], struct ledger_row *row,
                struct error *err);
/* ledger_at: by path; out: 1, 0: none, -1. */
int ledger_at(struct ledger *ledger, const char *path, struct ledger_row *row, struct error *err);

/* ledger_write: makes the row (id 0), or writes it over; nothing else is looked at. ledger_drop: it goes, with all below it. */
int ledger_write(struct ledger *ledger, const char *name, struct ledger_row *row, struct error *err);
int ledger_drop(struct ledger *ledger, int64_t id, struct error *err);

/* The same for who changes a few: sums and the folders above follow. ledger_put: name in row->parent is now like this. ledger_take: it leaves its place; with
 * `limbo` it stays, in none, until ledger_put_back; else it goes. */
int ledger_put(struct ledger *ledger, const char *name, struct ledger_row *row, struct error *err);
int ledger_take(struct ledger *ledger, const char *name, const struct ledger_row *row, bool limbo, struct error *err);
int ledger_put_back(struct ledger *ledger, int64_t id, int64_t parent, const char *name, struct error *err);

/* ledger_keep_sum: of a folder; ledger_forget_sums: of all. */
int ledger_keep_sum(struct ledger *ledger, int64_t folder, const struct tree_sum *sum, struct error *err);
int ledger_forget_sums(struct ledger *ledger, struct error *err);

/* ledger_settle: what a folder holds is known. ledger_sweep: rows that an earlier walk, or move, has left in no place go. */
int ledger_settle(struct ledger *ledger, int64_t folder, const uint8_t content[TREE_DIGEST_BYTES], struct error *err);
int ledger_sweep(struct ledger *ledger, struct error *err);

/* ledger_root: computes what is not known of the folders, and the root. errors: ERR_DAMAGED (something in it is not known) */
int ledger_root(struct ledger *ledger, uint8_t root[TREE_DIGEST_BYTES], struct error *err);

struct tree_digest *ledger_digest(struct ledger *ledger);

#endif
