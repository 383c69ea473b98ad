/* linking: another name of a file.
 *
 * threads: none shared. source: link(2), statfs(2) */
#ifndef AOB_LINKING_H
#define AOB_LINKING_H

/* linking_at: linkat(2) without flags; 0, or errno. EMLINK: the file can't get another name there, and its content has to be copied: also where the file system keeps
 * something about each name in a place that has an end, and says then that there is no space left, though there is (GlusterFS on ext4 after a few names, unless
 * storage.gfid2path is off). */
int linking_at(int from_fd, const char *from, int to_fd, const char *to);

/* linking_error: what that errno means, if the file system has so much room left. Pure. */
int linking_error(int sys, unsigned long long free_bytes, unsigned long long free_inodes);

#endif
