/* A pipeline in one word and one sentence; the worst counts. */
#include "monitor/verdict.h"
#include "tests/unit/monitor/monitor_lab.h"

#define GOOD ",\"last_good\":" LAB_GOOD ",\"age_s\":3600"
#define FAILED                                                                                                         \
	",\"last_run\":{\"run\":\"r\",\"state\":\"failed\",\"error\":{\"code\":\"config\",\"message\":\"no such "      \
	"folder\"}}"
#define CANCELLED ",\"last_run\":{\"run\":\"r\",\"state\":\"cancelled\"}"
#define ALARM ",\"alarms\":[{\"kind\":\"failed\",\"reason\":\"gone\"}]"
#define RUNNING(state, more) ",\"running\":{\"run\":\"r2\",\"step\":\"transfer\",\"step_state\":\"" state "\"" more "}"

static const struct {
	const char *pipeline;
	struct verdict_marks marks;
	enum verdict_level level;
	const char *word, *sentence; /* what it holds */
} of_one_rows[] = {
	{ GOOD, { 0 }, VERDICT_GOOD, "Safe", "1 h old." },
	{ GOOD ",\"watch\":{\"state\":\"unchanged\"}", { 0 }, VERDICT_GOOD, "Safe", "Nothing has changed" },
	{ GOOD ",\"watch\":{\"state\":\"active\"}", { 0 }, VERDICT_GOOD, "Safe", "when the source is at rest" },
	{ GOOD RUNNING("working", ""), { 0 }, VERDICT_GOOD, "Safe", "a newer one is being made" },
	{ GOOD RUNNING("queued", ""), { 0 }, VERDICT_GOOD, "Safe", "newer" },
	{ RUNNING("working", ""), { 0 }, VERDICT_BUSY, "First copy", "nothing is safe" },
	{ "", { 0 }, VERDICT_WARN, "Nothing yet", "no copy yet" },
	{ ",\"copies\":false,\"age_s\":3600", { 0 }, VERDICT_GOOD, "Done", "ended well 1 h ago" },
	{ ",\"copies\":true,\"age_s\":3600", { 0 }, VERDICT_WARN, "Nothing yet", "no copy yet" },
	{ ",\"copies\":false,\"age_s\":null", { 0 }, VERDICT_WARN, "Nothing yet", "no copy yet" },
	{ ",\"copies\":false,\"age_s\":3600,\"overdue\":{\"reason\":\"late\"}", { 0 }, VERDICT_BAD, "Overdue", "late" },
	{ GOOD ",\"watch\":{\"state\":\"unknown\",\"reason\":\"no word\",\"reported_at\":1795633700}",
	  { 0 },
	  VERDICT_WARN,
	  "Unwatched",
	  "no word" },
	{ GOOD ",\"watch\":{\"state\":\"unknown\",\"reason\":\"no word\",\"reported_at\":1795633736}",
	  { 0 },
	  VERDICT_GOOD,
	  "Safe",
	  "1 h old" }, /* the watcher is just being restarted */
	{ GOOD RUNNING("retry-wait", ",\"last_error\":{\"message\":\"no route\"}"),
	  { 0 },
	  VERDICT_WARN,
	  "Waiting",
	  "no route" },
	{ GOOD RUNNING("retry-wait", "") ",\"waits_for\":\"for the vault\"",
	  { 0 },
	  VERDICT_WARN,
	  "Waiting",
	  "for the vault" },
	{ GOOD FAILED, { 0 }, VERDICT_BAD, "Failed", "no such folder" },
	{ GOOD FAILED RUNNING("working", ""), { 0 }, VERDICT_GOOD, "Safe", "newer" }, /* it is tried again just now */
	{ GOOD FAILED ALARM RUNNING("working", ""), { 0 }, VERDICT_GOOD, "Safe", "newer" },
	{ GOOD FAILED ALARM RUNNING("queued", ""), { 0 }, VERDICT_BAD, "Failed", "no such folder" },
	{ GOOD CANCELLED ALARM, { 0 }, VERDICT_BAD, "Failed", "gone" },
	{ GOOD ",\"overdue\":{\"reason\":\"the link is down\"}", { 0 }, VERDICT_BAD, "Overdue", "the link is down" },
	{ GOOD FAILED ",\"overdue\":{\"reason\":\"late\"}", { 0 }, VERDICT_BAD, "Overdue", "late" },
	{ GOOD, { .damaged = true }, VERDICT_BAD, "Damaged", "hashes" },
	{ GOOD ",\"alarms\":[{\"kind\":\"braked\",\"reason\":\"97 of 100 files\"}]",
	  { 0 },
	  VERDICT_BAD,
	  "Braked",
	  "Too much changed at once: 97 of 100 files" },
	{ GOOD ",\"alarms\":[{\"kind\":\"damaged\"}]", { 0 }, VERDICT_BAD, "Damaged", "hashes" },
	{ GOOD ",\"alarms\":[{\"kind\":\"flooded\",\"reason\":\"wet\"}]", { 0 }, VERDICT_BAD, "Alarm", "flooded: wet" },
	{ GOOD ",\"alarms\":[{\"kind\":\"forecast\"}]", { 0 }, VERDICT_GOOD, "Safe", "1 h old" },
	{ GOOD ",\"paused\":true", { 0 }, VERDICT_WARN, "Paused", "until it is resumed" },
	{ GOOD ",\"forecast\":{\"never\":true,\"reason\":\"10 times\"}",
	  { 0 },
	  VERDICT_WARN,
	  "Falling behind",
	  "10 times" },
	{ GOOD ",\"forecast\":{\"vault_full_at\":1795720166}",
	  { 0 },
	  VERDICT_WARN,
	  "Almost full",
	  "vault will be full in 1 d." },
	{ GOOD ",\"forecast\":{\"source_full_at\":1795720166}", { 0 }, VERDICT_WARN, "Almost full", "source will" },
	{ GOOD ",\"forecast\":{\"vault_full_at\":1799999999}", { 0 }, VERDICT_GOOD, "Safe", "1 h" },
};

