#include "monitor/notify_queue.h"

#include <stdlib.h>
#include <string.h>

#include "monitor/notify_retry.h"

/* Takes the one behind *at out of the queue. */
static void drop(struct notify_queue *queue, struct notify_item **at)
{
	struct notify_item *item = *at;

	*at = item->next;
	queue->n--;
	if (queue->halfway == item)
		queue->halfway = NULL;
	free(item);
}

bool notify_queue_passes(const struct notify_notice *notice)
{
	return notice->kind == CONFIG_NOTICE_STARTED || notice->kind == CONFIG_NOTICE_FINISHED;
}

/* Who goes when there is no room for this one; NULL: itself. */
static struct notify_item **least(struct notify_queue *queue, const struct notify_notice *newcomer)
{
	struct notify_item **oldest = NULL;

	for (struct notify_item **at = &queue->first; *at != NULL; at = &(*at)->next) {
		if (*at == queue->in_hand || *at == queue->halfway)
			continue;
		if (notify_queue_passes(&(*at)->notice))
			return at;
		if (oldest == NULL)
			oldest = at;
	}
	return notify_queue_passes(newcomer) ? NULL : oldest;
}

static int make_room(struct notify_queue *queue, const struct notify_notice *newcomer, struct notify_notice *pushed_out)
{
	struct notify_item **out = NULL;

	if (queue->n < (queue->most != 0 ? queue->most : NOTIFY_QUEUE_MAX))
		return 0;
	out = least(queue, newcomer);
	*pushed_out = out != NULL ? (*out)->notice : *newcomer;
	if (out != NULL)
		drop(queue, out);
	return out != NULL ? 1 : -1;
}

int notify_queue_add(struct notify_queue *queue, const struct notify_notice *notice, int64_t now_ms,
                     struct notify_notice *pushed_out)
{
	struct notify_item *item = NULL;
	struct notify_item **at = &queue->first;
	int room = make_room(queue, notice, pushed_out);

	if (room < 0)
		return 1; /* this one is what went out */
	item = calloc(1, sizeof(*item));
	if (item == NULL)
		return -1;
	item->notice = *notice;
	item->taken_ms = now_ms;
	while (*at != NULL)
		at = &(*at)->next;
	*at = item;
	queue->n++;
	return room;
}

static bool is_behind(const struct notify_queue *queue, const struct notify_item *item)
{
	for (const struct notify_item *earlier = queue->first; earlier != item; earlier = earlier->next)
		if (strcmp(earlier->notice.pipeline, item->notice.pipeline) == 0)
			return true;
	return false;
}

int64_t notify_queue_ready_ms(const struct notify_queue *queue, const struct notify_item *item, int64_t now_ms)
{
	int64_t at_ms = item->retry_ms > queue->hold_ms ? item->retry_ms : queue->hold_ms;

	return at_ms > now_ms ? at_ms : now_ms;
}

struct notify_item *notify_queue_next(const struct notify_queue *queue, int64_t now_ms)
{
	struct notify_item *best = NULL;
	int64_t best_ms = INT64_MAX;

	for (struct notify_item *item = queue->first; item != NULL; item = item->next) {
		int64_t ready_ms = notify_queue_ready_ms(queue, item, now_ms);

		if (item == queue->halfway)
			return item;
		if (is_behind(queue, item) ||
		    (best != NULL && (ready_ms > best_ms || (ready_ms == best_ms && item->tried >= best->tried))))
			continue;
		best = item;
		best_ms = ready_ms;
	}
	return best;
}

void notify_queue_put_off(struct notify_queue *queue, struct notify_item *item, enum notify_put_off how, int64_t now_ms,
                          uint32_t random)
{
	item->tried = ++queue->tries;
	queue->halfway = how == NOTIFY_HALFWAY ? item : NULL;
	if (how == NOTIFY_REFUSED) {
		notify_queue_reached(queue);
		item->retry_ms = now_ms + notify_retry_delay_ms(item->attempts, random);
		return;
	}
	queue->unreached++;
	queue->hold_ms = now_ms + notify_retry_delay_ms(queue->unreached, random);
}

void notify_queue_reached(struct notify_queue *queue)
{
	queue->unreached = 0;
	queue->hold_ms = 0;
}

void notify_queue_remove(struct notify_queue *queue, const struct notify_item *item)
{
	struct notify_item **at = &queue->first;

	while (*at != NULL && *at != item)
		at = &(*at)->next;
	if (*at != NULL)
		drop(queue, at);
}

void notify_queue_clear(struct notify_queue *queue)
{
	while (queue->first != NULL)
		drop(queue, &queue->first);
}
