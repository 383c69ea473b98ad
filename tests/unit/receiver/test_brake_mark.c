#include "tests/unit/receiver/vault_lab.h"

#include "receiver/brake_mark.h"
#include "receiver/removal.h"

#define MARK ".aob/brake.json"

static const struct brake_question question = { 50, 100, 1000, 90, 900 };

/* 2025-11-23T05-36-0<n>Z */
static void name(unsigned n, char out[32])
{
	(void)snprintf(out, 32, "2025-11-23T05-%02u-%02uZ", n / 60, n % 60);
}

/* A published generation, as far as the mark looks at it. */
static void publish(struct vault_lab *lab, unsigned n)
{
	struct record record = { .state = "quiet", .run = "r" };

	name(n, record.name);
	assert_int_equal(mkdirat(lab->vault->generations_fd, record.name, 0755), 0);
	assert_int_equal(record_write(lab->vault, &record, &(struct wire_macs){ .n = 0 }, &lab->err), 0);
}

static void trip(struct vault_lab *lab, unsigned n, const char *run)
{
	struct record record = { .state = "quiet" };
	char base[32];

	name(n, record.name);
	name(n - 1, base);
	(void)snprintf(record.run, sizeof(record.run), "%s", run);
	if (brake_mark_add(lab->vault, &record, base, &question, "too much", &lab->err) != 0)
		fail_msg("%s", lab->err.text);
}

static struct brake_mark mark_of(struct vault_lab *lab)
{
	struct brake_mark mark;

	if (brake_mark_read(lab->vault, &mark, &lab->err) != 0)
		fail_msg("%s", lab->err.text);
	return mark;
}

static bool holds(struct vault_lab *lab, unsigned n)
{
	struct brake_mark mark = mark_of(lab);
	char generation[32];

	name(n, generation);
	return brake_mark_holds(&mark, generation);
}

static struct brake_mark release(struct vault_lab *lab, unsigned n)
{
	struct brake_mark left;
	char generation[32] = "";

	if (n != 0)
		name(n, generation);
	if (brake_mark_release(lab->vault, generation, &left, &lab->err) != 0)
		fail_msg("%s", lab->err.text);
	return left;
}

static void what_is_older_is_held_until_it_is_released(void **state)
{
	struct vault_lab *lab = *state;
	struct brake_mark mark;
	uint32_t n;

	assert_false(mark_of(lab).held);
	for (unsigned i = 1; i <= 4; i++)
		publish(lab, i);
	trip(lab, 4, "run-4");
	mark = mark_of(lab);
	assert_true(mark.held && !mark.damaged && mark.since_s > 0);
	assert_int_equal(mark.runs, 1);
	assert_string_equal(mark.run, "run-4");
	assert_string_equal(mark.reason, "too much");
	assert_true(holds(lab, 1) && holds(lab, 3) && !holds(lab, 4));
	publish(lab, 5);
	assert_false(holds(lab, 4));
	assert_int_equal(brake_mark_count(lab->vault, &mark, &n, &lab->err), 0);
	assert_int_equal(n, 3);
	assert_false(release(lab, 4).held);
	assert_false(holds(lab, 1));
	assert_false(vault_lab_there(lab, MARK));
	assert_false(release(lab, 4).held);
}

static void what_was_never_published_holds_nothing(void **state)
{
	struct vault_lab *lab = *state;

	publish(lab, 1);
	publish(lab, 2);
	trip(lab, 3, "killed-before-it-was-published");
	assert_false(mark_of(lab).held);
	/* It is, after all; by the same run, which marks it once more. */
	trip(lab, 3, "killed-before-it-was-published");
	publish(lab, 3);
	assert_int_equal(mark_of(lab).runs, 1);
	assert_true(holds(lab, 2));
	/* One that never came to be is forgotten when another trips. */
	assert_false(release(lab, 3).held);
	trip(lab, 4, "given-up");
	trip(lab, 5, "another");
	publish(lab, 4);
	assert_false(mark_of(lab).held);
	publish(lab, 5);
	assert_int_equal(mark_of(lab).runs, 1);
	assert_string_equal(mark_of(lab).run, "another");
}

static void a_further_run_adds_to_it(void **state)
{
	struct vault_lab *lab = *state;
	int64_t since_s;

	for (unsigned i = 1; i <= 5; i++)
		publish(lab, i);
	trip(lab, 3, "run-3");
	since_s = mark_of(lab).since_s;
	trip(lab, 5, "run-5");
	assert_int_equal(mark_of(lab).runs, 2);
	assert_int_equal(mark_of(lab).since_s, since_s);
	assert_true(holds(lab, 2) && holds(lab, 4) && !holds(lab, 5));
	/* Who has seen the first only releases the first only. */
	assert_true(release(lab, 3).held);
	assert_true(holds(lab, 2) && holds(lab, 4));
	assert_int_equal(mark_of(lab).runs, 1);
	assert_false(release(lab, 5).held);
}