static void of_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(of_one_rows) / sizeof(of_one_rows[0]); i++) {
		struct view *view = lab_view(of_one_rows[i].pipeline);
		struct verdict verdict;

		verdict = verdict_of(&view->pipelines[0], of_one_rows[i].marks, LAB_NOW);
		if (verdict.level != of_one_rows[i].level || strcmp(verdict.word, of_one_rows[i].word) != 0 ||
		    strstr(verdict.sentence, of_one_rows[i].sentence) == NULL)
			fail_msg("row %zu: %d %s: %s", i, verdict.level, verdict.word, verdict.sentence);
		view_destroy(&view);
	}
}

static void one_that_makes_no_copy_is_not_said_to_have_one(void **state)
{
	const struct verdict verdicts[] = { { .level = VERDICT_GOOD, .word = "Safe" },
		                            { .level = VERDICT_GOOD, .word = "Done" } };
	struct verdict all = verdict_all(verdicts, 2, 0);

	(void)state;
	assert_int_equal(all.level, VERDICT_GOOD);
	assert_non_null(strstr(all.sentence, "1 of 2 has a second copy"));
	all = verdict_all(&verdicts[1], 1, 0);
	assert_string_equal(all.word, "Done");
	assert_non_null(strstr(all.sentence, "Nothing here makes a copy"));
}

static void of_all(void **state)
{
	static const struct {
		enum verdict_level levels[4];
		size_t n;
		int64_t lost_s;
		enum verdict_level level;
		const char *sentence;
	} rows[] = {
		{ { 0 }, 0, 0, VERDICT_BUSY, "Nothing is known" },
		{ { VERDICT_GOOD }, 1, 0, VERDICT_GOOD, "It has a second copy." },
		{ { VERDICT_GOOD, VERDICT_GOOD }, 2, 0, VERDICT_GOOD, "Both" },
		{ { VERDICT_GOOD, VERDICT_GOOD, VERDICT_GOOD }, 3, 0, VERDICT_GOOD, "All 3 have" },
		{ { VERDICT_GOOD, VERDICT_BUSY, VERDICT_GOOD }, 3, 0, VERDICT_BUSY, "2 of 3 are safe" },
		{ { VERDICT_GOOD, VERDICT_WARN, VERDICT_BUSY }, 3, 0, VERDICT_WARN, "1 of 3 wants a look" },
		{ { VERDICT_BAD, VERDICT_WARN, VERDICT_BAD, VERDICT_GOOD }, 4, 0, VERDICT_BAD, "2 of 4 need you" },
		{ { VERDICT_GOOD }, 1, 10, VERDICT_GOOD, "second copy" }, /* the broker is just being restarted */
		{ { VERDICT_GOOD }, 1, 120, VERDICT_BAD, "has not answered for 2 min" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct verdict verdicts[4] = { 0 };
		struct verdict all;

		for (size_t k = 0; k < rows[i].n; k++)
			verdicts[k] = (struct verdict){ .level = rows[i].levels[k], .word = "Safe" };
		all = verdict_all(verdicts, rows[i].n, rows[i].lost_s);
		if (all.level != rows[i].level || strstr(all.sentence, rows[i].sentence) == NULL)
			fail_msg("row %zu: %d %s", i, all.level, all.sentence);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(of_one), cmocka_unit_test(of_all),
		                            cmocka_unit_test(one_that_makes_no_copy_is_not_said_to_have_one) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
