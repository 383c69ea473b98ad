/* What all daemons take on their command line, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "lib/daemon_line.h"

#define MOST 6

static void each_line(void **state)
{
	static const struct daemon_about about = { "aob-test", "Does nothing.", "mdp", "SIGTERM stops." };
	static const struct {
		const char *words[MOST];
		int status;
		const char *config, *trace;
	} rows[] = {
		{ { NULL }, -1, NULL, NULL },
		{ { "--config", "/a", "--trace=mdp,sql" }, -1, "/a", "mdp,sql" },
		{ { "--config=/a", "--config=/b" }, -1, "/b", NULL },
		{ { "--help" }, EX_OK, NULL, NULL },
		{ { "--version" }, EX_OK, NULL, NULL },
		{ { "--config" }, EX_USAGE, NULL, NULL },
		{ { "--nonsense" }, EX_USAGE, NULL, NULL },
		{ { "word" }, EX_USAGE, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *argv[MOST + 2] = { strdup("aob-test") };
		struct daemon_line line;
		int argc = 1;
		int status;

		for (; argc <= MOST && rows[i].words[argc - 1] != NULL; argc++)
			argv[argc] = strdup(rows[i].words[argc - 1]);
		status = daemon_line_read(argc, argv, &about, &line);
		assert_int_equal(status, rows[i].status);
		if (status < 0) {
			assert_string_equal(line.config != NULL ? line.config : "none",
			                    rows[i].config != NULL ? rows[i].config : "none");
			assert_string_equal(line.trace != NULL ? line.trace : "none",
			                    rows[i].trace != NULL ? rows[i].trace : "none");
		}
		for (int k = 0; k < argc; k++)
			free(argv[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_line) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
