#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/vfs.h>
#include <unistd.h>

#include "watcher/source.h"
#include "tests/unit/scratch.h"

static void a_source_that_cannot_be_watched_is_said_once(void **state)
{
	/* One that is not there, and one that is not on btrfs. */
	static const char *const paths[] = { "/nonexistent/source", "/proc" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct source_order order = { .pipeline = "photos", .idle_ms = 1000, .snapshots = true };
		struct signal_openfiles *files = signal_openfiles_new();
		FILE *log = tmpfile();
		int was = dup(STDERR_FILENO);
		struct source *source;
		int lines = 0;
		int c;

		(void)snprintf(order.path, sizeof(order.path), "%s", paths[i]);
		source = source_new();
		assert_non_null(source);
		assert_non_null(files);
		source_update(source, &order);
		assert_non_null(log);
		assert_true(dup2(fileno(log), STDERR_FILENO) >= 0);
		for (int64_t now_ms = 0; now_ms < 5000; now_ms += 1000)
			assert_int_equal(source_look(source, files, now_ms, 1000).verdict.state, IDLE_UNKNOWN);
		assert_true(dup2(was, STDERR_FILENO) >= 0);
		rewind(log);
		while ((c = fgetc(log)) != EOF)
			lines += c == '\n';
		assert_int_equal(lines, 1);
		assert_int_equal(fclose(log), 0);
		assert_int_equal(close(was), 0);
		source_destroy(&source);
		signal_openfiles_destroy(&files);
	}
}

/* Not on btrfs, with a stage of the admin's own: the whole way from a first look to rest, a change, and rest again. */
static void a_source_that_nobody_counts_is_scanned(void **state)
{
	struct source_order order = { .pipeline = "photos", .idle_ms = 3000, .max_wait_ms = 100000 };
	struct signal_openfiles *files = signal_openfiles_new();
	struct source *source = source_new();
	struct source_report report;
	uint64_t first;
	int64_t now_ms = 0;
	char file[sizeof(order.path) + 8];
	FILE *out;

	(void)state;
	assert_non_null(source);
	assert_int_equal(scratch_make(order.path, sizeof(order.path), "source"), 0);
	(void)snprintf(file, sizeof(file), "%s/file", order.path);
	source_update(source, &order);
	do {
		now_ms += 1000;
		report = source_look(source, files, now_ms, 1000 + now_ms / 1000);
	} while (report.verdict.trigger == IDLE_NO_TRIGGER && now_ms < 20000);
	if (report.verdict.state == IDLE_UNKNOWN && strstr(report.verdict.reason, "btrfs") != NULL)
		skip(); /* the scratch folder lies on btrfs, and is no subvolume */
	assert_int_equal(report.verdict.trigger, IDLE_TRIGGER_REST);
	assert_true(now_ms >= 3000);
	first = report.ctransid;
	order.last_ctransid = first;
	(void)snprintf(order.last_source_uuid, sizeof(order.last_source_uuid), "%s", report.uuid);
	source_update(source, &order);
	assert_int_equal(source_look(source, files, now_ms += 1000, 2000).verdict.state, IDLE_UNCHANGED);
	out = fopen(file, "we");
	assert_non_null(out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(source_look(source, files, now_ms += 1000, 2000).verdict.state, IDLE_ACTIVE);
	for (int i = 0; i < 8; i++)
		report = source_look(source, files, now_ms += 1000, 2000);
	assert_int_equal(report.verdict.trigger, IDLE_TRIGGER_REST);
	assert_true(report.ctransid != first);
	source_destroy(&source);
	/* A generation that was recorded when the file system's UUID could not be told is one of this disk all the same. */
	{
		struct statfs fs;
		uint64_t id = 0;

		assert_int_equal(statfs(order.path, &fs), 0);
		memcpy(&id, &fs.f_fsid, sizeof(id));
		order.last_ctransid = report.ctransid;
		(void)snprintf(order.last_source_uuid, sizeof(order.last_source_uuid), "fs-%016llx",
		               (unsigned long long)id);
		source = source_new();
		source_update(source, &order);
		for (int i = 0; i < 3; i++)
			report = source_look(source, files, now_ms += 1000, 2000);
		assert_int_equal(report.verdict.state, IDLE_UNCHANGED);
		assert_string_equal(report.uuid, order.last_source_uuid);
		source_destroy(&source);
	}
	/* A disk that is not the one that the last generation was made of is left alone. */
	(void)snprintf(order.last_source_uuid, sizeof(order.last_source_uuid), "fs-0000000000000001");
	source = source_new();
	source_update(source, &order);
	report = source_look(source, files, now_ms + 1000, 2000);
	assert_int_equal(report.verdict.state, IDLE_UNKNOWN);
	assert_non_null(strstr(report.verdict.reason, "another file system"));
	source_destroy(&source);
	signal_openfiles_destroy(&files);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(order.path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_that_cannot_be_watched_is_said_once),
		cmocka_unit_test(a_source_that_nobody_counts_is_scanned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
