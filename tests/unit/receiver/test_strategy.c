#include "tests/unit/receiver/vault_lab.h"

#include "receiver/strategy.h"

static void names_are_read_and_written(void **state)
{
	enum strategy strategy;

	(void)state;
	for (int i = STRATEGY_AUTO; i <= STRATEGY_HARDLINK; i++) {
		assert_int_equal(strategy_named(strategy_name((enum strategy)i), &strategy, NULL), 0);
		assert_int_equal(strategy, i);
	}
	assert_int_equal(strategy_named("subvolume", &strategy, NULL), -1);
}

static void what_is_recorded_stays_and_trials_leave_nothing(void **state)
{
	struct vault_lab *lab = *state;
	enum strategy chosen;

	assert_true(strategy_works(lab->vault->aob_fd, STRATEGY_HARDLINK));
	(void)strategy_works(lab->vault->aob_fd, STRATEGY_REFLINK);
	(void)strategy_works(lab->vault->aob_fd, STRATEGY_SNAPSHOT);
	assert_false(vault_lab_there(lab, ".aob/trial"));
	assert_false(vault_lab_there(lab, ".aob/trial.other"));
	/* Not even tried again. */
	assert_int_equal(
	        strategy_choose(lab->vault->aob_fd, STRATEGY_AUTO, STRATEGY_SNAPSHOT, true, &chosen, &lab->err), 0);
	assert_int_equal(chosen, STRATEGY_SNAPSHOT);
	assert_int_equal(
	        strategy_choose(lab->vault->aob_fd, STRATEGY_HARDLINK, STRATEGY_SNAPSHOT, true, &chosen, &lab->err), 0);
	assert_int_equal(chosen, STRATEGY_HARDLINK);
	/* A vault of an older receiver has plain folders. */
	assert_int_equal(strategy_choose(lab->vault->aob_fd, STRATEGY_AUTO, STRATEGY_AUTO, true, &chosen, &lab->err),
	                 0);
	assert_int_not_equal(chosen, STRATEGY_SNAPSHOT);
}

static void a_vault_remembers_its_strategy(void **state)
{
	struct vault_lab *lab = *state;
	struct vault_options options = { .root = lab->root };
	struct vault *again;

	assert_non_null(strstr(vault_lab_read(lab, ".aob/format.json"), "\"strategy\": \"hardlink\""));
	assert_int_equal(vault_open(&options, "photos", true, &again, &lab->err), 0);
	assert_int_equal(again->strategy, STRATEGY_HARDLINK);
	assert_string_equal(again->id, lab->vault->id);
	vault_close(&again);
}

#define VAULT_TEST(f) cmocka_unit_test_setup_teardown(f, vault_lab_open, vault_lab_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_read_and_written),
		VAULT_TEST(what_is_recorded_stays_and_trials_leave_nothing),
		VAULT_TEST(a_vault_remembers_its_strategy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
