/* restore_plan: what a restore will do: the vault's answer to TREE, each entry compared with what is in the target already, written into a temporary file. So all is known before
 * anything is done, and memory does not grow with the tree.
 *
 * lifetime: restore_plan_new / restore_plan_destroy. threads: one. */
#ifndef AOB_RESTORE_PLAN_H
#define AOB_RESTORE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/restore_holds.h"
#include "cli/restore_lost.h"
#include "cli/tame.h"
#include "lib/entry.h"
#include "lib/error.h"
#include "wire/wire.h"

enum restore_action {
	RESTORE_NOTHING = 1, /* it is there, and as it should be */
	RESTORE_FOLDER,      /* made if it is not there; its metadata at the end */
	RESTORE_SPECIAL,     /* a symlink; a pipe or device that was asked for */
	RESTORE_LINK,        /* another name of a file that comes before */
	RESTORE_META,        /* its content is there */
	RESTORE_CONTENT,
	RESTORE_LEFT_OUT, /* a pipe or device that was not asked for */
	RESTORE_NOT_HELD  /* a symlink that the target can't hold */
};

/* Of a smaller file the whole content is as quickly there as what differs. */
#define RESTORE_BASIS_LEAST 131072u

/* How much what lies in the target already is believed. */
enum restore_trust {
	RESTORE_TRUST_NONE, /* a file is read, and held against its hash */
	RESTORE_TRUST_TIME, /* … is believed if size and time are right: an earlier restore put it there, and the machine has not been restarted since */
};

#define RESTORE_RESERVED 2

struct restore_plan_options {
	int target_fd; /* -1: it is not there yet, so nothing is */
	bool empty;    /* nothing is in it */
	enum restore_trust trust;
	bool over;     /* what is there is the user's, not an earlier restore's */
	bool discards; /* … and what is replaced gives its room back */
	struct tame tame;
	const struct restore_holds *holds; /* NULL: the target can hold all. Borrowed */
	const char *reserved
	        [RESTORE_RESERVED]; /* no entry may lie in the folders of these names; "" or NULL none. Borrowed */
	/* false: it is left out, silently, but for the folders that lead to what is taken; NULL: all is taken */
	bool (*takes)(void *context, const char *path);
	/* How much of a file's content an earlier restore has left; may be NULL. */
	uint64_t (*part)(void *context, const struct entry *entry, const uint8_t sha256[32]);
	int (*busy)(void *context,
	            struct error *err); /* called now and then while files are read; -1 ends it. May be NULL */
	/* May be NULL: called for each file that is too large for the target. */
	void (*tell)(void *context, const char *path, const char *what);
	void *context;
};

struct restore_plan_totals {
	uint64_t entries;
	uint64_t files, bytes; /* names of regular files, and their content, each inode once: all that was asked for */
	uint64_t there_files, there_bytes; /* … that are there already */
	uint64_t carry_bytes;              /* that are to cross */
	uint64_t room_bytes;               /* that they will take */
	uint64_t inodes;                   /* that will be new */
	uint64_t left_out;
	uint64_t replaced;         /* of those that are there: are to become others */
	uint64_t too_large;        /* files that are larger than the target can hold one */
	uint64_t ownerless;        /* symlinks whose owner the vault could not keep */
	struct restore_lost lost;  /* as the target can't hold it, as far as that is known before */
	struct restore_lost tamed; /* as this user may not set it, or it was not asked for */
};

struct restore_plan_record {
	enum restore_action action;
	const char *asked; /* its path in the generation; the entry's is that in the target */
	struct entry
	        entry; /* of a link: `target` is the first name's path; ctime: of what is there, when it was looked at. Valid until the next record is read */
	uint8_t sha256[32]; /* of a file's content; zeros: the vault has recorded none */
	uint64_t part_bytes;
	bool has_basis; /* over: another version of the file is there, large enough to be of use */
};

struct restore_plan;

int restore_plan_new(const struct restore_plan_options *options, struct restore_plan **plan, struct error *err);
void restore_plan_destroy(struct restore_plan **plan);

/* restore_plan_take: a frame of the answer: ENTRY or FETCH_FILE_END. errors: ERR_PROTOCOL, ERR_SPACE (of the temporary file), by errno */
int restore_plan_take(struct restore_plan *plan, const struct frame *frame, struct error *err);
/* restore_plan_end: the answer has ended. errors: ERR_PROTOCOL (inside a file) */
int restore_plan_end(struct restore_plan *plan, struct error *err);

struct restore_plan_totals restore_plan_totals(const struct restore_plan *plan);

/* Reading: from the beginning, or from where restore_plan_tell was. restore_plan_next: 1, 0 at the end, -1. */
int restore_plan_seek(struct restore_plan *plan, uint64_t at, struct error *err);
uint64_t restore_plan_tell(const struct restore_plan *plan);
int restore_plan_next(struct restore_plan *plan, struct restore_plan_record *record, struct error *err);

/* restore_plan_decide: for what the vault has (tamed), and what the target has (NULL: nothing). same_content: of two files. Pure. */
enum restore_action restore_plan_decide(const struct entry *want, const struct entry *have, bool same_content);

#endif
