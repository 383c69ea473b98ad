#include "lib/tree_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/exclude.h"

#define PATH_BYTES_MAX 65535
#define FOLDERS_OPEN_MAX 32                /* descriptors held on the way down; the ones above are opened again */
#define FOLDER_BYTES_MAX ((size_t)1 << 30) /* names of one folder */

/* A folder on the way down. */
struct level {
	int fd; /* -1: closed for want of descriptors */
	dev_t dev;
	ino_t ino;
	char *names;   /* one behind the other, each with its d_type in front */
	size_t *order; /* offsets into names, sorted */
	size_t n, at;
	size_t path_bytes; /* of the folder's own path */
};

struct tree_walk {
	int root_fd;
	dev_t root_dev;
	bool digest;
	bool light;
	const char *const *excludes;
	struct level *levels;
	size_t depth, room;
	char path[PATH_BYTES_MAX + 1];
	struct entry entry;
	struct entry_memory memory;
	bool started;
	bool enter; /* the last entry is a folder that is still to be entered */
};

int tree_walk_new(int root_fd, bool digest, const char *const *excludes, struct tree_walk **walk, struct error *err)
{
	struct tree_walk *made;
	struct stat st;

	*walk = NULL;
	if (fstat(root_fd, &st) != 0)
		return error_sys(err, errno, "stat of the tree's root");
	made = calloc(1, sizeof(*made));
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->root_fd = root_fd;
	made->root_dev = st.st_dev;
	made->digest = digest;
	made->excludes = excludes;
	entry_memory_init(&made->memory);
	*walk = made;
	return 0;
}

static void close_level(struct level *level)
{
	if (level->fd >= 0)
		(void)close(level->fd);
	free(level->names);
	free(level->order);
	*level = (struct level){ .fd = -1 };
}

void tree_walk_destroy(struct tree_walk **walk)
{
	struct tree_walk *w = *walk;

	if (w == NULL)
		return;
	*walk = NULL;
	while (w->depth > 0)
		close_level(&w->levels[--w->depth]);
	free(w->levels);
	entry_memory_done(&w->memory);
	free(w);
}

void tree_walk_light(struct tree_walk *walk)
{
	walk->light = true;
}

void tree_walk_skip(struct tree_walk *walk)
{
	walk->enter = false;
}

/* Room for one more element; doubled, so reading a folder stays linear. */
static int grow(void **data, size_t *room, size_t want, size_t element, struct error *err)
{
	size_t more = *room != 0 ? *room : 64;
	void *grown;

	if (want <= *room)
		return 0;
	while (more < want)
		more *= 2;
	if (more > FOLDER_BYTES_MAX / element)
		return error_set(err, ERR_SYSTEM, "a folder with more than %zu bytes of names", FOLDER_BYTES_MAX);
	grown = realloc(*data, more * element);
	if (grown == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory for the names of a folder");
	*data = grown;
	*room = more;
	return 0;
}

static int read_names(DIR *dir, struct level *level, struct error *err)
{
	size_t room = 0;
	size_t room_order = 0;
	size_t used = 0;

	for (;;) {
		struct dirent *found;
		size_t bytes;

		errno = 0;
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
		found = readdir(dir);
		if (found == NULL)
			return errno == 0 ? 0 : error_sys(err, errno, "reading the folder");
		if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0)
			continue;
		bytes = strlen(found->d_name) + 1;
		if (grow((void **)&level->names, &room, used + 1 + bytes, 1, err) != 0 ||
		    grow((void **)&level->order, &room_order, level->n + 1, sizeof(size_t), err) != 0)
			return -1;
		level->names[used++] = (char)found->d_type;
		memcpy(level->names + used, found->d_name, bytes);
		level->order[level->n++] = used;
		used += bytes;
	}
}

static int by_name(const void *a, const void *b, void *names)
{
	return strcmp((const char *)names + *(const size_t *)a, (const char *)names + *(const size_t *)b);
}

/* Takes fd, also on failure. */
static int fill_level(struct level *level, int fd, struct error *err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	int rc = -1;

	level->fd = fd;
	if (dir == NULL) {
		(void)error_sys(err, errno, "opening the folder");
		if (copy >= 0)
			(void)close(copy);
		return -1;
	}
	rewinddir(dir); /* the position is shared with whoever held this descriptor before */
	rc = read_names(dir, level, err);
	(void)closedir(dir);
	if (rc == 0 && level->n > 1)
		qsort_r(level->order, level->n, sizeof(level->order[0]), by_name, level->names);
	return rc;
}

