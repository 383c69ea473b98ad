/* notify_book: which alarms are in force and were told, and which events were seen: from that, what is to be told. Time is an argument, nothing is
 * read or written; the caller keeps the book as JSON.
 *
 * An alarm is told when it begins and when it ends. The same event again, or another of an alarm that is in force, tells nothing.
 * A book that begins anew takes what is past (events older than it) for known, until a status says that it still is so.
 * lifetime: notify_book_new / notify_book_destroy. threads: one at a time. */
#ifndef AOB_MONITOR_NOTIFY_BOOK_H
#define AOB_MONITOR_NOTIFY_BOOK_H

#include <jansson.h>
#include <stdint.h>

#include "lib/error.h"
#include "monitor/notify_notice.h"

#define NOTIFY_BOOK_SETTLE_S 30    /* a status that was asked for before an event came does not undo it */
#define NOTIFY_BOOK_PASSING_S 3600 /* that a run began or ended is no news after so long */
#define NOTIFY_BOOK_BROKER_S 300   /* a restart of the broker, or of the machine, is no news */
#define NOTIFY_BOOK_PIPELINES_MAX ((size_t)2 * CONFIG_PIPELINES_MAX)
#define NOTIFY_BOOK_ALARMS_MAX 64 /* of one pipeline */

struct notify_book;

/* notify_book_new: kept: what notify_book_json gave, borrowed; NULL: begin anew. errors: ERR_DAMAGED, ERR_SYSTEM */
int notify_book_new(const json_t *kept, int64_t now_s, struct notify_book **book, struct error *err);
void notify_book_destroy(struct notify_book **book);

/* notify_book_event: a CloudEvents object, borrowed. tell is called for what it gives to tell, before the book says that it was told.
 * Returns whether the book has changed. */
bool notify_book_event(struct notify_book *book, const json_t *event, int64_t now_s,
                       void (*tell)(void *cookie, const struct notify_notice *notice), void *cookie);

/* notify_book_status: the result of the verb `status`, likewise: what events have not told. */
bool notify_book_status(struct notify_book *book, const json_t *status, int64_t now_s,
                        void (*tell)(void *cookie, const struct notify_notice *notice), void *cookie);

/* notify_book_broker: likewise: for how long, in seconds of a steady clock, the broker has not answered, and why; 0: it answers. patience_s: for how long that is no
 * news. Of no pipeline, so of all. */
bool notify_book_broker(struct notify_book *book, int64_t lost_s, int64_t patience_s, const char *why, int64_t now_s,
                        void (*tell)(void *cookie, const struct notify_notice *notice), void *cookie);

const json_t *notify_book_json(const struct notify_book *book); /* borrowed, until the next change */

struct notify_view { /* how a pipeline is */
	char pipeline[CONFIG_NAME_MAX + 1];
	char alarms[256];        /* kinds, with ", " between; "": none */
	int64_t last_success_at; /* 0: not known */
};
void notify_book_view(const struct notify_book *book, const char *pipeline, struct notify_view *view);

#endif
