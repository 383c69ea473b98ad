/* A restore's plan comes back from its file as it was written. */
#include "tests/unit/cli/restore_lab.h"

#include "cli/restore_spool.h"

static void add(struct restore_spool *spool, const char *path, const char *place, const char *first)
{
	struct entry entry = restore_lab_entry(path, ENTRY_FILE, "content");
	struct restore_plan_record record = { .action = first != NULL ? RESTORE_LINK : RESTORE_CONTENT,
		                              .asked = entry.path,
		                              .part_bytes = 3,
		                              .has_basis = true };
	struct frame frame;
	struct encoder e;

	encoder_init(&e);
	frame = restore_lab_entry_frame(&e, &entry);
	entry.ctime_s = 77;
	entry.ctime_ns = 88;
	if (place != NULL)
		entry.path = place;
	if (first != NULL)
		entry.target = first;
	record.entry = entry;
	restore_lab_sha("content", record.sha256);
	assert_int_equal(restore_spool_add(spool, &record, frame.payload, frame.len_bytes, NULL), 0);
	encoder_done(&e);
}

static void assert_next(struct restore_spool *spool, const char *path, const char *place, const char *first)
{
	struct restore_plan_record record;
	uint8_t sha256[32];

	restore_lab_sha("content", sha256);
	assert_int_equal(restore_spool_next(spool, &record, NULL), 1);
	assert_string_equal(record.asked, path);
	assert_string_equal(record.entry.path, place);
	assert_string_equal(record.entry.target, first);
	assert_int_equal(record.entry.size_bytes, 7);
	assert_int_equal(record.entry.ctime_s, 77);
	assert_int_equal(record.entry.ctime_ns, 88);
	assert_int_equal(record.part_bytes, 3);
	assert_true(record.has_basis);
	assert_memory_equal(record.sha256, sha256, sizeof(sha256));
}

static void records_come_back_as_they_were(void **state)
{
	struct restore_plan_record record;
	struct restore_spool *spool;
	uint64_t second;

	(void)state;
	assert_int_equal(restore_spool_new(&spool, NULL), 0);
	add(spool, "a", NULL, NULL);
	add(spool, "b:", "b%3A", NULL);
	add(spool, "c", NULL, "b%3A");
	assert_int_equal(restore_spool_end(spool, NULL), 0);
	assert_int_equal(restore_spool_seek(spool, 0, NULL), 0);
	assert_next(spool, "a", "a", "");
	second = restore_spool_tell(spool);
	assert_next(spool, "b:", "b%3A", "");
	assert_next(spool, "c", "c", "b%3A");
	assert_int_equal(restore_spool_next(spool, &record, NULL), 0);
	assert_int_equal(restore_spool_seek(spool, second, NULL), 0);
	assert_next(spool, "b:", "b%3A", "");
	restore_spool_destroy(&spool);
	assert_null(spool);
	restore_spool_destroy(&spool);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(records_come_back_as_they_were) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
