/* sse: open event streams (Server-Sent Events). A stream that has nothing to send is suspended, and woken when there is something; one that is too slow
 * for the stream's ring is closed, so that its browser connects again.
 *
 * lifetime: sse_new / sse_destroy, which is after the server's end. threads: any.
 * source: html.spec.whatwg.org, 9.2; libmicrohttpd, MHD_suspend_connection */
#ifndef AOB_MONITOR_SSE_H
#define AOB_MONITOR_SSE_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "monitor/stream.h"

#define SSE_STREAMS_MAX 128
#define SSE_BEAT_MS 15000 /* a comment is sent so often, by which both sides notice that the other one is gone */

struct sse;

struct sse *sse_new(struct stream *stream); /* borrowed; NULL: out of memory */
void sse_destroy(struct sse **sse);

/* sse_open: a response that goes on for ever, to be queued once on this connection. NULL: there are SSE_STREAMS_MAX, or out of memory. */
struct MHD_Response *sse_open(struct sse *sse, struct MHD_Connection *connection, const char *last_id);

/* sse_wake: something is new. beat: and those that have nothing else to send send a comment. */
void sse_wake(struct sse *sse, bool beat);

/* sse_close: ends all streams, for ever; before the server is stopped. */
void sse_close(struct sse *sse);

size_t sse_count(struct sse *sse);

#endif
