#include "receiver/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/inside.h"
#include "lib/tree_walk.h"
#include "receiver/file_copy.h"
#include "receiver/hash_tag.h"
#include "receiver/seal_flat.h"

#define NAME "user.aob.tree"

struct sealing {
	struct seal *seal;
	struct tree_digest *digest;
	struct tree_fold *fold;
	struct inside *tree;
	struct inside *base; /* NULL: there is none */
	bool given_up;       /* a folder could not remember: those above it, which come later, must not either */
};

static bool remembered(int fd, uint8_t content[TREE_DIGEST_BYTES])
{
	return fgetxattr(fd, NAME, content, TREE_DIGEST_BYTES) == TREE_DIGEST_BYTES;
}

bool seal_possible(int folder_fd)
{
	return fgetxattr(folder_fd, NAME, NULL, 0) >= 0 || errno == ENODATA;
}

static bool is_same(int fd, int other_fd)
{
	struct stat st;
	struct stat other;

	return fstat(fd, &st) == 0 && fstat(other_fd, &other) == 0 && st.st_dev == other.st_dev &&
	       st.st_ino == other.st_ino;
}

int seal_break(int tree_fd, int folder_fd, struct error *err)
{
	int fd = folder_fd;
	int rc = 0;

	for (;;) {
		int up;

		if (fremovexattr(fd, NAME) != 0) {
			if (errno != ENODATA && errno != EOPNOTSUPP)
				rc = error_sys(err, errno, "removing %s", NAME);
			break;
		}
		if (is_same(fd, tree_fd))
			break;
		up = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (up < 0) {
			rc = error_sys(err, errno, "opening the folder above");
			break;
		}
		if (fd != folder_fd)
			(void)close(fd);
		fd = up;
	}
	if (fd != folder_fd)
		(void)close(fd);
	return rc;
}

int seal_copy(int from_fd, int to_fd, const char *name, const char *to_name, struct error *err)
{
	int from = openat(from_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int to = from >= 0 ? openat(to_fd, to_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	uint8_t content[TREE_DIGEST_BYTES];
	int rc = 0;

	if (to < 0)
		rc = error_sys(err, errno, "opening a folder");
	else if (remembered(from, content) && fsetxattr(to, NAME, content, sizeof(content), 0) != 0)
		rc = error_sys(err, errno, "setting %s", NAME);
	if (rc == 0)
		seal_flat_copy(from, to);
	if (from >= 0)
		(void)close(from);
	if (to >= 0)
		(void)close(to);
	return rc;
}

/* A folder was gone through. */
static int remember(void *context, const char *path, const struct tree_list *list,
                    const uint8_t content[TREE_DIGEST_BYTES], struct error *err)
{
	struct sealing *s = context;
	const char *leaf;
	int parent_fd;
	int fd;

	if (s->seal->how == SEAL_LOOK || s->given_up)
		return 0;
	if (inside_parent(s->tree, path, &parent_fd, &leaf, err) != 0)
		return -1;
	fd = openat(parent_fd, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, errno, "opening the folder \"%.300s\"", path);
	seal_flat_keep(fd, list);
	s->given_up = fsetxattr(fd, NAME, content, TREE_DIGEST_BYTES, 0) != 0;
	(void)close(fd);
	return 0;
}

static int open_folder(struct inside *inside, const char *path)
{
	const char *leaf;
	int parent_fd;

	return inside_parent(inside, path, &parent_fd, &leaf, NULL) == 0
	               ? openat(parent_fd, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
	               : -1;
}

/* A large folder, by what it was: 1: content is what it holds, and remembered, 0: it must be looked into, -1. */
static int ask_base(struct sealing *s, const char *path, uint8_t content[TREE_DIGEST_BYTES], struct error *err)
{
	struct seal_flat flat = { .digest = s->digest,
		                  .ticker = s->seal->ticker,
		                  .skip = *path == '\0' ? s->seal->skip : NULL,
		                  .path = path };
	struct tree_list list;
	int rc = 0;

	if (s->base == NULL || s->seal->how != SEAL_KEEP || s->seal->child != NULL)
		return 0;
	flat.base_fd = open_folder(s->base, path);
	flat.folder_fd = flat.base_fd >= 0 ? open_folder(s->tree, path) : -1;
	if (flat.folder_fd >= 0)
		rc = seal_flat_sum(&flat, &list, err);
	if (rc == 1) {
		s->seal->unhashed += flat.unhashed;
		tree_digest_list_content(&list, content);
		rc = remember(s, path, &list, content, err) == 0 ? 1 : -1;
	}
	if (flat.base_fd >= 0)
		(void)close(flat.base_fd);
	if (flat.folder_fd >= 0)
		(void)close(flat.folder_fd);
	return rc;
}

static int tell_child(void *context, const char *name, enum entry_type type, const uint8_t digest[TREE_DIGEST_BYTES],
                      struct error *err)
{
	const struct sealing *s = context;

	return s->seal->child(s->seal->context, name, type, digest, err);
}

/* 1: content is what the folder holds, 0: it must be looked into, -1. What is remembered and does not count goes, so that no folder above an open one has any. */
static int ask_folder(struct sealing *s, int parent_fd, const char *name, uint8_t content[TREE_DIGEST_BYTES],
                      struct error *err)
{
	int fd;
	int rc = 0;

	if (s->seal->how == SEAL_LOOK)
		return 0;
	fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, errno, "opening a folder");
	if (s->seal->how == SEAL_KEEP)
		rc = remembered(fd, content);
	else if (fremovexattr(fd, NAME) != 0 && errno != ENODATA)
		rc = error_sys(err, errno, "removing %s", NAME);
	(void)close(fd);
	return rc;
}

static int ask_file(struct sealing *s, int parent_fd, const char *name, uint8_t content[TREE_DIGEST_BYTES],
                    struct error *err)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return error_sys(err, errno, "opening a file");
	if (!hash_tag_get(fd, content)) {
		rc = file_copy_sha256(fd, s->seal->ticker, content, err);
		s->seal->unhashed++;
		if (rc == 0 && s->seal->how != SEAL_LOOK)
			rc = hash_tag_set(fd, content, err);
	}
	(void)close(fd);
	return rc;
}

/* The metadata that it should have, where this file system could not hold it as it is. */
static int ask_lacks(int parent_fd, const char *name, uint8_t meta[TREE_DIGEST_BYTES], struct error *err)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return error_sys(err, errno, "opening what lacks something");
	(void)fgetxattr(fd, ENTRY_LACKS, meta, TREE_DIGEST_BYTES);
	(void)close(fd);
	return 0;
}

