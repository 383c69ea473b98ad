#include "receiver/take_in.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/entry_xattr.h"
#include "lib/link_map.h"
#include "lib/log.h"
#include "lib/tree_walk.h"
#include "receiver/apply.h"
#include "receiver/take_file.h"
#include "receiver/version.h"
#include "wire/wire.h"

#define NAMED_MOST 100                    /* of one kind; the rest is counted */
#define SILENT_MOST 8                     /* files in a row that can't be read: then it is the disk */
#define ENTRIES_MOST UINT64_C(1000000000) /* beyond, it is a disk that goes in circles */

struct taking {
	struct take_in *take;
	struct incoming *in;
	struct take_file file;
	struct inside *from; /* a second place in the source */
	dev_t from_dev;
	struct link_map *firsts; /* inode of the source -> path of its first name that was taken */
	struct link_map *taken;  /* inode of the incoming tree -> inode of the source */
	struct entry_memory memory;
	unsigned silent;
	uint64_t entries;
	char first[WIRE_PATH_MAX + 1];
};

static void name_it(const struct taking *t, uint64_t so_far, const char *path, const char *what)
{
	static char safe[4 * WIRE_PATH_MAX + 1];

	if (so_far < NAMED_MOST)
		(void)fprintf(t->take->names, "%s: %s\n", log_escape(path, safe, sizeof(safe)), what);
	else if (so_far == NAMED_MOST)
		(void)fprintf(t->take->names, "… and more of these\n");
}

/* ---- what is there already */

/* Two names that are one file in the incoming tree, but two in the source, are told apart. */
static int is_another(struct taking *t, const struct entry *now, const struct entry *entry, bool *another,
                      struct error *err)
{
	uint64_t of = 0;
	size_t n;
	int rc;

	*another = false;
	if (now->links < 2)
		return 0;
	rc = link_map_get(t->taken, now->inode, &of, sizeof(of), &n, err);
	if (rc == 0)
		return link_map_put(t->taken, now->inode, &entry->inode, sizeof(entry->inode), err);
	*another = rc == 1 && of != entry->inode;
	return rc < 0 ? -1 : 0;
}

