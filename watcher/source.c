#include "watcher/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/subvolume.h"
#include "watcher/signal_inotify.h"
#include "watcher/signal_openfiles.h"

#define HANDLES_EVERY_MS 2000

struct source {
	struct source_order order;
	char real[PATH_MAX];
	bool held; /* the watch has begun, on this folder: */
	dev_t dev;
	ino_t ino;
	struct signal_inotify *inotify;
	struct subvolume subvolume; /* as last read */
	bool read_once;
	bool explained; /* inotify told of writes since the counter last moved */
	bool settled;   /* synced in this quiet time: what is written from now on moves the counter */
	bool confirmed;
	bool wrote_unseen; /* inotify told of writes that the counter may not show yet */
	int64_t last_activity_ms;
	int64_t changed_since_ms; /* -1: not changed */
	struct signal_openfiles handles;
	int64_t handles_ms; /* when they were looked at; -1: not since the last activity */
	enum idle_state state;
	int64_t state_since_s;
	bool said_failing; /* that it can't be watched: once, not at each look */
};

struct source *source_new(const struct source_order *order)
{
	struct source *made = calloc(1, sizeof(*made));

	if (made == NULL)
		return NULL;
	made->order = *order;
	made->changed_since_ms = -1;
	made->handles_ms = -1;
	made->state_since_s = time(NULL);
	return made;
}

/* As if the watch had not begun. */
static void let_go(struct source *source)
{
	source->held = false;
	signal_inotify_destroy(&source->inotify);
	source->read_once = false;
	source->changed_since_ms = -1;
}

void source_destroy(struct source **source)
{
	if (*source == NULL)
		return;
	let_go(*source);
	free(*source);
	*source = NULL;
}

const char *source_pipeline(const struct source *source)
{
	return source->order.pipeline;
}

void source_update(struct source *source, const struct source_order *order)
{
	if (strcmp(source->order.path, order->path) != 0)
		let_go(source);
	/* max_wait counts from the last run, however it ended: a writer that never stops gets one each max_wait, not one behind the other. */
	if (order->running || order->last_ctransid != source->order.last_ctransid)
		source->changed_since_ms = -1;
	source->order = *order;
}

int source_fd(const struct source *source)
{
	return source->inotify != NULL ? signal_inotify_fd(source->inotify) : -1;
}

static void active(struct source *source, int64_t now_ms)
{
	source->last_activity_ms = now_ms;
	source->settled = source->confirmed = false;
	source->handles_ms = -1;
}

/* The folder is opened for each look and not held, so that its disk can be unmounted. errors: by errno */
static int open_source(struct source *source, int *fd, struct stat *st, struct error *err)
{
	*fd = open(source->order.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOATIME);
	if (*fd < 0)
		return error_sys(err, errno, "opening %s", source->order.path);
	if (fstat(*fd, st) == 0)
		return 0;
	(void)error_sys(err, errno, "stat of %s", source->order.path);
	(void)close(*fd);
	*fd = -1;
	return -1;
}

static int take_hold(struct source *source, int fd, const struct stat *st, int64_t now_ms, struct error *err)
{
	struct subvolume subvolume;

	/* Before inotify is set up for nothing. */
	if (subvolume_read(fd, &subvolume, err) != 0)
		return error_prefix(err, "%s", source->order.path);
	if (realpath(source->order.path, source->real) == NULL)
		return error_sys(err, errno, "%s", source->order.path);
	if (signal_inotify_new(source->real, &source->inotify, err) != 0)
		return -1;
	if (!signal_inotify_all(source->inotify))
		log_line(LOG_INFO,
		         "pipeline=%s not all folders can be watched by inotify; btrfs's counter sees what happens "
		         "there, some 30 s later",
		         source->order.pipeline);
	source->held = true;
	source->dev = st->st_dev;
	source->ino = st->st_ino;
	active(source, now_ms);
	return 0;
}

/* Reads the counter. A move that no event explains is a sign of its own. */
static int read_counter(struct source *source, int fd, int64_t now_ms, struct error *err)
{
	struct subvolume now = { 0 };

	if (subvolume_read(fd, &now, err) != 0)
		return error_prefix(err, "%s", source->order.path);
	if (source->read_once &&
	    (now.ctransid != source->subvolume.ctransid || strcmp(now.uuid, source->subvolume.uuid) != 0)) {
		if (!source->explained)
			active(source, now_ms);
		source->explained = false;
		source->wrote_unseen = false;
	}
	source->subvolume = now;
	source->read_once = true;
	return 0;
}

static void look_at_handles(struct source *source, int64_t now_ms)
{
	struct signal_openfiles now;
	bool before = source->handles_ms >= 0;

	if (before && now_ms - source->handles_ms < HANDLES_EVERY_MS)
		return;
	now = signal_openfiles_scan(source->real);
	if (before && (now.hash != source->handles.hash || now.n != source->handles.n))
		active(source, now_ms);
	source->handles = now;
	source->handles_ms = now_ms;
}

static int write_back(struct source *source, int fd, int64_t now_ms, struct error *err)
{
	if (syncfs(fd) != 0)
		return error_sys(err, errno, "syncing the file system of %s", source->order.path);
	return read_counter(source, fd, now_ms, err);
}

