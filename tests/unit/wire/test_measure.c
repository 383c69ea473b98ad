/* A link is measured by sending a little, and more when that came fast; the far end counts, and is not believed blindly. */
#include "tests/unit/wire/wire_pair.h"

#include <pthread.h>

#include "receiver/measuring.h"
#include "wire/codec.h"
#include "wire/measure.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)

static void it_sends_more_while_that_comes_fast(void **state)
{
	static const struct measure_limits limits = { .bytes = 8 * MIB, .ms = 10000 };
	static const struct {
		const char *what;
		struct measure_result last;
		uint64_t spent_ms, more;
	} cases[] = {
		{ "nothing was sent yet", { 0 }, 0, 64 * KIB },
		{ "at once there", { 80 * KIB, 64 * KIB, 1000, 65536000 }, 10, 256 * KIB },
		{ "long enough to be believed", { 80 * KIB, 64 * KIB, 2000000, 32768 }, 2100, 0 },
		{ "no time is left", { 80 * KIB, 64 * KIB, 1500000, 43690 }, 10001, 0 },
		{ "what fits in the time is no more than was", { 400 * KIB, 256 * KIB, 1900000, 137970 }, 8500, 0 },
		{ "as much as fits in the time", { 400 * KIB, 256 * KIB, 1000000, 256 * KIB }, 8000, 512 * KIB },
		{ "as much as may be sent", { 6 * MIB, 1 * MIB, 10000, 104857600 }, 100, 2 * MIB },
		{ "all that may be sent was", { 8 * MIB, 4 * MIB, 10000, 419430400 }, 100, 0 },
		{ "faster than a number holds", { 80 * KIB, 64 * KIB, 1, UINT64_MAX }, 10, 256 * KIB },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t more = measure_more(&limits, &cases[i].last, cases[i].spent_ms);

		if (more != cases[i].more)
			fail_msg("%s: %llu", cases[i].what, (unsigned long long)more);
	}
}

static void *receive(void *context)
{
	struct pair *pair = context;
	struct measuring measuring = { 0 };
	struct frame frame;
	struct error err = { 0 };

	while (wire_receive(pair->receiver, &frame, &err) == 1 &&
	       measuring_take(&measuring, pair->receiver, &frame, &err) == 0)
		(void)wire_flush(pair->receiver, NULL);
	return NULL;
}

static void what_is_counted_is_what_was_sent(void **state)
{
	static const struct measure_limits limits = { .bytes = 600 * KIB, .ms = 5000 };
	struct measure_result result;
	struct error err = { 0 };
	struct pair pair;
	pthread_t thread;

	(void)state;
	open_pair(&pair, NULL);
	assert_int_equal(pthread_create(&thread, NULL, receive, &pair), 0);
	assert_int_equal(measure_link(pair.client, &limits, &result, &err), 0);
	/* 64 KiB, then 256 KiB, a frame of 16 KiB before each that is not counted; what is left is less than that, and would tell less. */
	assert_int_equal(result.sent_bytes, (16 + 64 + 16 + 256) * KIB);
	assert_int_equal(result.bytes, 256 * KIB);
	assert_true(result.rate_bps > 0);
	wire_destroy(&pair.client);
	assert_int_equal(shutdown(pair.fds[0], SHUT_RDWR), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	close_pair(&pair);
}

/* The bytes of a MEASURED frame, of so many. */
static void answer(struct pair *pair, uint64_t bytes, uint64_t us, size_t n)
{
	struct encoder e;

	encoder_init(&e);
	put_u64(&e, bytes);
	put_u64(&e, us);
	assert_false(e.bad);
	assert_int_equal(wire_send(pair->receiver, FRAME_MEASURED, e.data, n, NULL), 0);
	assert_int_equal(wire_flush(pair->receiver, NULL), 0);
	encoder_done(&e);
}

static void an_answer_that_makes_no_sense_is_refused(void **state)
{
	static const struct measure_limits limits = { .bytes = 20 * KIB, .ms = 1000 };

	(void)state;
	for (size_t n = 0; n <= 16; n++) {
		struct measure_result result;
		struct error err = { 0 };
		struct pair pair;

		open_pair(&pair, NULL);
		answer(&pair, n == 16 ? UINT64_C(1) << 40 : 20 * KIB, 1000, n);
		assert_int_equal(measure_link(pair.client, &limits, &result, &err), -1);
		assert_int_equal(err.class, ERR_PROTOCOL);
		close_pair(&pair);
	}
}

static void an_instant_is_no_division_by_zero(void **state)
{
	static const struct measure_limits limits = { .bytes = 20 * KIB, .ms = 1000 };
	static const struct measure_limits nothing = { .bytes = 0, .ms = 1000 };
	struct measure_result result;
	struct error err = { 0 };
	struct pair pair;

	(void)state;
	open_pair(&pair, NULL);
	answer(&pair, 0, 0, 16);
	assert_int_equal(measure_link(pair.client, &limits, &result, &err), 0);
	assert_int_equal(result.rate_bps, 1);
	assert_int_equal(measure_link(pair.client, &nothing, &result, &err), -1);
	assert_int_equal(err.class, ERR_INPUT);
	close_pair(&pair);
}

static void an_end_without_a_beginning_is_refused(void **state)
{
	static const struct frame end = { .type = FRAME_MEASURE_END };
	struct measuring measuring = { 0 };
	struct error err = { 0 };
	struct pair pair;

	(void)state;
	open_pair(&pair, NULL);
	assert_int_equal(measuring_take(&measuring, pair.receiver, &end, &err), -1);
	assert_int_equal(err.class, ERR_PROTOCOL);
	close_pair(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_sends_more_while_that_comes_fast),
		cmocka_unit_test(what_is_counted_is_what_was_sent),
		cmocka_unit_test(an_answer_that_makes_no_sense_is_refused),
		cmocka_unit_test(an_instant_is_no_division_by_zero),
		cmocka_unit_test(an_end_without_a_beginning_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
