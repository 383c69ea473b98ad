#include "receiver/apply.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/entry.h"
#include "receiver/file_copy.h"
#include "receiver/linking.h"
#include "receiver/seal.h"

/* What of the tree's is at path: 1: *st, 0: nothing, -1. */
static int what_is_at(int parent_fd, const char *leaf, const char *path, struct stat *st, struct error *err)
{
	if (fstatat(parent_fd, leaf, st, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT ? 0 : error_sys(err, errno, "stat of \"%.300s\"", path);
}

/* A folder with all in it. */
static int remove_folder(struct incoming *incoming, int parent_fd, const char *leaf, struct error *err)
{
	struct tally inside;
	int rc;

	tally_folder(parent_fd, leaf, &inside);
	rc = incoming_trash(incoming, parent_fd, leaf, err);
	if (rc == 0)
		tally_take(&incoming->tally, &inside);
	return rc;
}

int apply_remove(struct incoming *incoming, const char *path, struct error *err)
{
	struct error missing = { .class = ERR_NONE };
	struct stat old;
	int parent_fd;
	const char *leaf;
	int rc;

	if (*path == '\0')
		return error_set(err, ERR_PROTOCOL, "REMOVE of the root");
	if (inside_parent(incoming->tree, path, &parent_fd, &leaf, &missing) != 0) {
		if (missing.class == ERR_NOT_FOUND)
			return 0;
		*err = missing;
		return -1;
	}
	rc = what_is_at(parent_fd, leaf, path, &old, err);
	if (rc <= 0)
		return rc;
	if (seal_break(incoming->tree_fd, parent_fd, err) != 0)
		return -1;
	if (S_ISDIR(old.st_mode)) {
		rc = remove_folder(incoming, parent_fd, leaf, err);
		inside_forget(incoming->tree);
		inside_forget(incoming->other);
		return rc;
	}
	if (unlinkat(parent_fd, leaf, 0) == 0)
		tally_gone(&incoming->tally, &old);
	else if (errno != ENOENT)
		return error_sys(err, errno, "removing \"%.300s\"", path);
	return 0;
}

int apply_put(struct incoming *incoming, const char *part, const char *path, const struct stat *now,
              uint64_t kept_bytes, struct error *err)
{
	struct stat old;
	int parent_fd;
	const char *leaf;
	int there;

	if (inside_parent(incoming->tree, path, &parent_fd, &leaf, err) != 0)
		return -1;
	there = what_is_at(parent_fd, leaf, path, &old, err);
	if (there < 0 || seal_break(incoming->tree_fd, parent_fd, err) != 0)
		return -1;
	if (there == 1 && S_ISDIR(old.st_mode)) {
		/* A folder makes way. */
		if (remove_folder(incoming, parent_fd, leaf, err) != 0)
			return -1;
		inside_forget(incoming->other);
		there = 0;
	}
	if (renameat(incoming->parts_fd, part, parent_fd, leaf) != 0)
		return error_sys(err, errno, "putting \"%.300s\" in its place", path);
	tally_put(&incoming->tally, there == 1 ? &old : NULL, now, kept_bytes);
	return 0;
}

/* parts/<part> gets the entry's metadata and its place in the tree. */
static int place(struct incoming *incoming, const char *part, const struct entry *entry, const struct stat *now,
                 struct error *err)
{
	if (entry_apply(incoming->parts_fd, part, entry, incoming->vault->fake_super, err) != 0)
		return -1;
	return apply_put(incoming, part, entry->path, now, 0, err);
}

static int make_folder(struct incoming *incoming, const struct entry *entry, struct error *err)
{
	bool fake_super = incoming->vault->fake_super;
	struct stat old;
	int parent_fd;
	const char *leaf;
	int rc;

	if (inside_parent(incoming->tree, entry->path, &parent_fd, &leaf, err) != 0)
		return -1;
	rc = what_is_at(parent_fd, leaf, entry->path, &old, err);
	if (rc < 0 || seal_break(incoming->tree_fd, parent_fd, err) != 0)
		return -1;
	if (rc == 0 || !S_ISDIR(old.st_mode)) {
		if (rc == 1 && unlinkat(parent_fd, leaf, 0) != 0)
			return error_sys(err, errno, "replacing \"%.300s\"", entry->path);
		if (rc == 1)
			tally_gone(&incoming->tally, &old);
		if (entry_make(parent_fd, leaf, entry, fake_super, err) != 0)
			return -1;
	}
	return entry_apply(parent_fd, leaf, entry, fake_super, err);
}

int apply_make(struct incoming *incoming, const struct entry *entry, struct error *err)
{
	const struct stat no_file = { .st_mode = 0 };

	if (entry->type == ENTRY_FOLDER)
		return make_folder(incoming, entry, err);
	if (entry->type == ENTRY_FILE || *entry->path == '\0')
		return error_set(err, ERR_PROTOCOL, "MAKE of a file, or of the root as something else than a folder");
	if (incoming_aside(incoming, err) != 0 ||
	    entry_make(incoming->parts_fd, incoming->aside, entry, incoming->vault->fake_super, err) != 0)
		return -1;
	return place(incoming, incoming->aside, entry, &no_file, err);
}

static int link_new(struct incoming *incoming, const char *existing)
{
	int parent_fd;
	const char *leaf;
	struct error aside = { .class = ERR_NONE };

	if (inside_parent(incoming->other, existing, &parent_fd, &leaf, &aside) != 0)
		return ENOENT;
	return linking_at(parent_fd, leaf, incoming->parts_fd, incoming->aside);
}

/* The inode has all the links that the file system allows, most of them in older generations. A copy takes the place of `existing`, for the names to
 * come; those that came before are put right by the next comparison, which is asked for at COMMIT. */
static int renew_group(struct incoming *incoming, const char *existing, struct error *err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { 0 } };
	bool fake_super = incoming->vault->fake_super;
	struct stat folder = { .st_mtim = { 0 } };
	struct entry_memory memory;
	struct entry entry;
	struct stat st;
	int parent_fd;
	const char *leaf;
	int rc = -1;

	entry_memory_init(&memory);
	/* Counted as what it was: it is the same content. */
	if (inside_parent(incoming->other, existing, &parent_fd, &leaf, err) == 0 &&
	    what_is_at(parent_fd, leaf, existing, &st, err) == 1 && fstat(parent_fd, &folder) == 0 &&
	    entry_read(parent_fd, leaf, existing, false, &memory, &entry, err) == 0 &&
	    (entry.type == ENTRY_FILE
	             ? file_copy_as(parent_fd, leaf, incoming->parts_fd, incoming->aside, &entry, NULL, err)
	             : entry_make(incoming->parts_fd, incoming->aside, &entry, fake_super, err)) == 0)
		rc = place(incoming, incoming->aside, &entry, &st, err);
	/* The client knows nothing of a change in that folder, and sends no time for it. */
	times[1] = folder.st_mtim;
	if (rc == 0 && (inside_parent(incoming->other, existing, &parent_fd, &leaf, err) != 0 ||
	                utimensat(parent_fd, ".", times, 0) != 0))
		rc = err->class != ERR_NONE
		             ? -1
		             : error_sys(err, errno, "setting the time of the folder of \"%.300s\"", existing);
	entry_memory_done(&memory);
	incoming->relinked = true;
	return rc;
}

int apply_link(struct incoming *incoming, const char *path, const char *existing, struct error *err)
{
	struct stat now;
	int sys;

	if (*path == '\0' || *existing == '\0')
		return error_set(err, ERR_PROTOCOL, "LINK with the root");
	if (incoming_aside(incoming, err) != 0)
		return -1;
	sys = link_new(incoming, existing);
	if (sys == EMLINK) {
		if (renew_group(incoming, existing, err) != 0 || incoming_aside(incoming, err) != 0)
			return -1;
		sys = link_new(incoming, existing);
	}
	if (sys == 0 && fstatat(incoming->parts_fd, incoming->aside, &now, AT_SYMLINK_NOFOLLOW) != 0)
		sys = errno;
	if (sys != 0)
		return error_sys(err, sys, "linking \"%.300s\" to \"%.300s\"", path, existing);
	/* If path was that file's name already, rename(2) leaves both. */
	return apply_put(incoming, incoming->aside, path, &now, 0, err) == 0 ? incoming_aside(incoming, err) : -1;
}

/* Its inode need not be left, then. */
static bool is_so_already(int parent_fd, const char *leaf, const struct entry *entry)
{
	struct entry_memory memory;
	struct entry now;
	struct entry want = *entry;
	bool same;

	entry_memory_init(&memory);
	entry_digest(entry->xattrs, entry->n_xattrs, want.xattr_digest);
	same = entry_read(parent_fd, leaf, entry->path, true, &memory, &now, NULL) == 0 && !now.lacks &&
	       entry_same_metadata(&now, &want);
	entry_memory_done(&memory);
	return same;
}

int apply_meta(struct incoming *incoming, const struct entry *entry, struct error *err)
{
	struct stat st;
	int parent_fd;
	const char *leaf;

	if (inside_parent(incoming->tree, entry->path, &parent_fd, &leaf, err) != 0)
		return -1;
	if (fstatat(parent_fd, leaf, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return error_sys(err, errno, "stat of \"%.300s\"", entry->path);
	if ((entry->type == ENTRY_FOLDER) != S_ISDIR(st.st_mode) || (entry->type == ENTRY_FILE && !S_ISREG(st.st_mode)))
		return error_set(err, ERR_PROTOCOL, "META for \"%.300s\", which is of another type", entry->path);
	if (seal_break(incoming->tree_fd, parent_fd, err) != 0)
		return -1;
	if (entry->type == ENTRY_FOLDER)
		return entry_apply(parent_fd, leaf, entry, incoming->vault->fake_super, err);
	if (entry->type != ENTRY_FILE)
		return apply_make(incoming, entry, err);
	if (entry_names(&st) == 1)
		return entry_apply(parent_fd, leaf, entry, incoming->vault->fake_super, err);
	if (is_so_already(parent_fd, leaf, entry))
		return 0;
	/* No word to the client meanwhile: it is sending, and may not be reading. */
	if (incoming_aside(incoming, err) != 0 ||
	    file_copy_as(parent_fd, leaf, incoming->parts_fd, incoming->aside, entry, NULL, err) != 0)
		return -1;
	return place(incoming, incoming->aside, entry, &st, err); /* counted as what it was: it is the same content */
}
