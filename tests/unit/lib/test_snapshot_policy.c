/* Which local snapshots stay, and which are a pipeline's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lib/snapshot_policy.h"

#define RUN_1 "20261123T053600Z-00000001"
#define RUN_2 "20261124T053600Z-00000002"
#define RUN_3 "20261125T053600Z-00000003"
#define RUN_4 "20261126T053600Z-00000004"

static void local_snapshots_leave_the_anchor_and_the_run_at_work(void **state)
{
	/* 4 was made before 3: the clock was set. */
	static const struct snapshot_policy_item list[] = {
		{ RUN_4, "u4", 30 }, { RUN_1, "u1", 10 }, { RUN_3, "u3", 40 }, { RUN_2, "u2", 20 }
	};
	static const struct {
		const char *anchor;
		const char *run;
		uint64_t more;
		const char *kept;
	} local[] = {
		{ "u2", RUN_3, 0, "..KK" }, { "u3", RUN_3, 0, "..K." },   { "u3", RUN_3, 1, "K.K." },
		{ "u3", RUN_3, 2, "K.KK" }, { "u3", RUN_3, 99, "KKKK" },  { "", "", 0, "...." },
		{ "", "", 1, "..K." },      { "gone", RUN_1, 0, ".K.." }, { "u1", "", 1, ".KK." },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++) {
		struct snapshot_policy_verdict verdicts[4];
		char kept[5] = "";

		snapshot_policy_judge(local[i].anchor, NULL, NULL, local[i].run, local[i].more, list, 4, verdicts);
		for (size_t j = 0; j < 4; j++)
			kept[j] = verdicts[j].keep ? 'K' : '.';
		if (strcmp(kept, local[i].kept) != 0)
			fail_msg("%zu: %s, not %s", i, kept, local[i].kept);
	}
}

static void those_that_others_count_on_stay_too(void **state)
{
	static const struct snapshot_policy_item list[] = { { RUN_1, "u1", 10 },
		                                            { RUN_2, "u2", 20 },
		                                            { RUN_3, "u3", 30 } };
	static const char *const others[] = { "elsewhere", "u1", NULL };
	struct snapshot_policy_verdict verdicts[3];

	(void)state;
	snapshot_policy_judge("u3", "", others, "", 0, list, 3, verdicts);
	assert_true(verdicts[0].keep && verdicts[2].keep);
	assert_false(verdicts[1].keep);
	assert_string_equal(verdicts[0].reason, "another pipeline counts on it");
	/* Nor do they count among those that are kept besides. */
	snapshot_policy_judge("u3", "", others, "", 1, list, 3, verdicts);
	assert_true(verdicts[0].keep && verdicts[1].keep && verdicts[2].keep);
}

static void the_one_of_a_seed_on_its_way_stays_too(void **state)
{
	static const struct snapshot_policy_item list[] = { { RUN_1, "u1", 10 },
		                                            { RUN_2, "u2", 20 },
		                                            { RUN_3, "u3", 30 } };
	struct snapshot_policy_verdict verdicts[3];

	(void)state;
	snapshot_policy_judge("u2", "u1", NULL, "", 0, list, 3, verdicts);
	assert_true(verdicts[0].keep && verdicts[1].keep);
	assert_false(verdicts[2].keep);
	assert_string_equal(verdicts[0].reason, "of the seed on its way");
	snapshot_policy_judge("u2", "", NULL, "", 0, list, 3, verdicts);
	assert_false(verdicts[0].keep);
}

static void only_snapshots_of_the_pipeline_are_taken_for_such(void **state)
{
	static const struct {
		const char *name;
		bool is;
	} names[] = {
		{ "mac." RUN_1, true },
		{ "mac.2." RUN_1, false },
		{ "mac2." RUN_1, false },
		{ "ma." RUN_1, false },
		{ "mac." RUN_1 "x", false },
		{ "mac.before-upgrade", false },
		{ "mac", false },
		{ "mac.", false },
		{ "", false },
		{ "mac.20261123T053600Z-0000000G", false },
		{ "Mac." RUN_1, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *run = snapshot_policy_run(names[i].name, "mac");

		if (!names[i].is)
			assert_null(run);
		else
			assert_string_equal(run, RUN_1);
	}
	assert_string_equal(snapshot_policy_run("mac.2." RUN_1, "mac.2"), RUN_1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_that_others_count_on_stay_too),
		cmocka_unit_test(the_one_of_a_seed_on_its_way_stays_too),
		cmocka_unit_test(local_snapshots_leave_the_anchor_and_the_run_at_work),
		cmocka_unit_test(only_snapshots_of_the_pipeline_are_taken_for_such),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
