#include "transfer/unfrozen.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/file_system.h"
#include "lib/log.h"
#include "lib/tree_scan.h"

#define TICK_MS 2100 /* FAT counts two seconds, ext3 and HFS+ one */
#define NAP_MS 50

void unfrozen_init(struct unfrozen *unfrozen, const struct stage_request *request)
{
	const char *driver = stage_request_result_string(request, "snapshot", "driver");
	const char *state = stage_request_result_string(request, "snapshot", "state");
	const char *kind = stage_request_result_string(request, "snapshot", "kind");
	int64_t before = 0;
	int64_t inode = 0;

	(void)stage_request_result_integer(request, "snapshot", "inode", &inode);
	(void)stage_request_result_integer(request, "snapshot", "fingerprint", &before);
	*unfrozen = (struct unfrozen){ .is = driver != NULL && strcmp(driver, "none") == 0,
		                       .pass = 1,
		                       .before = (uint64_t)before,
		                       .file_system = stage_request_result_string(request, "snapshot", "file_system"),
		                       .inode = (uint64_t)inode,
		                       .state = state != NULL ? state : "quiet",
		                       .macs = kind != NULL && strcmp(kind, "time-machine") == 0 };
}

static int look(const struct unfrozen *unfrozen, int folder_fd, uint64_t *fingerprint, struct error *err)
{
	return tree_scan_all(folder_fd, unfrozen->busy, unfrozen->context, fingerprint, err) == 0
	               ? 0
	               : error_prefix(err, "looking whether the source is written to");
}

static int is_the_same_place(const struct unfrozen *unfrozen, int folder_fd, struct error *err)
{
	struct stat st;

	if (fstat(folder_fd, &st) != 0)
		return error_sys(err, errno, "stat of the source");
	if ((unfrozen->inode == 0 || unfrozen->inode == st.st_ino) &&
	    (unfrozen->file_system == NULL || file_system_is(folder_fd, unfrozen->file_system)))
		return 0;
	return error_set(
	        err, ERR_IO,
	        "another folder lies there than when the run began; was a disk unmounted, or another one put in "
	        "its place?");
}

/* What is written within one tick of the clock that times are taken from has the same time: nothing is read until the tick of the look is over. */
static int let_the_clock_tick(const struct unfrozen *unfrozen, struct error *err)
{
	const struct timespec nap = { .tv_nsec = NAP_MS * 1000000L };

	for (int i = 0; i < TICK_MS / NAP_MS; i++) {
		if (unfrozen->busy != NULL && unfrozen->busy(unfrozen->context, err) != 0)
			return -1;
		(void)nanosleep(&nap, NULL);
	}
	return 0;
}

int unfrozen_begin(struct unfrozen *unfrozen, int folder_fd, struct error *err)
{
	if (!unfrozen->is)
		return 0;
	if (is_the_same_place(unfrozen, folder_fd, err) != 0)
		return -1;
	if (unfrozen->before != 0)
		return 0;
	/* What is mapped and written to has another time only from the next write behind a sync on. */
	if (syncfs(folder_fd) != 0)
		return error_sys(err, errno, "syncing the source's file system");
	if (unfrozen_as_it_is(unfrozen))
		return 0;
	return look(unfrozen, folder_fd, &unfrozen->before, err) == 0 ? let_the_clock_tick(unfrozen, err) : -1;
}

int unfrozen_check(struct unfrozen *unfrozen, int folder_fd, struct error *err)
{
	uint64_t now = 0;

	if (!unfrozen->is || unfrozen_as_it_is(unfrozen))
		return 0;
	if (look(unfrozen, folder_fd, &now, err) != 0)
		return -1;
	return now == unfrozen->before ? 0 : error_set(err, ERR_BUSY, "the source was written to while it was read");
}

bool unfrozen_as_it_is(const struct unfrozen *unfrozen)
{
	return unfrozen->is && unfrozen->pass > UNFROZEN_PASSES;
}

/* A file that is gone, has become another one, or differs from what was sent of it a moment ago: all of it a writer may have done. */
static bool writers_do_that(const struct error *err)
{
	return err->class == ERR_BUSY || err->class == ERR_NOT_FOUND || err->class == ERR_DAMAGED;
}

bool unfrozen_again(struct unfrozen *unfrozen, struct error *err)
{
	if (!unfrozen->is || unfrozen->pass > UNFROZEN_PASSES || !writers_do_that(err))
		return false;
	unfrozen->pass++;
	unfrozen->before = 0;
	/* Between two writes of a Mac's backup nothing is written either: only the watcher, whose rest is over, could tell. */
	if (unfrozen_as_it_is(unfrozen) || unfrozen->macs)
		unfrozen->state = "in-flight";
	log_error(LOG_NOTICE, err,
	          unfrozen_as_it_is(unfrozen) ? "the source never rests: it is read as it is, and marked in-flight"
	                                      : "the source is read again, as it does not rest");
	error_clear(err);
	return true;
}

void unfrozen_late(const struct unfrozen *unfrozen, struct error *err)
{
	if (unfrozen->is && writers_do_that(err))
		err->class = ERR_BUSY;
}
