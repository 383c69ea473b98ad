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
	assert_int_equal(notify_queue_add(queue, &notice, 0, &out), 0);
}

static struct notify_item *expect(struct notify_queue *queue, int64_t now_ms, const char *title, int64_t at_ms)
{
	struct notify_item *item = notify_queue_next(queue, now_ms);

	assert_non_null(item);
	assert_string_equal(item->notice.title, title);
	assert_int_equal(notify_queue_ready_ms(queue, item, now_ms), at_ms);
	return item;
}

static void fails(struct notify_queue *queue, struct notify_item *item, enum notify_put_off how, int64_t now_ms)
{
	item->attempts++;
	notify_queue_put_off(queue, item, how, now_ms, 0);
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
	fails(&queue, item, NOTIFY_REFUSED, 1000);
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

/* It may be this one notice that the far end chokes at: each is tried in its turn. */
static void an_end_that_is_away_is_tried_more_rarely_and_with_each_in_turn(void **state)
{
	static const char *const turns[] = { "photos failed", "mac failed", "films failed" };
	struct notify_queue queue = { .n = 0 };
	int64_t now_ms = 1000;

	(void)state;
	add(&queue, "photos", "photos failed");
	add(&queue, "photos", "photos recovered");
	add(&queue, "mac", "mac failed");
	add(&queue, "films", "films failed");
	for (unsigned i = 1; i < 12; i++) {
		struct notify_item *item = notify_queue_next(&queue, now_ms);

		assert_string_equal(item->notice.title, turns[(i - 1) % 3]);
		fails(&queue, item, NOTIFY_UNREACHED, now_ms);
		item = expect(&queue, now_ms, turns[i % 3], now_ms + notify_retry_delay_ms(i, 0));
		now_ms = notify_queue_ready_ms(&queue, item, now_ms);
	}
	notify_queue_reached(&queue);
	assert_non_null(notify_queue_next(&queue, now_ms));
	notify_queue_clear(&queue);
	assert_int_equal(queue.n, 0);
}

static void what_a_driver_has_in_its_hands_comes_first_again(void **state)
{
	struct notify_queue queue = { .n = 0 };
	int64_t now_ms = 1000;

	(void)state;
	add(&queue, "photos", "photos failed");
	add(&queue, "mac", "mac failed");
	fails(&queue, expect(&queue, now_ms, "photos failed", now_ms), NOTIFY_REFUSED, now_ms);
	for (unsigned i = 1; i < 9; i++) {
		fails(&queue, expect(&queue, now_ms, "mac failed", now_ms), NOTIFY_HALFWAY, now_ms);
		now_ms += notify_retry_delay_ms(i, 0);
	}
	notify_queue_clear(&queue);
}

static void a_full_queue_drops_what_passes_then_its_oldest_but_not_the_one_in_hand(void **state)
{
	struct notify_queue queue = { .n = 0 };
	struct notify_notice notice = { .kind = CONFIG_NOTICE_FINISHED, .title = "what every run does" };
	struct notify_notice out;

	(void)state;
	for (int i = 0; i < NOTIFY_QUEUE_MAX; i++) {
		char title[16];

		(void)snprintf(title, sizeof(title), "%d", i);
		add(&queue, "photos", title);
	}
	queue.in_hand = queue.first;
	assert_int_equal(notify_queue_add(&queue, &notice, 0, &out), 1);
	assert_string_equal(out.title, "what every run does"); /* it is worth less than any of them */
	notice.kind = CONFIG_NOTICE_OVERDUE;
	(void)snprintf(notice.title, sizeof(notice.title), "overdue");
	assert_int_equal(notify_queue_add(&queue, &notice, 0, &out), 1);
	assert_string_equal(out.title, "1");
	queue.in_hand = NULL;
	queue.first->next->notice.kind = CONFIG_NOTICE_STARTED;
	assert_int_equal(notify_queue_add(&queue, &notice, 0, &out), 1);
	assert_string_equal(out.title, "2");
	assert_int_equal(notify_queue_add(&queue, &notice, 0, &out), 1);
	assert_string_equal(out.title, "0");
	assert_int_equal(queue.n, NOTIFY_QUEUE_MAX);
	queue.most = 2 * NOTIFY_QUEUE_MAX;
	assert_int_equal(notify_queue_add(&queue, &notice, 0, &out), 0);
	assert_int_equal(queue.n, NOTIFY_QUEUE_MAX + 1);
	notify_queue_clear(&queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_one_holds_up_its_own_pipeline_alone),
		cmocka_unit_test(an_end_that_is_away_is_tried_more_rarely_and_with_each_in_turn),
		cmocka_unit_test(what_a_driver_has_in_its_hands_comes_first_again),
		cmocka_unit_test(a_full_queue_drops_what_passes_then_its_oldest_but_not_the_one_in_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
