/* What becomes of what the signals tell. */
#include "source_lab.h"

#include <errno.h>
#include <limits.h>
#include <sys/inotify.h>
#include <sys/syscall.h>

static void a_bundle_renamed_in_a_backup_is_not_finished(void **state)
{
	struct source_report report;

	(void)state;
	lab_need();
	(void)lab_look();
	lab_does("mkdir -p m/src/Anna.sparsebundle/bands && echo 1 >m/src/Anna.sparsebundle/bands/0");
	(void)lab_wait(5);
	lab_complete("Anna.sparsebundle", time(NULL) - 100);
	report = lab_wait(100);
	assert_int_equal(report.verdict.trigger, IDLE_TRIGGER_REST);
	lab_finished(&report, "Anna.sparsebundle", true);
	lab_published(&report, true);
	/* The next one has begun, and the Mac was given another name. */
	lab_does("echo 2 >>m/src/Anna.sparsebundle/bands/0");
	(void)lab_wait(3);
	lab_does("mv m/src/Anna.sparsebundle m/src/Anne.sparsebundle");
	report = lab_wait(400);
	lab_finished(&report, "Anne.sparsebundle", false);
	assert_int_equal(report.verdict.state, IDLE_ACTIVE);
	lab_complete("Anne.sparsebundle", time(NULL));
	report = lab_wait(100);
	assert_int_equal(report.verdict.trigger, IDLE_TRIGGER_REST);
	lab_finished(&report, "Anne.sparsebundle", true);
}

static void one_that_takes_anothers_place_is_not_that_one(void **state)
{
	struct source_report report;

	(void)state;
	lab_need();
	(void)lab_look();
	lab_does("mkdir -p m/src/Anna.sparsebundle/bands m/away/bands && echo 1 >m/src/Anna.sparsebundle/bands/0 && "
	         "echo 1 >m/away/bands/0");
	(void)lab_wait(3);
	lab_complete("Anna.sparsebundle", time(NULL) - 5000);
	report = lab_wait(100);
	lab_finished(&report, "Anna.sparsebundle", true);
	lab_published(&report, true);
	/* It brings a later completion along, and who knows what behind it. */
	lab_complete("../away", time(NULL) - 1000);
	lab_does("rm -r m/src/Anna.sparsebundle && cp -r m/away m/src/copy && mv m/src/copy m/src/Anna.sparsebundle && "
	         "rm "
	         "-r m/away");
	report = lab_wait(400);
	lab_finished(&report, "Anna.sparsebundle", false);
}

static void somebodys_own_disk_image_beside_is_no_mac(void **state)
{
	struct source_report report;

	(void)state;
	lab_need();
	lab_does("mkdir -p m/src/Anna.sparsebundle/bands m/src/Secrets.sparsebundle/bands m/src/film.incomplete && "
	         "echo 1 >m/src/Secrets.sparsebundle/bands/0 && echo 1 >m/src/film.incomplete/film");
	lab_complete("Anna.sparsebundle", time(NULL));
	report = lab_wait(1300);
	assert_int_equal(report.verdict.trigger, IDLE_TRIGGER_REST);
	assert_true(report.time_machine);
	lab_finished(&report, "Anna.sparsebundle", true);
	lab_published(&report, true);
	/* What is written there is what is written to any file. */
	lab_does("echo 2 >>m/src/Secrets.sparsebundle/bands/0");
	report = lab_wait(58);
	assert_int_equal(report.verdict.state, IDLE_ACTIVE);
	assert_non_null(strstr(report.verdict.reason, "last written to"));
	report = lab_wait(10);
	assert_int_equal(report.verdict.trigger, IDLE_TRIGGER_REST);
	lab_finished(&report, "Anna.sparsebundle", true);
	/* When Time Machine takes it over, it is one. */
	lab_complete("Secrets.sparsebundle", 0);
	report = lab_wait(400);
	lab_finished(&report, "Secrets.sparsebundle", false);
	assert_int_equal(report.verdict.state, IDLE_ACTIVE);
}

/* The system's limit is all its users', so it is not lowered here: this stands in for the C library's, and says what the kernel says at the limit. */
static int watches_left = INT_MAX;
int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	if (watches_left == 0) {
		errno = ENOSPC;
		return -1;
	}
	watches_left--;
	return (int)syscall(SYS_inotify_add_watch, fd, path, mask);
}

