/* mend_place: the names of a damaged file become names of the good one; the half of mend.h that touches published trees.
 *
 * All names that are one inode become one again: before the first is replaced, the journal (mend_journal.h) tells of all, so that whoever comes after a crash, or when there is room again, goes on with the others, as
 * here: what follows the first name is done by mend_place_recover in any case. Each name is replaced by one rename. threads: one. */
#ifndef AOB_MEND_PLACE_H
#define AOB_MEND_PLACE_H

#include <sys/stat.h>

#include "lib/entry.h"
#include "receiver/hash_tag.h"
#include "receiver/survey.h"

#define MEND_PLACE_FOLDER "mend"
#define MEND_PLACE_PART_SIZE 72 /* "part-" and the hash */
#define MEND_PLACE_TEMP                                                                                                \
	".aob-mend-" /* and 16 digits: what is made beside a name, where nothing can be renamed into its tree from outside */

/* What is put in place. */
struct mend_source {
	const struct vault *vault;
	int folder_fd;             /* .aob/mend, in it … */
	const char *part;          /* … the whole and synced content */
	dev_t device;              /* of that */
	const uint8_t *sha256;     /* recorded of it */
	const struct entry *entry; /* its metadata */
};

/* mend_place_all: in: all names of one damaged inode. What has become of them meanwhile is something else's, and stays. out: *replaced grows by how many it was replaced at.
 * durable: on return 0. errors: by errno; then it is none of them, or all but those that could not be, or what is left is journaled */
int mend_place_all(const struct mend_source *source, const struct survey_place *places, size_t n, uint64_t *replaced,
                   struct error *err);

/* mend_place_part: what the good content with that hash is called in .aob/mend. */
void mend_place_part(const uint8_t sha256[HASH_TAG_BYTES], char part[MEND_PLACE_PART_SIZE]);

/* mend_place_recover: under the lock of writers. See mend_recover. */
int mend_place_recover(const struct vault *vault, struct error *err);

#endif
