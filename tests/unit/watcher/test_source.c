#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "watcher/source.h"

static void a_source_that_cannot_be_watched_is_said_once(void **state)
{
	/* One that is not there, and one that is not on btrfs. */
	static const char *const paths[] = { "/nonexistent/source", "/proc" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct source_order order = { .pipeline = "photos", .idle_ms = 1000 };
		FILE *log = tmpfile();
		int was = dup(STDERR_FILENO);
		struct source *source;
		int lines = 0;
		int c;

		(void)snprintf(order.path, sizeof(order.path), "%s", paths[i]);
		source = source_new(&order);
		assert_non_null(source);
		assert_non_null(log);
		assert_true(dup2(fileno(log), STDERR_FILENO) >= 0);
		for (int64_t now_ms = 0; now_ms < 5000; now_ms += 1000)
			assert_int_equal(source_look(source, now_ms).verdict.state, IDLE_UNKNOWN);
		assert_true(dup2(was, STDERR_FILENO) >= 0);
		rewind(log);
		while ((c = fgetc(log)) != EOF)
			lines += c == '\n';
		assert_int_equal(lines, 1);
		assert_int_equal(fclose(log), 0);
		assert_int_equal(close(was), 0);
		source_destroy(&source);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_source_that_cannot_be_watched_is_said_once) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
