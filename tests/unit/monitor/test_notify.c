/* Each notifier gets each notice once: through failures, restarts and beside one that hangs. With programs as notifiers. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/clock.h"
#include "monitor/notify.h"
#include "monitor/notify_queue.h"
#include "tests/unit/scratch.h"

#define WAIT_MS 20000

static char folder[200];
static struct config *config;
static struct notify *notify;
static unsigned n_events;

static const char *in_folder(const char *name)
{
	static char path[300];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	FILE *out = fopen(in_folder(name), "w");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(in_folder(name), mode), 0);
}

/* A program that appends the kind of what it gets to NAME.told, unless a file NAME.broken is there, or NAME.refuses with the pipeline's name. */
static void write_program(const char *name)
{
	char text[2500];

	(void)snprintf(text, sizeof(text),
	               "#!/bin/sh\ntext=$(cat)\nkind=$(printf %%s \"$text\" | sed "
	               "'s/.*\"type\":\"aob.notice.\\([a-z-]*\\)\".*/\\1/')\n"
	               "if [ -e %1$s/%2$s.refuses ] && printf %%s \"$text\" | grep -q '\"subject\":\"'$(cat "
	               "%1$s/%2$s.refuses); then exit 1; fi\n"
	               "[ ! -e %1$s/%2$s.broken ] || { echo tried >>%1$s/%2$s.tried; echo broken >&2; exit 1; }\n"
	               "[ ! -e %1$s/%2$s.hangs ] || exec sleep 100\necho \"$kind\" >>%1$s/%2$s.told\n",
	               folder, name);
	write_file(name, text, 0700);
}

static void load(const char *notifiers)
{
	char text[2000];
	struct error err = { 0 };

	(void)snprintf(text, sizeof(text),
	               "broker: { state: %s/state.db }\nvaults: { v: { path: /v } }\n"
	               "pipelines:\n  photos: { source: /p, vault: v, stages: [x] }\n  mac: { source: /m, vault: v, "
	               "stages: [x] }\n"
	               "notify:\n%s",
	               folder, notifiers);
	write_file("aob.yaml", text, 0600);
	config_destroy(&config);
	if (config_load(in_folder("aob.yaml"), &config, stderr, &err) != 0)
		fail_msg("%s", err.text);
}

static void start(void)
{
	struct error err = { 0 };

	if (notify_new(config, NULL, &notify, &err) != 0)
		fail_msg("%s", err.text);
}

static int set_up(void **state)
{
	char text[1000];

	(void)state;
	if (scratch_make(folder, sizeof(folder), "notify") != 0)
		return -1;
	write_program("one");
	write_program("two");
	(void)snprintf(text, sizeof(text),
	               "  - command: { name: one, run: [%1$s/one] }\n"
	               "  - command: { name: two, run: [%1$s/two], on: [failed, recovered], pipelines: [photos] }\n",
	               folder);
	load(text);
	start();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	notify_destroy(&notify);
	config_destroy(&config);
	return scratch_remove(folder);
}

