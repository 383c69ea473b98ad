/* The store names what is backed up, and where to: nobody else reads it, its write-ahead log neither. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/run_store.h"
#include "tests/unit/scratch.h"

static char folder[200];

static mode_t rights_of(const char *name)
{
	char path[300];
	struct stat status;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(stat(path, &status), 0);
	return status.st_mode & 0777;
}

static void nobody_else_reads_the_store(void **state)
{
	static const char *const names[] = { "state.db", "state.db-wal", "state.db-shm" };
	struct run_store *store = NULL;
	struct error err = { .class = ERR_NONE };
	char path[300];

	(void)state;
	(void)umask(0);
	for (int round = 0; round < 2; round++) {
		(void)snprintf(path, sizeof(path), "%s/state.db", folder);
		if (run_store_open(path, &store, &err) != 0)
			fail_msg("%s", err.text);
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			assert_int_equal(rights_of(names[i]), 0600);
		run_store_close(&store);
		assert_int_equal(chmod(path, 0666), 0); /* of an earlier version */
	}
}

static int set_up(void **state)
{
	(void)state;
	return scratch_make(folder, sizeof(folder), "rights");
}

static int tear_down(void **state)
{
	(void)state;
	return scratch_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nobody_else_reads_the_store, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
