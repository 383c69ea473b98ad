/* Each kind of care has its own clock and result; how the newest of its runs failed is told; an older store learns of the second kind and forgets nothing. */
#include "tests/unit/broker/store_lab.h"

#include <string.h>

#include "broker/care_store.h"
#include "broker/sql.h"
#include "tests/unit/broker/store_back.h"

static void keep(const char *kind, int64_t since, const char *result)
{
	assert_int_equal(care_store_keep(store, "p", kind, since, result, &err), 0);
}

static int64_t since_of(const char *kind)
{
	int64_t since = 0;

	return care_store_since(store, "p", kind, &since, &err) == 1 ? since : -1;
}

static void each_kind_has_its_own(void **state)
{
	json_t *result = NULL;

	(void)state;
	assert_int_equal(since_of("verify"), -1);
	keep("verify", 7, "");
	keep("rehearse", 8, "{\"restorable\":true}");
	assert_int_equal(since_of("verify"), 7);
	assert_int_equal(since_of("rehearse"), 8);
	assert_int_equal(care_store_result(store, "p", "verify", &result, &err), 0);
	assert_null(result);
	assert_int_equal(care_store_result(store, "p", "rehearse", &result, &err), 1);
	assert_true(json_is_true(json_object_get(result, "restorable")));
	json_decref(result);
	assert_int_equal(care_store_keep(store, "p", "other", 9, "", &err), -1);
}

static void a_store_of_version_6_learns_of_rehearsals(void **state)
{
	(void)state;
	keep("verify", 7, "{}");
	keep("rehearse", 8, "{}");
	assert_int_equal(sql_script(run_store_sql(store), STORE_BACK_TO_6, &err), 0);
	assert_int_equal(care_store_keep(store, "p", "rehearse", 9, "", &err), -1);
	run_store_close(&store);
	open_store();
	assert_int_equal(since_of("verify"), 7);
	assert_int_equal(since_of("rehearse"), -1);
	keep("rehearse", 9, "");
	assert_int_equal(since_of("rehearse"), 9);
}

static void run_of(const char *run, const char *service, enum run_state end, int64_t at)
{
	struct run_record record = { .pipeline = "p", .care = true, .n_steps = 1 };
	struct error why;

	(void)error_set(&why, ERR_PERMISSION, "the key may not");
	(void)snprintf(record.run, sizeof(record.run), "%s", run);
	(void)snprintf(record.steps[0].service, sizeof(record.steps[0].service), "%s", service);
	assert_int_equal(run_store_begin(store, &err), 0);
	assert_int_equal(run_store_insert(store, &record, "{}", &err), 0);
	if (end != RUN_RUNNING)
		assert_int_equal(run_store_end(store, run, end, at, end == RUN_OK ? NULL : &why, &err), 0);
	assert_int_equal(run_store_commit(store, &err), 0);
}

static void how_the_newest_failed_is_told(void **state)
{
	struct care_failure failure;

	(void)state;
	assert_int_equal(care_store_failure(store, "p", "rehearse", &failure, &err), 0);
	run_of("r1", "rehearse", RUN_FAILED, 5);
	run_of("r2", "verify", RUN_OK, 6);
	assert_int_equal(care_store_failure(store, "p", "rehearse", &failure, &err), 1);
	assert_int_equal(failure.at, 5);
	assert_int_equal(failure.error.class, ERR_PERMISSION);
	assert_string_equal(failure.error.text, "the key may not");
	assert_int_equal(care_store_failure(store, "p", "verify", &failure, &err), 0);
	assert_int_equal(care_store_failure(store, "q", "rehearse", &failure, &err), 0);
	run_of("r3", "rehearse", RUN_OK, 7);
	assert_int_equal(care_store_failure(store, "p", "rehearse", &failure, &err), 0);
	run_of("r4", "rehearse", RUN_CANCELLED, 8);
	run_of("r5", "rehearse", RUN_RUNNING, 0);
	assert_int_equal(care_store_failure(store, "p", "rehearse", &failure, &err), 1);
	assert_int_equal(failure.at, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_kind_has_its_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_store_of_version_6_learns_of_rehearsals, set_up, tear_down),
		cmocka_unit_test_setup_teardown(how_the_newest_failed_is_told, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
