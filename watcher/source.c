#include "watcher/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"
#include "watcher/signal_inotify.h"
#include "watcher/signal_openfiles.h"
#include "watcher/signal_scan.h"

#define HANDLES_EVERY_MS 2000
#define HANDLES_AWAKE_MS 10000 /* while it is written to, only to tell how many there are */
#define READ_EVERY_MS 5000     /* property lists, while it is written to */
#define FIND_EVERY_MS 1000     /* bundles, while folders come and go */
#define SCAN_LEAST_MS 60000

struct source {
	struct source_order order;
	char real[PATH_MAX];
	char below[PATH_MAX]; /* where it lies in its subvolume */
	bool held;            /* the watch has begun, on this folder: */
	bool pass_stale;      /* written to since the scan's pass under way began */
	dev_t dev;
	ino_t ino;
	struct signal_inotify *inotify;
	struct signal_scan *scan;   /* instead of btrfs's counter; NULL: on btrfs */
	int64_t scan_due_ms;        /* when a pass is due though nothing happened */
	int64_t pass_ms;            /* when the pass under way began */
	struct subvolume subvolume; /* as last read; a scan's fingerprint stands for its counter */
	bool read_once;
	bool explained; /* inotify told of writes since the counter last moved */
	bool settled;   /* synced in this quiet time: what is written from now on moves the counter */
	bool confirmed;
	bool wrote_unseen;        /* inotify told of writes that the counter may not show yet */
	int64_t last_activity_ms; /* of files outside of Macs' bundles; where there are no Macs, of all */
	int64_t changed_since_ms; /* -1: not changed */
	struct macs macs;
	uint64_t handles_hash;
	int64_t handles_ms; /* when they were looked at; -1: not since the watch began */
	int64_t state_since_s;
	enum idle_state state;
	bool to_find;      /* folders came or went since bundles were looked for */
	bool said_failing; /* that it can't be watched: once, not at each look */
};

/* What one look works with. */
struct look {
	struct source *source;
	struct signal_openfiles *files;
	int fd;
	int64_t now_ms, wall_s;
};

void source_order_done(struct source_order *order)
{
	free(order->past);
	order->past = NULL;
	order->n_past = 0;
}

struct source *source_new(void)
{
	struct source *made = calloc(1, sizeof(*made));

	if (made == NULL)
		return NULL;
	macs_init(&made->macs);
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
	signal_scan_destroy(&source->scan);
	macs_done(&source->macs);
	source->read_once = source->wrote_unseen = false;
	source->changed_since_ms = -1;
	source->handles_ms = -1;
}

void source_destroy(struct source **source)
{
	if (*source == NULL)
		return;
	let_go(*source);
	source_order_done(&(*source)->order);
	free(*source);
	*source = NULL;
}

const char *source_pipeline(const struct source *source)
{
	return source->order.pipeline;
}

void source_update(struct source *source, struct source_order *order)
{
	if (strcmp(source->order.path, order->path) != 0)
		let_go(source);
	/* max_wait counts from the last run, however it ended: a writer that never stops gets one each max_wait, not one behind the other. */
	if (order->running || order->last_ctransid != source->order.last_ctransid)
		source->changed_since_ms = -1;
	source_order_done(&source->order);
	source->order = *order;
	order->past = NULL;
	order->n_past = 0;
}

int source_fd(const struct source *source)
{
	return source->inotify != NULL ? signal_inotify_fd(source->inotify) : -1;
}

static bool is_time_machine(const struct source *source)
{
	return source->order.kind == CONFIG_KIND_TIME_MACHINE ||
	       (source->order.kind == CONFIG_KIND_AUTO && macs_any(&source->macs));
}

static void unsettle(struct source *source)
{
	source->settled = source->confirmed = false;
	source->pass_stale = true;
}

static void active(struct source *source, int64_t now_ms)
{
	source->last_activity_ms = now_ms;
	unsettle(source);
}

/* ---- taking hold of it */

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

