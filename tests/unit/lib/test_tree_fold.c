/* The root hash of a tree: known values, nothing that does not enter, each thing that does; a sum knows no order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/hex.h"
#include "lib/tree_fold.h"

struct lab {
	struct tree_digest *digest;
	unsigned left, children;
	char last_left[32];
};

static int make_lab(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	*state = lab;
	return tree_digest_new(&lab->digest, NULL);
}

static int remove_lab(void **state)
{
	struct lab *lab = *state;

	tree_digest_destroy(&lab->digest);
	tree_digest_destroy(&lab->digest);
	free(lab);
	return 0;
}

static void text_of(const uint8_t digest[TREE_DIGEST_BYTES], char text[TREE_DIGEST_TEXT])
{
	hex_text(digest, TREE_DIGEST_BYTES, text);
}

static const struct entry photo = { .path = "a/photo.jpg",
	                            .type = ENTRY_FILE,
	                            .mode = 0644,
	                            .uid = 1000,
	                            .gid = 100,
	                            .size_bytes = 5,
	                            .mtime_s = -1,
	                            .mtime_ns = 5,
	                            .target = "" };

/* Computed by Python's hashlib and struct. */
static void known_values(void **state)
{
	struct lab *lab = *state;
	uint8_t out[TREE_DIGEST_BYTES];
	char text[TREE_DIGEST_TEXT];
	struct entry link = { .path = "l", .type = ENTRY_SYMLINK, .target = "../b", .mtime_s = 1 };

	tree_digest_meta(lab->digest, &photo, out);
	text_of(out, text);
	assert_string_equal(text, "603d9fe1293b89cb3127f299a06cc721f3383f0047184dd0f7329a80db4f002f");
	tree_digest_content(lab->digest, &link, out);
	text_of(out, text);
	assert_string_equal(text, "95cd90691029e024c503c2e3ab5ff7a0942db2acc0d158eefb2ffdc75fd45604");
}

static void each_part_of_the_metadata_enters(void **state)
{
	struct lab *lab = *state;
	struct entry others[9];
	uint8_t digests[10][TREE_DIGEST_BYTES];

	for (size_t i = 0; i < 9; i++)
		others[i] = photo;
	others[0].type = ENTRY_FIFO;
	others[1].mode = 0600;
	others[2].uid++;
	others[3].gid++;
	others[4].size_bytes++;
	others[5].mtime_s++;
	others[6].mtime_ns++;
	others[7].xattr_digest[15] = 1;
	others[8].rdev_minor = 1;
	tree_digest_meta(lab->digest, &photo, digests[9]);
	for (size_t i = 0; i < 9; i++) {
		tree_digest_meta(lab->digest, &others[i], digests[i]);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(digests[i], digests[j], TREE_DIGEST_BYTES);
		assert_memory_not_equal(digests[i], digests[9], TREE_DIGEST_BYTES);
	}
}

static void what_a_vault_may_not_keep_does_not_enter(void **state)
{
	struct lab *lab = *state;
	struct entry a = { .path = "l", .type = ENTRY_SYMLINK, .target = "x", .mtime_s = 1 };
	struct entry b = a;
	struct entry c = photo;
	uint8_t one[TREE_DIGEST_BYTES];
	uint8_t other[TREE_DIGEST_BYTES];

	b.mode = 0777;
	b.uid = 5;
	b.xattr_digest[0] = 9;
	b.inode = 7;
	b.links = 3;
	tree_digest_meta(lab->digest, &a, one);
	tree_digest_meta(lab->digest, &b, other);
	assert_memory_equal(one, other, sizeof(one));
	c.flags = ENTRY_SPARSE;
	c.ctime_s = 4;
	c.inode = 5;
	c.links = 2;
	tree_digest_meta(lab->digest, &photo, one);
	tree_digest_meta(lab->digest, &c, other);
	assert_memory_equal(one, other, sizeof(one));
	assert_false(tree_digest_counts(ENTRY_SOCKET));
}

static void a_sum_knows_no_order_and_takes_back(void **state)
{
	struct lab *lab = *state;
	struct tree_sum one = { 0 };
	struct tree_sum other = { 0 };
	uint8_t x[TREE_DIGEST_BYTES] = { 1 };
	uint8_t y[TREE_DIGEST_BYTES] = { 2 };

	tree_digest_sum_add(lab->digest, &one, "x", x);
	tree_digest_sum_add(lab->digest, &one, "y", y);
	tree_digest_sum_add(lab->digest, &other, "y", y);
	tree_digest_sum_add(lab->digest, &other, "z", x);
	tree_digest_sum_add(lab->digest, &other, "x", x);
	assert_memory_not_equal(&one, &other, sizeof(one));
	tree_digest_sum_take(lab->digest, &other, "z", x);
	assert_memory_equal(&one, &other, sizeof(one));
	tree_digest_sum_take(lab->digest, &one, "x", x);
	tree_digest_sum_take(lab->digest, &one, "y", y);
	assert_memory_equal(&one, &(struct tree_sum){ 0 }, sizeof(one));
}

