/* presence: is what is being read still where it was opened? readdir(3) ends in a folder that was removed meanwhile as it does at an ordinary end (POSIX wants it so), so
 * a snapshot, or a generation, that somebody deletes while it is read looks like one with less in it. What was read can be trusted only if the snapshot is there afterwards. */
#ifndef AOB_PRESENCE_H
#define AOB_PRESENCE_H

#include "lib/error.h"

/* presence_check: in: fd: of the folder; path: by which it was opened, below the open folder at_fd or AT_FDCWD; what: "snapshot", for people.
 * errors: class if it is not there any more, or is another one; by errno. source: readdir(3); btrfs-subvolume(8), delete */
int presence_check(int fd, int at_fd, const char *path, const char *what, enum error_class class, struct error *err);

#endif
