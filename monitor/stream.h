/* stream: the newest events, as the text of Server-Sent Events, for any number of readers that each go at their own pace.
 *
 * A ring of the newest STREAM_MESSAGES: writing never waits and takes no more memory for slow readers. Who has fallen behind by more
 * than the ring holds is told so.
 *
 * lifetime: stream_new / stream_destroy. threads: any.
 * source: html.spec.whatwg.org, 9.2 Server-sent events */
#ifndef AOB_MONITOR_STREAM_H
#define AOB_MONITOR_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STREAM_MESSAGES 512
#define STREAM_BYTES_MAX (4u << 20) /* of all of them; older ones go sooner then */

struct stream;

struct stream_place { /* of one reader */
	uint64_t message;
	size_t offset_bytes; /* of it were read */
};

struct stream *stream_new(void); /* NULL: out of memory */
void stream_destroy(struct stream **stream);

/* stream_push: id: "" for none; data: one line. Out of memory: the message is lost, as for a reader that is too slow. */
void stream_push(struct stream *stream, const char *id, const char *data);

/* stream_begin: behind the message of that id, as after a reconnect; else (NULL, "", not held any more) behind the newest. */
struct stream_place stream_begin(struct stream *stream, const char *last_id);

/* stream_read: up to size bytes. Returns how many, 0: there is nothing new, -1: fallen behind, the reader must begin again. */
ssize_t stream_read(struct stream *stream, struct stream_place *place, char *out, size_t size);

#endif
