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
#define BUNDLE_FOLDERS_MAX 512
#define BUFFERS_MOST 64 /* a writer that never stops must not keep us reading */

/* In which bundle a watch is. Watches are numbered upwards, so the list is sorted. */
struct place {
	int watch;
	uint8_t bundle; /* 0: none; else its number in `bundles`, less one */
	bool walked;    /* the last walk came by */
};

struct signal_inotify {
	char *path;
	int fd;           /* -1: the system allows no more of them (fs.inotify.max_user_instances) */
	bool all;         /* folders are watched; */
	bool all_bundles; /* those of bundles, at least */
	size_t n_foreign;
	struct place *places;
	size_t n_places;
	char *bundles[TIME_MACHINE_BUNDLES_MAX]; /* NULL: that number is free */
};

static char buffer[BUFFER_BYTES]
        __attribute__((aligned(__alignof__(struct inotify_event)))); /* for all of them in turn */

/* The folders that were found, the nearest first, but those of bundles before all others; watched from `at` on. */
struct line {
	char **paths;
	size_t room, n, at;
};
struct queue {
	struct line bundles, others;
	char *bundle_paths[BUNDLE_FOLDERS_MAX], *other_paths[SIGNAL_INOTIFY_FOLDERS_MAX];
	dev_t dev;
};

static bool is_folder(int fd, const struct dirent *found, dev_t dev, size_t *n_foreign)
{
	struct stat st;

	if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0 ||
	    (found->d_type != DT_DIR && found->d_type != DT_UNKNOWN) ||
	    fstatat(fd, found->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(st.st_mode))
		return false;
	*n_foreign += st.st_dev != dev;
	return st.st_dev == dev;
}

static const char *below_source(const struct signal_inotify *signal, const char *path)
{
	path += strlen(signal->path);
	return path + (*path == '/');
}

/* Takes path (NULL: no memory). What finds no room is not watched. */
static void enqueue(struct signal_inotify *signal, struct queue *queue, char *path)
{
	const char *below = path != NULL ? below_source(signal, path) : "";
	bool in_bundle = time_machine_bundle_of(below) != 0;
	struct line *line = in_bundle && queue->bundles.n < queue->bundles.room ? &queue->bundles : &queue->others;
	size_t depth = 1;

	if (path != NULL && line->n < line->room) {
		line->paths[line->n++] = path;
		return;
	}
	for (const char *at = below; *at != '\0'; at++)
		depth += *at == '/';
	signal->all = false;
	if (path == NULL || in_bundle || depth < TIME_MACHINE_DEPTH) /* a bundle may lie in it */
		signal->all_bundles = false;
	free(path);
}

static char *dequeue(struct queue *queue)
{
	struct line *line = queue->bundles.at < queue->bundles.n ? &queue->bundles : &queue->others;

	return line->at < line->n ? line->paths[line->at++] : NULL;
}

/* A folder that can't be watched, or looked into: what is in it is not known. */
static void missed(struct signal_inotify *signal, const char *path)
{
	signal->all = false;
	if (time_machine_bundle_of(below_source(signal, path)) != 0)
		signal->all_bundles = false;
}

static void add_folders(struct signal_inotify *signal, struct queue *queue, const char *path)
{
	/* Reading a folder would move its access time, and with it the counter that says whether anything is new. */
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NOATIME);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *found;

	if (dir == NULL) {
		if (fd >= 0)
			(void)close(fd);
		else if (errno == ENOENT || errno == ENOTDIR)
			return; /* gone meanwhile */
		missed(signal, path);
		return;
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while ((found = readdir(dir)) != NULL) {
		char *below;

		if (is_folder(fd, found, queue->dev, &signal->n_foreign))
			enqueue(signal, queue, asprintf(&below, "%s/%s", path, found->d_name) >= 0 ? below : NULL);
	}
	(void)closedir(dir);
}