static int take(struct sealing *s, struct tree_walk *walk, const struct entry *entry, int parent_fd, const char *name,
                struct error *err)
{
	bool is_root = *entry->path == '\0';
	uint8_t meta[TREE_DIGEST_BYTES] = { 0 };
	uint8_t content[TREE_DIGEST_BYTES] = { 0 };
	int rc = 0;

	tree_digest_meta(s->digest, entry, meta);
	if (entry->lacks && ask_lacks(parent_fd, name, meta, err) != 0)
		return -1;
	if (entry->type == ENTRY_FOLDER) {
		rc = ask_folder(s, parent_fd, name, content, err);
		if (rc == 0)
			rc = ask_base(s, entry->path, content, err);
		if (rc == 0 || (rc == 1 && is_root && s->seal->child != NULL))
			return tree_fold_open(s->fold, entry->path, meta, err);
		tree_walk_skip(walk);
	} else if (entry->type == ENTRY_FILE) {
		rc = ask_file(s, parent_fd, name, content, err);
	} else {
		tree_digest_content(s->digest, entry, content);
	}
	return rc < 0 ? error_prefix(err, "\"%.300s\"", entry->path)
	              : tree_fold_add(s->fold, entry->path, entry->type, meta, content, err);
}

static int go(struct sealing *s, struct tree_walk *walk, struct error *err)
{
	const struct entry *entry;
	const char *name;
	int parent_fd;
	int rc;

	while ((rc = tree_walk_next(walk, &entry, &parent_fd, &name, err)) == 1)
		if (take(s, walk, entry, parent_fd, name, err) != 0 || ticker_step(s->seal->ticker, err) != 0)
			return -1;
	return rc == 0 ? tree_fold_end(s->fold, s->seal->root, err) : -1;
}

static bool believes_none;

void seal_believe_none(void)
{
	believes_none = true;
}

int seal_root(int tree_fd, struct seal *seal, struct error *err)
{
	const char *const skipped[] = { seal->skip, NULL };
	struct sealing s = { .seal = seal };
	struct tree_fold_hooks hooks = { .left = remember, .context = &s };
	struct tree_walk *walk = NULL;
	int rc = -1;

	if (seal->child != NULL)
		hooks.child = tell_child; /* of one folder, when the whole was gone through */
	else if (seal->how == SEAL_KEEP && believes_none)
		seal->how = SEAL_ANEW;
	seal->unhashed = 0;
	if (tree_digest_new(&s.digest, err) == 0 && tree_fold_new(s.digest, &hooks, &s.fold, err) == 0 &&
	    inside_new(tree_fd, &s.tree, err) == 0 &&
	    (!seal->has_base || inside_new(seal->base_fd, &s.base, err) == 0) &&
	    tree_walk_new(tree_fd, true, seal->skip != NULL ? skipped : NULL, &walk, err) == 0)
		rc = go(&s, walk, err);
	tree_walk_destroy(&walk);
	inside_destroy(&s.tree);
	inside_destroy(&s.base);
	tree_fold_destroy(&s.fold);
	tree_digest_destroy(&s.digest);
	return rc == 0 ? 0 : error_prefix(err, "computing the tree's root hash");
}
