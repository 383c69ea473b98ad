/* What the far end tells of itself is taken if it makes sense, and refused in words that name the remedy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/bare_welcome.h"

static void test_good(void **state)
{
	struct bare_welcome w = { .rsync = 0 };

	(void)state;
	assert_int_equal(bare_welcome_hello("0 1795721461", &w, NULL), 0);
	assert_true(w.is_root);
	assert_int_equal(w.clock_s, 1795721461);
	assert_int_equal(bare_welcome_line("rsync 3.1.2", &w, NULL), 0);
	assert_int_equal(w.rsync, 30102);
	assert_int_equal(bare_welcome_line("rsync 3.4", &w, NULL), 0);
	assert_int_equal(w.rsync, 30400);
	assert_int_equal(bare_welcome_version("3.2.7  protocol version 31"), 30207);
	assert_int_equal(bare_welcome_version("3.2.5pre1"), 30205);
	assert_int_equal(bare_welcome_version("unknown"), 0);
	assert_int_equal(bare_welcome_version("1000.1.1"), 0);
	assert_int_equal(bare_welcome_line("room //box/back up 1 264212084 18664372  81672816      19% /mnt", &w, NULL),
	                 0);
	assert_true(w.total_bytes == UINT64_C(264212084) * 1024);
	assert_true(w.free_bytes == UINT64_C(81672816) * 1024);
	assert_int_equal(bare_welcome_line("format {\"format\": 1, \"vault_id\": \"a-1\"}", &w, NULL), 0);
	assert_string_equal(w.vault_id, "a-1");
	assert_int_equal(bare_welcome_line("owner {\"machine\":\"ab\",\"host\":\"n\\u001bas\"}", &w, NULL), 0);
	assert_string_equal(w.owner_host, "n\\x1bas");
	assert_int_equal(bare_welcome_line("something new", &w, NULL), 0);
}

static void test_bad(void **state)
{
	static const struct {
		const char *line;
		enum error_class class;
	} cases[] = {
		{ "rsync ", ERR_CONFIG },
		{ "rsync 3.0.9", ERR_CONFIG },
		{ "rsync 999999999999999999999.1.1", ERR_CONFIG },
		{ "format ", ERR_DAMAGED },
		{ "format {\"format\": 1, \"vault_id\": \"a b\"}", ERR_DAMAGED },
		{ "format {\"format\": 2, \"vault_id\": \"a\"}", ERR_CONFIG },
		{ "owner {}", ERR_DAMAGED },
		{ "owner {\"machine\":\"0123456789012345678901234567890123\",\"host\":\"n\"}", ERR_DAMAGED },
	};
	struct bare_welcome w = { .rsync = 0 };
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		error_clear(&err);
		assert_int_equal(bare_welcome_line(cases[i].line, &w, &err), -1);
		assert_string_equal(error_code(err.class), error_code(cases[i].class));
	}
	assert_int_equal(bare_welcome_hello("", &w, &err), -1);
	assert_int_equal(bare_welcome_hello("0 0", &w, &err), -1);
	assert_int_equal(bare_welcome_hello("x 1", &w, &err), -1);
	assert_int_equal(bare_welcome_line("room tmpfs 1 2", &w, &err), 0);
	assert_int_equal(w.total_bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_good), cmocka_unit_test(test_bad) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
