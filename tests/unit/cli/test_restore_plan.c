/* What a restore will do, told before it does anything. */
#include "tests/unit/cli/restore_lab.h"

#include "cli/restore_plan.h"

static struct restore_plan *open_plan(const struct restore_lab *lab, enum restore_trust trust)
{
	struct restore_plan_options options = { .target_fd = lab->target_fd,
		                                .trust = trust,
		                                .reserved = { ".aob-restore-0123456789abcdef" } };
	struct restore_plan *plan;

	assert_int_equal(restore_plan_new(&options, &plan, NULL), 0);
	return plan;
}

static void add(struct restore_plan *plan, const struct entry *entry, const char *text)
{
	struct error err = { 0 };
	struct encoder e;
	struct frame frame;

	encoder_init(&e);
	frame = restore_lab_entry_frame(&e, entry);
	if (restore_plan_take(plan, &frame, &err) != 0)
		fail_msg("%s", err.text);
	if (entry->type == ENTRY_FILE) {
		frame = restore_lab_end_frame(&e, text, entry->size_bytes);
		if (restore_plan_take(plan, &frame, &err) != 0)
			fail_msg("%s", err.text);
	}
	encoder_done(&e);
}

static void add_new(struct restore_plan *plan, const char *path, enum entry_type type, const char *text)
{
	struct entry entry = restore_lab_entry(path, type, text);

	add(plan, &entry, text);
}

static void assert_next(struct restore_plan *plan, const char *path, enum restore_action action)
{
	struct restore_plan_record record;

	assert_int_equal(restore_plan_next(plan, &record, NULL), 1);
	assert_string_equal(record.entry.path, path);
	if (record.action != action)
		fail_msg("%s: %d, not %d", path, record.action, action);
}

static void into_an_empty_folder_all_comes(void **state)
{
	struct restore_plan *plan = open_plan(*state, RESTORE_TRUST_TIME);
	struct restore_plan_record record;
	struct restore_plan_totals t;

	add_new(plan, "", ENTRY_FOLDER, "");
	add_new(plan, "d", ENTRY_FOLDER, "");
	add_new(plan, "d/f", ENTRY_FILE, "content");
	add_new(plan, "l", ENTRY_SYMLINK, "d/f");
	add_new(plan, "p", ENTRY_FIFO, "");
	assert_int_equal(restore_plan_end(plan, NULL), 0);
	t = restore_plan_totals(plan);
	assert_int_equal(t.files, 1);
	assert_int_equal(t.bytes, 7);
	assert_int_equal(t.carry_bytes, 7);
	assert_int_equal(t.room_bytes, 7);
	assert_int_equal(t.there_files, 0);
	assert_int_equal(t.inodes, 3); /* the target is there */
	assert_int_equal(t.left_out, 1);
	assert_int_equal(restore_plan_seek(plan, 0, NULL), 0);
	assert_next(plan, "", RESTORE_FOLDER);
	assert_next(plan, "d", RESTORE_FOLDER);
	assert_next(plan, "d/f", RESTORE_CONTENT);
	assert_next(plan, "l", RESTORE_SPECIAL);
	assert_next(plan, "p", RESTORE_LEFT_OUT);
	assert_int_equal(restore_plan_next(plan, &record, NULL), 0);
	restore_plan_destroy(&plan);
}

static void a_place_in_it_is_come_back_to(void **state)
{
	struct restore_plan *plan = open_plan(*state, RESTORE_TRUST_TIME);
	uint64_t at;

	add_new(plan, "a", ENTRY_FILE, "1");
	add_new(plan, "b", ENTRY_FILE, "22");
	add_new(plan, "c", ENTRY_FILE, "333");
	assert_int_equal(restore_plan_end(plan, NULL), 0);
	assert_int_equal(restore_plan_seek(plan, 0, NULL), 0);
	assert_next(plan, "a", RESTORE_CONTENT);
	at = restore_plan_tell(plan);
	assert_next(plan, "b", RESTORE_CONTENT);
	assert_next(plan, "c", RESTORE_CONTENT);
	assert_int_equal(restore_plan_seek(plan, at, NULL), 0);
	assert_next(plan, "b", RESTORE_CONTENT);
	restore_plan_destroy(&plan);
}

/* The file in the target has this content, and, or not, the vault's time. */
static const struct {
	const char *name;
	enum restore_trust trust;
	const char *there;
	bool vaults_time, hash_known;
	enum restore_action action;
} rows[] = {
	{ "as it should be", RESTORE_TRUST_TIME, "content", true, true, RESTORE_NOTHING },
	{ "as it should be, read", RESTORE_TRUST_NONE, "content", true, true, RESTORE_NOTHING },
	{ "another time", RESTORE_TRUST_TIME, "content", false, true, RESTORE_CONTENT },
	{ "another time, read", RESTORE_TRUST_NONE, "content", false, true, RESTORE_META },
	{ "another content", RESTORE_TRUST_NONE, "Content", true, true, RESTORE_CONTENT },
	{ "another size", RESTORE_TRUST_TIME, "cont", true, true, RESTORE_CONTENT },
	{ "nobody knows what it should be", RESTORE_TRUST_NONE, "content", true, false, RESTORE_CONTENT },
};

