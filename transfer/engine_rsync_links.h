/* engine_rsync_links: hard links of the far end's new tree that the snapshot has not. rsync --link-dest links each name to what it was linked to in the last generation as long as it is like that: two
 * names of one inode there that are two files by now, still alike, are one inode in the new tree. The other way round it makes no mistake (-H).
 *
 * threads: one. */
#ifndef AOB_ENGINE_RSYNC_LINKS_H
#define AOB_ENGINE_RSYNC_LINKS_H

#include <stdint.h>

#include "wire/bare.h"

/* engine_rsync_links_part: of each inode there, the names that are not one file with its first name here get a file of their own: one copy for each inode here.
 * in: source_fd: the folder that was copied, frozen; told: what the far end's `linked` has behind it; entries: how many names the source has.
 * out: parted: how many names those were. errors: ERR_SPACE, ERR_PROTOCOL, ERR_LINK, those of the bare's `waiting`, by errno. repeat: safe */
int engine_rsync_links_part(struct bare *bare, const char *run, int source_fd, const char *told, uint64_t entries,
                            uint64_t *parted, struct error *err);

#endif
