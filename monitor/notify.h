/* notify: turns what happens into notices, and brings each to every notifier of the configuration that wants it, once.
 *
 * A notice is made when an alarm begins or ends, not when an event comes: an event that was seen before (events come again with the last-value
 * cache), and one that tells of an alarm that is in force already, make none. What was told and what still waits lies in one small file, so that a
 * restart neither repeats nor loses an alarm: it is written before a notice is first tried and after each that has arrived. (Killed between an
 * arrival and the write, that one is sent again: under the same ID, which mail, CloudEvents and command carry.)
 *
 * Each notifier has a thread and a queue of its own, so that one that hangs keeps no other waiting, and nobody here ever waits for any. In a queue a
 * notice that is refused keeps only later ones of its own pipeline waiting; an end that cannot be reached, all.
 * Queues are bounded (notify_queue.h, the oldest goes) and retries too (NOTIFY_GIVE_UP_S); both are logged.
 *
 * threads: all functions from one thread; notify_end, notify_status and notify_broker write a file and don't wait for anything else.
 * source: CloudEvents 1.0; docs/notifications.md, docs/protocol.md "Events" */
#ifndef AOB_MONITOR_NOTIFY_H
#define AOB_MONITOR_NOTIFY_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/config.h"
#include "lib/error.h"

#define NOTIFY_GIVE_UP_S (INT64_C(3) * 24 * 3600)
#define NOTIFY_ERROR_SIZE 256

struct notify;

/* notify_new: takes up what an earlier process left in the file state (NULL: notify.json in the folder of the broker's store), and starts the threads.
 * in:      config, borrowed for the life of *notify
 *          A file that is damaged is put aside; then what is wrong now may be told once more.
 * errors:  by errno. Without notifiers: none, and nothing is ever done. */
int notify_new(const struct config *config, const char *state, struct notify **notify, struct error *err);

/* notify_destroy: what waits stays in the file. An attempt under way gets a few seconds to end. */
void notify_destroy(struct notify **notify);

/* notify_event: one event as the broker published it: the whole CloudEvents object. Borrowed. What it does not know is ignored.
 * Between notify_begin and notify_end, which may hold any number of them: what they change is written down once, at the end; nothing is sent meanwhile. */
void notify_begin(struct notify *notify);
void notify_event(struct notify *notify, const json_t *event);
void notify_end(struct notify *notify);

/* notify_status: the `result` of the verb `status`: mends what lost events would have told: alarms that began or ended. To be called after each
 * (re)connection to the broker, once the cached events have come, and now and then (each minute). Borrowed. */
void notify_status(struct notify *notify, const json_t *status);

/* notify_broker: for how long, in seconds of a steady clock, the broker has not answered, and why; 0: it answers. To be called with each answer, or lack of one. */
void notify_broker(struct notify *notify, int64_t lost_s, const char *why);

struct notify_count {       /* of one notifier, since notify_new */
	const char *name;   /* borrowed from the configuration */
	const char *driver; /* "mail" */
	uint64_t delivered, failed_attempts, dropped;
	size_t waiting;
	char last_error[NOTIFY_ERROR_SIZE]; /* of the last attempt; "": it went well */
};

/* notify_counts: how notifiers do, for metrics. at: from 0. Returns 1, or 0: there are no more. */
int notify_counts(struct notify *notify, size_t at, struct notify_count *count);

#endif