static void what_is_there_decides(void **state)
{
	const struct restore_lab *lab = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct timespec times[2] = { { .tv_sec = 1700000000 }, { .tv_sec = 1700000000 } };
		struct restore_plan *plan = open_plan(lab, rows[i].trust);
		struct entry entry = restore_lab_entry("f", ENTRY_FILE, "content");
		struct restore_plan_record record;

		restore_lab_file(lab, "f", rows[i].there);
		assert_int_equal(fchmodat(lab->target_fd, "f", 0644, 0), 0);
		if (rows[i].vaults_time)
			assert_int_equal(utimensat(lab->target_fd, "f", times, 0), 0);
		add(plan, &entry, rows[i].hash_known ? "content" : NULL);
		assert_int_equal(restore_plan_end(plan, NULL), 0);
		assert_int_equal(restore_plan_seek(plan, 0, NULL), 0);
		assert_int_equal(restore_plan_next(plan, &record, NULL), 1);
		if (record.action != rows[i].action)
			fail_msg("%s: %d", rows[i].name, record.action);
		assert_int_equal(restore_plan_totals(plan).there_bytes + restore_plan_totals(plan).carry_bytes, 7);
		restore_plan_destroy(&plan);
	}
}

static void what_was_written_to_since_a_restart_is_not_replaced(void **state)
{
	const struct restore_lab *lab = *state;
	struct restore_plan *plan = open_plan(lab, RESTORE_TRUST_NONE);
	struct entry entry = restore_lab_entry("f", ENTRY_FILE, "content");
	struct error err = { 0 };
	struct encoder e;
	struct frame frame;

	restore_lab_file(lab, "f", "a person's own");
	encoder_init(&e);
	frame = restore_lab_entry_frame(&e, &entry);
	assert_int_equal(restore_plan_take(plan, &frame, &err), 0);
	frame = restore_lab_end_frame(&e, "content", entry.size_bytes);
	assert_int_equal(restore_plan_take(plan, &frame, &err), -1);
	assert_int_equal(err.class, ERR_REFUSED);
	encoder_done(&e);
	restore_plan_destroy(&plan);
}

static void a_link_names_the_first_one(void **state)
{
	struct restore_plan *plan = open_plan(*state, RESTORE_TRUST_TIME);
	struct entry a = restore_lab_entry("a", ENTRY_FILE, "content");
	struct entry b = restore_lab_entry("b", ENTRY_FILE, "content");
	struct restore_plan_record record;

	a.links = b.links = 2;
	a.inode = b.inode = 77;
	add(plan, &a, "content");
	add(plan, &b, "content");
	assert_int_equal(restore_plan_end(plan, NULL), 0);
	assert_int_equal(restore_plan_totals(plan).files, 2);
	assert_int_equal(restore_plan_totals(plan).bytes, 7);
	assert_int_equal(restore_plan_seek(plan, 0, NULL), 0);
	assert_next(plan, "a", RESTORE_CONTENT);
	assert_int_equal(restore_plan_next(plan, &record, NULL), 1);
	assert_int_equal(record.action, RESTORE_LINK);
	assert_string_equal(record.entry.path, "b");
	assert_string_equal(record.entry.target, "a");
	restore_plan_destroy(&plan);
}

static uint64_t half(void *context, const struct entry *entry, const uint8_t sha256[32])
{
	(void)context;
	(void)sha256;
	return strcmp(entry->path, "large") == 0 ? 4 : 100;
}

static void what_was_begun_does_not_cross_again(void **state)
{
	const struct restore_lab *lab = *state;
	struct restore_plan_options options = { .target_fd = lab->target_fd, .part = half };
	struct restore_plan *plan;

	assert_int_equal(restore_plan_new(&options, &plan, NULL), 0);
	add_new(plan, "large", ENTRY_FILE, "content");
	add_new(plan, "more than all", ENTRY_FILE, "content");
	assert_int_equal(restore_plan_end(plan, NULL), 0);
	assert_int_equal(restore_plan_totals(plan).carry_bytes, 3);
	restore_plan_destroy(&plan);
}

static void refuse(struct restore_plan *plan, const struct frame *frame)
{
	struct error err = { 0 };

	assert_int_equal(restore_plan_take(plan, frame, &err), -1);
	assert_int_equal(err.class, ERR_PROTOCOL);
	restore_plan_destroy(&plan);
}

static void an_answer_that_makes_no_sense_is_refused(void **state)
{
	struct entry file = restore_lab_entry("f", ENTRY_FILE, "content");
	struct entry own = restore_lab_entry(".aob-restore-0123456789abcdef/state.json", ENTRY_FILE, "content");
	struct restore_plan *plan = open_plan(*state, RESTORE_TRUST_TIME);
	struct frame frame;
	struct encoder e;

	encoder_init(&e);
	frame = restore_lab_entry_frame(&e, &file);
	assert_int_equal(restore_plan_take(plan, &frame, NULL), 0);
	assert_int_equal(restore_plan_end(plan, NULL), -1);
	refuse(plan, &frame); /* inside a file */
	frame = restore_lab_end_frame(&e, "x", 1);
	refuse(open_plan(*state, RESTORE_TRUST_TIME), &frame);
	frame = restore_lab_entry_frame(&e, &own);
	refuse(open_plan(*state, RESTORE_TRUST_TIME), &frame);
	frame = (struct frame){ FRAME_FETCH_DATA, (const uint8_t *)"x", 1 };
	refuse(open_plan(*state, RESTORE_TRUST_TIME), &frame);
	file.path = "../out";
	frame = restore_lab_entry_frame(&e, &file);
	refuse(open_plan(*state, RESTORE_TRUST_TIME), &frame);
	encoder_done(&e);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, restore_lab_set_up, restore_lab_tear_down)
	const struct CMUnitTest tests[] = { TEST(into_an_empty_folder_all_comes),
		                            TEST(a_place_in_it_is_come_back_to),
		                            TEST(what_is_there_decides),
		                            TEST(what_was_written_to_since_a_restart_is_not_replaced),
		                            TEST(a_link_names_the_first_one),
		                            TEST(what_was_begun_does_not_cross_again),
		                            TEST(an_answer_that_makes_no_sense_is_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
