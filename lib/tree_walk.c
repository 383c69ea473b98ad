#include "lib/tree_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/exclude.h"
#include "lib/folder_names.h"

#define PATH_BYTES_MAX 65535
#define FOLDERS_OPEN_MAX 32 /* descriptors held on the way down; the ones above are opened again */

/* A folder on the way down. */
struct level {
	int fd; /* -1: closed for want of descriptors */
	dev_t dev;
	ino_t ino;
	struct folder_names *names;
	size_t path_bytes; /* of the folder's own path */
};

struct tree_walk {
	int root_fd;
	dev_t root_dev;
	bool digest;
	bool light;
	bool whole;
	const char *const *excludes;
	struct folder_names_room names_room;
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
	folder_names_room_init(&made->names_room, FOLDER_NAMES_MEMORY);
	*walk = made;
	return 0;
}

static void close_level(struct level *level)
{
	if (level->fd >= 0)
		(void)close(level->fd);
	folder_names_close(&level->names);
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
	folder_names_room_done(&w->names_room);
	entry_memory_done(&w->memory);
	free(w);
}

void tree_walk_light(struct tree_walk *walk)
{
	walk->light = true;
}

void tree_walk_whole(struct tree_walk *walk)
{
	walk->whole = true;
}

void tree_walk_fake_super(struct tree_walk *walk)
{
	walk->memory.fake_super = true;
}

void tree_walk_plain(struct tree_walk *walk)
{
	walk->memory.plain = true;
}

const char *tree_walk_at(const struct tree_walk *walk)
{
	return walk->path;
}

void tree_walk_skip(struct tree_walk *walk)
{
	walk->enter = false;
}

/* Returns 1 (entered), 0 (another file system, or gone), -1. */
static int push(struct tree_walk *walk, int parent_fd, const char *name, struct error *err)
{
	struct stat st;
	struct level *level;
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT && !walk->whole ? 0 : error_sys(err, errno, "opening the folder");
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
	*level = (struct level){ .fd = fd, .dev = st.st_dev, .ino = st.st_ino, .path_bytes = strlen(walk->path) };
	if (folder_names_open(fd, &walk->names_room, &level->names, err) != 0) {
		close_level(level);
		walk->depth--;
		return -1;
	}
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
	rc = top != NULL ? push(walk, top->fd, folder_names_last(top->names), err)
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
		unsigned char d_type;
		int rc = folder_names_next(top->names, &next, &d_type, err);

		if (rc < 0)
			return error_prefix(err, "the folder \"%.300s\"", walk->path);
		if (rc == 0) {
			walk->path[top->path_bytes] = '\0';
			if (pop(walk, err) != 0)
				return -1;
			continue;
		}
		if (make_path(walk, top, next, err) != 0)
			return -1;
		if (exclude_name(walk->excludes, walk->path, next))
			continue;
		if (give(walk, top->fd, next, d_type, entry, parent_fd, name, err) == 1)
			return 1;
		if (walk->whole || !error_forgive(err, ERR_NOT_FOUND)) /* vanished between listing and reading */
			return -1;
	}
	return 0;
}
