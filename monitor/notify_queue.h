/* notify_queue: the notices that wait for one notifier, and which of them is tried next. Time is an argument; nothing is sent or logged here.
 *
 * One that is refused is tried again later and keeps only later ones of its own pipeline waiting, so that nobody hears of a recovery before the
 * failure; when nobody is reached at all, every one waits. Bounded: NOTIFY_QUEUE_MAX.
 *
 * lifetime: zeroed / notify_queue_clear. threads: one at a time. */
#ifndef AOB_MONITOR_NOTIFY_QUEUE_H
#define AOB_MONITOR_NOTIFY_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/notify_notice.h"

#define NOTIFY_QUEUE_MAX 100 /* and at least two for each pipeline: all may fail at once, and recover */

struct notify_item {
	struct notify_notice notice;
	unsigned attempts;
	uint64_t tried;   /* when last, among the tries of all; 0: not yet */
	int64_t taken_ms; /* into this queue, on a steady clock: how long it has waited, whatever the other clock says */
	int64_t retry_ms; /* not before */
	struct notify_item *next;
};

struct notify_queue {
	struct notify_item *first; /* the oldest */
	size_t n;
	size_t most;                       /* 0: NOTIFY_QUEUE_MAX */
	const struct notify_item *in_hand; /* the caller's: it is being delivered, and not pushed out; NULL: none */
	const struct notify_item *halfway; /* comes first again; NULL: none */
	uint64_t tries;                    /* so far */
	unsigned unreached;                /* attempts in a row that found nobody … */
	int64_t hold_ms;                   /* … so none before this */
};

/* notify_queue_passes: it tells of what every run does, which is no news after a while. */
bool notify_queue_passes(const struct notify_notice *notice);

/* notify_queue_add: a copy goes to the end. Returns 0; 1: the queue was full, and the oldest of what passes (which may be this one), else the oldest of all,
 * went out and is in *pushed_out; -1: out of memory. */
int notify_queue_add(struct notify_queue *queue, const struct notify_notice *notice, int64_t now_ms,
                     struct notify_notice *pushed_out);

/* notify_queue_next: what is tried next: of those that may be now, what was tried longest ago, or not at all, the oldest first; or else what may be soonest;
 * NULL: nothing waits. Borrowed.
 * notify_queue_ready_ms: when; not before now_ms. Monotonic milliseconds. */
struct notify_item *notify_queue_next(const struct notify_queue *queue, int64_t now_ms);
int64_t notify_queue_ready_ms(const struct notify_queue *queue, const struct notify_item *item, int64_t now_ms);

enum notify_put_off {
	NOTIFY_REFUSED,   /* somebody was there */
	NOTIFY_UNREACHED, /* nobody was, or nobody who takes anything now: the others wait too, and the next try is one of theirs, as it may be this one's own fault */
	NOTIFY_HALFWAY    /* likewise; but the driver has this one in its hands, so it comes first again */
};
/* notify_queue_put_off: an attempt failed (counted in item->attempts): later again. notify_queue_reached: one went well. */
void notify_queue_put_off(struct notify_queue *queue, struct notify_item *item, enum notify_put_off how, int64_t now_ms,
                          uint32_t random);
void notify_queue_reached(struct notify_queue *queue);

void notify_queue_remove(struct notify_queue *queue, const struct notify_item *item);
void notify_queue_clear(struct notify_queue *queue);

#endif
