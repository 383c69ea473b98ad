#include "tests/unit/receiver/vault_lab.h"

#include "receiver/version.h"

static const struct stat was = {
	.st_dev = 1, .st_ino = 7, .st_size = 100, .st_mtim = { 1000, 1 }, .st_ctim = { 2000, 2 }
};

static void the_same_inode_is_untouched_also_in_a_snapshot(void **state)
{
	struct stat is = was;

	(void)state;
	assert_true(version_untouched(&was, &is));
	is.st_ctim.tv_sec++; /* another name more: a link count, no content */
	assert_true(version_untouched(&was, &is));
	is = was;
	is.st_dev = 2;
	assert_true(version_untouched(&was, &is));
	is.st_ctim.tv_nsec++;
	assert_false(version_untouched(&was, &is));
	is = was;
	is.st_dev = 2;
	is.st_mtim.tv_nsec++;
	assert_false(version_untouched(&was, &is));
	is = was;
	is.st_ino++;
	assert_false(version_untouched(&was, &is));
}

static void content_is_told_by_size_and_hash_else_by_time(void **state)
{
	struct version a = { .st = was };
	struct version b = { .st = was };

	(void)state;
	assert_true(version_same_content(&a, &b));
	b.st.st_mtim.tv_nsec++;
	assert_false(version_same_content(&a, &b));
	a.hashed = true; /* the other one has none */
	assert_false(version_same_content(&a, &b));
	b.hashed = true;
	assert_true(version_same_content(&a, &b));
	b.sha256[31] = 1;
	assert_false(version_same_content(&a, &b));
	b = a;
	b.st.st_size++;
	assert_false(version_same_content(&a, &b));
}

static void a_hash_is_read_where_there_is_one(void **state)
{
	static const uint8_t sha256[HASH_TAG_BYTES] = { 1, 2, 3 };
	struct vault_lab *lab = *state;
	struct version version = { .hashed = true };
	int fd;

	vault_lab_write(lab, "f", "content");
	version_read_hash(&version, lab->vault->folder_fd, "f");
	assert_false(version.hashed);
	version_read_hash(&version, lab->vault->folder_fd, "not there");
	assert_false(version.hashed);
	fd = openat(lab->vault->folder_fd, "f", O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(hash_tag_set(fd, sha256, NULL), 0);
	(void)close(fd);
	version_read_hash(&version, lab->vault->folder_fd, "f");
	assert_true(version.hashed);
	assert_memory_equal(version.sha256, sha256, sizeof(sha256));
	/* Not through a symlink. */
	assert_int_equal(symlinkat("f", lab->vault->folder_fd, "l"), 0);
	version_read_hash(&version, lab->vault->folder_fd, "l");
	assert_false(version.hashed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_inode_is_untouched_also_in_a_snapshot),
		cmocka_unit_test(content_is_told_by_size_and_hash_else_by_time),
		cmocka_unit_test_setup_teardown(a_hash_is_read_where_there_is_one, vault_lab_open, vault_lab_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
