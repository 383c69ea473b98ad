#include "tests/unit/receiver/vault_lab.h"

#include "lib/sha256.h"
#include "receiver/hash_tag.h"
#include "receiver/mass_change.h"

/* Two trees below the vault's folder: what was, and what is. */
static struct mass_change change;
static bool with_hashes;

static void put(struct vault_lab *lab, const char *path, const char *content, size_t len_bytes)
{
	uint8_t sha256[SHA256_BYTES];
	int fd = openat(lab->vault->folder_fd, path, O_RDWR | O_CREAT | O_EXCL, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, len_bytes), (ssize_t)len_bytes);
	sha256_of(content, len_bytes, sha256);
	if (with_hashes)
		assert_int_equal(hash_tag_set(fd, sha256, NULL), 0);
	assert_int_equal(close(fd), 0);
}

static void text(struct vault_lab *lab, const char *path, const char *content)
{
	put(lab, path, content, strlen(content));
}

static void same(struct vault_lab *lab, const char *from, const char *to)
{
	assert_int_equal(linkat(lab->vault->folder_fd, from, lab->vault->folder_fd, to, 0), 0);
}

static int open_trees(void **state)
{
	static const char *const folders[] = { "was", "is", "was/f", "is/f", "is/g" };
	struct vault_lab *lab;

	with_hashes = true;
	if (vault_lab_open(state) != 0)
		return -1;
	lab = *state;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (mkdirat(lab->vault->folder_fd, folders[i], 0755) != 0)
			return -1;
	return 0;
}

static void measure(struct vault_lab *lab)
{
	int was = openat(lab->vault->folder_fd, "was", O_RDONLY | O_DIRECTORY);
	int is = openat(lab->vault->folder_fd, "is", O_RDONLY | O_DIRECTORY);

	if (mass_change_measure(was, is, &lab->ticker, &change, &lab->err) != 0)
		fail_msg("%s", lab->err.text);
	(void)close(was);
	(void)close(is);
}

static void lost(uint64_t files, uint64_t bytes)
{
	assert_int_equal(change.lost_files, files);
	assert_int_equal(change.lost_bytes, bytes);
}

static void what_is_untouched_new_or_another_kind(void **state)
{
	struct vault_lab *lab = *state;

	text(lab, "was/same", "content");
	same(lab, "was/same", "is/same");
	text(lab, "is/new", "four");
	assert_int_equal(symlinkat("same", lab->vault->folder_fd, "is/link"), 0);
	measure(lab);
	assert_int_equal(change.base_files, 1);
	assert_int_equal(change.base_bytes, 7);
	assert_int_equal(change.files, 2);
	assert_int_equal(change.bytes, 11);
	lost(0, 0);
	/* A folder stands where a file was. */
	text(lab, "was/g", "12345");
	measure(lab);
	lost(1, 5);
}

static void what_is_removed_and_rewritten(void **state)
{
	struct vault_lab *lab = *state;

	text(lab, "was/removed", "123");
	text(lab, "was/rewritten", "abcdef");
	text(lab, "is/rewritten", "ABCDEF");
	text(lab, "was/empty", "");
	measure(lab);
	assert_int_equal(change.base_files, 3);
	lost(3, 9);
}

static void a_copy_with_the_same_content_is_the_same(void **state)
{
	struct vault_lab *lab = *state;

	/* As a change of metadata alone leaves it. */
	text(lab, "was/file", "content");
	text(lab, "is/file", "content");
	measure(lab);
	lost(0, 0);
}

static void what_has_moved_is_there(void **state)
{
	struct vault_lab *lab = *state;

	text(lab, "was/a", "one");
	same(lab, "was/a", "is/g/a");
	text(lab, "was/f/b", "two");
	same(lab, "was/f/b", "is/b");
	/* … also if it was sent again, and two that change places. */
	text(lab, "was/c", "three");
	text(lab, "is/g/c", "three");
	text(lab, "was/x", "xxxx");
	text(lab, "was/y", "yyyy");
	same(lab, "was/x", "is/y");
	same(lab, "was/y", "is/x");
	measure(lab);
	lost(0, 0);
	/* But one file is not two. */
	text(lab, "was/d", "three");
	measure(lab);
	lost(1, 5);
}

static void without_hashes_only_places_tell(void **state)
{
	struct vault_lab *lab = *state;

	with_hashes = false;
	text(lab, "was/a", "one");
	text(lab, "is/a", "one");
	text(lab, "was/b", "two");
	text(lab, "is/g/b", "two");
	measure(lab);
	lost(1, 3);
}

static void what_is_kept_of_a_file(void **state)
{
	static const size_t large = (size_t)20 << 20;
	struct vault_lab *lab = *state;
	char *content = calloc(1, large + 10);

	assert_non_null(content);
	memset(content, 'a', large);
	put(lab, "was/image", content, large);
	put(lab, "was/small", content, 100000);
	put(lab, "was/log", content, 5000);
	put(lab, "is/log", content, 5010); /* appended to */
	content[5] = 'b';
	content[large - 5] = 'b';
	put(lab, "is/image", content, large);
	put(lab, "is/small", content, 100000);
	measure(lab);
	/* Of both the block that differs; the small one counts as a file, too. */
	lost(1, 3 * 4096);
	free(content);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_trees, vault_lab_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_untouched_new_or_another_kind),    TEST(what_is_removed_and_rewritten),
		TEST(a_copy_with_the_same_content_is_the_same), TEST(what_has_moved_is_there),
		TEST(without_hashes_only_places_tell),          TEST(what_is_kept_of_a_file)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
