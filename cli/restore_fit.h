/* restore_fit: may it be there, and does it fit? Asked before anything is written, as a restore that fills a disk halfway is none. */
#ifndef AOB_RESTORE_FIT_H
#define AOB_RESTORE_FIT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

struct restore_room {
	uint64_t bytes;      /* free, for this user */
	uint64_t inodes;     /* likewise */
	bool inodes_counted; /* some file systems (btrfs) make them as they are needed */
};

/* restore_fit_place: not in a vault, where it would change the backups themselves. path need not be there yet. errors: ERR_REFUSED */
int restore_fit_place(const char *path, struct error *err);

/* restore_fit_read: of the file system that path lies on, or would: of the nearest folder above that is there. errors: by errno */
int restore_fit_read(const char *path, struct restore_room *room, struct error *err);

/* restore_fit_check: for so many bytes of content and so many new files and folders. Pure. errors: ERR_SPACE, with the figures and what to do */
int restore_fit_check(const struct restore_room *room, uint64_t bytes, uint64_t inodes, struct error *err);

#endif