/* The number of the bundle that the path lies in, plus one; 0: in none, or in one too many. */
static uint8_t bundle_number(struct signal_inotify *signal, const char *path)
{
	const char *below = below_source(signal, path);
	size_t len = time_machine_bundle_of(below);
	size_t unused = TIME_MACHINE_BUNDLES_MAX;

	if (len == 0)
		return 0;
	for (size_t i = 0; i < TIME_MACHINE_BUNDLES_MAX; i++) {
		const char *bundle = signal->bundles[i];

		if (bundle != NULL && strncmp(bundle, below, len) == 0 && bundle[len] == '\0')
			return (uint8_t)(i + 1);
		if (bundle == NULL && unused == TIME_MACHINE_BUNDLES_MAX)
			unused = i;
	}
	if (unused == TIME_MACHINE_BUNDLES_MAX || (signal->bundles[unused] = strndup(below, len)) == NULL) {
		signal->all_bundles = false;
		return 0;
	}
	return (uint8_t)(unused + 1);
}

/* The numbers of bundles that no folder belonged to when the last walk ended. Not at once: what was told in between bears them. */
static void free_numbers(struct signal_inotify *signal)
{
	bool used[TIME_MACHINE_BUNDLES_MAX + 1] = { false };

	for (size_t i = 0; i < signal->n_places; i++)
		used[signal->places[i].bundle] = true;
	for (size_t i = 0; i < TIME_MACHINE_BUNDLES_MAX; i++)
		if (!used[i + 1]) {
			free(signal->bundles[i]);
			signal->bundles[i] = NULL;
		}
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
	place->walked = true;
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

/* Where the system allows no more (fs.inotify.max_user_watches), those that are watched already still answer. */
static void watch_folder(struct signal_inotify *signal, const char *path)
{
	int watch = inotify_add_watch(signal->fd, path, WRITES | IN_ONLYDIR | IN_DONT_FOLLOW);

	if (watch >= 0 ? !note_place(signal, watch, path) : errno != ENOENT && errno != ENOTDIR)
		missed(signal, path);
}

/* A folder that was moved out of the source keeps its watch, and would be heard of for ever. */
static void drop_others(struct signal_inotify *signal)
{
	for (size_t i = signal->n_places; i > 0; i--) {
		int watch = signal->places[i - 1].watch;

		if (signal->places[i - 1].walked)
			continue;
		(void)inotify_rm_watch(signal->fd, watch);
		forget_place(signal, watch);
	}
}

/* Watches all folders there are now; one that is watched already stays as it is. */
static int watch_all(struct signal_inotify *signal, struct error *err)
{
	struct queue *queue = calloc(1, sizeof(*queue));
	struct stat st;
	char *path;

	signal->all = signal->all_bundles = false;
	if (queue == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	if (stat(signal->path, &st) != 0) {
		free(queue);
		return error_sys(err, errno, "%s", signal->path);
	}
	queue->bundles = (struct line){ queue->bundle_paths, BUNDLE_FOLDERS_MAX, 0, 0 };
	queue->others = (struct line){ queue->other_paths, SIGNAL_INOTIFY_FOLDERS_MAX, 0, 0 };
	queue->dev = st.st_dev;
	signal->all = signal->all_bundles = signal->fd >= 0;
	signal->n_foreign = 0;
	free_numbers(signal);
	for (size_t i = 0; i < signal->n_places; i++)
		signal->places[i].walked = false;
	if (signal->fd >= 0)
		enqueue(signal, queue, strdup(signal->path));
	while ((path = dequeue(queue)) != NULL) {
		watch_folder(signal, path);
		add_folders(signal, queue, path);
		free(path);
	}
	drop_others(signal);
	free(queue);
	return 0;
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
	for (size_t i = 0; i < TIME_MACHINE_BUNDLES_MAX; i++)
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

bool signal_inotify_bundles(const struct signal_inotify *signal)
{
	return signal->all_bundles;
}

size_t signal_inotify_foreign(const struct signal_inotify *signal)
{
	return signal->n_foreign;
}

const char *signal_inotify_bundle(const struct signal_inotify *signal, size_t number)
{
	return number < TIME_MACHINE_BUNDLES_MAX ? signal->bundles[number] : NULL;
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
	if (told->folders)
		(void)watch_all(signal, NULL); /* else not all are watched, which is said */
}