static int left(void *context, const char *path, const struct tree_list *list, const uint8_t content[TREE_DIGEST_BYTES],
                struct error *err)
{
	struct lab *lab = context;

	(void)list, (void)content, (void)err;
	lab->left++;
	(void)strncpy(lab->last_left, path, sizeof(lab->last_left) - 1);
	return 0;
}

static int child(void *context, const char *name, enum entry_type type, const uint8_t digest[TREE_DIGEST_BYTES],
                 struct error *err)
{
	struct lab *lab = context;

	(void)name, (void)type, (void)digest, (void)err;
	lab->children++;
	return 0;
}

/* Root with a, a/f, a/b, a-b: either a is gone through, or its content is known. */
static void fold(struct lab *lab, const uint8_t *known_a, uint8_t a_content[TREE_DIGEST_BYTES],
                 uint8_t root[TREE_DIGEST_BYTES])
{
	struct tree_fold_hooks hooks = { .left = left, .child = child, .context = lab };
	const uint8_t m[TREE_DIGEST_BYTES] = { 7 };
	const uint8_t c[TREE_DIGEST_BYTES] = { 8 };
	struct tree_list list;
	struct tree_list inner;
	uint8_t digest[TREE_DIGEST_BYTES];
	struct tree_fold *f;

	lab->left = lab->children = 0;
	assert_int_equal(tree_fold_new(lab->digest, &hooks, &f, NULL), 0);
	assert_int_equal(tree_fold_open(f, "", m, NULL), 0);
	if (known_a != NULL) {
		assert_int_equal(tree_fold_add(f, "a", ENTRY_FOLDER, m, known_a, NULL), 0);
	} else {
		assert_int_equal(tree_fold_open(f, "a", m, NULL), 0);
		assert_int_equal(tree_fold_open(f, "a/b", m, NULL), 0);
		assert_int_equal(tree_fold_add(f, "a/f", ENTRY_FILE, m, c, NULL), 0);
		assert_int_equal(tree_fold_add(f, "a/socket", ENTRY_SOCKET, m, c, NULL), 0);
	}
	assert_int_equal(tree_fold_add(f, "a-b", ENTRY_FILE, m, c, NULL), 0);
	assert_int_equal(tree_fold_end(f, root, NULL), 0);
	assert_int_equal(lab->children, 2);
	assert_int_equal(tree_fold_add(f, "late", ENTRY_FILE, m, c, NULL), -1);
	tree_fold_destroy(&f);
	tree_fold_destroy(&f);
	/* a's content, by hand */
	tree_digest_list_init(&inner);
	tree_digest_list_content(&inner, a_content);
	tree_digest_list_init(&list);
	tree_digest_entry(lab->digest, m, a_content, digest);
	tree_digest_list_folder(&list, "b", digest);
	tree_digest_entry(lab->digest, m, c, digest);
	tree_digest_sum_add(lab->digest, &list.sum, "f", digest);
	tree_digest_list_content(&list, a_content);
}

static void a_folder_is_gone_through_or_known(void **state)
{
	struct lab *lab = *state;
	uint8_t a_content[TREE_DIGEST_BYTES];
	uint8_t again[TREE_DIGEST_BYTES];
	uint8_t through[TREE_DIGEST_BYTES];
	uint8_t known[TREE_DIGEST_BYTES];

	fold(lab, NULL, a_content, through);
	assert_int_equal(lab->left, 3);
	assert_string_equal(lab->last_left, "");
	fold(lab, a_content, again, known);
	assert_int_equal(lab->left, 1);
	assert_memory_equal(through, known, sizeof(known));
	a_content[0] ^= 1;
	fold(lab, a_content, again, known);
	assert_memory_not_equal(through, known, sizeof(known));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(known_values, make_lab, remove_lab),
		cmocka_unit_test_setup_teardown(each_part_of_the_metadata_enters, make_lab, remove_lab),
		cmocka_unit_test_setup_teardown(what_a_vault_may_not_keep_does_not_enter, make_lab, remove_lab),
		cmocka_unit_test_setup_teardown(a_sum_knows_no_order_and_takes_back, make_lab, remove_lab),
		cmocka_unit_test_setup_teardown(a_folder_is_gone_through_or_known, make_lab, remove_lab),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
