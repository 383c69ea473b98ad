/* plan: what is to be sent, in lists kept in temporary files, so that neither the number of changes nor the length of their paths costs memory.
 * Filled by changes.c or compare.c, replayed by replay.c afterwards.
 *
 * lifetime: plan_new / plan_destroy. threads: one. */
#ifndef AOB_PLAN_H
#define AOB_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

enum plan_list {
	PLAN_MOVES, /* from, to and removals among them, in the order in which they are to be taken from their places */
	PLAN_REMOVALS, /* in tree order; after the moves, if there are any */
	PLAN_EARLY,    /* new folders, in tree order */
	PLAN_FILES,    /* content */
	PLAN_LATE,     /* links, special files, metadata of files: in tree order, after all content */
	PLAN_FOLDERS,  /* metadata of folders, children before parents, after all else */
	PLAN_DRAFT, /* new files of which it is not known yet whether they are moved ones: not part of the totals, never sent */
	PLAN_LISTS
};

enum plan_op { PLAN_REMOVE = 1, PLAN_MAKE, PLAN_FILE, PLAN_LINK, PLAN_META, PLAN_MOVE };

/* What is known of the old content of a PLAN_FILE. */
enum plan_basis {
	PLAN_NO_BASIS,
	PLAN_LISTED,   /* the vault has one of old_bytes, old_mtime at that path */
	PLAN_DOUBTFUL, /* likewise, but neither says what is in it: only the receiver's signature tells */
	PLAN_LOCAL,    /* the anchor's file `existing` is the vault's at that path, and only the extents may differ */
	PLAN_THE_SAME  /* the vault's at that path should be the very content */
};

#define PLAN_EXTENTS_MOST 65536u
#define PLAN_EVERYWHERE UINT32_MAX /* as number of extents: it may differ anywhere */

struct plan_extent {
	uint64_t at, len_bytes;
};

struct plan_item {
	enum plan_op op;
	bool guessed; /* PLAN_MOVE: it may be another file; only counted, not kept */
	bool fresh;   /* nothing lay at that path before */
	bool told; /* to people, by another item: the new folder that it lies in, or the move that brought it there */
	const char *path;
	const char *
	        existing; /* PLAN_LINK: the name that is there already; PLAN_MOVE: where it goes; PLAN_LOCAL: in the anchor; else "" */
	uint64_t size_bytes; /* PLAN_FILE: of the new content */
	uint64_t inode;      /* PLAN_FILE: in the snapshot; 0: it has several names */
	enum plan_basis basis;
	uint64_t old_bytes; /* PLAN_LISTED: … and its time */
	int64_t mtime_s, ctime_s, old_mtime_s;
	uint32_t mtime_ns, ctime_ns, old_mtime_ns;
	const struct plan_extent *extents; /* PLAN_LOCAL: in order, apart from each other */
	uint32_t n_extents;
};

/* What an item means to people. */
enum plan_kind { PLAN_KIND_REMOVED, PLAN_KIND_MOVED, PLAN_KIND_NEW, PLAN_KIND_CHANGED, PLAN_KIND_METADATA, PLAN_KINDS };

struct plan_totals {
	uint64_t items;
	uint64_t moves;      /* PLAN_MOVE items */
	uint64_t guessed;    /* … those of them that are guessed */
	uint64_t leaving;    /* PLAN_MOVE and PLAN_REMOVE items */
	uint64_t files;      /* PLAN_FILE items */
	uint64_t file_bytes; /* their sizes */
	uint64_t kinds
	        [PLAN_KINDS]; /* items by what they mean, but for metadata of folders and what another item tells of … */
	uint64_t enclosed;    /* … of which so many are new things in new folders */
};

struct plan;

int plan_new(struct plan **plan, struct error *err);
void plan_destroy(struct plan **plan);

/* plan_add: at most PLAN_EXTENTS_MOST extents. errors: ERR_SPACE (temporary files), by errno, ERR_INTERNAL (more extents) */
int plan_add(struct plan *plan, enum plan_list list, const struct plan_item *item, struct error *err);

/* plan_begin: replay a list from its start. plan_next: 1: *item, its strings valid until the next call on this list; 0: the end; -1. */
int plan_begin(struct plan *plan, enum plan_list list, struct error *err);
int plan_next(struct plan *plan, enum plan_list list, struct plan_item *item, struct error *err);

/* A second reader of a list, for another thread: the list is complete, and no longer written to. plan_reader_next: as plan_next, without the extents. */
struct plan_reader;
int plan_reader_new(struct plan *plan, enum plan_list list, struct plan_reader **reader, struct error *err);
void plan_reader_destroy(struct plan_reader **reader);
int plan_reader_next(struct plan_reader *reader, struct plan_item *item, struct error *err);

struct plan_totals plan_totals(const struct plan *plan);

/* plan_moved_away: a removal that was added has turned out to be a part of a move: it counts no more. */
void plan_moved_away(struct plan *plan);

enum plan_kind plan_kind(const struct plan_item *item);
const char *plan_kind_word(enum plan_kind kind); /* "removed", "moved", "new", "changed", "metadata" */

#endif
