/* What somebody looks at is asked for once, kept for a while, and never more than so much. */
#include "monitor/details.h"
#include "tests/unit/monitor/monitor_lab.h"

static void wished_asked_kept(void **state)
{
	const struct view_detail detail = { .known = true, .changed_files = 5 };
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
	assert_int_equal(details_find(&details, "r-1")->changed_files, 5);
	assert_true(details_next(&details, run));
	assert_string_equal(run, "r-2");
}

static void bounded(void **state)
{
	const struct view_detail detail = { .known = false };
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
		details_put(&details, run, &detail);
	}
	assert_int_equal(details.n_wanted, 0);
	assert_non_null(details_find(&details, "r999"));
	assert_null(details_find(&details, "r1"));
}

static void the_transfer_of_a_run(void **state)
{
	static const struct {
		const char *reply;
		int rc;
		bool known;
	} rows[] = {
		{ "{\"status\":\"ok\",\"result\":{\"steps\":[{\"service\":\"snapshot\",\"result\":{}},{\"service\":"
		  "\"transfer\",\"result\":{\"changed_files\":3,\"matched_bytes\":4}}]}}",
		  0, true },
		{ "{\"status\":\"ok\",\"result\":{\"steps\":[{\"service\":\"transfer\",\"result\":null}]}}", 0, false },
		{ "{\"status\":\"fail\",\"error\":{\"code\":\"not-found\",\"message\":\"no run\"}}", 0, false },
		{ "nonsense", -1, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = { .class = ERR_NONE };
		struct view_detail detail;

		assert_int_equal(view_detail_parse(rows[i].reply, strlen(rows[i].reply), &detail, &err), rows[i].rc);
		assert_int_equal(detail.known, rows[i].known);
		assert_int_equal(detail.changed_files, rows[i].known ? 3 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wished_asked_kept),
		cmocka_unit_test(bounded),
		cmocka_unit_test(the_transfer_of_a_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
