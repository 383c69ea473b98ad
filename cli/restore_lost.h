/* restore_lost: what of a generation a restore could not put onto this machine, counted, and told in words and as JSON: because the target's file system can't hold it, or because this user
 * may not set it. No content is ever among it. */
#ifndef AOB_RESTORE_LOST_H
#define AOB_RESTORE_LOST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#define RESTORE_EXIT_LOST 72 /* the exit status of a restore that brought all content, and lost something of this */

struct restore_lost {
	uint64_t symlinks, specials;      /* that are not there */
	uint64_t owners, rights;          /* entries whose … is another one */
	uint64_t attributes, acls, times; /* likewise */
	uint64_t links;                   /* names of a file with several that became files of their own */
	uint64_t names;                   /* that had to be changed */
};

/* restore_lost_count: in: bits: ENTRY_LOST_*, of one entry. */
void restore_lost_count(struct restore_lost *lost, unsigned bits);
void restore_lost_add(struct restore_lost *to, const struct restore_lost *more);
bool restore_lost_any(const struct restore_lost *lost);

/* restore_lost_json: new; NULL: out of memory. kind: of the file system. */
json_t *restore_lost_json(const struct restore_lost *lost, const char *kind);

/* restore_lost_text: what is not there, or not as it was, as a list for people: "12 symlinks, the owners of 300 entries"; cut to size. Returns out. Pure. */
const char *restore_lost_text(const struct restore_lost *lost, char *out, size_t size);

/* restore_lost_print: some lines; none if nothing was lost. */
void restore_lost_print(const struct restore_lost *lost, const char *kind, FILE *out);

#endif
