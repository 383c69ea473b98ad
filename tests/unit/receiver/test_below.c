/* A part of a tree, with its paths as they are from the root of the whole. */
#include "tests/unit/cli/restore_lab.h"

#include "receiver/below.h"

struct seen {
	char paths[512];
	unsigned n, most;
	const char *removes; /* at the first, below what it lies in */
};

static int see(void *context, int parent_fd, const char *name, const struct entry *entry, struct error *err)
{
	struct seen *seen = context;
	size_t used = strlen(seen->paths);

	if (seen->n++ == seen->most)
		return error_set(err, ERR_CANCELLED, "enough");
	assert_int_equal(faccessat(parent_fd, name, F_OK, AT_SYMLINK_NOFOLLOW), 0);
	if (seen->removes != NULL && strcmp(entry->path, "d") == 0)
		assert_int_equal(unlinkat(parent_fd, seen->removes, 0), 0);
	(void)snprintf(seen->paths + used, sizeof(seen->paths) - used, "%s;", entry->path);
	return 0;
}

static const struct {
	const char *part;
	bool flat;
	unsigned most;
	int rc;
	enum error_class class;
	const char *paths;
} rows[] = {
	{ "", false, 100, 0, ERR_NONE, ";d;d/e;d/e/f;d/g;h;link;" },
	{ "", true, 100, 0, ERR_NONE, ";d;h;link;" },
	{ "d", false, 100, 0, ERR_NONE, "d;d/e;d/e/f;d/g;" },
	{ "d", true, 100, 0, ERR_NONE, "d;d/e;d/g;" },
	{ "d/e/f", false, 100, 0, ERR_NONE, "d/e/f;" },
	{ "link", false, 100, 0, ERR_NONE, "link;" },
	{ "", false, 2, -1, ERR_CANCELLED, ";d;" },
	{ "none", false, 100, -1, ERR_NOT_FOUND, "" },
	{ "link/e", false, 100, -1, ERR_REFUSED, "" },
};

static void each_has_its_whole_path(void **state)
{
	static struct below below;
	struct restore_lab lab;

	(void)state;
	restore_lab_open(&lab);
	assert_int_equal(mkdirat(lab.target_fd, "d", 0755), 0);
	assert_int_equal(mkdirat(lab.target_fd, "d/e", 0755), 0);
	assert_int_equal(symlinkat("d", lab.target_fd, "link"), 0);
	restore_lab_file(&lab, "d/e/f", "");
	restore_lab_file(&lab, "d/g", "");
	restore_lab_file(&lab, "h", "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct seen seen = { .most = rows[i].most };
		struct error err = { .class = ERR_NONE };
		const struct below_walk walk = { .whole_fd = lab.target_fd,
			                         .part = rows[i].part,
			                         .flat = rows[i].flat,
			                         .each = see,
			                         .context = &seen };
		int rc = below_walk(&below, &walk, &err);

		if (rc != rows[i].rc || err.class != rows[i].class || strcmp(seen.paths, rows[i].paths) != 0)
			fail_msg("row %zu: %d, \"%s\", %s", i, rc, err.text, seen.paths);
	}
	restore_lab_close(&lab);
}

static void what_goes_meanwhile_is_told(void **state)
{
	static struct below below;
	struct restore_lab lab;
	struct seen seen = { .most = 100, .removes = "h" };
	struct error err = { .class = ERR_NONE };
	const struct below_walk walk = { .part = "", .each = see, .context = &seen };
	struct below_walk at;

	(void)state;
	restore_lab_open(&lab);
	assert_int_equal(mkdirat(lab.target_fd, "d", 0755), 0);
	restore_lab_file(&lab, "h", "");
	restore_lab_file(&lab, "i", "");
	at = walk;
	at.whole_fd = lab.target_fd;
	assert_int_equal(below_walk(&below, &at, &err), -1);
	assert_int_equal(err.class, ERR_NOT_FOUND);
	assert_string_equal(seen.paths, ";d;");
	restore_lab_close(&lab);
}

static void a_path_that_becomes_too_long_is_told(void **state)
{
	static struct below below;
	static char part[WIRE_PATH_MAX + 1];
	const struct entry found = { .path = "x", .target = "" };
	struct error err = { .class = ERR_NONE };
	struct entry entry;

	(void)state;
	memset(part, 'y', WIRE_PATH_MAX - 2);
	assert_int_equal(below_entry(&below, part, &found, &entry, &err), 0);
	assert_int_equal(strlen(entry.path), WIRE_PATH_MAX);
	memset(part, 'y', WIRE_PATH_MAX - 1);
	assert_int_equal(below_entry(&below, part, &found, &entry, &err), -1);
	assert_int_equal(err.class, ERR_INPUT);
	assert_int_equal(below_entry(&below, "", &found, &entry, &err), 0);
	assert_ptr_equal(entry.path, found.path);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_has_its_whole_path),
		                            cmocka_unit_test(what_goes_meanwhile_is_told),
		                            cmocka_unit_test(a_path_that_becomes_too_long_is_told) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
