/* restore_above: the folders above what is restored, when they are not taken themselves: remembered until something in them is, so that they are made as they were. The target
 * itself is not among them. Memory: bounded.
 *
 * lifetime: restore_above_init / restore_above_done. threads: one. */
#ifndef AOB_RESTORE_ABOVE_H
#define AOB_RESTORE_ABOVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

struct restore_above { /* private */
	uint8_t *data;
	size_t room_bytes;
	struct restore_above_level *levels;
	size_t n, room;
};

void restore_above_init(struct restore_above *above);
void restore_above_done(struct restore_above *above);

/* restore_above_pass: in: a folder that is not taken itself, as its ENTRY tells it; copied. Those that do not lead to it are forgotten. One that is known is not
 * taken for another. errors: ERR_INPUT (too much of them), ERR_SYSTEM */
int restore_above_pass(struct restore_above *above, const char *path, const uint8_t *payload, size_t payload_bytes,
                       struct error *err);

/* restore_above_next: for a path that is taken: the next folder above it that no path has led to before, from above. returns: false: none.
 * out: *payload: valid until the next restore_above_pass */
bool restore_above_next(struct restore_above *above, const char *path, const uint8_t **payload, size_t *payload_bytes);

#endif
