/* engine_rsync_source: what a generation of the snapshot has to have, looked up on this machine alone, before rsync reads it too.
 *
 * lifetime: all-zero, engine_rsync_source_read / engine_rsync_source_done. threads: one. */
#ifndef AOB_ENGINE_RSYNC_SOURCE_H
#define AOB_ENGINE_RSYNC_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transfer/asked.h"

struct engine_rsync_source {
	uint64_t entries;      /* names, the top folder among them */
	uint64_t files, bytes; /* names of regular files; their content, each inode once */
	uint64_t linked_names,
	        linked_groups; /* names that share an inode with others in it, and how many such inodes */
	uint64_t rsyncs_own;   /* names with attributes that are rsync's own, user.rsync.*; */
	char *rsyncs_first;    /* the path of the first of those; NULL: there is none */
	char top[33];          /* a digest of the top folder's own metadata */
	char *left_out; /* rules for rsync, each with a NUL behind: `exclude`, sockets, and the places of nested subvolumes */
	size_t left_out_bytes;
};

/* engine_rsync_source_read: may_vanish: what goes meanwhile is passed over. busy: called for each; -1: stop. errors: those of tree_walk_next, of link_map, of `busy` */
int engine_rsync_source_read(const struct asked *asked, bool may_vanish, int (*busy)(void *context, struct error *err),
                             void *context, struct engine_rsync_source *source, struct error *err);
void engine_rsync_source_done(struct engine_rsync_source *source);

#endif
