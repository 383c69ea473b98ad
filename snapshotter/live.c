#include "snapshotter/live.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/file_system.h"
#include "lib/log.h"
#include "lib/room.h"
#include "lib/subvolume.h"
#include "lib/tree_scan.h"
#include "snapshotter/proof.h"

struct live {
	struct stage_job *job;
	const struct stage_request *request;
	char source[PATH_MAX]; /* without symlinks */
	int fd;
	uint64_t fingerprint, inode;
	char file_system
	        [FILE_SYSTEM_NAME_SIZE]; /* by both it is known again, should another disk lie there when it is read */
	struct subvolume seen; /* in a snapshot's place: its counter and name are those that the watcher goes by */
	int64_t at_s;
	struct proof proof;
};

static int give_up_if_asked(void *context, struct error *err)
{
	const struct live *live = context;

	return stage_job_cancelled(live->job) ? error_set(err, ERR_CANCELLED, "it was asked to stop") : 0;
}

/* As the watcher does: btrfs's counter, else the fingerprint, under the file system's name. */
static void take_counter(struct live *live)
{
	const struct stage_rest *rest = stage_request_rest(live->request);

	if (subvolume_read(live->fd, &live->seen, NULL) == 0) {
		memcpy(live->seen.parent_uuid, live->seen.uuid, sizeof(live->seen.parent_uuid));
		return;
	}
	live->seen = (struct subvolume){ .ctransid = live->fingerprint };
	if (rest->known && rest->source_uuid != NULL && file_system_is(live->fd, rest->source_uuid))
		(void)snprintf(live->seen.parent_uuid, sizeof(live->seen.parent_uuid), "%s", rest->source_uuid);
	else
		file_system_name(live->fd, live->seen.parent_uuid);
}

static int look(struct live *live, struct error *err)
{
	const char *source = stage_request_source(live->request);
	struct stat st;

	if (realpath(source, live->source) == NULL)
		return error_sys(err, errno, "the source %s", source);
	live->fd = open(live->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (live->fd < 0)
		return error_sys(err, errno, "opening the source %s", live->source);
	if (fstat(live->fd, &st) != 0)
		return error_sys(err, errno, "stat of the source %s", live->source);
	live->inode = st.st_ino;
	file_system_name(live->fd, live->file_system);
	/* What is mapped and written to has another time only from the next write behind a sync on. */
	if (syncfs(live->fd) != 0)
		return error_sys(err, errno, "syncing the source's file system");
	live->at_s = time(NULL);
	if (tree_scan_all(live->fd, give_up_if_asked, live, &live->fingerprint, err) != 0)
		return error_prefix(err, "looking through %s", live->source);
	take_counter(live);
	return 0;
}

static int judge(struct live *live, struct error *err)
{
	const struct stage_rest *rest = stage_request_rest(live->request);
	enum stage_trigger trigger = stage_request_trigger(live->request);
	bool still = !rest->known || rest->ctransid == live->seen.ctransid;

	proof_find(&live->proof, live->fd, rest, live->at_s);
	proof_judge(&live->proof, rest, still, trigger == TRIGGER_MAX_WAIT, &live->seen);
	if (live->proof.other && trigger != TRIGGER_MANUAL)
		return error_set(
		        err, ERR_BUSY,
		        "another file system lies at %s than the one that was seen at rest; was a disk unmounted, or "
		        "another one put in its place?",
		        live->source);
	if (live->proof.at_rest || trigger != TRIGGER_IDLE)
		return 0;
	return error_set(err, ERR_BUSY, "the source is being written to again");
}

static void fill_result(const struct live *live, struct stage_result *result)
{
	struct room room;

	stage_result_string(result, "driver", "none");
	stage_result_string(result, "path", live->source);
	stage_result_string(result, "source_uuid", live->seen.parent_uuid);
	stage_result_integer(result, "ctransid", (int64_t)live->seen.ctransid);
	stage_result_integer(result, "fingerprint", (int64_t)live->fingerprint);
	stage_result_string(result, "file_system", live->file_system);
	stage_result_integer(result, "inode", (int64_t)live->inode);
	stage_result_integer(result, "taken_at", live->at_s);
	stage_result_string(result, "state", live->proof.state);
	proof_tell(&live->proof, result);
	if (room_read(live->source, &room, NULL) == 0) {
		stage_result_integer(result, "source_free_bytes", (int64_t)room.free_bytes);
		stage_result_integer(result, "source_total_bytes", (int64_t)room.total_bytes);
	}
}

int live_run(struct stage_job *job, const struct stage_request *request, struct stage_result *result, struct error *err)
{
	struct live *live;
	int rc = -1;

	if (stage_request_snapshots(request)->release) {
		stage_result_integer(result, "removed_snapshots", 0);
		return 0; /* there are none that could make room */
	}
	live = calloc(1, sizeof(*live));
	if (live == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	live->job = job;
	live->request = request;
	live->fd = -1;
	if (look(live, err) == 0 && judge(live, err) == 0) {
		fill_result(live, result);
		log_line(LOG_INFO, "%s is read as it is, %s", live->source, live->proof.state);
		rc = 0;
	}
	if (live->fd >= 0)
		(void)close(live->fd);
	proof_done(&live->proof);
	free(live);
	return rc;
}
