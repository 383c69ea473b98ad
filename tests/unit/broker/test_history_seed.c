/* What is on its way is remembered, one a pipeline, until it is taken up or forgotten; an older store learns to. */
#include "tests/unit/broker/store_lab.h"

#include <string.h>

#include "broker/history_seed.h"
#include "broker/sql.h"
#include "tests/unit/broker/store_back.h"

static void keep(const char *run)
{
	struct history_seed seed = { .pipeline = "p",
		                     .generation = "2026-11-26T05-36-00Z",
		                     .snapshot_uuid = "u-1",
		                     .root = "/mnt/usb/aob-seed",
		                     .root_hash = "abcd",
		                     .taken_at = 7,
		                     .written_at = 8,
		                     .files = 9,
		                     .bytes = 10 };

	(void)snprintf(seed.run, sizeof(seed.run), "%s", run);
	assert_int_equal(history_seed_keep(store, &seed, &err), 0);
}

static void the_newest_is_kept_until_it_is_dropped(void **state)
{
	struct history_seed seed;

	(void)state;
	assert_int_equal(history_seed(store, "p", &seed, &err), 0);
	keep("r1");
	keep("r2");
	run_store_close(&store);
	open_store();
	assert_int_equal(history_seed(store, "p", &seed, &err), 1);
	assert_string_equal(seed.run, "r2");
	assert_string_equal(seed.root, "/mnt/usb/aob-seed");
	assert_string_equal(seed.generation, "2026-11-26T05-36-00Z");
	assert_string_equal(seed.root_hash, "abcd");
	assert_int_equal(seed.taken_at + seed.written_at + seed.files + seed.bytes, 34);
	assert_int_equal(history_seed(store, "q", &seed, &err), 0);
	assert_int_equal(history_seed_give_up(store, "p", &err), 0);
	assert_int_equal(history_seed(store, "p", &seed, &err), 1);
	assert_string_equal(seed.snapshot_uuid, "");
	assert_int_equal(history_seed_drop(store, "p", &err), 1);
	assert_int_equal(history_seed_drop(store, "p", &err), 0);
	assert_int_equal(history_seed(store, "p", &seed, &err), 0);
}

static void it_is_neither_a_generation_nor_an_anchor_of_one(void **state)
{
	struct history_generation generation;

	(void)state;
	keep("r1");
	assert_int_equal(history_last_good(store, "p", &generation, &err), 0);
	assert_int_equal(history_anchor(store, "p", &generation, &err), 0);
}

static void a_store_of_version_4_learns_of_seeds(void **state)
{
	struct history_seed seed;

	(void)state;
	assert_int_equal(sql_script(run_store_sql(store), STORE_BACK_TO_4, &err), 0);
	run_store_close(&store);
	open_store();
	assert_int_equal(history_seed(store, "p", &seed, &err), 0);
	keep("r1");
	assert_int_equal(history_seed(store, "p", &seed, &err), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_newest_is_kept_until_it_is_dropped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_is_neither_a_generation_nor_an_anchor_of_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_store_of_version_4_learns_of_seeds, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
