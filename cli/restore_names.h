/* restore_names: by which names the entries of a generation stand in a target that can't hold all names. What it does not take is written as %3A and the like; of two that are the
 * same there, the second in the order of a tree gets a number; so no two ever meet. The same tree gets the same names each time. Memory: bounded.
 *
 * lifetime: restore_names_new / restore_names_destroy. threads: one. */
#ifndef AOB_RESTORE_NAMES_H
#define AOB_RESTORE_NAMES_H

#include "cli/restore_holds.h"

#define RESTORE_NAMES_SIZE 256

struct restore_names;

/* restore_names_new: holds: borrowed. */
int restore_names_new(const struct restore_holds *holds, struct restore_names **names, struct error *err);
void restore_names_destroy(struct restore_names **names);

/* restore_names_place: in: path: in the order of a tree, or one that came before. out: *place: where it stands; path itself, or valid until the next call.
 * errors: ERR_INPUT (it becomes too long), ERR_SYSTEM, by errno (of temporary files) */
int restore_names_place(struct restore_names *names, const char *path, const char **place, struct error *err);

/* restore_names_fit: one name as it can be held, other than its neighbours or not; returns out. Pure. */
const char *restore_names_fit(const struct restore_holds *holds, const char *name, char out[RESTORE_NAMES_SIZE]);

/* restore_names_nth: name, made another one: "photo.jpg" as "photo~2.jpg", at most so many bytes; returns out. Pure. */
const char *restore_names_nth(const char *name, unsigned n, uint32_t most_bytes, char out[RESTORE_NAMES_SIZE]);

/* restore_names_changed: is the last name of both paths another one? Pure. */
bool restore_names_changed(const char *path, const char *place);

#endif
