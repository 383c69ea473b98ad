/* After a restart, a file of an adoption's tree whose content is not as recorded goes back to where it was taken from, and never away as long as it is the only one. */
#include "tests/unit/receiver/vault_lab.h"

#include "receiver/hash_tag.h"
#include "receiver/recheck.h"

#define TORN "tree/torn.jpg"
#define TAKEN_FROM "old/torn.jpg"

/* "tree" with one file that has another file's hash, and the folder "old" that it was taken from. */
static void make_torn(struct vault_lab *lab)
{
	static const uint8_t others[HASH_TAG_BYTES] = { 1, 2, 3 };
	int fd;

	assert_int_equal(mkdirat(lab->vault->folder_fd, "tree", 0700), 0);
	assert_int_equal(mkdirat(lab->vault->folder_fd, "old", 0700), 0);
	vault_lab_write(lab, TORN, "torn");
	fd = openat(lab->vault->folder_fd, TORN, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(hash_tag_set(fd, others, &lab->err), 0);
	assert_int_equal(close(fd), 0);
}

static void set_time(const struct vault_lab *lab, const char *path, time_t s)
{
	const struct timespec times[2] = { { .tv_sec = s }, { .tv_sec = s } };

	assert_int_equal(utimensat(lab->vault->folder_fd, path, times, 0), 0);
}

static int recheck(struct vault_lab *lab)
{
	int tree_fd = openat(lab->vault->folder_fd, "tree", O_RDONLY | O_DIRECTORY);
	int back_fd = openat(lab->vault->folder_fd, "old", O_RDONLY | O_DIRECTORY);
	int rc;

	assert_true(tree_fd >= 0 && back_fd >= 0);
	error_clear(&lab->err);
	rc = recheck_tree(tree_fd, -1, back_fd, "work", &lab->ticker, &lab->err);
	assert_int_equal(close(back_fd), 0);
	assert_int_equal(close(tree_fd), 0);
	return rc;
}

static void what_was_moved_goes_back(void **state)
{
	struct vault_lab *lab = *state;

	make_torn(lab);
	assert_int_equal(recheck(lab), 0);
	assert_false(vault_lab_there(lab, TORN));
	assert_string_equal(vault_lab_read(lab, TAKEN_FROM), "torn");
}

static void what_was_copied_is_copied_again(void **state)
{
	struct vault_lab *lab = *state;

	make_torn(lab);
	vault_lab_write(lab, TAKEN_FROM, "good");
	set_time(lab, TORN, 1763876160);
	set_time(lab, TAKEN_FROM, 1763876160);
	assert_int_equal(recheck(lab), 0);
	assert_false(vault_lab_there(lab, TORN));
	assert_string_equal(vault_lab_read(lab, TAKEN_FROM), "good");
}

static void what_was_moved_stays_while_something_else_has_its_old_name(void **state)
{
	struct vault_lab *lab = *state;

	make_torn(lab);
	vault_lab_write(lab, TAKEN_FROM, "else");
	set_time(lab, TORN, 1763876160);
	set_time(lab, TAKEN_FROM, 1763876161);
	assert_int_equal(recheck(lab), -1);
	assert_int_equal(lab->err.class, ERR_BUSY);
	assert_non_null(strstr(lab->err.text, "torn.jpg"));
	assert_string_equal(vault_lab_read(lab, TORN), "torn");
	assert_string_equal(vault_lab_read(lab, TAKEN_FROM), "else");
	assert_int_equal(unlinkat(lab->vault->folder_fd, TAKEN_FROM, 0), 0);
	assert_int_equal(recheck(lab), 0);
	assert_false(vault_lab_there(lab, TORN));
	assert_string_equal(vault_lab_read(lab, TAKEN_FROM), "torn");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_moved_goes_back, vault_lab_open, vault_lab_close),
		cmocka_unit_test_setup_teardown(what_was_copied_is_copied_again, vault_lab_open, vault_lab_close),
		cmocka_unit_test_setup_teardown(what_was_moved_stays_while_something_else_has_its_old_name,
		                                vault_lab_open, vault_lab_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