/* Returns 1 (entered), 0 (another file system, or gone), -1. */
static int push(struct tree_walk *walk, int parent_fd, const char *name, struct error *err)
{
	struct stat st;
	struct level *level;
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : error_sys(err, errno, "opening the folder");
	if (fstat(fd, &st) != 0) {
		(void)error_sys(err, errno, "stat");
		(void)close(fd);
		return -1;
	}
	if (st.st_dev != walk->root_dev) {
		(void)close(fd);
		return 0;
	}
	if (walk->levels == NULL || walk->depth == walk->room) {
		size_t room = walk->room != 0 ? 2 * walk->room : 16;
		struct level *grown = realloc(walk->levels, room * sizeof(*grown));

		if (grown == NULL) {
			(void)close(fd);
			return error_set(err, ERR_SYSTEM, "out of memory");
		}
		walk->levels = grown;
		walk->room = room;
	}
	level = &walk->levels[walk->depth++];
	*level = (struct level){ .fd = -1, .dev = st.st_dev, .ino = st.st_ino, .path_bytes = strlen(walk->path) };
	if (fill_level(level, fd, err) != 0)
		return -1;
	if (walk->depth > FOLDERS_OPEN_MAX) {
		struct level *far = &walk->levels[walk->depth - 1 - FOLDERS_OPEN_MAX];

		if (far->fd >= 0)
			(void)close(far->fd);
		far->fd = -1;
	}
	return 1;
}

/* Back to the folder above. If it was closed it is opened again through "..", and must be the same one. */
static int pop(struct tree_walk *walk, struct error *err)
{
	struct level *below = &walk->levels[walk->depth - 1];
	struct level *above = walk->depth > 1 ? below - 1 : NULL;
	struct stat st;

	if (above != NULL && above->fd < 0) {
		above->fd = openat(below->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (above->fd < 0 || fstat(above->fd, &st) != 0)
			return error_sys(err, errno, "going back up from \"%.300s\"", walk->path);
		if (st.st_dev != above->dev || st.st_ino != above->ino)
			return error_set(err, ERR_BUSY, "\"%.300s\" was moved while it was read", walk->path);
	}
	close_level(below);
	walk->depth--;
	return 0;
}

static enum entry_type type_of(unsigned char d_type)
{
	switch (d_type) {
	case DT_REG:
		return ENTRY_FILE;
	case DT_LNK:
		return ENTRY_SYMLINK;
	case DT_FIFO:
		return ENTRY_FIFO;
	case DT_CHR:
		return ENTRY_CHAR_DEVICE;
	case DT_BLK:
		return ENTRY_BLOCK_DEVICE;
	default:
		return ENTRY_SOCKET;
	}
}

static int give(struct tree_walk *walk, int fd, const char *name, unsigned char d_type, const struct entry **entry,
                int *parent_fd, const char **name_out, struct error *err)
{
	if (walk->light && d_type != DT_DIR && d_type != DT_UNKNOWN)
		walk->entry = (struct entry){ .path = walk->path, .type = type_of(d_type), .target = "" };
	else if (entry_read(fd, name, walk->path, walk->digest, &walk->memory, &walk->entry, err) != 0)
		return -1;
	walk->enter = walk->entry.type == ENTRY_FOLDER;
	*entry = &walk->entry;
	*parent_fd = fd;
	*name_out = name;
	return 1;
}

static int enter_last(struct tree_walk *walk, struct error *err)
{
	struct level *top = walk->depth > 0 ? &walk->levels[walk->depth - 1] : NULL;
	int rc;

	walk->enter = false;
	rc = top != NULL ? push(walk, top->fd, top->names + top->order[top->at - 1], err)
	                 : push(walk, walk->root_fd, ".", err);
	return rc < 0 ? error_prefix(err, "\"%.300s\"", walk->path) : 0;
}

/* The path of the next name in the folder at top. */
static int make_path(struct tree_walk *walk, const struct level *top, const char *name, struct error *err)
{
	size_t n = top->path_bytes;
	size_t name_bytes = strlen(name);

	if (n + 1 + name_bytes > PATH_BYTES_MAX)
		return error_set(err, ERR_INPUT, "a path of more than %d bytes: \"%.100s…\"", PATH_BYTES_MAX,
		                 walk->path);
	if (n != 0)
		walk->path[n++] = '/';
	memcpy(walk->path + n, name, name_bytes + 1);
	return 0;
}

int tree_walk_next(struct tree_walk *walk, const struct entry **entry, int *parent_fd, const char **name,
                   struct error *err)
{
	if (!walk->started) {
		walk->started = true;
		return give(walk, walk->root_fd, ".", DT_DIR, entry, parent_fd, name, err);
	}
	if (walk->enter && enter_last(walk, err) != 0)
		return -1;
	while (walk->depth > 0) {
		struct level *top = &walk->levels[walk->depth - 1];
		const char *next;

		if (top->at == top->n) {
			walk->path[top->path_bytes] = '\0';
			if (pop(walk, err) != 0)
				return -1;
			continue;
		}
		next = top->names + top->order[top->at++];
		if (make_path(walk, top, next, err) != 0)
			return -1;
		if (exclude_name(walk->excludes, walk->path, next))
			continue;
		if (give(walk, top->fd, next, (unsigned char)next[-1], entry, parent_fd, name, err) == 1)
			return 1;
		if (err == NULL || err->class != ERR_NOT_FOUND)
			return -1;
		error_clear(err); /* vanished between listing and reading */
	}
	return 0;
}
