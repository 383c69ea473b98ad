/* view_read: how the broker's answers are read into structs that live in an arena. Private to monitor/view*.c. */
#ifndef AOB_MONITOR_VIEW_READ_H
#define AOB_MONITOR_VIEW_READ_H

#include <jansson.h>

#include "lib/arena.h"
#include "monitor/view.h"

const char *view_read_text(struct arena *arena, const json_t *object,
                           const char *key); /* "" for what is not there or no text */
int64_t view_read_amount(const json_t *object,
                         const char *key); /* or a time: what comes from elsewhere is not taken below 0 */
bool view_read_flag(const json_t *object, const char *key);
struct view_generation view_read_generation(struct arena *arena, const json_t *g);

/* What of an answer's `result` is made: 0 or -1 with *err. A full arena is told by view_read_reply. */
typedef int view_read_into(void *made, struct arena *arena, const json_t *result, const void *context,
                           struct error *err);

/* view_read_reply: reply: an answer of the broker. Returns zeroed memory of size bytes, filled by `into` from its result; *memory, an arena, owns it and what
 * hangs on it: view_read_free. NULL with *err: the broker's own error, ERR_PROTOCOL, ERR_SYSTEM. */
void *view_read_reply(const char *reply, size_t len_bytes, size_t size, view_read_into *into, const void *context,
                      void **memory, struct error *err);
void view_read_free(void *memory); /* NULL: nothing */

#endif
