/* event: one of the broker's events (CloudEvents 1.0, docs/protocol.md section 3), decoded and checked.
 *
 * lifetime: event_parse / event_done; everything in it is borrowed from it. threads: one at a time. */
#ifndef AOB_MONITOR_EVENT_H
#define AOB_MONITOR_EVENT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

#define EVENT_NO_PIPELINE "-"
#define EVENT_TEXT_MAX 65536 /* bytes of one event; longer ones are refused */

struct event {
	const char *id;
	const char *what;     /* "run.failed": the type without "aob." */
	const char *pipeline; /* EVENT_NO_PIPELINE: of no one pipeline */
	const char *time;     /* as it was sent, RFC 3339 UTC */
	int64_t at_ms;        /* the same, since 1970 */
	const json_t *data;   /* an object */
	json_t *object;       /* private: owns all of the above */
};

/* event_parse: errors: ERR_INPUT. */
int event_parse(const char *body, size_t len_bytes, struct event *event, struct error *err);
void event_done(struct event *event);

/* Members of data: "" and 0 for what is not there or of another type; borrowed. event_error: the message of `error`, or "". */
const char *event_text(const struct event *event, const char *key);
int64_t event_number(const struct event *event, const char *key);
const char *event_error(const struct event *event);

#endif