static void it_stays_short(void **state)
{
	struct vault_lab *lab = *state;
	struct stat st;

	for (unsigned i = 1; i <= 200; i++) {
		publish(lab, i);
		trip(lab, i, "again");
	}
	assert_int_equal(mark_of(lab).runs, 200);
	assert_true(holds(lab, 199) && !holds(lab, 200));
	assert_int_equal(fstatat(lab->vault->folder_fd, MARK, &st, 0), 0);
	assert_true(st.st_size < 65536);
}

static void one_that_cant_be_read_holds_everything(void **state)
{
	static const char *const texts[] = { "",
		                             "{",
		                             "[]",
		                             "{\"since\": 1}",
		                             "{\"since\": 1, \"runs\": [{}]}",
		                             "{\"since\": 1, \"runs\": [{\"generation\": \"../x\"}]}",
		                             "{\"since\": \"x\", \"runs\": []}" };
	struct vault_lab *lab = *state;

	publish(lab, 1);
	publish(lab, 2);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		vault_lab_write(lab, MARK, texts[i]);
		assert_true(mark_of(lab).held && mark_of(lab).damaged);
		assert_true(holds(lab, 1) && holds(lab, 2));
		/* Neither a release of something else nor a further run takes it away. */
		assert_true(release(lab, 2).held);
		trip(lab, 2, "another");
		assert_true(holds(lab, 1));
		assert_false(release(lab, 0).held);
		assert_false(vault_lab_there(lab, MARK));
	}
}

/* Its folder may be there, and what it brought be held. */
static void a_generation_that_cant_be_looked_at_counts_as_published(void **state)
{
	struct vault_lab *lab = *state;

	publish(lab, 1);
	publish(lab, 2);
	trip(lab, 2, "run-2");
	vault_lab_shut(lab);
	assert_true(holds(lab, 1) && !holds(lab, 2));
	trip(lab, 3, "run-3");
	vault_lab_unshut(lab);
	publish(lab, 3);
	assert_int_equal(mark_of(lab).runs, 2);
	assert_true(holds(lab, 1) && holds(lab, 2));
}

/* A list of records that ends early would be one in which what is held was never published. */
static bool cant_list(struct vault_lab *lab)
{
	struct brake_mark mark;

	return brake_mark_read(lab->vault, &mark, &lab->err) == -1 && lab->err.class == ERR_IO;
}

/* The mark may be read again the next time, and this run must be in it. */
static bool cant_add(struct vault_lab *lab)
{
	struct record record = { .state = "quiet", .run = "run-3" };

	name(3, record.name);
	return brake_mark_add(lab->vault, &record, "", &question, "too much", &lab->err) == -1 &&
	       lab->err.class == ERR_IO && mark_of(lab).damaged;
}

static void a_disk_that_fails_for_once_releases_nothing(void **state)
{
	struct vault_lab *lab = *state;

	for (unsigned i = 1; i <= 2; i++)
		publish(lab, i);
	trip(lab, 2, "run-2");
	vault_lab_failing(lab, SYS_getdents64, cant_list);
	vault_lab_failing(lab, SYS_read, cant_add);
	assert_true(mark_of(lab).held && !mark_of(lab).damaged);
	trip(lab, 3, "run-3");
	publish(lab, 3);
	assert_int_equal(mark_of(lab).runs, 2);
}

static void a_removal_honours_it(void **state)
{
	struct vault_lab *lab = *state;
	enum removal_result result;
	const char *reason;
	char first[32];

	for (unsigned i = 1; i <= 3; i++)
		publish(lab, i);
	name(1, first);
	trip(lab, 2, "run-2");
	assert_int_equal(vault_lock(lab->vault, &lab->err), 0);
	assert_int_equal(removal_generation(lab->vault, first, &lab->ticker, &result, &reason, &lab->err), 0);
	assert_int_equal(result, REMOVAL_REFUSED);
	assert_non_null(strstr(reason, "aob release"));
	assert_true(vault_lab_there(lab, "generations/2025-11-23T05-00-01Z"));
	assert_false(release(lab, 2).held);
	assert_int_equal(removal_generation(lab->vault, first, &lab->ticker, &result, &reason, &lab->err), 0);
	assert_int_equal(result, REMOVAL_DONE);
	assert_false(vault_lab_there(lab, "generations/2025-11-23T05-00-01Z"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, vault_lab_open, vault_lab_close)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(what_is_older_is_held_until_it_is_released),
		                            TEST(what_was_never_published_holds_nothing),
		                            TEST(a_further_run_adds_to_it),
		                            TEST(it_stays_short),
		                            TEST(one_that_cant_be_read_holds_everything),
		                            TEST(a_generation_that_cant_be_looked_at_counts_as_published),
		                            TEST(a_disk_that_fails_for_once_releases_nothing),
		                            TEST(a_removal_honours_it) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
