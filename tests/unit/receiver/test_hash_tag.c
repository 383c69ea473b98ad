/* A file goes without its recorded hash where there are no attributes, or no room for one more; a disk that fails is an error, both when a hash is recorded and when it is asked for. */
#include "tests/unit/receiver/mend_lab.h"

#include <errno.h>
#include <sys/syscall.h>

#include "receiver/content_check.h"

static const uint8_t HASH[HASH_TAG_BYTES] = { 1, 2, 3 };

static int open_file(const struct vault_lab *lab, const char *name)
{
	int fd = openat(lab->vault->folder_fd, name, O_RDWR | O_CREAT, 0600);

	assert_true(fd >= 0);
	return fd;
}

static enum error_class set(void *context)
{
	struct error err = { .class = ERR_NONE };

	(void)hash_tag_set(*(int *)context, HASH, &err);
	return err.class;
}

static enum error_class find(void *context)
{
	struct error err = { .class = ERR_NONE };
	uint8_t sha256[HASH_TAG_BYTES];
	bool there;

	(void)hash_tag_find(*(int *)context, sha256, &there, &err);
	return err.class;
}

/* Onto itself: what it has can't be read, or not be recorded. */
static enum error_class copy(void *context)
{
	struct error err = { .class = ERR_NONE };

	(void)hash_tag_copy(*(int *)context, *(int *)context, &err);
	return err.class;
}

static enum error_class is_damaged(void *context)
{
	struct content_check check;

	return content_check_open(*(int *)context, 0, NULL, &check, NULL) == 0 && content_check_damaged(&check)
	               ? ERR_DAMAGED
	               : ERR_NONE;
}

static void what_fails_is_told_and_what_can_t_be_held_is_not(void **state)
{
	static const struct {
		enum error_class (*act)(void *context);
		unsigned call, answer;
		enum error_class class;
	} rows[] = { { set, SYS_fsetxattr, EIO, ERR_IO },
		     { set, SYS_fsetxattr, EDQUOT, ERR_SPACE },
		     { set, SYS_fsetxattr, EOPNOTSUPP, ERR_NONE },
		     { set, SYS_fsetxattr, ENOSPC, ERR_NONE }, /* of a disk that is not full: of its attributes */
		     { find, SYS_fgetxattr, EIO, ERR_IO },
		     { find, SYS_fgetxattr, EOPNOTSUPP, ERR_NONE },
		     { find, SYS_fgetxattr, ENODATA, ERR_NONE },
		     { copy, SYS_fgetxattr, EIO, ERR_IO },
		     { copy, SYS_fsetxattr, EIO, ERR_IO },
		     { is_damaged, SYS_fgetxattr, EIO, ERR_DAMAGED } };
	const struct vault_lab *lab = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = open_file(lab, "file");

		assert_int_equal(hash_tag_set(fd, HASH, NULL), 0);
		assert_true(hash_tag_is(fd, HASH));
		assert_int_equal(mend_lab_under(rows[i].call, rows[i].answer, rows[i].act, &fd), rows[i].class);
		assert_int_equal(close(fd), 0);
	}
}

static void a_copy_has_it_too(void **state)
{
	static const uint8_t other[HASH_TAG_BYTES] = { 4 };
	const struct vault_lab *lab = *state;
	uint8_t sha256[HASH_TAG_BYTES];
	int from = open_file(lab, "from");
	int to = open_file(lab, "to");
	bool there;

	assert_int_equal(hash_tag_copy(from, to, NULL), 0);
	assert_int_equal(hash_tag_find(to, sha256, &there, NULL), 0);
	assert_false(there);
	assert_int_equal(hash_tag_set(from, HASH, NULL), 0);
	assert_int_equal(hash_tag_copy(from, to, NULL), 0);
	assert_true(hash_tag_is(to, HASH) && !hash_tag_is(to, other));
	assert_int_equal(close(from) | close(to), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_fails_is_told_and_what_can_t_be_held_is_not, vault_lab_open,
		                                vault_lab_close),
		cmocka_unit_test_setup_teardown(a_copy_has_it_too, vault_lab_open, vault_lab_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
