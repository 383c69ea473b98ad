/* The file for node_exporter is whole at every moment, readable for it, and replaces no link's target. */
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/textfile.h"
#include "tests/unit/monitor/monitor_lab.h"
#include "tests/unit/scratch.h"

static char folder[64];

static void written_and_written_again(void **state)
{
	struct error err = { .class = ERR_NONE };
	struct stat status;
	char path[128];
	char beside[160];
	char got[64] = "";
	FILE *in = NULL;

	(void)state;
	assert_int_equal(scratch_make(folder, sizeof(folder), "textfile"), 0);
	(void)snprintf(path, sizeof(path), "%s/aob.prom", folder);
	(void)snprintf(beside, sizeof(beside), "%s.new", path);
	assert_int_equal(textfile_write(path, "a 1\n", 4, &err), 0);
	assert_int_equal(textfile_write(path, "a 2\n", 4, &err), 0);
	in = fopen(path, "r");
	assert_non_null(in);
	assert_non_null(fgets(got, sizeof(got), in));
	(void)fclose(in);
	assert_string_equal(got, "a 2\n");
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0644);
	assert_int_equal(stat(beside, &status), -1);
	/* Somebody put a link where the new one is made. */
	assert_int_equal(symlink("/etc/hostname", beside), 0);
	assert_int_equal(textfile_write(path, "a 3\n", 4, &err), -1);
	assert_int_equal(unlink(beside), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(textfile_write(path, "a 4\n", 4, &err), -1);
	assert_int_equal(err.class, ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(written_and_written_again) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
