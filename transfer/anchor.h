/* anchor: the local snapshot that the vault's last generation was made from: what has changed since is found on this machine alone.
 *
 * lifetime: anchor_open / anchor_close. threads: one. */
#ifndef AOB_ANCHOR_H
#define AOB_ANCHOR_H

#include <stdbool.h>

#include "lib/error.h"
#include "lib/inside.h"

#define ANCHOR_VIEW_SIZE 33

struct anchor {
	int subvolume_fd; /* its root */
	int folder_fd;    /* of the source folder in it */
	struct inside *folder;
	const char *below; /* the source folder's path in the subvolume; "" */
	char path[4096];
};

/* anchor_view: what of a subvolume a pipeline shows: a digest of the folder's path in it and of the patterns left out. Two snapshots seen through
 * different views do not differ by their changes alone. out: hexadecimal. errors: ERR_SYSTEM */
int anchor_view(const char *below, const char *const *excludes, char view[ANCHOR_VIEW_SIZE], struct error *err);

/* anchor_below: the part of path behind the snapshot's root; NULL: it does not lie in it. */
const char *anchor_below(const char *snapshot, const char *path);

/* anchor_open: looks beside the snapshot for the one of that UUID. in: below: borrowed by the anchor.
 * returns: 0; 1: there is none (*why, static, tells it); -1. errors: by errno */
int anchor_open(const char *snapshot, const char *below, const char *uuid, struct anchor *anchor, const char **why,
                struct error *err);
void anchor_close(struct anchor *anchor); /* also of one that could not be opened */

#endif
