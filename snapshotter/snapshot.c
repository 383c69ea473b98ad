#include "snapshotter/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "lib/local_snapshot.h"
#include "lib/log.h"
#include "lib/room.h"
#include "lib/subvolume.h"
#include "snapshotter/clear.h"
#include "snapshotter/proof.h"

#define TRIES 3

struct snapshot {
	const struct stage_request *request;
	struct stage_job *job;
	struct room_min min_free;
	char source[PATH_MAX]; /* without symlinks */
	char root[PATH_MAX];   /* its subvolume */
	char folder[PATH_MAX];
	char path[PATH_MAX]; /* the snapshot */
	int source_fd;
	struct subvolume before, frozen;
	int64_t taken_at_s;
	bool quiet;
	bool reused;
	bool shared; /* it is another pipeline's */
	struct proof proof;
};

static int find_places(struct snapshot *s, struct error *err)
{
	const char *wanted = NULL;
	const char *min_free = NULL;
	const char *source = stage_request_source(s->request);

	if (stage_request_with_string(s->request, "dir", &wanted, err) != 0 ||
	    stage_request_with_string(s->request, "min_free", &min_free, err) != 0 ||
	    room_min_parse(min_free, &s->min_free, err) != 0)
		return -1;
	if (realpath(source, s->source) == NULL)
		return error_sys(err, errno, "the source %s", source);
	if (subvolume_root(s->source, s->root, err) != 0 || subvolume_snapshots(s->source, wanted, s->folder, err) != 0)
		return -1;
	if (snprintf(s->path, sizeof(s->path), "%s/%s.%s", s->folder, stage_request_pipeline(s->request),
	             stage_request_run(s->request)) >= (int)sizeof(s->path))
		return error_set(err, ERR_CONFIG, "the snapshot's path below %s is too long", s->folder);
	/* What is in a snapshot is as private as the source, whatever the folder above it allows. */
	if (!stage_request_snapshots(s->request)->release && mkdir(s->folder, 0700) != 0 && errno != EEXIST)
		return error_sys(err, errno, "making the snapshots' folder %s", s->folder);
	s->source_fd = open(s->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return s->source_fd >= 0 ? 0 : error_sys(err, errno, "opening the source %s", s->source);
}

static int read_frozen(struct snapshot *s, struct error *err)
{
	int fd = open(s->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return error_sys(err, errno, "opening the snapshot %s", s->path);
	rc = subvolume_read(fd, &s->frozen, err);
	(void)close(fd);
	return rc;
}

/* 1: an earlier attempt of this run made it, and nothing was written since; 0: there is none that can be used; -1. */
static int find_own(struct snapshot *s, struct error *err)
{
	struct stat st;

	if (lstat(s->path, &st) != 0)
		return errno == ENOENT ? 0 : error_sys(err, errno, "stat of %s", s->path);
	if (syncfs(s->source_fd) != 0)
		return error_sys(err, errno, "syncing the source's file system");
	if (subvolume_read(s->source_fd, &s->before, err) != 0)
		return -1;
	if (read_frozen(s, NULL) == 0 && s->frozen.read_only && strcmp(s->frozen.parent_uuid, s->before.uuid) == 0 &&
	    s->frozen.ctransid == s->before.ctransid) {
		s->taken_at_s = s->frozen.made_s;
		s->quiet = s->reused = true;
		return 1;
	}
	return local_snapshot_remove(s->path, err);
}

static bool is_one_of(const char *uuid, const char *const *list)
{
	while (*list != NULL && strcmp(*list, uuid) != 0)
		list++;
	return *list != NULL;
}

static int take_shared(struct snapshot *s, const char *path, struct error *err)
{
	char own[PATH_MAX];

	memcpy(own, s->path, sizeof(own));
	if (snprintf(s->path, sizeof(s->path), "%s", path) < (int)sizeof(s->path) && read_frozen(s, err) == 0) {
		s->taken_at_s = s->frozen.made_s;
		s->quiet = s->reused = s->shared = true;
		return 1;
	}
	memcpy(s->path, own, sizeof(own));
	return 0; /* gone meanwhile: then one of its own */
}

/* One that another pipeline of this source counts on, and since which nothing was written: another one would show the same. 1: found, 0: there is none, -1. */
static int find_shared(struct snapshot *s, struct error *err)
{
	const struct stage_snapshots *known = stage_request_snapshots(s->request);
	struct local_snapshot *list;
	struct error gone;
	size_t n;
	int rc = 0;

	/* A step by itself, and a seed that takes weeks, have one of their own. */
	if (known->others == NULL || known->anchor == NULL || stage_request_seed(s->request)->writes)
		return 0;
	if (syncfs(s->source_fd) != 0)
		return error_sys(err, errno, "syncing the source's file system");
	if (subvolume_read(s->source_fd, &s->before, err) != 0 || local_snapshot_list(s->folder, &list, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n && rc == 0; i++)
		if (strcmp(list[i].parent_uuid, s->before.uuid) == 0 && list[i].ctransid == s->before.ctransid &&
		    is_one_of(list[i].uuid, known->others))
			rc = take_shared(s, list[i].path, &gone);
	local_snapshot_list_free(list, n);
	return rc;
}

/* 1: quiet, 0: written to meanwhile, -1. */
static int try_once(struct snapshot *s, struct error *err)
{
	struct subvolume after;

	if (syncfs(s->source_fd) != 0)
		return error_sys(err, errno, "syncing the source's file system");
	if (subvolume_read(s->source_fd, &s->before, err) != 0)
		return -1;
	s->taken_at_s = time(NULL);
	if (local_snapshot_make(s->root, s->path, err) != 0 || read_frozen(s, err) != 0 ||
	    subvolume_read(s->source_fd, &after, err) != 0)
		return -1;
	return s->before.ctransid == s->frozen.ctransid && after.ctransid == s->frozen.ctransid;
}

/* Old snapshots never fill the source's disk: they go first, and with too little room left none is made. */
static int make_room(struct snapshot *s, struct error *err)
{
	struct clear clear = { .job = s->job, .request = s->request, .folder = s->folder };
	char free_text[BYTES_TEXT_SIZE];
	char min_text[BYTES_TEXT_SIZE];
	struct error old = { .class = ERR_NONE };
	struct room room;
	uint64_t min;
	int rc;

	if (clear_old(&clear, NULL, &old) != 0)
		log_error(LOG_WARNING, &old, "old snapshots stay");
	rc = room_read(s->source, &room, err);
	if (rc == 0 && room.free_bytes < room_min_bytes(&s->min_free, room.total_bytes)) {
		clear_wait(&clear, s->source_fd);
		rc = room_read(s->source, &room, err);
	}
	clear_done(&clear);
	if (rc != 0)
		return -1;
	min = room_min_bytes(&s->min_free, room.total_bytes);
	if (room.free_bytes >= min)
		return 0;
	return error_set(
	        err, ERR_SPACE,
	        "no snapshot is made: %s are free on the disk of %s, min_free wants %s; delete something there, "
	        "or lower min_free",
	        bytes_text(room.free_bytes, free_text, sizeof(free_text)), s->source,
	        bytes_text(min, min_text, sizeof(min_text)));
}

/* Where in the snapshot the source's folder is. */
static void frozen_path(const struct snapshot *s, char path[2 * PATH_MAX])
{
	const char *below = s->source + strlen(s->root);

	if (strcmp(s->root, "/") == 0)
		below = s->source;
	while (*below == '/')
		below++;
	(void)snprintf(path, (size_t)2 * PATH_MAX, "%s%s%s", s->path, *below != '\0' ? "/" : "", below);
}

/* What it is a picture of. One that was asked for at rest, and is not of that rest, is not kept. */
static int judge(struct snapshot *s, struct error *err)
{
	enum stage_trigger trigger = stage_request_trigger(s->request);
	char path[2 * PATH_MAX];
	int fd;

	frozen_path(s, path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, errno, "opening the snapshot %s", path);
	proof_find(&s->proof, fd, stage_request_rest(s->request), s->taken_at_s);
	(void)close(fd);
	proof_judge(&s->proof, stage_request_rest(s->request), s->quiet, trigger == TRIGGER_MAX_WAIT, &s->frozen);
	if (s->proof.at_rest || trigger != TRIGGER_IDLE)
		return 0;
	if (!s->shared && local_snapshot_remove(s->path, err) != 0)
		return -1;
	if (s->proof.other)
		return error_set(
		        err, ERR_BUSY,
		        "another subvolume lies at %s than the one that was seen at rest; was a disk unmounted, or "
		        "another one put in its place?",
		        s->source);
	return error_set(err, ERR_BUSY, "the source is being written to again");
}

static int freeze(struct snapshot *s, struct error *err)
{
	int rc = find_own(s, err);

	if (rc == 0 && make_room(s, err) != 0)
		return -1;
	if (rc == 0)
		rc = find_shared(s, err);
	for (int i = 0; i < TRIES && rc == 0; i++) {
		if (i > 0 && local_snapshot_remove(s->path, err) != 0)
			return -1;
		rc = try_once(s, err);
		if (rc == 0)
			log_line(LOG_INFO, "the source was written to around the snapshot (try %d of %d)", i + 1,
			         TRIES);
	}
	if (rc < 0)
		return -1;
	s->quiet = rc == 1;
	return judge(s, err);
}

static void fill_result(const struct snapshot *s, struct stage_result *result)
{
	char path[2 * PATH_MAX];
	struct room room;

	frozen_path(s, path);
	stage_result_string(result, "driver", "btrfs");
	stage_result_string(result, "path", path);
	stage_result_string(result, "snapshot", s->path);
	stage_result_string(result, "uuid", s->frozen.uuid);
	stage_result_string(result, "source_uuid", s->frozen.parent_uuid);
	stage_result_integer(result, "ctransid", (int64_t)s->frozen.ctransid);
	stage_result_integer(result, "taken_at", s->taken_at_s);
	stage_result_string(result, "state", s->proof.state);
	proof_tell(&s->proof, result);
	stage_result_bool(result, "reused", s->reused);
	if (s->shared)
		stage_result_bool(result, "shared", true);
	if (room_read(s->source, &room, NULL) == 0) {
		stage_result_integer(result, "source_free_bytes", (int64_t)room.free_bytes);
		stage_result_integer(result, "source_total_bytes", (int64_t)room.total_bytes);
	}
}

static int release(struct snapshot *s, struct stage_result *result, struct error *err)
{
	struct clear clear = { .job = s->job, .request = s->request, .folder = s->folder };
	struct stage_progress progress = { .eta_s = -1, .note = "making room" };
	int rc;

	stage_job_progress(s->job, &progress);
	rc = clear_old(&clear, result, err);
	clear_wait(&clear, s->source_fd);
	stage_result_integer(result, "removed_snapshots", (int64_t)clear.n_removed);
	clear_done(&clear);
	return rc;
}

int snapshot_run(struct stage_job *job, const struct stage_request *request, struct stage_result *result,
                 struct error *err)
{
	struct snapshot *s = calloc(1, sizeof(*s));
	int rc = -1;

	if (s == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	s->request = request;
	s->job = job;
	s->source_fd = -1;
	if (find_places(s, err) != 0) {
		rc = -1;
	} else if (stage_request_snapshots(request)->release) {
		rc = release(s, result, err);
	} else if (freeze(s, err) == 0) {
		fill_result(s, result);
		log_line(LOG_NOTICE, "snapshot %s, %s%s", s->path, s->proof.state,
		         s->shared   ? ", made for another pipeline"
		         : s->reused ? ", made before"
		                     : "");
		rc = 0;
	}
	if (s->source_fd >= 0)
		(void)close(s->source_fd);
	proof_done(&s->proof);
	free(s);
	return rc;
}
