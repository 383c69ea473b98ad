/* recheck: after a reboot, which files of an incoming tree really reached the disk. */
#ifndef AOB_RECHECK_H
#define AOB_RECHECK_H

#include "lib/error.h"
#include "receiver/ticker.h"

/* recheck_tree: read every file that is not the base's own inode, and remove it if its content is not what its recorded SHA-256 says, or none is
 * recorded: the client then sends it again. base_fd: -1 for none. back_fd: a folder out of which files were taken: what it
 * has not goes back there instead, as there is no other; -1 for none. work: a name in the tree that is not looked into. errors: by errno */
int recheck_tree(int tree_fd, int base_fd, int back_fd, const char *work, struct ticker *ticker, struct error *err);

#endif