/* A file system's own number stands for a subvolume's UUID, so that another disk in its place is known. */
static void name_file_system(const struct look *look, struct subvolume *subvolume)
{
	struct statfs fs;
	uint64_t id = 0;

	if (fstatfs(look->fd, &fs) == 0)
		memcpy(&id, &fs.f_fsid, sizeof(fs.f_fsid) < sizeof(id) ? sizeof(fs.f_fsid) : sizeof(id));
	(void)snprintf(subvolume->uuid, sizeof(subvolume->uuid), "fs-%016llx", (unsigned long long)id);
}

static int begin_counting(const struct look *look, struct error *err)
{
	struct source *source = look->source;
	struct subvolume subvolume;
	char root[PATH_MAX];
	int rc = subvolume_read(look->fd, &subvolume, err);

	if (rc == 0) {
		if (subvolume_root(source->real, root, err) != 0)
			return -1;
		(void)snprintf(source->below, sizeof(source->below), "%s",
		               source->real + (strcmp(root, "/") == 0 ? 0 : strlen(root)));
		if (source->below[0] == '/')
			memmove(source->below, source->below + 1, strlen(source->below));
		return 0;
	}
	if (err->class != ERR_CONFIG || source->order.snapshots)
		return error_prefix(err, "%s", source->order.path);
	error_clear(err);
	source->scan = signal_scan_new();
	source->scan_due_ms = look->now_ms;
	name_file_system(look, &subvolume);
	if (source->scan == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	/* A disk that was taken away leaves an empty folder behind, on another file system. */
	if (source->order.last_source_uuid[0] != '\0' && strcmp(source->order.last_source_uuid, subvolume.uuid) != 0)
		return error_set(
		        err, ERR_NOT_FOUND,
		        "another file system lies at %s than the last generation was made of; mount the right one, "
		        "or, if this is meant, run the pipeline once by hand",
		        source->order.path);
	return 0;
}

static void say_what_is_left_out(const struct source *source)
{
	size_t foreign = signal_inotify_foreign(source->inotify);

	if (!signal_inotify_all(source->inotify))
		log_line(LOG_INFO, "pipeline=%s not all folders can be watched by inotify; %s", source->order.pipeline,
		         source->scan != NULL ? "the rest is looked through now and then"
		                              : "btrfs's counter sees what happens there, some 30 s later");
	if (foreign > 0)
		log_line(LOG_WARNING,
		         "pipeline=%s another file system or subvolume begins at %zu folders below %s; what lies there "
		         "is "
		         "not part of this source, give it a pipeline of its own",
		         source->order.pipeline, foreign, source->order.path);
}

static void catch_up(const struct look *look)
{
	struct source *source = look->source;
	const struct source_order *order = &source->order;
	struct subvolume now = { .ctransid = 0 };
	uint64_t since = 0;

	if (source->scan == NULL && subvolume_read(look->fd, &now, NULL) == 0 &&
	    strcmp(now.uuid, order->clean_source_uuid) == 0)
		since = order->clean_ctransid;
	macs_catch_up(&source->macs, look->fd, order->past, order->n_past, since, source->below, &order->quiet);
}

static int take_hold(const struct look *look, const struct stat *st, struct error *err)
{
	struct source *source = look->source;

	if (realpath(source->order.path, source->real) == NULL)
		return error_sys(err, errno, "%s", source->order.path);
	if (begin_counting(look, err) != 0 || signal_inotify_new(source->real, &source->inotify, err) != 0)
		return -1;
	/* What was written before inotify listened, and is not written back yet, would move the counter later, and nobody would know whose it was. */
	if (source->scan == NULL && syncfs(look->fd) != 0)
		return error_sys(err, errno, "syncing the file system of %s", source->order.path);
	if (source->order.kind != CONFIG_KIND_GENERIC) {
		if (macs_find(&source->macs, look->fd, look->now_ms, look->wall_s, err) != 0)
			return -1;
		catch_up(look);
	}
	say_what_is_left_out(source);
	source->to_find = false;
	source->held = true;
	source->dev = st->st_dev;
	source->ino = st->st_ino;
	active(source, look->now_ms);
	return 0;
}

/* ---- signals */

static void look_at_events(const struct look *look)
{
	struct source *source = look->source;
	struct signal_told told;

	signal_inotify_take(source->inotify, &told);
	source->to_find = source->to_find || told.folders;
	if (source->to_find && source->order.kind != CONFIG_KIND_GENERIC &&
	    look->now_ms - source->macs.found_ms >= FIND_EVERY_MS &&
	    macs_find(&source->macs, look->fd, look->now_ms, look->wall_s, NULL) == 0)
		source->to_find = false;
	if (!told.lost && !told.others && told.bundles == 0 && told.stirred == 0)
		return;
	macs_told(&source->macs, source->inotify, &told, &source->order.quiet, look->now_ms);
	unsettle(source);
	if (told.lost || told.others || !is_time_machine(source))
		source->last_activity_ms = look->now_ms;
	source->explained = source->wrote_unseen = true;
}

/* The counter moved, or a scan found something else than before. A move that no event explains is a sign of its own; where inotify sees all, it was no write into a
 * bundle (an access time, for example). */
static void take_counter(const struct look *look, const struct subvolume *now)
{
	struct source *source = look->source;

	if (source->read_once &&
	    (now->ctransid != source->subvolume.ctransid || strcmp(now->uuid, source->subvolume.uuid) != 0)) {
		if (!source->explained) {
			active(source, look->now_ms);
			macs_unknown(&source->macs, !signal_inotify_all(source->inotify), &source->order.quiet,
			             look->now_ms);
		}
		source->explained = false;
		source->wrote_unseen = false;
	}
	source->subvolume = *now;
	source->read_once = true;
}

static int read_counter(const struct look *look, struct error *err)
{
	struct source *source = look->source;
	struct subvolume now = { 0 };

	if (source->scan != NULL)
		return 0;
	if (subvolume_read(look->fd, &now, err) != 0)
		return error_prefix(err, "%s", source->order.path);
	take_counter(look, &now);
	return 0;
}

/* A set of handles that changes is a sign of life, but no write: a backup that has finished stays finished. */
static void look_at_handles(const struct look *look, int64_t every_ms)
{
	struct source *source = look->source;
	struct signal_handles others;
	bool macs = is_time_machine(source);

	if (source->handles_ms >= 0 && look->now_ms - source->handles_ms < every_ms)
		return;
	signal_openfiles_scan(look->files, look->now_ms, every_ms / 2);
	others = signal_openfiles_of(look->files, source->real, macs ? NULL : "", 0);
	if (source->handles_ms >= 0 && others.hash != source->handles_hash)
		active(source, look->now_ms);
	if (macs_handles(&source->macs, look->files, source->real, source->dev, look->now_ms))
		unsettle(source);
	source->handles_hash = others.hash;
	source->handles_ms = look->now_ms;
}

static int write_back(const struct look *look, struct error *err)
{
	if (look->source->scan != NULL)
		return 0;
	if (syncfs(look->fd) != 0)
		return error_sys(err, errno, "syncing the file system of %s", look->source->order.path);
	return read_counter(look, err);
}

/* In the middle of the quiet time: a write within btrfs's open transaction does not move the counter a second time, one after a sync does. So an
 * unseen writer (mmap) shows by the next look. */
static int settle(const struct look *look, struct error *err)
{
	if (write_back(look, err) != 0)
		return -1;
	look->source->explained = false;
	look->source->settled = true;
	return 0;
}

/* ---- put together */

static struct macs_rest rest_of(struct source *source, int64_t now_ms)
{
	struct macs_rest rest = { .need_ms = source->order.idle_ms };
	struct macs_rest others;
	int64_t quiet_ms = now_ms - source->last_activity_ms;
	bool macs = is_time_machine(source);

	if (macs) {
		rest = macs_decide(&source->macs, &source->order.quiet, now_ms);
		others = (struct macs_rest){ .need_ms = source->order.quiet.finished_ms };
	} else {
		others = rest;
	}
	others.quiet_ms = quiet_ms;
	others.left_ms = (int64_t)others.need_ms > quiet_ms ? (int64_t)others.need_ms - quiet_ms : 0;
	idle_holder_files(quiet_ms, others.need_ms, others.holder);
	if (!macs || others.left_ms > rest.left_ms) {
		others.quiet_ms = macs && rest.quiet_ms < quiet_ms ? rest.quiet_ms : quiet_ms;
		return others;
	}
	rest.quiet_ms = rest.quiet_ms < quiet_ms ? rest.quiet_ms : quiet_ms;
	return rest;
}

static bool is_changed(const struct source *source)
{
	const struct source_order *order = &source->order;
	bool same =
	        source->subvolume.ctransid == order->last_ctransid && order->last_ctransid != 0 &&
	        (order->last_source_uuid[0] == '\0' || strcmp(order->last_source_uuid, source->subvolume.uuid) == 0);

	return source->read_once && (!same || source->wrote_unseen);
}

static struct idle_facts facts_of(const struct look *look, const struct macs_rest *rest)
{
	struct source *source = look->source;
	const struct source_order *order = &source->order;
	bool changed = is_changed(source);

	if (!changed)
		source->changed_since_ms = -1;
	else if (source->changed_since_ms < 0)
		source->changed_since_ms = look->now_ms;
	return (struct idle_facts){ .now_ms = look->now_ms,
		                    .wall_s = look->wall_s,
		                    .changed_since_ms = source->changed_since_ms,
		                    .changed = changed,
		                    .confirmed = source->confirmed,
		                    .running = order->running,
		                    .paused = order->paused,
		                    .quiet_ms = rest->quiet_ms,
		                    .left_ms = rest->left_ms,
		                    .holder = rest->holder,
		                    .max_wait_ms = order->max_wait_ms,
		                    .last_taken_s = order->last_taken_s,
		                    .apart_ms = is_time_machine(source) ? order->apart_ms : 0 };
}

/* Makes sure that the quiet is real: everything is written back, and the counter has not moved by it unexplained; the handles are still the same, and
 * the bundles say what they said. */
static int confirm(const struct look *look, struct error *err)
{
	struct source *source = look->source;
	bool was_settled = source->settled;

	if (write_back(look, err) != 0)
		return -1;
	look_at_handles(look, 0);
	macs_read(&source->macs, look->fd, true, 0, look->now_ms, look->wall_s);
	look_at_events(look); /* what came while we looked */
	if (source->settled && was_settled)
		source->wrote_unseen = false;
	source->confirmed = source->scan == NULL && was_settled && source->settled;
	return 0;
}

/* Passes over a source that nobody keeps count of: one at first, one now and then, and one that began after the quiet time and finds nothing new. */
static int look_through(const struct look *look, const struct macs_rest *rest, struct error *err)
{
	struct source *source = look->source;
	struct subvolume now = { .ctransid = 0 };
	bool to_confirm = is_changed(source) && rest->left_ms <= 0 && !source->confirmed && !source->order.running;
	bool waits = !signal_inotify_all(source->inotify) && source->changed_since_ms >= 0 && !source->confirmed;

	if (!signal_scan_busy(source->scan)) {
		if (source->read_once && !to_confirm && !waits && look->now_ms < source->scan_due_ms)
			return 0;
		if (signal_scan_begin(source->scan, look->fd, err) != 0)
			return -1;
		source->pass_ms = look->now_ms;
		source->pass_stale = false;
	}
	if (!signal_scan_step(source->scan, &now.ctransid))
		return 0;
	source->scan_due_ms = look->now_ms + SIGNAL_SCAN_REST * signal_scan_cost_ms(source->scan);
	if (source->scan_due_ms < look->now_ms + SCAN_LEAST_MS)
		source->scan_due_ms = look->now_ms + SCAN_LEAST_MS;
	name_file_system(look, &now);
	if (source->read_once && now.ctransid == source->subvolume.ctransid && !source->pass_stale) {
		source->wrote_unseen = false;
		source->confirmed = source->pass_ms - source->last_activity_ms >= (int64_t)rest->need_ms;
		return 0;
	}
	source->explained = source->explained || source->pass_stale; /* else nobody told of it */
	take_counter(look, &now);
	source->wrote_unseen = source->wrote_unseen || source->pass_stale;
	return 0;
}

/* Between looks at what is open, and readings of property lists, a part of the time that must be quiet, where that is short. */
static int64_t every(int64_t usual_ms, uint64_t need_ms)
{
	return need_ms > 0 && (int64_t)need_ms / 4 < usual_ms ? (int64_t)need_ms / 4 : usual_ms;
}

static int look_inside(const struct look *look, struct idle_verdict *verdict, struct error *err)
{
	struct source *source = look->source;
	const struct source_order *order = &source->order;
	struct macs_rest rest;
	struct idle_facts facts;

	look_at_events(look);
	if (read_counter(look, err) != 0)
		return -1;
	macs_read(&source->macs, look->fd, false, every(READ_EVERY_MS, order->quiet.finished_ms), look->now_ms,
	          look->wall_s);
	rest = rest_of(source, look->now_ms);
	if (source->scan != NULL) {
		if (look_through(look, &rest, err) != 0)
			return -1;
		if (!source->read_once) {
			*verdict = (struct idle_verdict){ .state = IDLE_ACTIVE };
			(void)snprintf(verdict->reason, sizeof(verdict->reason),
			               "waiting for idle: being looked through for the first time");
			return 0;
		}
	}
	facts = facts_of(look, &rest);
	if (facts.changed && !facts.running && !facts.paused) {
		bool half = rest.left_ms * 2 <= (int64_t)rest.need_ms;

		if (half && !source->settled && settle(look, err) != 0)
			return -1;
		look_at_handles(look, half ? every(HANDLES_EVERY_MS, rest.need_ms) : HANDLES_AWAKE_MS);
		rest = rest_of(source, look->now_ms);
	}
	facts = facts_of(look, &rest);
	*verdict = idle_decide(&facts);
	if (!verdict->confirm || source->scan != NULL)
		return 0;
	if (confirm(look, err) != 0)
		return -1;
	rest = rest_of(source, look->now_ms);
	facts = facts_of(look, &rest);
	*verdict = idle_decide(&facts);
	return 0;
}

static int look_at(struct look *look, struct idle_verdict *verdict, struct error *err)
{
	struct source *source = look->source;
	struct stat st = { 0 };
	int rc = 0;

	if (open_source(source, &look->fd, &st, err) != 0)
		return -1;
	/* Another folder in its place: a subvolume that was rolled back, a disk mounted over it. */
	if (source->held && (st.st_dev != source->dev || st.st_ino != source->ino)) {
		log_line(LOG_NOTICE, "pipeline=%s another folder lies at %s now; it is watched from here on",
		         source->order.pipeline, source->order.path);
		let_go(source);
	}
	if (!source->held)
		rc = take_hold(look, &st, err);
	if (rc == 0)
		rc = look_inside(look, verdict, err);
	(void)close(look->fd);
	return rc;
}

struct source_report source_look(struct source *source, struct signal_openfiles *files, int64_t now_ms, int64_t wall_s)
{
	struct source_report report = { .pipeline = source->order.pipeline, .wall_s = wall_s };
	struct look look = { .source = source, .files = files, .fd = -1, .now_ms = now_ms, .wall_s = wall_s };
	struct error err = { .class = ERR_NONE };

	if (look_at(&look, &report.verdict, &err) != 0) {
		report.verdict = (struct idle_verdict){ .state = IDLE_UNKNOWN };
		(void)snprintf(report.verdict.reason, sizeof(report.verdict.reason), "%.*s", IDLE_REASON_SIZE - 1,
		               err.text);
		if (!source->said_failing)
			log_line(LOG_WARNING, "pipeline=%s can't be watched: %s", source->order.pipeline, err.text);
		source->said_failing = true;
		let_go(source);
	} else {
		source->said_failing = false;
		report.time_machine = is_time_machine(source);
		report.macs = report.time_machine ? &source->macs : NULL;
		(void)snprintf(report.uuid, sizeof(report.uuid), "%s", source->subvolume.uuid);
	}
	if (report.verdict.state != source->state) {
		source->state = report.verdict.state;
		source->state_since_s = wall_s;
		log_line(LOG_INFO, "pipeline=%s %s: %s", source->order.pipeline, idle_state_name(source->state),
		         report.verdict.reason);
	}
	log_trace("idle", "pipeline=%s %s: %s; ctransid %llu", source->order.pipeline, idle_state_name(source->state),
	          report.verdict.reason, (unsigned long long)source->subvolume.ctransid);
	report.since_s = source->state_since_s;
	report.ctransid = source->subvolume.ctransid;
	return report;
}
