#include "receiver/mend_place.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/crash_point.h"
#include "lib/durable.h"
#include "lib/entry_xattr.h"
#include "lib/hex.h"
#include "lib/inside.h"
#include "lib/log.h"
#include "receiver/file_copy.h"
#include "receiver/generation_name.h"
#include "receiver/incoming.h"
#include "receiver/json_path.h"
#include "wire/wire.h"

#define JOURNAL "mend.json"
#define JOURNAL_BYTES_MAX ((size_t)1 << 20)
#define TEMP_PREFIX ".aob-mend-"
#define TEMP_SIZE 32
#define NAME "name" /* in our folder: a further name of the part */

/* A place, open. */
struct spot {
	const struct survey_place *place;
	int tree_fd;
	struct inside *inside;
	int parent_fd;
	const char *leaf;
	struct timespec folder_time;
	char temp[TEMP_SIZE]; /* beside it; "": none is needed */
};

static int open_spot(const struct vault *vault, const struct survey_place *place, struct spot *spot, struct error *err)
{
	struct stat folder;

	*spot = (struct spot){ .place = place, .tree_fd = -1, .parent_fd = -1 };
	if (survey_open(vault, place, &spot->tree_fd, err) != 0 || inside_new(spot->tree_fd, &spot->inside, err) != 0 ||
	    inside_parent(spot->inside, place->path, &spot->parent_fd, &spot->leaf, err) != 0)
		return -1;
	if (fstat(spot->parent_fd, &folder) != 0)
		return error_sys(err, errno, "looking at the folder of \"%.300s\"", place->path);
	spot->folder_time = folder.st_mtim;
	return 0;
}

static void close_spot(struct spot *spot)
{
	inside_destroy(&spot->inside);
	if (spot->tree_fd >= 0)
		(void)close(spot->tree_fd);
}

static int note(const struct vault *vault, const struct spot *spot, struct error *err)
{
	json_t *json = json_pack("{s:s, s:s, s:s, s:I, s:I}", "generation", spot->place->generation, "run",
	                         spot->place->run, "temp", spot->temp, "mtime_s", (json_int_t)spot->folder_time.tv_sec,
	                         "mtime_ns", (json_int_t)spot->folder_time.tv_nsec);
	char *text = json != NULL && json_path_put(json, "path", spot->place->path) == 0 ? json_dumps(json, 0) : NULL;
	int rc = text != NULL ? durable_write(vault->aob_fd, JOURNAL, DURABLE_PUBLIC, text, strlen(text), err)
	                      : error_set(err, ERR_SYSTEM, "out of memory");

	free(text);
	json_decref(json);
	crash_point("mend-noted");
	return rc;
}

static int make_temp(struct spot *spot, struct error *err)
{
	uint8_t random[8];
	char digits[2 * sizeof(random) + 1];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return error_sys(err, errno, "getrandom");
	hex_text(random, sizeof(random), digits);
	(void)snprintf(spot->temp, sizeof(spot->temp), TEMP_PREFIX "%s", digits);
	return 0;
}