/* A file that is in the tree is whole: its content is told by the hash that it was given when it was built. */
static bool same_content(const struct taking *t, const struct entry *entry, int from_fd, const char *name, int to_fd,
                         const char *leaf)
{
	struct version a;
	struct version b;

	if (fstatat(from_fd, name, &a.st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    fstatat(to_fd, leaf, &b.st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(b.st.st_mode))
		return false;
	version_read_hash(&a, from_fd, name);
	version_read_hash(&b, to_fd, leaf);
	if (t->take->recorded && !(a.hashed && b.hashed))
		return false;
	if (a.hashed)
		return version_same_content(&a, &b);
	/* The source has no hash to go by. */
	return b.hashed && (uint64_t)b.st.st_size == entry->size_bytes && b.st.st_mtim.tv_sec == entry->mtime_s &&
	       (uint32_t)b.st.st_mtim.tv_nsec == entry->mtime_ns;
}

enum there { THERE_NOT, THERE_CONTENT, THERE_ALL };

static int look(struct taking *t, int from_fd, const char *name, const struct entry *entry, enum there *there,
                struct error *err)
{
	struct entry now;
	struct error none = { .class = ERR_NONE };
	bool another = false;
	int to_fd;
	const char *leaf;

	*there = THERE_NOT;
	if (inside_parent(t->in->tree, entry->path, &to_fd, &leaf, &none) != 0 ||
	    entry_read(to_fd, leaf, entry->path, true, &t->memory, &now, &none) != 0 || now.type != entry->type)
		return 0;
	if (entry->type == ENTRY_FILE) {
		if (now.size_bytes != entry->size_bytes || !same_content(t, entry, from_fd, name, to_fd, leaf))
			return 0;
		if (is_another(t, &now, entry, &another, err) != 0)
			return -1;
		if (another)
			return 0;
	}
	*there = entry_same_metadata(&now, entry) ? THERE_ALL : THERE_CONTENT;
	return 0;
}

/* ---- one entry */

static bool is_linked(struct taking *t, const char *path, const char *first)
{
	struct error none = { .class = ERR_NONE };
	struct stat a;
	struct stat b;
	int parent_fd;
	const char *leaf;

	return inside_parent(t->in->tree, path, &parent_fd, &leaf, &none) == 0 &&
	       fstatat(parent_fd, leaf, &a, AT_SYMLINK_NOFOLLOW) == 0 &&
	       inside_parent(t->in->other, first, &parent_fd, &leaf, &none) == 0 &&
	       fstatat(parent_fd, leaf, &b, AT_SYMLINK_NOFOLLOW) == 0 && a.st_ino == b.st_ino;
}

/* Another name of what was taken: 1 it is linked, 0 it is the first, -1. */
static int link_again(struct taking *t, const struct entry *entry, struct error *err)
{
	size_t n;
	int rc;

	if (entry->links < 2)
		return 0;
	rc = link_map_get(t->firsts, entry->inode, t->first, sizeof(t->first) - 1, &n, err);
	if (rc != 1)
		return rc;
	t->first[n] = '\0';
	if (is_linked(t, entry->path, t->first))
		return 1;
	return apply_link(t->in, entry->path, t->first, err) == 0 ? 1 : -1;
}

static int remember(struct taking *t, const struct entry *entry, struct error *err)
{
	return entry->links < 2 ? 0 : link_map_put(t->firsts, entry->inode, entry->path, strlen(entry->path), err);
}

/* One file that can't be read is named; many in a row are a disk that is gone. */
static int not_taken(struct taking *t, const struct entry *entry, enum take_file_result result, const char *why,
                     struct error *err)
{
	name_it(t, t->take->damaged++, entry->path, result == TAKE_FILE_DAMAGED ? why : "it can't be read");
	if (result == TAKE_FILE_DAMAGED) {
		t->silent = 0;
		error_clear(err);
		return 0;
	}
	if (++t->silent >= SILENT_MOST)
		return error_prefix(err, "the disk does not answer any more (is it still connected?)");
	error_clear(err);
	return 0;
}

static int take_file(struct taking *t, int from_fd, const char *name, const struct entry *entry, struct error *err)
{
	enum take_file_result result;
	const char *why;
	enum there there;

	if (entry->size_bytes > INT64_MAX - t->take->bytes) {
		name_it(t, t->take->damaged++, entry->path, "with it, it would be more bytes than can be counted");
		return 0;
	}
	t->take->bytes += entry->size_bytes;
	if (look(t, from_fd, name, entry, &there, err) != 0)
		return -1;
	if (there != THERE_NOT) {
		t->take->there_files++;
		t->take->bar->done += entry->size_bytes;
		progress_show(t->take->bar);
		if (there == THERE_CONTENT && apply_meta(t->in, entry, err) != 0)
			return -1;
		return remember(t, entry, err);
	}
	if (take_file_take(&t->file, from_fd, name, entry, &result, &why, err) != 0)
		return -1;
	if (result != TAKE_FILE_TAKEN)
		return not_taken(t, entry, result, why, err);
	t->silent = 0;
	return remember(t, entry, err);
}

/* What the carried disk's file system could not hold is not what this one lacks; but what it should be is known only by the mark. */
static void keep_mark(struct taking *t, int from_fd, const char *name, const struct entry *entry)
{
	int from = entry->lacks ? openat(from_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
	const char *leaf;
	int parent_fd;
	int to = -1;

	if (from >= 0 && inside_parent(t->in->tree, entry->path, &parent_fd, &leaf, NULL) == 0)
		to = openat(parent_fd, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (to >= 0) {
		entry_xattr_copy_lacks(from, to);
		(void)close(to);
	}
	if (from >= 0)
		(void)close(from);
}

static int take_folder(struct taking *t, int from_fd, const char *name, const struct entry *entry, struct error *err)
{
	struct stat st;

	if (fstatat(from_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev != t->from_dev)
		name_it(t, t->take->elsewhere++, entry->path,
		        "another file system or subvolume lies here; what is in it is not taken");
	return apply_make(t->in, entry, err);
}

static int take_one(struct taking *t, int from_fd, const char *name, const struct entry *entry, struct error *err)
{
	enum there there;
	int rc;

	if (*entry->path == '\0')
		return 0;
	if (++t->entries > ENTRIES_MOST)
		return error_set(err, ERR_DAMAGED,
		                 "there are more than %" PRIu64 " entries: is the disk's file system whole?",
		                 ENTRIES_MOST);
	if (incoming_allows(t->in, entry->path, err) != 0)
		return -1;
	if (entry->type == ENTRY_SOCKET) {
		name_it(t, t->take->sockets++, entry->path, "a socket, which no backup keeps");
		return 0;
	}
	if (entry->type == ENTRY_FOLDER)
		return take_folder(t, from_fd, name, entry, err);
	t->take->files += entry->type == ENTRY_FILE;
	if (t->take->recorded && t->take->files > t->take->files_most)
		return error_set(err, ERR_DAMAGED,
		                 "there are more files than the %" PRIu64
		                 " that the seed's record tells of: somebody has written there since; write it anew",
		                 t->take->files_most);
	rc = link_again(t, entry, err);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (entry->type == ENTRY_FILE) {
		rc = take_file(t, from_fd, name, entry, err);
		if (rc == 0 && t->take->recorded)
			keep_mark(t, from_fd, name, entry);
		return rc;
	}
	if (look(t, from_fd, name, entry, &there, err) != 0 ||
	    (there != THERE_ALL && apply_make(t->in, entry, err) != 0))
		return -1;
	return remember(t, entry, err);
}

/* ---- the walks */

/* Is there something of that kind in the source: 1, 0, -1? What is a folder in one of them only has to go, too. */
static int source_has(struct taking *t, const struct entry *entry, struct error *err)
{
	struct error none = { .class = ERR_NONE };
	struct stat st;
	int parent_fd;
	const char *leaf;

	if (inside_parent(t->from, entry->path, &parent_fd, &leaf, &none) == 0 &&
	    fstatat(parent_fd, leaf, &st, AT_SYMLINK_NOFOLLOW) != 0)
		(void)error_sys(&none, errno, "looking at \"%.300s\"", entry->path);
	if (none.class == ERR_NONE)
		return S_ISDIR(st.st_mode) == (entry->type == ENTRY_FOLDER);
	if (none.class == ERR_NOT_FOUND || none.class == ERR_REFUSED)
		return 0;
	*err = none;
	return -1;
}

static int remove_extra(struct taking *t, struct error *err)
{
	const char *const own[] = { t->in->work, NULL };
	struct tree_walk *walk;
	const struct entry *entry;
	const char *name;
	int parent_fd;
	int rc;

	if (tree_walk_new(t->in->tree_fd, true, own, &walk, err) != 0)
		return -1;
	tree_walk_light(walk);
	while ((rc = tree_walk_next(walk, &entry, &parent_fd, &name, err)) == 1) {
		int has = *entry->path != '\0' ? source_has(t, entry, err) : 1;

		if (has == 1)
			continue;
		tree_walk_skip(walk);
		rc = has < 0 ? -1 : apply_remove(t->in, entry->path, err);
		if (rc != 0)
			break;
	}
	tree_walk_destroy(&walk);
	return rc;
}

/* Everything; or, when all is in, the folders' metadata once more, as what was made in them has moved their times. */
static int walk_source(struct taking *t, bool folders, struct error *err)
{
	struct tree_walk *walk;
	const struct entry *entry;
	const char *name;
	int parent_fd;
	int rc;

	if (tree_walk_new(t->take->from_fd, false, NULL, &walk, err) != 0)
		return -1;
	if (t->take->fake_super)
		tree_walk_fake_super(walk);
	else
		tree_walk_plain(walk);
	if (folders)
		tree_walk_light(walk);
	while ((rc = tree_walk_next(walk, &entry, &parent_fd, &name, err)) == 1) {
		if (!folders)
			rc = take_one(t, parent_fd, name, entry, err);
		else
			rc = entry->type == ENTRY_FOLDER ? apply_meta(t->in, entry, err) : 0;
		if (rc == 0 && folders && t->take->recorded && entry->type == ENTRY_FOLDER)
			keep_mark(t, parent_fd, name, entry);
		if (rc != 0) {
			rc = -1;
			break;
		}
	}
	tree_walk_destroy(&walk);
	return rc;
}

static int take_all(struct taking *t, struct error *err)
{
	struct take_in *take = t->take;

	if (take->recorded && remove_extra(t, err) != 0)
		return -1;
	t->entries = 0;
	take->files = take->bytes = take->there_files = take->damaged = take->sockets = take->elsewhere = 0;
	take->bar->done = 0;
	return walk_source(t, false, err) == 0 ? walk_source(t, true, err) : -1;
}

static int begin(struct taking *t, struct error *err)
{
	struct stat st;

	if (fstat(t->take->from_fd, &st) != 0)
		return error_sys(err, errno, "stat of the tree");
	t->from_dev = st.st_dev;
	t->file = (struct take_file){
		.incoming = t->in, .recorded = t->take->recorded, .move = t->take->move, .bar = t->take->bar
	};
	return take_file_init(&t->file, err) == 0 && inside_new(t->take->from_fd, &t->from, err) == 0 &&
	                       link_map_new(&t->firsts, err) == 0 && link_map_new(&t->taken, err) == 0
	               ? 0
	               : -1;
}

int take_in_run(struct take_in *take, struct incoming *incoming, struct error *err)
{
	struct taking *t = calloc(1, sizeof(*t));
	int rc;

	if (t == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	t->take = take;
	t->in = incoming;
	entry_memory_init(&t->memory);
	rc = begin(t, err);
	if (rc == 0)
		rc = take_all(t, err);
	take->shared_bytes = t->file.shared_bytes;
	take->copied_bytes = t->file.copied_bytes;
	take->moved_bytes = t->file.moved_bytes;
	take_file_done(&t->file);
	inside_destroy(&t->from);
	link_map_destroy(&t->firsts);
	link_map_destroy(&t->taken);
	entry_memory_done(&t->memory);
	free(t);
	return rc;
}
