/* Who waits longest and can be done is next; nobody starves, whatever others do; and what a job waits for is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "broker/turn.h"

static void test_what_it_waits_for(void **state)
{
	static const struct {
		struct turn_facts facts;
		enum turn_wait wait;
	} rows[] = {
		{ { false, false, 0, 0, false }, TURN_NO_WORKER }, { { false, false, 1, 1, false }, TURN_NO_WORKER },
		{ { true, false, 0, 9, false }, TURN_BUSY },       { { true, true, 0, 9, false }, TURN_READY },
		{ { true, true, 1, 0, false }, TURN_READY },       { { true, true, 1, 1, false }, TURN_VAULT },
		{ { true, false, 1, 1, false }, TURN_VAULT },      { { true, false, 2, 1, false }, TURN_BUSY },
		{ { true, true, 0, 0, true }, TURN_WHERE },        { { false, false, 0, 0, true }, TURN_NO_WORKER },
		{ { true, true, 2, 3, false }, TURN_VAULT }, /* the limit was lowered meanwhile */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (turn_wait(&rows[i].facts) != rows[i].wait)
			fail_msg("row %zu: %d", i, (int)turn_wait(&rows[i].facts));
}

static void test_the_longest_waiting_that_can(void **state)
{
	static const struct turn_job jobs[] = {
		{ 7, TURN_READY }, { 3, TURN_BUSY }, { 2, TURN_VAULT }, { 5, TURN_READY }, { 1, TURN_NO_WORKER }
	};

	(void)state;
	assert_int_equal(turn_next(jobs, 5), 3);
	assert_int_equal(turn_next(jobs, 3), 0);
	assert_int_equal(turn_next(jobs + 1, 2), 2);
	assert_int_equal(turn_next(jobs, 0), 0);
}

/* One worker, one place at the vault; the first pipeline is never at rest and has five steps, the others have one each: as soon as one is done, its next job is at the end of
 * the line. Between two turns of a pipeline each other one has one. */
static void test_nobody_starves(void **state)
{
	struct turn_job jobs[6];
	size_t turns[6] = { 0 };
	uint64_t queued = 0;

	(void)state;
	for (size_t i = 0; i < 6; i++)
		jobs[i] = (struct turn_job){ ++queued, TURN_READY };
	for (size_t round = 1; round <= 600; round++) {
		size_t next = turn_next(jobs, 6);

		turns[next]++;
		jobs[next].queued = ++queued;
		for (size_t i = 0; i < 6; i++)
			if (turns[i] + 1 < round / 6 || turns[i] > round / 6 + 1)
				fail_msg("after %zu turns pipeline %zu had %zu", round, i, turns[i]);
	}
}

/* What could not be done keeps its place: it is next as soon as it can be. */
static void test_a_place_is_kept(void **state)
{
	struct turn_job jobs[] = { { 1, TURN_BUSY }, { 2, TURN_READY }, { 3, TURN_READY } };

	(void)state;
	assert_int_equal(turn_next(jobs, 3), 1);
	jobs[1].queued = 4;
	jobs[0].wait = TURN_READY;
	assert_int_equal(turn_next(jobs, 3), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_it_waits_for),
		cmocka_unit_test(test_the_longest_waiting_that_can),
		cmocka_unit_test(test_nobody_starves),
		cmocka_unit_test(test_a_place_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