/* With the mark of what it lacks, if the part has that. */
static int sync_copy(const struct mend_source *source, int to_fd, const char *name, struct error *err)
{
	int part_fd = openat(source->folder_fd, source->part, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int fd = openat(to_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int rc = fd >= 0 && part_fd >= 0 ? 0 : error_sys(err, errno, "opening what is mended");

	if (rc == 0) {
		if (source->entry->lacks)
			entry_xattr_copy_lacks(part_fd, fd);
		rc = durable_sync(fd, "what is mended", err);
	}
	if (part_fd >= 0)
		(void)close(part_fd);
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

/* A new inode of the part's content, with all metadata, synced. */
static int copy(const struct mend_source *source, int to_fd, const char *name, struct error *err)
{
	if (file_copy_as(source->folder_fd, source->part, to_fd, name, source->entry, NULL, err) != 0 ||
	    entry_apply(to_fd, name, source->entry, source->vault->fake_super, err) != 0)
		return -1;
	return sync_copy(source, to_fd, name, err);
}

/* In the file system's same part as the part: a further name of it, or, if it has as many as it may, a copy. */
static int place_near(const struct mend_source *source, const struct spot *spot, struct error *err)
{
	(void)unlinkat(source->folder_fd, NAME, 0);
	if (linkat(source->folder_fd, source->part, source->folder_fd, NAME, 0) != 0) {
		if (errno != EMLINK)
			return error_sys(err, errno, "linking what is mended");
		if (copy(source, source->folder_fd, NAME, err) != 0)
			return -1;
	}
	return renameat(source->folder_fd, NAME, spot->parent_fd, spot->leaf) == 0
	               ? 0
	               : error_sys(err, errno, "putting \"%.300s\" in place", spot->place->path);
}

/* A link of the first one in this subvolume. 1: made, 0: there is none, -1. */
static int link_first(const struct mend_source *source, const struct spot *spot, struct error *err)
{
	struct spot first = { .tree_fd = -1 };
	int rc = 0;

	if (source->first == NULL)
		return 0;
	if (open_spot(source->vault, source->first, &first, err) != 0)
		rc = -1;
	else if (linkat(first.parent_fd, first.leaf, spot->parent_fd, spot->temp, 0) == 0)
		rc = 1;
	else if (errno != EMLINK && errno != ENOENT && errno != EXDEV)
		rc = error_sys(err, errno, "linking what is mended");
	close_spot(&first);
	return rc;
}

/* In a subvolume of its own, into which nothing can be renamed: made beside. */
static int place_far(struct mend_source *source, const struct spot *spot, dev_t device, struct error *err)
{
	int rc;

	if (source->first_device != device)
		source->first = NULL;
	rc = link_first(source, spot, err);
	if (rc == 0)
		rc = copy(source, spot->parent_fd, spot->temp, err);
	if (rc < 0)
		return -1;
	crash_point("mend-beside");
	if (renameat(spot->parent_fd, spot->temp, spot->parent_fd, spot->leaf) != 0)
		return error_sys(err, errno, "putting \"%.300s\" in place", spot->place->path);
	source->first = spot->place;
	source->first_device = device;
	return 0;
}

/* The folder is as it was, but for the file's inode. */
static int settle(int parent_fd, const struct timespec *folder_time, struct error *err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, *folder_time };

	if (futimens(parent_fd, times) != 0)
		return error_sys(err, errno, "putting a folder's time back");
	crash_point("mend-timed");
	return durable_sync(parent_fd, "the folder of what is mended", err);
}

static int replace(struct mend_source *source, struct spot *spot, dev_t device, struct error *err)
{
	bool near = device == source->device;

	if ((!near && make_temp(spot, err) != 0) || note(source->vault, spot, err) != 0 ||
	    (near ? place_near(source, spot, err) : place_far(source, spot, device, err)) != 0)
		return -1;
	crash_point("mend-replaced");
	return settle(spot->parent_fd, &spot->folder_time, err);
}

int mend_place_replace(struct mend_source *source, const struct survey_place *place, bool *replaced, struct error *err)
{
	struct spot spot;
	struct stat st;
	int rc = -1;

	*replaced = false;
	if (open_spot(source->vault, place, &spot, err) != 0) {
		/* It went meanwhile. */
		if (error_forgive(err, ERR_NOT_FOUND))
			rc = 0;
	} else if (fstatat(spot.parent_fd, spot.leaf, &st, AT_SYMLINK_NOFOLLOW) != 0 || st.st_dev != place->device ||
	           st.st_ino != place->inode) {
		rc = 0;
	} else {
		rc = replace(source, &spot, st.st_dev, err);
		*replaced = rc == 0;
	}
	close_spot(&spot);
	return rc;
}

int mend_place_done(const struct vault *vault, struct error *err)
{
	if (unlinkat(vault->aob_fd, JOURNAL, 0) != 0)
		return errno == ENOENT ? 0 : error_sys(err, errno, "removing .aob/" JOURNAL);
	if (durable_sync(vault->aob_fd, ".aob", err) != 0)
		return -1;
	crash_point("mend-done"); /* killed here: the book still names it, and forgets it when it is looked at again */
	return 0;
}

/* What the journal says was begun: the name beside goes, and the folder's time is put back. Nothing else is trusted: it may have been changed. */
static int undo(const struct vault *vault, const json_t *json, char *path, struct error *err)
{
	const char *generation = json_string_value(json_object_get(json, "generation"));
	const char *run = json_string_value(json_object_get(json, "run"));
	const char *temp = json_string_value(json_object_get(json, "temp"));
	struct timespec time = { .tv_sec = json_integer_value(json_object_get(json, "mtime_s")),
		                 .tv_nsec = (long)json_integer_value(json_object_get(json, "mtime_ns")) };
	struct survey_place place = { .path = path };
	struct spot spot;
	int rc;

	if (generation == NULL || run == NULL || temp == NULL ||
	    json_path_get(json, "path", path, WIRE_PATH_MAX + 1) != 0 || inside_valid(path, NULL) != 0 ||
	    time.tv_nsec < 0 || time.tv_nsec > 999999999 ||
	    (*temp != '\0' && (strncmp(temp, TEMP_PREFIX, strlen(TEMP_PREFIX)) != 0 || strchr(temp, '/') != NULL)) ||
	    (*generation != '\0' ? !generation_name_valid(generation) : !incoming_run_valid(run)))
		return 0;
	(void)snprintf(place.generation, sizeof(place.generation), "%s", generation);
	(void)snprintf(place.run, sizeof(place.run), "%.63s", run);
	rc = open_spot(vault, &place, &spot, err);
	if (rc == 0 && *temp != '\0' && unlinkat(spot.parent_fd, temp, 0) != 0 && errno != ENOENT)
		rc = error_sys(err, errno, "removing what a mending left beside \"%.300s\"", path);
	if (rc == 0)
		rc = settle(spot.parent_fd, &time, err);
	else if (error_forgive(err, ERR_NOT_FOUND) || error_forgive(err, ERR_LOCKED))
		rc = 0; /* it went with its generation */
	close_spot(&spot);
	return rc;
}

bool mend_place_left(const struct vault *vault)
{
	struct stat st;

	return fstatat(vault->aob_fd, JOURNAL, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int mend_place_recover(const struct vault *vault, struct error *err)
{
	struct error fault = { .class = ERR_NONE };
	char *path = malloc(WIRE_PATH_MAX + 1);
	char *text = NULL;
	size_t len_bytes = 0;
	json_t *json = NULL;
	int rc = path != NULL ? 0 : error_set(err, ERR_SYSTEM, "out of memory");

	if (rc == 0 && durable_read(vault->aob_fd, JOURNAL, JOURNAL_BYTES_MAX, &text, &len_bytes, &fault) == 0) {
		json = json_loadb(text, len_bytes, 0, NULL);
		rc = undo(vault, json, path, err);
		if (rc == 0)
			rc = mend_place_done(vault, err);
	} else if (rc == 0 && fault.class != ERR_NOT_FOUND) {
		log_error(LOG_WARNING, &fault, ".aob/" JOURNAL);
	}
	json_decref(json);
	free(text);
	free(path);
	return rc;
}
