/* Does a restore fit? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/restore_fit.h"

static const struct {
	struct restore_room room;
	uint64_t bytes, inodes;
	const char *says; /* NULL: it fits */
} rows[] = {
	{ { 1000, 10, true }, 1000, 10, NULL },
	{ { 1000, 10, true }, 1001, 10, "takes 1.00 kB, and 1.00 kB are free there; 1 B more" },
	{ { 2000000000, 10, true }, 3500000000, 1, "takes 3.50 GB, and 2.00 GB are free there; 1.50 GB more" },
	{ { 1000, 10, true }, 1, 11, "is 11 files and folders, and that file system has room for 10 more" },
	{ { 1000, 0, false }, 1, 11, NULL },
	{ { 0, 0, true }, 0, 0, NULL },
};

static void what_does_not_fit_is_refused_with_figures(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = { 0 };
		int rc = restore_fit_check(&rows[i].room, rows[i].bytes, rows[i].inodes, &err);

		assert_int_equal(rc, rows[i].says == NULL ? 0 : -1);
		if (rc == 0)
			continue;
		assert_int_equal(err.class, ERR_SPACE);
		if (strstr(err.text, rows[i].says) == NULL)
			fail_msg("%s", err.text);
	}
}

static void a_folder_that_is_not_there_yet_is_on_the_disk_of_the_one_above(void **state)
{
	struct restore_room here;
	struct restore_room there;

	(void)state;
	assert_int_equal(restore_fit_read("/", &here, NULL), 0);
	assert_true(here.bytes > 0 || here.inodes_counted);
	assert_int_equal(restore_fit_read("/no/such/folder", &there, NULL), 0);
	assert_int_equal(here.inodes_counted, there.inodes_counted);
	assert_int_equal(restore_fit_read("no-such-folder", &there, NULL), 0);
	assert_int_equal(restore_fit_read("no-such/folder/", &there, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_does_not_fit_is_refused_with_figures),
		                            cmocka_unit_test(
		                                    a_folder_that_is_not_there_yet_is_on_the_disk_of_the_one_above) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