static void without_watches_each_mac_still_has_its_own_state(void **state)
{
	struct source_report report;

	(void)state;
	lab_need();
	watches_left = 0;
	lab_does("mkdir -p m/src/Anna.sparsebundle/bands m/src/Bob.sparsebundle/bands");
	lab_complete("Anna.sparsebundle", time(NULL));
	lab_complete("Bob.sparsebundle", time(NULL));
	report = lab_wait(1300);
	assert_int_equal(report.verdict.trigger, IDLE_TRIGGER_REST);
	lab_finished(&report, "Anna.sparsebundle", true);
	lab_finished(&report, "Bob.sparsebundle", true);
	lab_published(&report, true);
	/* Only Bob writes. */
	for (int i = 0; i < 20; i++) {
		lab_does("echo 1 >>m/src/Bob.sparsebundle/bands/0 && btrfs filesystem sync m");
		report = lab_wait(10);
	}
	lab_finished(&report, "Anna.sparsebundle", true);
	lab_finished(&report, "Bob.sparsebundle", false);
	assert_non_null(strstr(report.verdict.reason, "Bob writes"));
	lab_complete("Bob.sparsebundle", time(NULL) + 60);
	report = lab_wait(200);
	assert_int_equal(report.verdict.trigger, IDLE_TRIGGER_REST);
	lab_finished(&report, "Anna.sparsebundle", true);
	lab_finished(&report, "Bob.sparsebundle", true);
	watches_left = INT_MAX;
}

/* More than the kernel holds: what Anna did is not known by it, but btrfs knows. */
static void events_that_were_lost_are_nobodys_write(void **state)
{
	struct source_report report;

	(void)state;
	lab_need();
	lab_does("mkdir -p m/src/Anna.sparsebundle/bands m/src/Bob.sparsebundle/bands m/src/photos");
	lab_complete("Anna.sparsebundle", time(NULL));
	lab_complete("Bob.sparsebundle", time(NULL));
	report = lab_wait(1300);
	assert_int_equal(report.verdict.trigger, IDLE_TRIGGER_REST);
	lab_published(&report, true);
	/* Bob's write is among those that are lost, and not written back yet. */
	lab_does("seq -f m/src/photos/%.0f $(cat /proc/sys/fs/inotify/max_queued_events) | xargs touch && "
	         "echo 1 >m/src/Bob.sparsebundle/bands/0");
	report = lab_wait(200);
	lab_finished(&report, "Anna.sparsebundle", true);
	lab_finished(&report, "Bob.sparsebundle", false);
	assert_int_equal(report.verdict.state, IDLE_ACTIVE);
}

static void a_run_that_found_no_rest_leaves_the_clock_of_max_wait_alone(void **state)
{
	struct source_report report;

	(void)state;
	lab_need();
	lab_order.max_wait_ms = 300000;
	lab_order.waiting_since_s = time(NULL);
	lab_tell();
	for (int i = 0; i < 20; i++) {
		lab_does("echo 1 >>m/src/file");
		report = lab_wait(14);
		assert_int_equal(report.verdict.trigger, IDLE_NO_TRIGGER);
		lab_order.running = true; /* and ends as deferred */
		lab_tell();
		lab_order.running = false;
		lab_tell();
	}
	lab_does("echo 1 >>m/src/file");
	report = lab_wait(30);
	assert_int_equal(report.verdict.trigger, IDLE_TRIGGER_MAX_WAIT);
	/* Another one of ours, begun anew, knows it as well. */
	source_destroy(&lab_source);
	lab_source = source_new();
	assert_non_null(lab_source);
	lab_order.waiting_since_s = time(NULL) - 1000;
	lab_tell();
	report = lab_wait(2);
	assert_int_equal(report.verdict.trigger, IDLE_TRIGGER_MAX_WAIT);
	/* One that made something of it does start it anew. */
	lab_order.waiting_since_s = time(NULL);
	lab_tell();
	assert_int_equal(lab_wait(100).verdict.trigger, IDLE_NO_TRIGGER);
}

static void what_kind_it_is_may_be_changed(void **state)
{
	struct source_report report;

	(void)state;
	lab_need();
	lab_does("mkdir -p m/src/Anna.sparsebundle/bands");
	lab_complete("Anna.sparsebundle", time(NULL));
	lab_order.kind = CONFIG_KIND_GENERIC;
	lab_tell();
	report = lab_wait(3);
	assert_false(report.time_machine);
	lab_order.kind = CONFIG_KIND_TIME_MACHINE;
	lab_tell();
	report = lab_wait(3);
	assert_true(report.time_machine);
	lab_finished(&report, "Anna.sparsebundle", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BTRFS(a_bundle_renamed_in_a_backup_is_not_finished),
		ON_BTRFS(one_that_takes_anothers_place_is_not_that_one),
		ON_BTRFS(somebodys_own_disk_image_beside_is_no_mac),
		ON_BTRFS(without_watches_each_mac_still_has_its_own_state),
		ON_BTRFS(events_that_were_lost_are_nobodys_write),
		ON_BTRFS(a_run_that_found_no_rest_leaves_the_clock_of_max_wait_alone),
		ON_BTRFS(what_kind_it_is_may_be_changed),
	};

	return cmocka_run_group_tests(tests, lab_make, lab_remove);
}
