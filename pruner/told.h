/* told: what the result of a prune lists, one row for each generation or snapshot, in no more bytes than a reply may have (STAGE_RESULT_MAX). Of those that there
 * is no room to tell of, generations come by their names alone; what goes gets its row before it goes, or stays until the next run.
 *
 * threads: one. */
#ifndef AOB_PRUNER_TOLD_H
#define AOB_PRUNER_TOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/stage_msg.h"

#define TOLD_GENERATIONS_BYTES ((size_t)192 << 10)
#define TOLD_SNAPSHOTS_BYTES ((size_t)32 << 10)

struct told {
	struct stage_result *result;
	const char *list, *key; /* as "generations", "generation" */
	size_t room;            /* bytes that are left */
	size_t kept_free; /* of them, for the names of those that have no row yet; 0: there is no room for all names */
	size_t n_cut;     /* have no row */
	size_t n_lost;    /* nor their name */
};

/* told_begin: names_bytes: of all that is to be listed, each by told_name; 0: names alone are of no use, only rows. The strings are borrowed, as is the result. */
void told_begin(struct told *told, struct stage_result *result, const char *list, const char *key, size_t room,
                size_t names_bytes);
/* told_name: bytes of a name in a list. Pure. */
size_t told_name(const char *name);

/* told_has_room: for the row of one that has to have one. Pure. */
bool told_has_room(const struct told *told, const char *name, const char *reason);

/* told_row: a row, or if there is no room for it, the name in the list "unlisted". */
void told_row(struct told *told, const char *name, const char *action, const char *reason);

#endif
