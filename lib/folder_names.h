/* folder_names: the names in one folder, sorted by memcmp. In memory as long as there are few; beyond that sorted in a scratch file (in runs, which are then
 * merged), so that a folder of ten million names costs no more memory than one of ten thousand.
 *
 * The folders on the way down a tree share one folder_names_room. They are a stack: of those that are open, the one opened last is closed first.
 *
 * lifetime: folder_names_room_init / _done in the caller's memory; folder_names_open / folder_names_close. threads: one a room. */
#ifndef AOB_FOLDER_NAMES_H
#define AOB_FOLDER_NAMES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/error.h"

#define FOLDER_NAMES_MEMORY ((size_t)4 << 20)

struct folder_names;

struct folder_names_room {
	size_t memory_bytes; /* what all of them together may hold in memory, about; FOLDER_NAMES_MEMORY is a good one */
	size_t used_bytes;
	FILE *scratch; /* NULL: none was needed yet */
	uint64_t scratch_bytes;
};

void folder_names_room_init(struct folder_names_room *room, size_t memory_bytes);
void folder_names_room_done(struct folder_names_room *room);

/* folder_names_open: reads all names but "." and "..". in: folder_fd: borrowed for the call; room: borrowed until closed.
 * errors: by errno; ERR_SPACE (scratch file), ERR_SYSTEM (out of memory) */
int folder_names_open(int folder_fd, struct folder_names_room *room, struct folder_names **names, struct error *err);
void folder_names_close(struct folder_names **names);

/* folder_names_next: 1: *name, valid until the next call, and its d_type (readdir(3)); 0: the end; -1: the scratch file can't be read. */
int folder_names_next(struct folder_names *names, const char **name, unsigned char *d_type, struct error *err);

/* folder_names_last: what folder_names_next gave last; valid as there. */
const char *folder_names_last(const struct folder_names *names);

#endif
