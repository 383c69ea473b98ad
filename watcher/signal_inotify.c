#include "watcher/signal_inotify.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITES                                                                                                         \
	(IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_CLOSE_WRITE |                \
	 IN_DELETE_SELF | IN_MOVE_SELF)
#define BUFFER_BYTES 65536
#define BUFFERS_MOST 64 /* a writer that never stops must not keep us reading */

struct signal_inotify {
	char *path;
	int fd;
	bool all;
	char buffer[BUFFER_BYTES] __attribute__((aligned(__alignof__(struct inotify_event))));
};

/* The folders that were found, the nearest first; watched from `at` on. */
struct queue {
	char *paths[SIGNAL_INOTIFY_FOLDERS_MAX];
	size_t n, at;
	dev_t dev;
};

static bool is_folder(int fd, const struct dirent *found, dev_t dev)
{
	struct stat st;

	if (found->d_type != DT_DIR && found->d_type != DT_UNKNOWN)
		return false;
	return fstatat(fd, found->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) && st.st_dev == dev;
}

/* False: no room for all of them. */
static bool add_folders(struct queue *queue, const char *path)
{
	/* Reading a folder would move its access time, and with it the counter that says whether anything is new. */
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NOATIME);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *found;
	bool all = true;

	if (dir == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return errno == ENOENT; /* gone meanwhile */
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while (all && (found = readdir(dir)) != NULL) {
		if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0 ||
		    !is_folder(fd, found, queue->dev))
			continue;
		if (queue->n == SIGNAL_INOTIFY_FOLDERS_MAX ||
		    asprintf(&queue->paths[queue->n], "%s/%s", path, found->d_name) < 0)
			all = false;
		else
			queue->n++;
	}
	(void)closedir(dir);
	return all;
}

/* Watches all folders there are now; one that is watched already stays as it is. */
static int watch_all(struct signal_inotify *signal, struct error *err)
{
	struct queue *queue = calloc(1, sizeof(*queue));
	struct stat st;
	int rc = 0;

	if (queue == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	signal->all = true;
	queue->paths[0] = strdup(signal->path);
	queue->n = queue->paths[0] != NULL;
	if (queue->n == 0 || stat(signal->path, &st) != 0)
		rc = error_sys(err, errno, "%s", signal->path);
	else
		queue->dev = st.st_dev;
	for (; rc == 0 && queue->at < queue->n; queue->at++) {
		const char *path = queue->paths[queue->at];

		if (inotify_add_watch(signal->fd, path, WRITES | IN_ONLYDIR | IN_DONT_FOLLOW) < 0 && errno != ENOENT &&
		    errno != ENOTDIR) {
			signal->all = false; /* ENOSPC: fs.inotify.max_user_watches */
			break;
		}
		if (!add_folders(queue, path))
			signal->all = false;
	}
	for (size_t i = 0; i < queue->n; i++)
		free(queue->paths[i]);
	free(queue);
	return rc;
}

int signal_inotify_new(const char *path, struct signal_inotify **signal, struct error *err)
{
	struct signal_inotify *made = calloc(1, sizeof(*made));

	*signal = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->path = strdup(path);
	made->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (made->path == NULL || made->fd < 0)
		(void)error_sys(err, errno, "setting up inotify");
	else if (watch_all(made, err) == 0)
		*signal = made;
	if (*signal == NULL)
		signal_inotify_destroy(&made);
	return *signal != NULL ? 0 : -1;
}

void signal_inotify_destroy(struct signal_inotify **signal)
{
	if (*signal == NULL)
		return;
	if ((*signal)->fd >= 0)
		(void)close((*signal)->fd);
	free((*signal)->path);
	free(*signal);
	*signal = NULL;
}

int signal_inotify_fd(const struct signal_inotify *signal)
{
	return signal->fd;
}

bool signal_inotify_all(const struct signal_inotify *signal)
{
	return signal->all;
}

bool signal_inotify_take(struct signal_inotify *signal)
{
	bool wrote = false;
	bool folders = false;

	for (int i = 0; i < BUFFERS_MOST; i++) {
		ssize_t n = read(signal->fd, signal->buffer, sizeof(signal->buffer));

		if (n <= 0)
			break;
		for (const char *at = signal->buffer; at < signal->buffer + n;) {
			struct inotify_event event;

			memcpy(&event, at, sizeof(event));
			at += sizeof(event) + event.len;
			/* Lost events count as writes. */
			wrote = wrote || (event.mask & (WRITES | IN_Q_OVERFLOW)) != 0;
			folders = folders || (event.mask & IN_Q_OVERFLOW) != 0 ||
			          ((event.mask & IN_ISDIR) != 0 && (event.mask & (IN_CREATE | IN_MOVED_TO)) != 0);
		}
	}
	if (folders && watch_all(signal, NULL) != 0)
		signal->all = false;
	return wrote;
}
