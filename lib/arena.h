/* arena: memory that is taken piece by piece and given back all at once, with an upper limit.
 *
 * Pieces are zeroed and aligned for anything. Once a piece could not be had, arena_failed stays true, so a builder may check
 * once at its end as long as it does not touch a NULL.
 *
 * lifetime: arena_new / arena_destroy. threads: one at a time. */
#ifndef AOB_ARENA_H
#define AOB_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(size_t limit_bytes); /* NULL: out of memory */
void arena_destroy(struct arena **arena);

/* arena_array: n zeroed elements; n == 0 gives a pointer too. NULL: out of memory, or over the limit. */
void *arena_array(struct arena *arena, size_t n, size_t element_bytes);

/* arena_text: a copy of len bytes and a NUL. NULL as above. */
char *arena_text(struct arena *arena, const char *text, size_t len_bytes);

bool arena_failed(const struct arena *arena);

#endif
