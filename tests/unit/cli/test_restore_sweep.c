/* Over a live folder: what was not there then is taken away, and nothing else. */
#include "tests/unit/cli/restore_lab.h"

#include "cli/restore_sweep.h"

struct sweep_lab {
	struct restore_lab lab;
	struct restore_plan *plan;
	const char *paths[2]; /* as the pick has them */
	struct restore_pick pick;
	struct restore_aside *aside;
};

static int not_busy(void *context, struct error *err)
{
	(void)context;
	(void)err;
	return 0;
}

static int busy(void *context, struct error *err)
{
	(void)context;
	return error_set(err, ERR_CANCELLED, "asked to stop");
}

static void add(struct restore_plan *plan, const char *path, enum entry_type type, const char *text)
{
	struct entry entry = restore_lab_entry(path, type, text);
	struct frame frame;
	struct encoder e;

	encoder_init(&e);
	frame = restore_lab_entry_frame(&e, &entry);
	assert_int_equal(restore_plan_take(plan, &frame, NULL), 0);
	if (type == ENTRY_FILE) {
		frame = restore_lab_end_frame(&e, text, strlen(text));
		assert_int_equal(restore_plan_take(plan, &frame, NULL), 0);
	}
	encoder_done(&e);
}

/* The generation has d, d/old and old; the folder has more. */
static void begin(struct sweep_lab *s, const char *path)
{
	struct restore_plan_options options = { .over = true };
	const char *const none[] = { NULL };

	*s = (struct sweep_lab){ .paths = { path } };
	restore_lab_open(&s->lab);
	options.target_fd = s->lab.target_fd;
	assert_int_equal(mkdirat(s->lab.target_fd, "d", 0755), 0);
	assert_int_equal(mkdirat(s->lab.target_fd, "new", 0755), 0);
	assert_int_equal(mkdirat(s->lab.target_fd, ".aob-replaced-2026", 0755), 0);
	assert_int_equal(mkdirat(s->lab.target_fd, ".aob-restore-0123456789abcdef", 0755), 0);
	restore_lab_file(&s->lab, "d/old", "old");
	restore_lab_file(&s->lab, "d/new", "new");
	restore_lab_file(&s->lab, "d/x.tmp", "left out");
	restore_lab_file(&s->lab, "old", "old");
	restore_lab_file(&s->lab, "new/1", "1");
	restore_lab_file(&s->lab, "new/2", "2");
	assert_int_equal(restore_plan_new(&options, &s->plan, NULL), 0);
	add(s->plan, "", ENTRY_FOLDER, "");
	add(s->plan, "d", ENTRY_FOLDER, "");
	add(s->plan, "d/old", ENTRY_FILE, "old");
	add(s->plan, "old", ENTRY_FILE, "old");
	assert_int_equal(restore_plan_end(s->plan, NULL), 0);
	assert_int_equal(restore_pick_init(&s->pick, s->paths, none, NULL), 0);
	assert_int_equal(restore_aside_new(s->lab.target_fd, "kept", &s->aside, NULL), 0);
}

static void end(struct sweep_lab *s)
{
	restore_aside_destroy(&s->aside);
	restore_pick_done(&s->pick);
	restore_plan_destroy(&s->plan);
	restore_lab_close(&s->lab);
}

static int sweep(struct sweep_lab *s, bool counts_only, int (*is_busy)(void *, struct error *), uint64_t *swept)
{
	static const char *const excludes[] = { "*.tmp", NULL };
	const struct restore_sweep options = { .target_fd = s->lab.target_fd,
		                               .plan = s->plan,
		                               .aside = counts_only ? NULL : s->aside,
		                               .excludes = excludes,
		                               .work_name = ".aob-restore-0123456789abcdef",
		                               .pick = &s->pick,
		                               .busy = is_busy };

	return restore_sweep_run(&options, swept, NULL);
}

static bool is_there(const struct sweep_lab *s, const char *path)
{
	return faccessat(s->lab.target_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void what_was_not_there_then_is_taken_away(void **state)
{
	struct sweep_lab s;
	uint64_t swept;

	(void)state;
	begin(&s, NULL);
	assert_int_equal(sweep(&s, true, not_busy, &swept), 0);
	assert_int_equal(swept, 2);
	assert_true(is_there(&s, "d/new"));
	assert_int_equal(sweep(&s, false, not_busy, &swept), 0);
	assert_int_equal(swept, 2);
	assert_false(is_there(&s, "d/new") || is_there(&s, "new"));
	assert_true(is_there(&s, "kept/d/new") && is_there(&s, "kept/new/1") && is_there(&s, "kept/new/2"));
	assert_true(is_there(&s, "d/old") && is_there(&s, "old") && is_there(&s, "d/x.tmp"));
	assert_true(is_there(&s, ".aob-replaced-2026") && is_there(&s, ".aob-restore-0123456789abcdef"));
	end(&s);
}

static void of_a_part_only_that(void **state)
{
	struct sweep_lab s;
	uint64_t swept;

	(void)state;
	begin(&s, "d");
	assert_int_equal(sweep(&s, false, not_busy, &swept), 0);
	assert_int_equal(swept, 1);
	assert_true(is_there(&s, "new/1") && !is_there(&s, "d/new"));
	end(&s);
}

static void who_is_asked_to_stop_stops(void **state)
{
	struct sweep_lab s;
	uint64_t swept;

	(void)state;
	begin(&s, NULL);
	assert_int_equal(sweep(&s, false, busy, &swept), -1);
	assert_true(is_there(&s, "d/new") && is_there(&s, "new"));
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_was_not_there_then_is_taken_away),
		                            cmocka_unit_test(of_a_part_only_that),
		                            cmocka_unit_test(who_is_asked_to_stop_stops) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
