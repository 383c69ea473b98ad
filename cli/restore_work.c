#include "cli/restore_work.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/boot_id.h"
#include "lib/crash_point.h"
#include "lib/durable.h"
#include "lib/durable_json.h"

#define STATE "state.json"
#define STATE_BYTES_MAX (1u << 20)
#define BAD "bad" /* paths, each with a NUL behind */
#define PATH_BYTES_MAX 65535
#define END_ATTRIBUTE "user.aob.restored"
#define END_BYTES_MAX 3000 /* in a block of 4 KiB, as ext4 has for them */

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Our folder's name in the target, if there is one; and is there anything else? */
static int look(struct restore_work *work, struct error *err)
{
	int fd = openat(work->target_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *item;

	if (dir == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return error_sys(err, errno, "looking into the target");
	}
	errno = 0;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	while ((item = readdir(dir)) != NULL) {
		size_t n = strlen(RESTORE_FOLDER_PREFIX);

		if (strncmp(item->d_name, RESTORE_FOLDER_PREFIX, n) == 0 &&
		    strlen(item->d_name) == n + RESTORE_FOLDER_DIGITS)
			(void)snprintf(work->name, sizeof(work->name), "%.30s", item->d_name);
		else if (!is_dots(item->d_name))
			work->others = true;
	}
	(void)closedir(dir);
	return 0;
}

/* A folder without a state is one that was made just before an end: as if nothing had been begun. */
static json_t *read_state(const struct restore_work *work)
{
	char *text = NULL;
	size_t n;
	json_t *json = NULL;

	if (durable_read(work->fd, STATE, STATE_BYTES_MAX, &text, &n, NULL) == 0)
		json = json_loadb(text, n, 0, NULL);
	free(text);
	return json;
}

/* The target's attribute, if an end has left it there. Of another restore it says nothing: that one is complete too. */
static int read_end(struct restore_work *work, const struct restore_work_key *key, struct error *err)
{
	char text[END_BYTES_MAX];
	ssize_t n = fgetxattr(work->target_fd, END_ATTRIBUTE, text, sizeof(text));
	const char *pipeline;
	const char *wanted;
	const char *generation;
	json_t *json = n > 0 ? json_loadb(text, (size_t)n, 0, NULL) : NULL;
	json_int_t mtime_s;
	json_int_t mtime_ns;
	int rc = 0;

	if (json != NULL &&
	    json_unpack(json, "{s:s, s:s, s:s, s:I, s:I}", "pipeline", &pipeline, "wanted", &wanted, "generation",
	                &generation, "mtime_s", &mtime_s, "mtime_ns", &mtime_ns) == 0 &&
	    strcmp(pipeline, key->pipeline) == 0 && strcmp(wanted, key->wanted) == 0 &&
	    (key->generation == NULL || strcmp(generation, key->generation) == 0) &&
	    strlen(generation) < sizeof(work->generation)) {
		work->complete = true;
		work->time = (struct timespec){ .tv_sec = (time_t)mtime_s, .tv_nsec = (long)mtime_ns };
		(void)snprintf(work->generation, sizeof(work->generation), "%s", generation);
		if (work->name[0] != '\0')
			work->fd = openat(work->target_fd, work->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (work->name[0] != '\0' && work->fd < 0)
			rc = error_sys(err, errno, "opening %s", work->name);
	}
	json_decref(json);
	return rc;
}

static int take_state(struct restore_work *work, const struct restore_work_key *key, json_t *json, struct error *err)
{
	const char *pipeline;
	const char *wanted;
	const char *generation;
	const char *boot;
	const char *aside = "";
	char now[BOOT_ID_SIZE];

	if (json_unpack(json, "{s:s, s:s, s:s, s:s, s?s}", "pipeline", &pipeline, "wanted", &wanted, "generation",
	                &generation, "boot_id", &boot, "aside", &aside) != 0 ||
	    strlen(generation) >= sizeof(work->generation) || strlen(aside) >= sizeof(work->aside) ||
	    strchr(aside, '/') != NULL)
		return 0;
	if (strcmp(pipeline, key->pipeline) != 0 || strcmp(wanted, key->wanted) != 0 ||
	    (key->generation != NULL && strcmp(generation, key->generation) != 0))
		return error_set(
		        err, ERR_REFUSED,
		        "another restore was begun there and is not finished: pipeline %.60s, generation %.30s, "
		        "%.200s; go on with that one, or name another folder, or remove that folder's %s to give it up",
		        pipeline, generation, *wanted != '\0' ? wanted : "all of it", work->name);
	(void)snprintf(work->generation, sizeof(work->generation), "%s", generation);
	(void)snprintf(work->aside, sizeof(work->aside), "%s", aside);
	boot_id_read(now);
	work->same_boot = now[0] != '\0' && strcmp(now, boot) == 0;
	return 0;
}

int restore_work_open(struct restore_work *work, int target_fd, const struct restore_work_key *key, struct error *err)
{
	json_t *json;
	int rc;

	*work = (struct restore_work){ .target_fd = target_fd, .fd = -1, .bad_fd = -1 };
	if (flock(target_fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? error_set(err, ERR_LOCKED, "another restore works on it just now")
		                            : error_sys(err, errno, "locking the target");
	if (look(work, err) != 0 || read_end(work, key, err) != 0)
		return -1;
	if (work->complete || work->name[0] == '\0')
		return 0;
	work->fd = openat(target_fd, work->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (work->fd < 0)
		return error_sys(err, errno, "opening %s", work->name);
	json = read_state(work);
	rc = json != NULL ? take_state(work, key, json, err) : 0;
	json_decref(json);
	return rc;
}

static int make_folder(struct restore_work *work, struct error *err)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		return error_sys(err, errno, "drawing a random name");
	(void)snprintf(work->name, sizeof(work->name), RESTORE_FOLDER_PREFIX "%016" PRIx64, number);
	if (mkdirat(work->target_fd, work->name, 0700) != 0)
		return error_sys(err, errno, "making the folder %s in the target", work->name);
	work->fd = openat(work->target_fd, work->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return work->fd >= 0 ? 0 : error_sys(err, errno, "opening %s", work->name);
}

int restore_work_prepare(struct restore_work *work, struct error *err)
{
	struct stat st;

	if (work->fd >= 0)
		return 0;
	if (fstat(work->target_fd, &st) != 0)
		return error_sys(err, errno, "stat of the target");
	work->was = st.st_mtim;
	work->made = true;
	return make_folder(work, err);
}

void restore_work_give_up(struct restore_work *work)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, work->was };

	if (!work->made || work->fd < 0 || unlinkat(work->target_fd, work->name, AT_REMOVEDIR) != 0)
		return;
	(void)futimens(work->target_fd, times);
	work->made = false;
	restore_work_close(work);
}

int restore_work_begin(struct restore_work *work, const struct restore_work_key *key, const char *generation,
                       struct error *err)
{
	char boot[BOOT_ID_SIZE];
	json_t *json;

	if (restore_work_prepare(work, err) != 0)
		return -1;
	work->made = false;
	(void)fremovexattr(work->target_fd,
	                   END_ATTRIBUTE); /* another one's: it is as good as complete, and this changes the target */
	work->key = *key;
	(void)snprintf(work->begun, sizeof(work->begun), "%s", generation);
	boot_id_read(boot);
	if (work->aside[0] == '\0' && key->aside != NULL)
		(void)snprintf(work->aside, sizeof(work->aside), "%s", key->aside);
	json = json_pack("{s:s, s:s, s:s, s:s, s:s}", "pipeline", key->pipeline, "wanted", key->wanted, "generation",
	                 generation, "boot_id", boot, "aside", work->aside);
	if (json == NULL)
		return error_set(err, ERR_INPUT, "what is to be restored can't be written down as UTF-8");
	if (durable_json_write(work->fd, STATE, DURABLE_PRIVATE, json, JSON_COMPACT, err) != 0 ||
	    durable_sync(work->target_fd, "the target", err) != 0)
		return -1;
	work->bad_fd = openat(work->fd, BAD, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return work->bad_fd >= 0 ? 0 : error_sys(err, errno, "opening the list of damaged files");
}

int restore_work_bad(struct restore_work *work, const char *path, struct error *err)
{
	size_t n = strlen(path) + 1;

	return write(work->bad_fd, path, n) == (ssize_t)n ? 0
	                                                  : error_sys(err, errno, "writing the list of damaged files");
}

int restore_work_each_bad(struct restore_work *work, int (*each)(void *context, const char *path, struct error *err),
                          void *context, struct error *err)
{
	int fd = work->fd >= 0 ? openat(work->fd, BAD, O_RDWR | O_NOFOLLOW | O_CLOEXEC) : -1;
	FILE *list = fd >= 0 ? fdopen(fd, "r+") : NULL;
	char *path = NULL;
	size_t room = 0;
	int rc = 0;

	if (list == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return 0;
	}
	/* One that was cut off was not put in place, either. */
	while (rc == 0 && getdelim(&path, &room, '\0', list) > 0)
		rc = strlen(path) <= PATH_BYTES_MAX && *path != '\0' ? each(context, path, err) : 0;
	if (rc == 0 && ftruncate(fileno(list), 0) != 0)
		rc = error_sys(err, errno, "clearing the list of damaged files");
	free(path);
	(void)fclose(list);
	return rc;
}

/* One pass: how many names went; -1. */
static int empty_once(const struct restore_work *work, int folder_fd, struct error *err)
{
	int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *item;
	int gone = 0;

	if (dir == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return error_sys(err, errno, "opening %s", work->name);
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	while ((item = readdir(dir)) != NULL)
		if (!is_dots(item->d_name) && strcmp(item->d_name, STATE) != 0)
			gone += unlinkat(folder_fd, item->d_name, 0) == 0;
	(void)closedir(dir);
	return gone;
}

/* While names go, some file systems pass over others. */
static int empty_folder(const struct restore_work *work, int folder_fd, struct error *err)
{
	int gone;

	do
		gone = empty_once(work, folder_fd, err);
	while (gone > 0);
	return gone;
}

/* What a killed rsync left there of files that came otherwise. */
static int remove_parts(const struct restore_work *work, struct error *err)
{
	int fd = openat(work->fd, RESTORE_WORK_PARTS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return 0;
	rc = empty_folder(work, fd, err);
	(void)close(fd);
	(void)unlinkat(work->fd, RESTORE_WORK_PARTS, AT_REMOVEDIR);
	return rc;
}

static int remove_folder(struct restore_work *work, struct error *err)
{
	/* By FUSE, what is open has a name until it is closed. */
	if (work->bad_fd >= 0)
		(void)close(work->bad_fd);
	work->bad_fd = -1;
	if (empty_folder(work, work->fd, err) != 0 || remove_parts(work, err) != 0)
		return -1;
	/* The state last: killed before, the same command finds all that is there. */
	(void)unlinkat(work->fd, STATE, 0);
	crash_point("restore-emptied");
	if (unlinkat(work->target_fd, work->name, AT_REMOVEDIR) != 0)
		return error_sys(err, errno, "removing %s", work->name);
	crash_point("restore-removed");
	return 0;
}

int restore_work_finish(struct restore_work *work, struct error *err)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, work->time };

	if (work->fd >= 0 && remove_folder(work, err) != 0)
		return -1;
	if (futimens(work->target_fd, times) != 0)
		return error_sys(err, errno, "setting the target's time");
	(void)fremovexattr(work->target_fd, END_ATTRIBUTE); /* a file system without attributes has none */
	restore_work_close(work);
	work->complete = false;
	work->generation[0] = work->name[0] = '\0';
	return 0;
}

int restore_work_end(struct restore_work *work, struct error *err)
{
	struct stat st;
	char *text = NULL;
	json_t *json;

	if (fstat(work->target_fd, &st) != 0)
		return error_sys(err, errno, "stat of the target");
	work->time = st.st_mtim;
	json = json_pack("{s:s, s:s, s:s, s:I, s:I}", "pipeline", work->key.pipeline, "wanted", work->key.wanted,
	                 "generation", work->begun, "mtime_s", (json_int_t)st.st_mtim.tv_sec, "mtime_ns",
	                 (json_int_t)st.st_mtim.tv_nsec);
	text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
	/* Where it can't be kept, only who is killed just here is told that the folder is not empty. */
	if (text != NULL && strlen(text) < END_BYTES_MAX)
		(void)fsetxattr(work->target_fd, END_ATTRIBUTE, text, strlen(text), 0);
	free(text);
	json_decref(json);
	return restore_work_finish(work, err);
}

void restore_work_close(struct restore_work *work)
{
	if (work->bad_fd >= 0)
		(void)close(work->bad_fd);
	if (work->fd >= 0)
		(void)close(work->fd);
	work->bad_fd = work->fd = -1;
}
