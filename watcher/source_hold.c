#include "watcher/source_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/file_system.h"
#include "lib/log.h"

void source_hold_let_go(struct source *source)
{
	source->held = false;
	signal_inotify_destroy(&source->inotify);
	tree_scan_destroy(&source->scan);
	macs_done(&source->macs);
	source->read_once = source->wrote_unseen = source->lost = source->to_ask = source->said_more = false;
	source->changed_since_ms = -1;
	source->handles_ms = -1;
}

int source_hold_open(struct source *source, int *fd, struct stat *st, struct error *err)
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

/* Every subvolume's root has the same inode number, and the device number of one that was deleted is given out again. */
bool source_hold_is_other(const struct look *look, const struct stat *st)
{
	const struct source *source = look->source;
	struct subvolume now;

	if (st->st_dev != source->dev || st->st_ino != source->ino)
		return true;
	return source->scan == NULL && source->read_once && subvolume_read(look->fd, &now, NULL) == 0 &&
	       strcmp(now.uuid, source->subvolume.uuid) != 0;
}

/* A disk that was taken away leaves its mount point behind, a folder of another file system. What lies there is not the source, however still it is. */
static int refuse_other(const struct source *source, struct error *err)
{
	return error_set(
	        err, ERR_NOT_FOUND,
	        "another file system lies at %s than the last generation was made of; mount the right one, or, if "
	        "this is meant, run the pipeline once by hand",
	        source->order.path);
}

/* A subvolume that was rolled back is another one, too, but on a disk that knows the old one, or the snapshot of it. */
static int check_subvolume(const struct look *look, const struct subvolume *subvolume, struct error *err)
{
	const struct source_order *order = &look->source->order;

	if (order->last_source_uuid[0] == '\0' || strcmp(order->last_source_uuid, subvolume->uuid) == 0 ||
	    subvolume_is_known(look->fd, order->last_source_uuid) ||
	    subvolume_is_known(look->fd, order->last_snapshot_uuid))
		return 0;
	return refuse_other(look->source, err);
}

void source_hold_name(const struct look *look, char name[SUBVOLUME_UUID_SIZE])
{
	const char *last = look->source->order.last_source_uuid;

	if (last[0] != '\0' && file_system_is(look->fd, last))
		memcpy(name, last, SUBVOLUME_UUID_SIZE);
	else
		file_system_name(look->fd, name);
}

static int check_file_system(const struct look *look, struct error *err)
{
	const struct source_order *order = &look->source->order;

	return order->last_source_uuid[0] == '\0' || file_system_is(look->fd, order->last_source_uuid)
	               ? 0
	               : refuse_other(look->source, err);
}

static int begin_counting(const struct look *look, struct error *err)
{
	struct source *source = look->source;
	struct subvolume subvolume;
	char root[PATH_MAX];
	int rc = subvolume_read(look->fd, &subvolume, err);

	if (rc == 0) {
		if (check_subvolume(look, &subvolume, err) != 0 || subvolume_root(source->real, root, err) != 0)
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
	source->scan = tree_scan_new();
	source->scan_due_ms = look->now_ms;
	if (source->scan == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	return check_file_system(look, err);
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

/* What happened before the watch began. Everything is written back by now. */
static void catch_up(const struct look *look)
{
	struct source *source = look->source;
	const struct source_order *order = &source->order;
	struct subvolume now = { .ctransid = 0 };
	uint64_t since = 0;

	if (source->scan == NULL && subvolume_read(look->fd, &now, NULL) == 0 &&
	    strcmp(now.uuid, order->clean_source_uuid) == 0)
		since = order->clean_ctransid;
	source->asked_ms = look->now_ms;
	macs_catch_up(&source->macs, look->fd, order->past, order->n_past, since, source->below, &order->quiet);
}

int source_hold_take(const struct look *look, const struct stat *st, struct error *err)
{
	struct source *source = look->source;
	struct subvolume now = { .ctransid = 0 };

	if (realpath(source->order.path, source->real) == NULL)
		return error_sys(err, errno, "%s", source->order.path);
	if (begin_counting(look, err) != 0 || signal_inotify_new(source->real, &source->inotify, err) != 0)
		return -1;
	/* What was written before inotify listened, and is not written back yet, would move the counter later, and nobody would know whose it was. Behind the second
	 * sync, what changed up to the counter's value is known to the last. */
	if (source->scan == NULL && (source_signals_sync(look, err) != 0 || subvolume_read(look->fd, &now, err) != 0 ||
	                             source_signals_sync(look, err) != 0))
		return -1;
	source->asked = now.ctransid;
	if (source->order.kind != CONFIG_KIND_GENERIC) {
		if (source_signals_find(look, err) != 0)
			return -1;
		catch_up(look);
	}
	say_what_is_left_out(source);
	source->to_find = false;
	source->held = true;
	source->dev = st->st_dev;
	source->ino = st->st_ino;
	source_signals_active(source, IDLE_SIGN_BEGIN, look->now_ms);
	return 0;
}
