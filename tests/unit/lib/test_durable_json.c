/* A JSON file is whole or old, and what can't be written says of which file. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/durable.h"
#include "lib/durable_json.h"
#include "tests/unit/scratch.h"

static char folder[200];
static int folder_fd = -1;

static int make_folder(void **state)
{
	(void)state;
	if (scratch_make(folder, sizeof(folder), "durable-json") != 0)
		return -1;
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder_fd < 0 ? -1 : 0;
}

static int remove_folder(void **state)
{
	(void)state;
	(void)close(folder_fd);
	return scratch_remove(folder);
}

static void assert_text(const char *name, const char *wanted)
{
	struct error err = { 0 };
	char *text = NULL;
	size_t len = 0;

	if (durable_read(folder_fd, name, 4096, &text, &len, &err) != 0)
		fail_msg("%s", err.text);
	assert_string_equal(text, wanted);
	free(text);
}

static void its_text_is_written_as_the_flags_say(void **state)
{
	struct error err = { 0 };
	struct stat st;

	(void)state;
	if (durable_json_write(folder_fd, "a", DURABLE_PRIVATE, json_pack("{s:i}", "n", 1), JSON_COMPACT, &err) != 0)
		fail_msg("%s", err.text);
	assert_text("a", "{\"n\":1}");
	assert_int_equal(fstatat(folder_fd, "a", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(
	        durable_json_write(folder_fd, "a", DURABLE_PRIVATE, json_pack("{s:i}", "n", 2), JSON_INDENT(2), &err),
	        0);
	assert_text("a", "{\n  \"n\": 2\n}");
}

static void what_could_not_be_made_leaves_the_old_file(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(
	        durable_json_write(folder_fd, "b", DURABLE_PUBLIC, json_pack("{s:i}", "n", 1), JSON_COMPACT, &err), 0);
	/* No UTF-8: there is no such JSON. */
	assert_int_equal(
	        durable_json_write(folder_fd, "b", DURABLE_PUBLIC, json_pack("{s:s}", "n", "\xff"), JSON_COMPACT, &err),
	        -1);
	assert_int_equal(err.class, ERR_SYSTEM);
	assert_non_null(strstr(err.text, " b,"));
	assert_text("b", "{\"n\":1}");
}

static void a_file_that_cannot_be_is_told_and_the_json_is_taken_all_the_same(void **state)
{
	struct error err = { 0 };
	json_t *json = json_pack("{s:i}", "n", 1);

	(void)state;
	assert_non_null(json);
	assert_int_equal(durable_json_write(folder_fd, "none/c", DURABLE_PUBLIC, json_incref(json), 0, &err), -1);
	assert_int_not_equal(err.class, ERR_NONE);
	assert_int_equal(json->refcount, 1);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_text_is_written_as_the_flags_say),
		cmocka_unit_test(what_could_not_be_made_leaves_the_old_file),
		cmocka_unit_test(a_file_that_cannot_be_is_told_and_the_json_is_taken_all_the_same),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
