#include "receiver/mass_change.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/tree_walk.h"
#include "receiver/brake.h"
#include "receiver/hash_tag.h"

#define BLOCK 4096u
#define RUN ((size_t)1 << 20)

/* A file of the base that is not where it was, or not as it was. */
struct missing {
	uint64_t key; /* the first bytes of its SHA-256 */
	uint64_t bytes, kept_bytes;
};

/* One of the two trees, and where the walk stands. */
struct side {
	struct tree_walk *walk;
	const struct entry *entry; /* NULL: the end */
	const char *name;
	int parent_fd;
	struct stat st; /* of a regular file; else the mode is 0 */
};

struct measuring {
	struct mass_change *change;
	struct ticker *ticker;
	struct side base, tree;
	struct missing *missing;
	uint64_t *arrived; /* keys of files of the new tree that the base does not have there */
	size_t n_missing, room_missing, n_arrived, room_arrived;
	uint8_t *a, *b; /* RUN each */
};

static int step(struct measuring *m, struct side *side, uint64_t *files, uint64_t *bytes, struct error *err)
{
	int rc = tree_walk_next(side->walk, &side->entry, &side->parent_fd, &side->name, err);

	side->st = (struct stat){ .st_mode = 0 };
	if (rc <= 0) {
		side->entry = NULL;
		return rc;
	}
	if (side->entry->type == ENTRY_FILE &&
	    (fstatat(side->parent_fd, side->name, &side->st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(side->st.st_mode)))
		side->st = (struct stat){ .st_mode = 0 };
	if (S_ISREG(side->st.st_mode)) {
		++*files;
		*bytes += (uint64_t)side->st.st_size;
	}
	return ticker_step(m->ticker, err);
}

static int next_of_base(struct measuring *m, struct error *err)
{
	return step(m, &m->base, &m->change->base_files, &m->change->base_bytes, err);
}

static int next_of_tree(struct measuring *m, struct error *err)
{
	return step(m, &m->tree, &m->change->files, &m->change->bytes, err);
}

static int open_file(const struct side *side)
{
	return openat(side->parent_fd, side->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

/* false: it has no hash. */
static bool key_of(int fd, uint64_t *key)
{
	uint8_t sha256[HASH_TAG_BYTES];

	if (fd < 0 || !hash_tag_get(fd, sha256))
		return false;
	memcpy(key, sha256, sizeof(*key));
	return true;
}

/* Doubles a list of which n are used; false: it is as long as it may be, or memory is out. */
static bool grow(void **list, size_t n, size_t *room, size_t item_bytes)
{
	size_t more = *room != 0 ? 2 * *room : 1024;
	void *grown;

	if (n < *room)
		return true;
	if (more > MASS_CHANGE_REMEMBERED)
		more = MASS_CHANGE_REMEMBERED;
	grown = n < more ? realloc(*list, more * item_bytes) : NULL;
	if (grown == NULL)
		return false;
	*list = grown;
	*room = more;
	return true;
}

static void lose(struct mass_change *change, uint64_t bytes, uint64_t kept_bytes)
{
	if (kept_bytes >= bytes && bytes != 0)
		return;
	change->lost_bytes += bytes - kept_bytes;
	change->lost_files += bytes == 0 || brake_file_lost(bytes, kept_bytes);
}

/* Not there as it was; it may be elsewhere. */
static void miss(struct measuring *m, int fd, uint64_t bytes, uint64_t kept_bytes)
{
	struct missing missing = { .bytes = bytes, .kept_bytes = kept_bytes };
	void *list = m->missing;

	if (!key_of(fd, &missing.key) || !grow(&list, m->n_missing, &m->room_missing, sizeof(missing))) {
		lose(m->change, bytes, kept_bytes);
		return;
	}
	m->missing = list;
	m->missing[m->n_missing++] = missing;
}

static void arrive(struct measuring *m, int fd)
{
	void *list = m->arrived;
	uint64_t key;

	if (!key_of(fd, &key) || !grow(&list, m->n_arrived, &m->room_arrived, sizeof(key)))
		return;
	m->arrived = list;
	m->arrived[m->n_arrived++] = key;
}

/* Of the old content, what is equal at the same offset. */
static int equal_bytes(struct measuring *m, int old_fd, int new_fd, uint64_t *kept_bytes, struct error *err)
{
	*kept_bytes = 0;
	for (off_t at = 0;; at += (off_t)RUN) {
		ssize_t n = pread(old_fd, m->a, RUN, at);
		ssize_t k = n > 0 ? pread(new_fd, m->b, (size_t)n, at) : 0;

		if (n <= 0 || k <= 0)
			return 0; /* the end; or it can't be read: what has not been seen is lost */
		for (size_t i = 0; i < (size_t)k; i += BLOCK) {
			size_t len_bytes = (size_t)k - i < BLOCK ? (size_t)k - i : BLOCK;

			if (memcmp(m->a + i, m->b + i, len_bytes) == 0)
				*kept_bytes += len_bytes;
		}
		if (ticker_step(m->ticker, err) != 0)
			return -1;
		if (k < n || (size_t)n < RUN)
			return 0;
	}
}

/* Untouched: the same inode; or in a snapshot of the tree, which has inodes of its own, the one with the same number that nothing was done to since. */
static bool untouched(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino &&
	       (a->st_dev == b->st_dev ||
	        (a->st_size == b->st_size && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	         a->st_ctim.tv_nsec == b->st_ctim.tv_nsec && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	         a->st_mtim.tv_nsec == b->st_mtim.tv_nsec));
}

/* Two files at one place. */
static int compare(struct measuring *m, struct error *err)
{
	uint64_t bytes = (uint64_t)m->base.st.st_size;
	uint64_t kept_bytes = 0;
	uint64_t old_key;
	uint64_t new_key;
	int old_fd;
	int new_fd;
	int rc = 0;

	if (untouched(&m->base.st, &m->tree.st))
		return 0;
	old_fd = open_file(&m->base);
	new_fd = open_file(&m->tree);
	if (m->base.st.st_size == m->tree.st.st_size && key_of(old_fd, &old_key) && key_of(new_fd, &new_key) &&
	    old_key == new_key)
		goto out;
	if (old_fd >= 0 && new_fd >= 0)
		rc = equal_bytes(m, old_fd, new_fd, &kept_bytes, err);
	/* Something put behind it takes nothing away. */
	if (rc == 0 && kept_bytes < bytes) {
		miss(m, old_fd, bytes, kept_bytes);
		arrive(m, new_fd);
	}
out:
	if (old_fd >= 0)
		(void)close(old_fd);
	if (new_fd >= 0)
		(void)close(new_fd);
	return rc;
}

static void alone(struct measuring *m, const struct side *side, bool in_base)
{
	int fd;

	if (!S_ISREG(side->st.st_mode))
		return;
	fd = open_file(side);
	if (in_base)
		miss(m, fd, (uint64_t)side->st.st_size, 0);
	else
		arrive(m, fd);
	if (fd >= 0)
		(void)close(fd);
}

/* Both at the same place. */
static int meet(struct measuring *m, struct error *err)
{
	if (S_ISREG(m->base.st.st_mode) && S_ISREG(m->tree.st.st_mode))
		return compare(m, err);
	alone(m, &m->base, true);
	alone(m, &m->tree, false);
	return 0;
}

static int walk_both(struct measuring *m, struct error *err)
{
	int rc = next_of_base(m, err) == 0 ? next_of_tree(m, err) : -1;

	while (rc == 0 && (m->base.entry != NULL || m->tree.entry != NULL)) {
		int order = m->base.entry == NULL   ? 1
		            : m->tree.entry == NULL ? -1
		                                    : entry_order(m->base.entry->path, m->tree.entry->path);

		if (order == 0)
			rc = meet(m, err);
		else
			alone(m, order < 0 ? &m->base : &m->tree, order < 0);
		if (rc == 0 && order <= 0)
			rc = next_of_base(m, err);
		if (rc == 0 && order >= 0)
			rc = next_of_tree(m, err);
	}
	return rc;
}

static int by_key(const void *a, const void *b)
{
	uint64_t x;
	uint64_t y;

	/* Of either list: both begin with the key. */
	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

/* Each file that arrived is one that is missing elsewhere, at most. */
static void settle(struct measuring *m)
{
	size_t k = 0;

	if (m->n_missing != 0)
		qsort(m->missing, m->n_missing, sizeof(*m->missing), by_key);
	if (m->n_arrived != 0)
		qsort(m->arrived, m->n_arrived, sizeof(*m->arrived), by_key);
	for (size_t i = 0; i < m->n_missing; i++) {
		const struct missing *missing = &m->missing[i];

		while (k < m->n_arrived && m->arrived[k] < missing->key)
			k++;
		if (k < m->n_arrived && m->arrived[k] == missing->key)
			k++;
		else
			lose(m->change, missing->bytes, missing->kept_bytes);
	}
}

static int open_walk(struct side *side, int fd, struct error *err)
{
	if (tree_walk_new(fd, true, NULL, &side->walk, err) != 0)
		return -1;
	tree_walk_light(side->walk);
	return 0;
}

int mass_change_measure(int base_fd, int tree_fd, struct ticker *ticker, struct mass_change *change, struct error *err)
{
	struct measuring m = { .change = change, .ticker = ticker, .a = malloc(RUN), .b = malloc(RUN) };
	int rc = -1;

	*change = (struct mass_change){ 0 };
	if (m.a == NULL || m.b == NULL)
		(void)error_set(err, ERR_SYSTEM, "out of memory");
	else if (open_walk(&m.base, base_fd, err) == 0 && open_walk(&m.tree, tree_fd, err) == 0)
		rc = walk_both(&m, err);
	if (rc == 0)
		settle(&m);
	tree_walk_destroy(&m.base.walk);
	tree_walk_destroy(&m.tree.walk);
	free(m.missing);
	free(m.arrived);
	free(m.a);
	free(m.b);
	return rc;
}
