/* mend_place: one name of a damaged file is replaced by the good one; the half of mend.h that touches published trees.
 *
 * Before anything is put beside it, the journal (.aob/mend.json) says where and what, so that a crash leaves nothing there for good. threads: one. */
#ifndef AOB_MEND_PLACE_H
#define AOB_MEND_PLACE_H

#include <sys/stat.h>

#include "lib/entry.h"
#include "receiver/survey.h"

#define MEND_PLACE_FOLDER "mend"
#define MEND_PLACE_PART_SIZE 72 /* "part-" and the hash */

/* What is put in place, and where it was put already. */
struct mend_source {
	const struct vault *vault;
	int folder_fd;             /* .aob/mend, in it … */
	const char *part;          /* … the whole and synced content */
	dev_t device;              /* of that */
	const struct entry *entry; /* its metadata */
	/* private: the name that the last one with a device of its own got, for the others there to be links of */
	const struct survey_place *first;
	dev_t first_device;
};

/* mend_place_replace: durable: on return 0. *replaced: it was damaged there, and is not any more; false: something else is there by now. errors: by errno */
int mend_place_replace(struct mend_source *source, const struct survey_place *place, bool *replaced, struct error *err);

/* mend_place_left: is there something to recover? */
bool mend_place_left(const struct vault *vault);

/* mend_place_recover: under the lock of writers. See mend_recover. */
int mend_place_recover(const struct vault *vault, struct error *err);

/* mend_place_done: the journal goes. */
int mend_place_done(const struct vault *vault, struct error *err);

#endif