/* In the middle of the quiet time: a write within btrfs's open transaction does not move the counter a second time, one after a sync does. So an
 * unseen writer (mmap) shows by the next look. */
static int settle(struct source *source, int fd, int64_t now_ms, struct error *err)
{
	if (write_back(source, fd, now_ms, err) != 0)
		return -1;
	source->explained = false;
	source->settled = true;
	return 0;
}

/* Makes sure that the quiet is real: everything is written back, and the counter has not moved by it unexplained; the handles are still the same. */
static int confirm(struct source *source, int fd, int64_t now_ms, struct error *err)
{
	int64_t before_ms = source->last_activity_ms;

	if (write_back(source, fd, now_ms, err) != 0)
		return -1;
	source->wrote_unseen = false;
	look_at_handles(source, now_ms);
	source->confirmed = source->settled && source->last_activity_ms == before_ms;
	return 0;
}

static struct idle_facts facts_of(struct source *source, int64_t now_ms)
{
	const struct source_order *order = &source->order;
	bool same =
	        source->subvolume.ctransid == order->last_ctransid && order->last_ctransid != 0 &&
	        (order->last_source_uuid[0] == '\0' || strcmp(order->last_source_uuid, source->subvolume.uuid) == 0);
	bool changed = !same || source->wrote_unseen;

	if (!changed)
		source->changed_since_ms = -1;
	else if (source->changed_since_ms < 0)
		source->changed_since_ms = now_ms;
	return (struct idle_facts){ .now_ms = now_ms,
		                    .last_activity_ms = source->last_activity_ms,
		                    .changed_since_ms = source->changed_since_ms,
		                    .changed = changed,
		                    .confirmed = source->confirmed,
		                    .running = order->running,
		                    .paused = order->paused,
		                    .idle_ms = order->idle_ms,
		                    .max_wait_ms = order->max_wait_ms };
}

static int look_inside(struct source *source, int fd, int64_t now_ms, struct idle_verdict *verdict, struct error *err)
{
	struct idle_facts facts;

	if (signal_inotify_take(source->inotify)) {
		active(source, now_ms);
		source->explained = source->wrote_unseen = true;
	}
	if (read_counter(source, fd, now_ms, err) != 0)
		return -1;
	facts = facts_of(source, now_ms);
	if (facts.changed && !facts.running && !facts.paused &&
	    now_ms - source->last_activity_ms >= (int64_t)source->order.idle_ms / 2) {
		if (!source->settled && settle(source, fd, now_ms, err) != 0)
			return -1;
		look_at_handles(source, now_ms);
	}
	facts = facts_of(source, now_ms);
	*verdict = idle_decide(&facts);
	if (!verdict->confirm)
		return 0;
	if (confirm(source, fd, now_ms, err) != 0)
		return -1;
	facts = facts_of(source, now_ms);
	*verdict = idle_decide(&facts);
	return 0;
}

static int look(struct source *source, int64_t now_ms, struct idle_verdict *verdict, struct error *err)
{
	struct stat st = { 0 };
	int fd;
	int rc = 0;

	if (open_source(source, &fd, &st, err) != 0)
		return -1;
	/* Another folder in its place: a subvolume that was rolled back, a disk mounted over it. */
	if (source->held && (st.st_dev != source->dev || st.st_ino != source->ino)) {
		log_line(LOG_NOTICE, "pipeline=%s another folder lies at %s now; it is watched from here on",
		         source->order.pipeline, source->order.path);
		let_go(source);
	}
	if (!source->held)
		rc = take_hold(source, fd, &st, now_ms, err);
	if (rc == 0)
		rc = look_inside(source, fd, now_ms, verdict, err);
	(void)close(fd);
	return rc;
}

struct source_report source_look(struct source *source, int64_t now_ms)
{
	struct source_report report = { .pipeline = source->order.pipeline };
	struct error err = { .class = ERR_NONE };

	if (look(source, now_ms, &report.verdict, &err) != 0) {
		report.verdict = (struct idle_verdict){ .state = IDLE_UNKNOWN };
		(void)snprintf(report.verdict.reason, sizeof(report.verdict.reason), "%.127s", err.text);
		if (!source->said_failing)
			log_line(LOG_WARNING, "pipeline=%s can't be watched: %s", source->order.pipeline, err.text);
		source->said_failing = true;
		let_go(source);
	} else {
		source->said_failing = false;
	}
	if (report.verdict.state != source->state) {
		source->state = report.verdict.state;
		source->state_since_s = time(NULL);
		log_line(LOG_INFO, "pipeline=%s %s: %s", source->order.pipeline, idle_state_name(source->state),
		         report.verdict.reason);
	}
	log_trace("idle", "pipeline=%s %s: %s; ctransid %llu, %zu handles", source->order.pipeline,
	          idle_state_name(source->state), report.verdict.reason, (unsigned long long)source->subvolume.ctransid,
	          source->handles.n);
	report.since_s = source->state_since_s;
	report.ctransid = source->subvolume.ctransid;
	return report;
}