static void happens(const char *pipeline, const char *what, const char *data)
{
	char text[600];
	char stamp[40];
	time_t now = time(NULL);
	struct tm utc;
	json_t *event = NULL;

	(void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S.000Z", gmtime_r(&now, &utc));
	(void)snprintf(text, sizeof(text),
	               "{\"specversion\":\"1.0\",\"id\":\"b-%u\",\"type\":\"aob.%s\",\"subject\":\"%s\",\"time\":\"%"
	               "s\",\"data\":%s}",
	               ++n_events, what, pipeline, stamp, data);
	event = json_loads(text, 0, NULL);
	assert_non_null(event);
	notify_begin(notify);
	notify_event(notify, event);
	notify_event(notify, event); /* as the cache makes it come again */
	notify_end(notify);
	json_decref(event);
}

#define WHOLE "{\"kind\":\"whole\",\"dry_run\":false,\"error\":{\"message\":\"no room\"}}"
#define OVER "{\"was\":\"failed\",\"still\":[]}"

static const char *told(const char *name)
{
	static char text[8000];
	FILE *in = NULL;
	char file[64];
	size_t n;

	(void)snprintf(file, sizeof(file), "%s.told", name);
	in = fopen(in_folder(file), "r");
	if (in == NULL)
		return "";
	n = fread(text, 1, sizeof(text) - 1, in);
	text[n] = '\0';
	(void)fclose(in);
	return text;
}

static void await(const char *name, const char *expected)
{
	int64_t until_ms = clock_now_ms() + WAIT_MS;
	struct timespec nap = { .tv_nsec = 20000000 };

	while (strcmp(told(name), expected) != 0) {
		if (clock_now_ms() > until_ms)
			fail_msg("%s was told:\n%s, not\n%s", name, told(name), expected);
		(void)nanosleep(&nap, NULL);
	}
}

static void await_attempts(const char *name, uint64_t failed)
{
	int64_t until_ms = clock_now_ms() + WAIT_MS;
	struct timespec nap = { .tv_nsec = 20000000 };

	for (;;) {
		struct notify_count count;

		for (size_t i = 0; notify_counts(notify, i, &count) == 1; i++)
			if (strcmp(count.name, name) == 0 && count.failed_attempts >= failed) {
				assert_string_equal(count.driver, "command");
				assert_non_null(strstr(count.last_error, "broken"));
				return;
			}
		if (clock_now_ms() > until_ms)
			fail_msg("%s has not failed", name);
		(void)nanosleep(&nap, NULL);
	}
}

static void each_gets_what_it_wants_once_and_in_order(void **state)
{
	(void)state;
	happens("photos", "run.failed", WHOLE);
	happens("photos", "pipeline.overdue", "{}");
	happens("mac", "run.failed", WHOLE);
	happens("photos", "run.failed", WHOLE);
	happens("photos", "pipeline.recovered", "{\"was\":\"failed\",\"still\":[\"overdue\"]}");
	happens("photos", "run.finished", WHOLE);
	await("one", "failed\noverdue\nfailed\nrecovered\n");
	await("two", "failed\nrecovered\n");
	notify_destroy(&notify);
	start();
	happens("photos", "run.failed", WHOLE); /* a new one */
	await("one", "failed\noverdue\nfailed\nrecovered\nfailed\n");
	await("two", "failed\nrecovered\nfailed\n");
}

static void what_fails_is_tried_again_also_after_a_restart(void **state)
{
	(void)state;
	write_file("one.broken", "", 0600);
	happens("photos", "run.failed", WHOLE);
	happens("photos", "pipeline.recovered", OVER);
	await("two", "failed\nrecovered\n");
	await_attempts("one", 1);
	assert_string_equal(told("one"), "");
	notify_destroy(&notify);
	assert_int_equal(unlink(in_folder("one.broken")), 0);
	start();
	await("one", "failed\nrecovered\n");
	assert_string_equal(told("two"), "failed\nrecovered\n");
}

static void a_refused_notice_keeps_only_its_own_pipeline_waiting(void **state)
{
	struct stat status;

	(void)state;
	write_file("one.refuses", "photos", 0600);
	happens("photos", "run.failed", WHOLE);
	happens("photos", "pipeline.recovered", OVER);
	happens("mac", "pipeline.overdue", "{}");
	happens("mac", "pipeline.braked", "{}");
	await("one", "overdue\nbraked\n");
	assert_int_equal(stat(in_folder("notify.json"), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600); /* it holds what went wrong, and with what */
	assert_int_equal(unlink(in_folder("one.refuses")), 0);
	await("one", "overdue\nbraked\nfailed\nrecovered\n");
}

static void a_broker_that_is_down_is_told_to_all(void **state)
{
	(void)state;
	notify_broker(notify, 10, "no answer");
	notify_broker(notify, 400, "no answer");
	notify_broker(notify, 500, "no answer");
	await("one", "broker-down\n");
	notify_destroy(&notify);
	start();
	notify_broker(notify, 600, "no answer");
	notify_broker(notify, 0, "");
	await("one", "broker-down\nrecovered\n");
	await("two", "recovered\n"); /* it wants only failed and recovered, and of photos: this is of all */
}

static void one_that_hangs_keeps_no_other_waiting_and_no_end(void **state)
{
	int64_t began_ms;

	(void)state;
	write_file("one.hangs", "", 0600);
	happens("photos", "run.failed", WHOLE);
	await("two", "failed\n");
	began_ms = clock_now_ms();
	happens("photos", "pipeline.recovered", OVER); /* does not wait for it either */
	assert_true(clock_now_ms() - began_ms < 5000);
	await("two", "failed\nrecovered\n");
	notify_destroy(&notify);
	assert_true(clock_now_ms() - began_ms < 15000);
	assert_int_equal(unlink(in_folder("one.hangs")), 0);
	start();
	await("one", "failed\nrecovered\n");
}

static void a_queue_has_a_greatest_length(void **state)
{
	struct notify_count count;

	(void)state;
	write_file("one.broken", "", 0600);
	for (int i = 0; i < NOTIFY_QUEUE_MAX; i++) {
		happens("mac", "run.failed", WHOLE);
		happens("mac", "pipeline.recovered", OVER);
	}
	assert_int_equal(notify_counts(notify, 0, &count), 1);
	assert_int_equal(count.waiting, NOTIFY_QUEUE_MAX);
	assert_int_equal(count.dropped, NOTIFY_QUEUE_MAX);
	assert_int_equal(notify_counts(notify, 2, &count), 0);
}

static void copy(const char *from, const char *to)
{
	static char text[1 << 20];
	FILE *in = fopen(in_folder(from), "r");
	size_t n;

	assert_non_null(in);
	n = fread(text, 1, sizeof(text) - 1, in);
	text[n] = '\0';
	(void)fclose(in);
	write_file(to, text, 0600);
}

static void what_the_file_holds_is_all_that_a_killed_one_needs(void **state)
{
	(void)state;
	write_file("one.broken", "", 0600);
	write_file("two.broken", "", 0600);
	happens("photos", "run.failed", WHOLE);
	await_attempts("one", 1);
	copy("notify.json", "kept.json"); /* as it was while the process lived */
	notify_destroy(&notify);
	copy("kept.json", "notify.json");
	assert_int_equal(unlink(in_folder("one.broken")), 0);
	assert_int_equal(unlink(in_folder("two.broken")), 0);
	start();
	await("one", "failed\n");
	await("two", "failed\n");
	happens("photos", "run.failed", WHOLE); /* still in force */
	happens("photos", "pipeline.recovered", OVER);
	await("one", "failed\nrecovered\n");
}

static void a_damaged_file_is_put_aside(void **state)
{
	struct stat status;
	json_t *answer = json_loads(
	        "{\"pipelines\":[{\"name\":\"photos\",\"alarms\":[{\"kind\":\"failed\",\"since\":1}]}]}", 0, NULL);

	(void)state;
	notify_destroy(&notify);
	write_file("notify.json", "{\"v\":1,\"book\":", 0600);
	start();
	assert_int_equal(stat(in_folder("notify.json.damaged"), &status), 0);
	notify_status(notify, answer);
	notify_status(notify, answer);
	json_decref(answer);
	await("one", "failed\n");
}

static void without_notifiers_nothing_is_done(void **state)
{
	struct stat status;

	(void)state;
	notify_destroy(&notify);
	(void)unlink(in_folder("notify.json"));
	load("  []\n");
	start();
	happens("photos", "run.failed", WHOLE);
	assert_int_equal(stat(in_folder("notify.json"), &status), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_gets_what_it_wants_once_and_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_fails_is_tried_again_also_after_a_restart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_refused_notice_keeps_only_its_own_pipeline_waiting, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(a_broker_that_is_down_is_told_to_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_that_hangs_keeps_no_other_waiting_and_no_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_queue_has_a_greatest_length, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_the_file_holds_is_all_that_a_killed_one_needs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_damaged_file_is_put_aside, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_notifiers_nothing_is_done, set_up, tear_down),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
