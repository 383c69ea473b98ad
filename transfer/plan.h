/* plan: what is to be sent, in lists kept in temporary files, so that neither the number of changes nor the length of their paths costs memory.
 * Filled by compare.c while the receiver's listing comes in, replayed by transfer.c afterwards.
 *
 * lifetime: plan_new / plan_destroy. threads: one. */
#ifndef AOB_PLAN_H
#define AOB_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

enum plan_list {
	PLAN_EARLY,   /* removals and new folders, in tree order */
	PLAN_FILES,   /* content */
	PLAN_LATE,    /* links, special files, metadata of files: in tree order, after all content */
	PLAN_FOLDERS, /* metadata of folders, children before parents, after all else */
	PLAN_LISTS
};

enum plan_op { PLAN_REMOVE = 1, PLAN_MAKE, PLAN_FILE, PLAN_LINK, PLAN_META };

struct plan_item {
	enum plan_op op;
	const char *path;
	const char *existing; /* PLAN_LINK: the name that is there already; else "" */
	uint64_t size_bytes;  /* PLAN_FILE: of the new content */
	uint64_t old_bytes;   /* PLAN_FILE: of the old content that the receiver listed; 0: none */
};

struct plan_totals {
	uint64_t items;
	uint64_t files;      /* PLAN_FILE items */
	uint64_t file_bytes; /* their sizes */
};

struct plan;

int plan_new(struct plan **plan, struct error *err);
void plan_destroy(struct plan **plan);

/* plan_add: errors: ERR_SPACE (temporary files), by errno */
int plan_add(struct plan *plan, enum plan_list list, const struct plan_item *item, struct error *err);

/* plan_begin: replay a list from its start. plan_next: 1: *item, its strings valid until the next call on this list; 0: the end; -1. */
int plan_begin(struct plan *plan, enum plan_list list, struct error *err);
int plan_next(struct plan *plan, enum plan_list list, struct plan_item *item, struct error *err);

struct plan_totals plan_totals(const struct plan *plan);

#endif
