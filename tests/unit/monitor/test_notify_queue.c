/* Which notice is tried next: one that is refused holds up its own pipeline alone, an end that is away all; never out of order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/notify_queue.h"
#include "monitor/notify_retry.h"

static void add(struct notify_queue *queue, const char *pipeline, const char *title)
{
	struct notify_notice notice = { .kind = CONFIG_NOTICE_FAILED };
	struct notify_notice out;

	(void)snprintf(notice.pipeline, sizeof(notice.pipeline), "%s", pipeline);
	(void)snprintf(notice.title, sizeof(notice.title), "%s", title);
	assert_int_equal(notify_queue_add(queue, &notice, &out), 0);
}

static struct notify_item *expect(struct notify_queue *queue, int64_t now_ms, const char *title, int64_t at_ms)
{
	struct notify_item *item = notify_queue_next(queue, now_ms);

	assert_non_null(item);
	assert_string_equal(item->notice.title, title);
	assert_int_equal(notify_queue_ready_ms(queue, item, now_ms), at_ms);
	return item;
}

static void fails(struct notify_queue *queue, struct notify_item *item, bool unreached, int64_t now_ms)
{
	item->attempts++;
	notify_queue_put_off(queue, item, unreached, now_ms, 0);
}

static void a_refused_one_holds_up_its_own_pipeline_alone(void **state)
{
	struct notify_queue queue = { .n = 0 };
	struct notify_item *item = NULL;

	(void)state;
	assert_null(notify_queue_next(&queue, 1000));
	add(&queue, "photos", "photos failed");
	add(&queue, "photos", "photos recovered");
	add(&queue, "mac", "mac failed");
	item = expect(&queue, 1000, "photos failed", 1000);
	fails(&queue, item, false, 1000);
	item = expect(&queue, 1000, "mac failed", 1000);
	notify_queue_reached(&queue);
	notify_queue_remove(&queue, item);
	item = expect(&queue, 1000, "photos failed", 1000 + notify_retry_delay_ms(1, 0)); /* and not its recovery */
	notify_queue_remove(&queue, item);
	item = expect(&queue, 1001, "photos recovered", 1001);
	notify_queue_remove(&queue, item);
	assert_int_equal(queue.n, 0);
	assert_null(queue.first);
}

static void an_end_that_is_away_is_tried_more_rarely_whatever_waits(void **state)
{
	struct notify_queue queue = { .n = 0 };
	int64_t now_ms = 1000;

	(void)state;
	add(&queue, "photos", "photos failed");
	add(&queue, "mac", "mac failed");
	for (unsigned i = 1; i < 12; i++) {
		struct notify_item *item = expect(&queue, now_ms, "photos failed", now_ms); /* the oldest, each time */

		fails(&queue, item, true, now_ms);
		(void)expect(&queue, now_ms, "photos failed", now_ms + notify_retry_delay_ms(i, 0));
		now_ms += notify_retry_delay_ms(i, 0);
	}
	notify_queue_reached(&queue);
	(void)expect(&queue, now_ms - 1, "photos failed", now_ms - 1);
	notify_queue_clear(&queue);
	assert_int_equal(queue.n, 0);
}

static void a_full_queue_drops_its_oldest_but_not_the_one_in_hand(void **state)
{
	struct notify_queue queue = { .n = 0 };
	struct notify_notice notice = { .kind = CONFIG_NOTICE_FAILED };
	struct notify_notice out;

	(void)state;
	for (int i = 0; i < NOTIFY_QUEUE_MAX; i++) {
		char title[16];

		(void)snprintf(title, sizeof(title), "%d", i);
		add(&queue, "photos", title);
	}
	queue.in_hand = queue.first;
	assert_int_equal(notify_queue_add(&queue, &notice, &out), 1);
	assert_string_equal(out.title, "1");
	queue.in_hand = NULL;
	assert_int_equal(notify_queue_add(&queue, &notice, &out), 1);
	assert_string_equal(out.title, "0");
	assert_int_equal(queue.n, NOTIFY_QUEUE_MAX);
	notify_queue_clear(&queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_one_holds_up_its_own_pipeline_alone),
		cmocka_unit_test(an_end_that_is_away_is_tried_more_rarely_whatever_waits),
		cmocka_unit_test(a_full_queue_drops_its_oldest_but_not_the_one_in_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
