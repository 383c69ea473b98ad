/* source_lab: whole watches on a real btrfs in a loop-mounted file, in a mount namespace of its own; the clock is the test's, a look is one second. For the tests of source_*.c. */
#ifndef AOB_SOURCE_LAB_H
#define AOB_SOURCE_LAB_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "watcher/source.h"
#include "tests/unit/scratch.h"

#define HISTORY "com.apple.TimeMachine.SnapshotHistory.plist"

static char lab_folder[64];
static bool lab_ready;
static struct signal_openfiles *lab_files;
static struct source *lab_source;
static struct source_order lab_order;
static int64_t lab_now_ms = 1000000;

static inline int lab_shell(const char *script)
{
	char command[2000];

	(void)snprintf(command, sizeof(command), "cd %s && { %s; } >/dev/null", lab_folder, script);
	return system(command);
}

static inline void lab_does(const char *script)
{
	if (lab_shell(script) != 0)
		fail_msg("%s", script);
}

/* The namespace goes with this process, and with it the mount and its loop device. */
static inline int lab_make(void **state)
{
	(void)state;
	lab_files = signal_openfiles_new();
	if (lab_files == NULL || geteuid() != 0)
		return lab_files == NULL ? -1 : 0; /* the tests that need it are skipped */
	if (scratch_make(lab_folder, sizeof(lab_folder), "source") != 0 || unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return -1;
	lab_ready =
	        lab_shell("mkdir m && truncate -s 256M disk && mkfs.btrfs -q disk && mount -o loop,noatime disk m") ==
	        0;
	return lab_ready ? 0 : -1;
}

static inline int lab_remove(void **state)
{
	(void)state;
	signal_openfiles_destroy(&lab_files);
	return lab_ready ? lab_shell("umount m && rm -r m disk") + rmdir(lab_folder) : 0;
}

static inline int lab_begin(void **state)
{
	(void)state;
	if (!lab_ready)
		return 0;
	lab_order = (struct source_order){
		.pipeline = "p", .snapshots = true, .idle_ms = 600000, .quiet = { 60000, 120000, 1200000 }
	};
	(void)snprintf(lab_order.path, sizeof(lab_order.path), "%s/m/src", lab_folder);
	lab_source = source_new();
	return lab_source != NULL ? lab_shell("btrfs subvolume create m/src") : -1;
}

static inline int lab_end(void **state)
{
	(void)state;
	if (!lab_ready)
		return 0;
	source_destroy(&lab_source);
	return lab_shell("btrfs subvolume delete m/src");
}

/* The broker's word, as often as it comes. */
static inline void lab_tell(void)
{
	struct source_order told = lab_order;

	source_update(lab_source, &told);
}

static inline struct source_report lab_look(void)
{
	lab_now_ms += 1000;
	return source_look(lab_source, lab_files, lab_now_ms, time(NULL));
}

static inline void lab_need(void)
{
	if (!lab_ready)
		skip();
	lab_tell();
}

/* So many seconds; returns the last report, or the first one that asks for a run. */
static inline struct source_report lab_wait(int seconds)
{
	struct source_report report = lab_look();

	for (int i = 1; i < seconds && report.verdict.trigger == IDLE_NO_TRIGGER; i++)
		report = lab_look();
	return report;
}

/* A run made a generation of what is there. */
static inline void lab_published(const struct source_report *report, bool clean)
{
	lab_order.last_ctransid = report->ctransid;
	(void)snprintf(lab_order.last_source_uuid, sizeof(lab_order.last_source_uuid), "%s", report->uuid);
	if (clean) {
		lab_order.clean_ctransid = report->ctransid;
		memcpy(lab_order.clean_source_uuid, lab_order.last_source_uuid, sizeof(lab_order.clean_source_uuid));
	}
	lab_tell();
}

static inline void lab_complete(const char *bundle, int64_t at_s)
{
	char path[200];
	struct tm utc;
	time_t at = (time_t)at_s;
	char date[40];
	FILE *out;

	(void)gmtime_r(&at, &utc);
	(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &utc);
	(void)snprintf(path, sizeof(path), "%s/m/src/%s/" HISTORY, lab_folder, bundle);
	out = fopen(path, "we");
	assert_non_null(out);
	(void)fprintf(out,
	              "<plist><dict><key>com.apple.backupd.SnapshotCompletionDate</key><date>%s</date></dict></plist>",
	              date);
	assert_int_equal(fclose(out), 0);
}

static inline const struct macs_one *lab_mac(const struct source_report *report, const char *bundle)
{
	for (size_t i = 0; report->macs != NULL && i < report->macs->n; i++)
		if (strcmp(report->macs->list[i].marks.path, bundle) == 0)
			return &report->macs->list[i];
	fail_msg("%s is not there", bundle);
	return NULL;
}

static inline void lab_finished(const struct source_report *report, const char *bundle, bool finished)
{
	if (lab_mac(report, bundle)->verdict.finished != finished)
		fail_msg("%s: %s: %s", bundle, mac_state_name(lab_mac(report, bundle)->verdict.state),
		         report->verdict.reason);
}

#define ON_BTRFS(name) cmocka_unit_test_setup_teardown(name, lab_begin, lab_end)

#endif
