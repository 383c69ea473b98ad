/* restore_pick: which paths of a generation a restore takes: those named, with all below; and those that patterns match, with all below. Nothing given: all.
 *
 * A pattern is matched name by name, each as lib/glob.h has it; `**` stands for any number of folders. One without a slash is looked for in every folder.
 * lifetime: restore_pick_init / restore_pick_done. threads: one. */
#ifndef AOB_RESTORE_PICK_H
#define AOB_RESTORE_PICK_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

#define RESTORE_PICK_MOST 256 /* paths and patterns, each */
#define RESTORE_PICK_NAMES 64 /* in a pattern */

struct restore_pick_glob {
	char *text; /* cut into names */
	const char *names[RESTORE_PICK_NAMES];
	size_t n;
	char *fixed; /* the folder that all it can match lies in; "" the root */
};

struct restore_pick {
	const char *const *paths; /* borrowed */
	size_t n_paths;
	struct restore_pick_glob *globs;
	size_t n_globs;
	const char **roots; /* in the order of a tree, none in another: what has to be listed */
	size_t n_roots;
};

/* restore_pick_init: paths, globs: NULL-terminated; borrowed. errors: ERR_INPUT: what is no path beneath a folder; more names than RESTORE_PICK_NAMES */
int restore_pick_init(struct restore_pick *pick, const char *const *paths, const char *const *globs, struct error *err);
void restore_pick_done(struct restore_pick *pick);

/* restore_pick_takes: Pure. */
bool restore_pick_takes(const struct restore_pick *pick, const char *path);

/* restore_pick_may_hold: can something in that folder be taken? Pure. */
bool restore_pick_may_hold(const struct restore_pick *pick, const char *folder);

#endif
