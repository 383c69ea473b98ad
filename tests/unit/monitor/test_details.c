/* What somebody looks at is asked for once, kept for a while, and never more than so much. */
#include "monitor/details.h"
#include "tests/unit/monitor/monitor_lab.h"

static void wished_asked_kept(void **state)
{
	struct view_detail *detail = lab_detail("{\"changed_files\":5}");
	struct details details = { .n_wanted = 0 };
	char run[DETAILS_RUN_SIZE];

	(void)state;
	assert_false(details_next(&details, run));
	assert_null(details_find(&details, "r-1"));
	assert_null(details_find(&details, "r-1"));
	assert_null(details_find(&details, "r-2"));
	assert_int_equal(details.n_wanted, 2);
	assert_true(details_next(&details, run));
	assert_string_equal(run, "r-1");
	details_put(&details, "r-1", &detail);
	assert_null(detail);
	assert_int_equal(details_find(&details, "r-1")->changed_files, 5);
	assert_true(details_next(&details, run));
	assert_string_equal(run, "r-2");
	details_put(&details, "r-2", &detail); /* no answer: it may be wished again */
	assert_false(details_next(&details, run));
	assert_null(details_find(&details, "r-2"));
	details_done(&details);
}

static void bounded(void **state)
{
	static struct details details;
	char run[DETAILS_RUN_SIZE];

	(void)state;
	assert_null(details_find(&details, ""));
	assert_null(details_find(&details, "r\",\"verb\":\"cancel")); /* no ID: never gets into a question */
	assert_int_equal(details.n_wanted, 0);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(run, sizeof(run), "r%d", i);
		assert_null(details_find(&details, run));
	}
	assert_int_equal(details.n_wanted, DETAILS_WANTED_MAX);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(run, sizeof(run), "r%d", i);
		struct view_detail *detail = lab_detail("null");

		details_put(&details, run, &detail);
	}
	assert_int_equal(details.n_wanted, 0);
	assert_non_null(details_find(&details, "r999"));
	assert_null(details_find(&details, "r1"));
	details_done(&details);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wished_asked_kept),
		cmocka_unit_test(bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
