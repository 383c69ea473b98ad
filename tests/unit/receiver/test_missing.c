/* Files that a generation has lost are told by name, if both neighbours have them: as the same inode, or, as after a mending in a snapshot, as two of the same content. */
#include "tests/unit/receiver/vault_lab.h"

#include "receiver/hash_tag.h"
#include "receiver/missing.h"

#define BEFORE "2026-11-22T05-31-12Z"
#define HERE "2026-11-23T05-36-00Z"
#define BEHIND "2026-11-24T05-36-00Z"

static void put(const struct vault_lab *lab, const char *path, const char *text, uint8_t hash)
{
	static const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1000 } };
	uint8_t sha256[HASH_TAG_BYTES] = { hash };
	int fd;

	vault_lab_write(lab, path, text);
	fd = openat(lab->vault->folder_fd, path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(hash_tag_set(fd, sha256, NULL), 0);
	assert_int_equal(futimens(fd, times), 0);
	assert_int_equal(close(fd), 0);
}

static void make(const struct vault_lab *lab, const char *generation)
{
	char text[512];
	char path[64];

	(void)snprintf(path, sizeof(path), "generations/%s", generation);
	assert_int_equal(mkdirat(lab->vault->folder_fd, path, 0755), 0);
	(void)snprintf(path, sizeof(path), ".aob/generations/%s.json", generation);
	(void)snprintf(
	        text, sizeof(text),
	        "{\"generation\": \"%s\", \"run\": \"r\", \"state\": \"quiet\", \"ctransid\": 0, \"taken_at\": 1,"
	        " \"published_at\": 1, \"files\": 3, \"bytes\": 9, \"own_files\": 3, \"own_bytes\": 9}",
	        generation);
	vault_lab_write(lab, path, text);
}

static void what_both_neighbours_have_is_named(void **state)
{
	struct vault_lab *lab = *state;
	struct verify_book *book;
	struct breath breath;

	breath_init(&breath, lab->vault, vault_lab_mute, NULL);
	make(lab, BEFORE);
	make(lab, HERE);
	make(lab, BEHIND);
	put(lab, "generations/" BEFORE "/linked", "one", 1);
	assert_int_equal(linkat(lab->vault->folder_fd, "generations/" BEFORE "/linked", lab->vault->folder_fd,
	                        "generations/" BEHIND "/linked", 0),
	                 0);
	put(lab, "generations/" BEFORE "/mended", "two", 2);
	put(lab, "generations/" BEHIND "/mended", "two", 2);
	put(lab, "generations/" BEFORE "/changed", "old", 3);
	put(lab, "generations/" BEHIND "/changed", "new", 4);
	assert_int_equal(verify_book_open(lab->vault, &book, &lab->err), 0);
	/* All are there: nobody looks. */
	assert_int_equal(missing_find(lab->vault, book, &breath, HERE, BEFORE, BEHIND, 3, &lab->err), 0);
	assert_int_equal(book->n_damage, 0);
	assert_int_equal(missing_find(lab->vault, book, &breath, HERE, BEFORE, BEHIND, 1, &lab->err), 0);
	assert_int_equal(book->n_damage, 3);
	assert_string_equal(book->damage[0].path, "linked");
	assert_string_equal(book->damage[1].path, "mended");
	assert_int_equal(book->damage[1].kind, WIRE_DAMAGE_MISSING);
	assert_string_equal(book->damage[2].path, "");
	verify_book_close(&book);
}

/* One that is named, and was perhaps never there, does not hide another one of which no neighbour tells: not even if it is as many as are gone. */
static void what_cannot_be_named_is_counted_beside(void **state)
{
	struct vault_lab *lab = *state;
	struct verify_book *book;
	struct breath breath;

	breath_init(&breath, lab->vault, vault_lab_mute, NULL);
	make(lab, BEFORE);
	make(lab, HERE);
	make(lab, BEHIND);
	put(lab, "generations/" BEFORE "/alike", "one", 1);
	put(lab, "generations/" BEHIND "/alike", "one", 1);
	put(lab, "generations/" BEFORE "/changed", "old", 2);
	put(lab, "generations/" BEHIND "/changed", "newer", 3);
	for (uint64_t there = 1; there <= 2; there++) {
		assert_int_equal(verify_book_open(lab->vault, &book, &lab->err), 0);
		assert_int_equal(missing_find(lab->vault, book, &breath, HERE, BEFORE, BEHIND, there, &lab->err), 0);
		assert_int_equal(book->n_damage, 2);
		assert_string_equal(book->damage[0].path, "alike");
		assert_string_equal(book->damage[1].path, "");
		assert_non_null(strstr(book->damage[1].reason, "had 3 files when it was published, and has "));
		assert_non_null(strstr(book->damage[1].reason, "so others may be gone"));
		verify_book_close(&book);
	}
}

static void without_neighbours_so_many_are_told(void **state)
{
	struct vault_lab *lab = *state;
	struct verify_book *book;
	struct breath breath;

	breath_init(&breath, lab->vault, vault_lab_mute, NULL);
	make(lab, HERE);
	assert_int_equal(verify_book_open(lab->vault, &book, &lab->err), 0);
	assert_int_equal(missing_find(lab->vault, book, &breath, HERE, NULL, NULL, 1, &lab->err), 0);
	assert_int_equal(book->n_damage, 1);
	assert_string_equal(book->damage[0].path, "");
	assert_non_null(strstr(book->damage[0].reason, "had 3 files when it was published, and has 1"));
	verify_book_close(&book);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_both_neighbours_have_is_named, vault_lab_open, vault_lab_close),
		cmocka_unit_test_setup_teardown(what_cannot_be_named_is_counted_beside, vault_lab_open,
		                                vault_lab_close),
		cmocka_unit_test_setup_teardown(without_neighbours_so_many_are_told, vault_lab_open, vault_lab_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
