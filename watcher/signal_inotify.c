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

#include "lib/time_machine.h"

#define CONTENT (IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF)
#define WRITES (CONTENT | IN_ATTRIB | IN_CLOSE_WRITE)
#define BUFFER_BYTES 65536
#define BUFFERS_MOST 64 /* a writer that never stops must not keep us reading */

/* In which bundle a watch is. Watches are numbered upwards, so the list is sorted. */
struct place {
	int watch;
	uint8_t bundle; /* 0: none; else its number in `bundles`, less one */
};

struct signal_inotify {
	char *path;
	int fd; /* -1: the system allows no more of them (fs.inotify.max_user_instances) */
	bool all;
	size_t n_foreign;
	struct place *places;
	size_t n_places;
	char *bundles[TIME_MACHINE_BUNDLES_MAX];
	size_t n_bundles;
};

static char buffer[BUFFER_BYTES]
        __attribute__((aligned(__alignof__(struct inotify_event)))); /* for all of them in turn */

/* The folders that were found, the nearest first; watched from `at` on. */
struct queue {
	char *paths[SIGNAL_INOTIFY_FOLDERS_MAX];
	size_t n, at;
	dev_t dev;
};

static bool is_folder(int fd, const struct dirent *found, dev_t dev, size_t *n_foreign)
{
	struct stat st;

	if ((found->d_type != DT_DIR && found->d_type != DT_UNKNOWN) ||
	    fstatat(fd, found->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(st.st_mode))
		return false;
	*n_foreign += st.st_dev != dev;
	return st.st_dev == dev;
}

/* False: no room for all of them. */
static bool add_folders(struct queue *queue, const char *path, size_t *n_foreign)
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
		    !is_folder(fd, found, queue->dev, n_foreign))
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

/* The number of the bundle that the path lies in, plus one; 0: in none, or in one too many. */
static uint8_t bundle_number(struct signal_inotify *signal, const char *path)
{
	const char *below = path + strlen(signal->path);
	size_t len;

	below += *below == '/';
	len = time_machine_bundle_of(below);
	if (len == 0)
		return 0;
	for (size_t i = 0; i < signal->n_bundles; i++)
		if (strncmp(signal->bundles[i], below, len) == 0 && signal->bundles[i][len] == '\0')
			return (uint8_t)(i + 1);
	if (signal->n_bundles == TIME_MACHINE_BUNDLES_MAX ||
	    (signal->bundles[signal->n_bundles] = strndup(below, len)) == NULL)
		return 0;
	return (uint8_t)++signal->n_bundles;
}

static struct place *find_place(const struct signal_inotify *signal, int watch)
{
	size_t low = 0;
	size_t high = signal->n_places;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (signal->places[middle].watch < watch)
			low = middle + 1;
		else
			high = middle;
	}
	return low < signal->n_places && signal->places[low].watch == watch ? &signal->places[low] : NULL;
}

/* A folder that was renamed keeps its watch. False: no memory. */
static bool note_place(struct signal_inotify *signal, int watch, const char *path)
{
	struct place *place = find_place(signal, watch);

	if (place == NULL) {
		struct place *grown = signal->places;

		if ((signal->n_places & (signal->n_places - 1)) == 0)
			grown = realloc(signal->places,
			                (signal->n_places > 0 ? 2 * signal->n_places : 1) * sizeof(*grown));
		if (grown == NULL)
			return false;
		signal->places = grown;
		place = &signal->places[signal->n_places++];
		place->watch = watch;
	}
	place->bundle = bundle_number(signal, path);
	return true;
}

static void forget_place(struct signal_inotify *signal, int watch)
{
	struct place *place = find_place(signal, watch);
	size_t at;

	if (place == NULL)
		return;
	at = (size_t)(place - signal->places);
	signal->n_places--;
	memmove(place, place + 1, (signal->n_places - at) * sizeof(*place));
}

/* False: the system allows no more (fs.inotify.max_user_watches). */
static bool watch_folder(struct signal_inotify *signal, const char *path)
{
	int watch = inotify_add_watch(signal->fd, path, WRITES | IN_ONLYDIR | IN_DONT_FOLLOW);

	if (watch < 0)
		return errno == ENOENT || errno == ENOTDIR; /* gone meanwhile */
	return note_place(signal, watch, path);
}

/* Watches all folders there are now; one that is watched already stays as it is. */
static int watch_all(struct signal_inotify *signal, struct error *err)
{
	struct queue *queue = calloc(1, sizeof(*queue));
	struct stat st;
	int rc = 0;

	if (queue == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	signal->all = signal->fd >= 0;
	signal->n_foreign = 0;
	queue->paths[0] = strdup(signal->path);
	queue->n = queue->paths[0] != NULL;
	if (queue->n == 0 || stat(signal->path, &st) != 0)
		rc = error_sys(err, errno, "%s", signal->path);
	else
		queue->dev = st.st_dev;
	for (; rc == 0 && queue->at < queue->n; queue->at++) {
		const char *path = queue->paths[queue->at];

		if (signal->fd < 0 || !watch_folder(signal, path)) {
			signal->all = false;
			break;
		}
		if (!add_folders(queue, path, &signal->n_foreign))
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
	/* Without inotify everything is seen later, but seen. */
	if (made->path == NULL)
		(void)error_set(err, ERR_SYSTEM, "out of memory");
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
	for (size_t i = 0; i < (*signal)->n_bundles; i++)
		free((*signal)->bundles[i]);
	free((*signal)->places);
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

size_t signal_inotify_foreign(const struct signal_inotify *signal)
{
	return signal->n_foreign;
}

const char *signal_inotify_bundle(const struct signal_inotify *signal, size_t number)
{
	return number < signal->n_bundles ? signal->bundles[number] : NULL;
}

static void take_event(struct signal_inotify *signal, const struct inotify_event *event, struct signal_told *told)
{
	const struct place *place = find_place(signal, event->wd);

	if ((event->mask & IN_Q_OVERFLOW) != 0) {
		told->lost = told->folders = true;
		return;
	}
	if ((event->mask & IN_IGNORED) != 0)
		forget_place(signal, event->wd);
	if ((event->mask & IN_ISDIR) != 0 && (event->mask & (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)) != 0)
		told->folders = true;
	if ((event->mask & WRITES) == 0)
		return;
	if (place == NULL || place->bundle == 0)
		told->others = true;
	else if ((event->mask & CONTENT) != 0)
		told->bundles |= UINT64_C(1) << (place->bundle - 1);
	else
		told->stirred |= UINT64_C(1) << (place->bundle - 1);
}

void signal_inotify_take(struct signal_inotify *signal, struct signal_told *told)
{
	*told = (struct signal_told){ .lost = false };
	for (int i = 0; signal->fd >= 0 && i < BUFFERS_MOST; i++) {
		ssize_t n = read(signal->fd, buffer, sizeof(buffer));

		if (n <= 0)
			break;
		for (const char *at = buffer; at < buffer + n;) {
			struct inotify_event event;

			memcpy(&event, at, sizeof(event));
			at += sizeof(event) + event.len;
			take_event(signal, &event, told);
		}
	}
	if (told->folders && watch_all(signal, NULL) != 0)
		signal->all = false;
}
