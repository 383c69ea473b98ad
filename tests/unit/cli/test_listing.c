#include "cli/listing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void rights_are_shown_as_ls_does(void **state)
{
	static const struct {
		enum entry_type type;
		uint32_t mode;
		const char *text;
	} rows[] = {
		{ ENTRY_FILE, 0644, "-rw-r--r--" },        { ENTRY_FILE, 0, "----------" },
		{ ENTRY_FILE, 06755, "-rwsr-sr-x" },       { ENTRY_FILE, 06644, "-rwSr-Sr--" },
		{ ENTRY_FOLDER, 01777, "drwxrwxrwt" },     { ENTRY_FOLDER, 01770, "drwxrwx--T" },
		{ ENTRY_SYMLINK, 0777, "lrwxrwxrwx" },     { ENTRY_FIFO, 0600, "prw-------" },
		{ ENTRY_CHAR_DEVICE, 0666, "crw-rw-rw-" }, { ENTRY_BLOCK_DEVICE, 0660, "brw-rw----" },
		{ ENTRY_SOCKET, 0700, "srwx------" },
	};
	char out[LISTING_MODE_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct entry entry = { .type = rows[i].type, .mode = rows[i].mode };

		assert_string_equal(listing_mode(&entry, out), rows[i].text);
	}
}

static void the_beginning_of_1970_is_a_time(void **state)
{
	char at_zero[32];
	char at_one[32];

	(void)state;
	assert_string_equal(listing_when(0, at_zero, sizeof(at_zero)), listing_when(1, at_one, sizeof(at_one)));
	assert_int_equal(strlen(at_zero), strlen("1970-01-01 00:00"));
}

static void names_are_exact_or_told_by_their_bytes(void **state)
{
	json_t *object = json_object();

	(void)state;
	assert_int_equal(listing_name_json(object, "path", "a\n\x1b \xc3\xa4"), 0);
	assert_string_equal(json_string_value(json_object_get(object, "path")), "a\n\x1b \xc3\xa4");
	assert_null(json_object_get(object, "path_hex"));
	assert_int_equal(listing_name_json(object, "path", "a\xff"), 0);
	assert_string_equal(json_string_value(json_object_get(object, "path")), "a\\xff");
	assert_string_equal(json_string_value(json_object_get(object, "path_hex")), "61ff");
	json_decref(object);
}

static void an_entry_is_an_object(void **state)
{
	struct entry entry = { .type = ENTRY_SYMLINK, .mode = 07777, .uid = 1000, .mtime_s = -5, .target = "t\xfe" };
	json_t *object = listing_json(&entry, NULL);
	char *text;

	(void)state;
	assert_non_null(object);
	text = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
	assert_string_equal(text,
	                    "{\"kind\":\"symlink\",\"mode\":\"7777\",\"uid\":1000,\"gid\":0,\"size\":0,\"mtime\":-5,"
	                    "\"mtime_ns\":0,\"target\":\"t\\\\xfe\",\"target_hex\":\"74fe\"}");
	free(text);
	json_decref(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rights_are_shown_as_ls_does),
		cmocka_unit_test(the_beginning_of_1970_is_a_time),
		cmocka_unit_test(names_are_exact_or_told_by_their_bytes),
		cmocka_unit_test(an_entry_is_an_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
