/* What is remembered of a verification comes back as it was; what was written by somebody else does no harm. */
#include "tests/unit/receiver/vault_lab.h"

#include "receiver/verify_book.h"

#define OLDER "2026-11-22T05-31-12Z"
#define NEWER "2026-11-23T05-36-00Z"

static struct verify_book *open_book(struct vault_lab *lab)
{
	struct verify_book *book;

	if (verify_book_open(lab->vault, &book, &lab->err) != 0)
		fail_msg("%s", lab->err.text);
	return book;
}

static void find(struct vault_lab *lab, struct verify_book *book, const char *generation, const char *path)
{
	struct wire_damage damage = { .kind = WIRE_DAMAGE_UNREADABLE,
		                      .path = (char *)(uintptr_t)path,
		                      .size_bytes = 5,
		                      .sha256 = { 1, 2, 255 },
		                      .found_at_s = 77,
		                      .reason = "opening \"\xd1\x84\xd0" };

	assert_int_equal(verify_book_add(book, &damage, generation, path, &lab->err), 0);
}

static void the_cursor_and_what_was_found_outlive_the_process(void **state)
{
	struct vault_lab *lab = *state;
	struct verify_book *book = open_book(lab);

	assert_int_equal(book->n_damage, 0);
	verify_book_begin(book, 1000);
	find(lab, book, NEWER, "photos/one.jpg");
	find(lab, book, NEWER, "odd \xff\n");
	find(lab, book, NEWER, "photos/one.jpg"); /* known already */
	assert_int_equal(verify_book_touch(book, 0, OLDER, &lab->err), 0);
	find(lab, book, OLDER, "photos/one.jpg"); /* there, too */
	assert_int_equal(book->n_damage, 2);
	(void)snprintf(book->generation, sizeof(book->generation), NEWER);
	(void)snprintf(book->path, sizeof(book->path), "a/\xfe");
	book->generation_files = 9;
	book->bytes = 12345;
	book->files = 3;
	book->unhashed = 1;
	book->mended = 4;
	assert_int_equal(verify_book_save(book, &lab->err), 0);
	verify_book_close(&book);
	book = open_book(lab);
	assert_string_equal(book->generation, NEWER);
	assert_string_equal(book->path, "a/\xfe");
	assert_int_equal(book->began_at_s, 1000);
	assert_true(book->generation_files == 9 && book->bytes == 12345 && book->files == 3 && book->unhashed == 1);
	assert_true(book->mended == 4 && !book->generation_done);
	assert_int_equal(book->n_damage, 2);
	assert_int_equal(book->damage[0].n_generations, 2);
	assert_string_equal(book->damage[0].generations[0], OLDER);
	assert_string_equal(book->damage[1].path, "odd \xff\n");
	assert_int_equal(book->damage[1].sha256[2], 255);
	assert_string_equal(book->damage[1].reason, "opening \"\xd1\x84\\xd0"); /* which was cut */
	assert_int_equal(book->damage[1].kind, WIRE_DAMAGE_UNREADABLE);
	/* One is mended; a round ends. */
	verify_book_forget(book, 0);
	assert_int_equal(verify_book_count(book), 1);
	verify_book_end(book, 2000);
	assert_int_equal(verify_book_save(book, &lab->err), 0);
	verify_book_close(&book);
	book = open_book(lab);
	assert_int_equal(book->n_damage, 1);
	assert_true(book->began_at_s == 0 && book->last_began_s == 1000 && book->last_ended_s == 2000);
	assert_true(book->last_bytes == 12345 && book->generation[0] == '\0');
	verify_book_close(&book);
}

static void only_one_is_at_it(void **state)
{
	struct vault_lab *lab = *state;
	struct verify_book *book = open_book(lab);
	struct verify_book *other;

	assert_int_equal(verify_book_open(lab->vault, &other, &lab->err), -1);
	assert_int_equal(lab->err.class, ERR_LOCKED);
	verify_book_close(&book);
	error_clear(&lab->err);
	book = open_book(lab);
	verify_book_close(&book);
}

static void so_many_are_named_and_the_others_counted(void **state)
{
	struct vault_lab *lab = *state;
	struct verify_book *book = open_book(lab);

	for (int i = 0; i < VERIFY_BOOK_DAMAGE_MAX + 5; i++) {
		char path[16];

		(void)snprintf(path, sizeof(path), "%d", i);
		find(lab, book, OLDER, path);
	}
	assert_true(book->n_damage == VERIFY_BOOK_DAMAGE_MAX && book->more_damage == 5);
	verify_book_close(&book);
}

/* Anything may stand there. */
static void rubbish_begins_a_round_anew(void **state)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{\"cursor\": 7, \"damage\": [1, {}, {\"kind\": \"content\"}]}",
		"{\"cursor\": {\"generation\": \"../../etc\", \"path\": \"x\"}}",
		"{\"damage\": [{\"kind\": \"content\", \"generation\": \"" OLDER "\", \"generations\": [\"" OLDER
		"\"], \"path\": \"../out\"}]}",
		"{\"damage\": [{\"kind\": \"content\", \"generation\": \"" OLDER "\", \"generations\": [\"" OLDER
		"\"], \"path_hex\": \"2e2e\"}]}",
		"{\"damage\": [{\"kind\": \"content\", \"generation\": \"" OLDER "\", \"generations\": [\"" OLDER
		"\"], \"path\": \"a\", \"sha256\": \"12\"}]}",
		"{\"round\": {\"began_at\": -5, \"bytes\": -1}}",
	};
	struct vault_lab *lab = *state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct verify_book *book;

		vault_lab_write(lab, ".aob/verify.json", texts[i]);
		book = open_book(lab);
		assert_true(book->n_damage == 0 && book->generation[0] == '\0' && book->bytes == 0 &&
		            book->began_at_s == 0);
		verify_book_close(&book);
	}
}

static bool cant_read(struct vault_lab *lab)
{
	struct verify_book *book;

	return verify_book_open(lab->vault, &book, &lab->err) == -1 && lab->err.class == ERR_IO;
}

static void what_a_disk_does_not_give_is_not_forgotten(void **state)
{
	struct vault_lab *lab = *state;
	struct verify_book *book = open_book(lab);

	find(lab, book, NEWER, "photo");
	assert_int_equal(verify_book_save(book, &lab->err), 0);
	verify_book_close(&book);
	vault_lab_failing(lab, SYS_read, cant_read);
	book = open_book(lab);
	assert_int_equal(book->n_damage, 1);
	verify_book_close(&book);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_cursor_and_what_was_found_outlive_the_process, vault_lab_open,
		                                vault_lab_close),
		cmocka_unit_test_setup_teardown(only_one_is_at_it, vault_lab_open, vault_lab_close),
		cmocka_unit_test_setup_teardown(so_many_are_named_and_the_others_counted, vault_lab_open,
		                                vault_lab_close),
		cmocka_unit_test_setup_teardown(rubbish_begins_a_round_anew, vault_lab_open, vault_lab_close),
		cmocka_unit_test_setup_teardown(what_a_disk_does_not_give_is_not_forgotten, vault_lab_open,
		                                vault_lab_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
