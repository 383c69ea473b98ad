/* restore_holds: what the file system of a restore's target can hold: found by trying it out, in the restore's own folder, as the kind of a file system alone does not tell
 * (mount options, shares of other machines, FUSE). Of names: which of them it takes, and gives back as they were. */
#ifndef AOB_RESTORE_HOLDS_H
#define AOB_RESTORE_HOLDS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/file_system.h"

struct restore_holds {
	char kind[FILE_SYSTEM_KIND_SIZE]; /* for people */
	bool symlinks, links, holes;
	bool times;         /* to the nanosecond; else to two seconds at least */
	bool cases;         /* A and a are two names */
	bool any_character; /* a name may have : * ? " < > | \ and control characters, */
	bool any_end;       /* … end in a dot or a space, */
	bool any_bytes;     /* … and be no UTF-8 */
	uint32_t
	        point_most; /* the last character of Unicode that may stand in a name: FAT has some that its mount's iocharset has */
	uint32_t name_most;     /* bytes of a name */
	uint64_t file_most;     /* bytes of a file */
	uint64_t cluster_bytes; /* whatever is in a file takes a multiple of this; 0: of a page at most */
};

/* restore_holds_guess: where nothing may be tried out, as in a dry run: all, but for what is known of a kind. fd: of the target; -1: it is not there yet. */
void restore_holds_guess(int fd, struct restore_holds *holds);

/* restore_holds_try: fd: a folder of our own; nothing is left there. errors: by errno: a plain file can't be made there */
int restore_holds_try(int fd, struct restore_holds *holds, struct error *err);

/* restore_holds_names: can it hold any name? Pure. */
bool restore_holds_names(const struct restore_holds *holds);

#endif
