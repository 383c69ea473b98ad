#include "receiver/mass_change.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "receiver/brake.h"
#include "receiver/hash_tag.h"
#include "receiver/two_trees.h"
#include "receiver/version.h"

#define BLOCK 4096u
#define RUN ((size_t)1 << 20)

/* A file of the base that is not where it was, or not as it was. */
struct missing {
	uint64_t key; /* the first bytes of its SHA-256 */
	uint64_t bytes, kept_bytes;
};

struct measuring {
	struct mass_change *change;
	struct ticker *ticker;
	struct two_trees trees; /* a: the base, b: the new one */
	struct missing *missing;
	uint64_t *arrived; /* keys of files of the new tree that the base does not have there */
	size_t n_missing, room_missing, n_arrived, room_arrived;
	uint8_t *a, *b; /* RUN each */
};

static bool is_file(const struct two_trees_side *side)
{
	return side->entry->type == ENTRY_FILE && S_ISREG(side->st.st_mode);
}

static void count(const struct two_trees_side *side, uint64_t *files, uint64_t *bytes)
{
	if (!is_file(side))
		return;
	++*files;
	*bytes += (uint64_t)side->st.st_size;
}

static int open_file(const struct two_trees_side *side)
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

/* Two files at one place. */
static int compare(struct measuring *m, struct error *err)
{
	uint64_t bytes = (uint64_t)m->trees.a.st.st_size;
	uint64_t kept_bytes = 0;
	uint64_t old_key;
	uint64_t new_key;
	int old_fd;
	int new_fd;
	int rc = 0;

	if (version_untouched(&m->trees.a.st, &m->trees.b.st))
		return 0;
	old_fd = open_file(&m->trees.a);
	new_fd = open_file(&m->trees.b);
	if (m->trees.a.st.st_size == m->trees.b.st.st_size && key_of(old_fd, &old_key) && key_of(new_fd, &new_key) &&
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

static void alone(struct measuring *m, const struct two_trees_side *side, bool in_base)
{
	int fd;

	if (!is_file(side))
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
	if (is_file(&m->trees.a) && is_file(&m->trees.b))
		return compare(m, err);
	alone(m, &m->trees.a, true);
	alone(m, &m->trees.b, false);
	return 0;
}

static int walk_both(struct measuring *m, struct error *err)
{
	struct mass_change *change = m->change;
	int order;
	int rc;

	while ((rc = two_trees_next(&m->trees, &order, err)) == 1) {
		if (order <= 0)
			count(&m->trees.a, &change->base_files, &change->base_bytes);
		if (order >= 0)
			count(&m->trees.b, &change->files, &change->bytes);
		if (order == 0 && meet(m, err) != 0)
			return -1;
		if (order != 0)
			alone(m, order < 0 ? &m->trees.a : &m->trees.b, order < 0);
		if (ticker_step(m->ticker, err) != 0)
			return -1;
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

int mass_change_measure(int base_fd, int tree_fd, struct ticker *ticker, struct mass_change *change, struct error *err)
{
	struct measuring m = { .change = change, .ticker = ticker, .a = malloc(RUN), .b = malloc(RUN) };
	int rc = -1;

	*change = (struct mass_change){ 0 };
	if (m.a == NULL || m.b == NULL)
		(void)error_set(err, ERR_SYSTEM, "out of memory");
	else if (two_trees_open(&m.trees.a, base_fd, ".", err) == 0 &&
	         two_trees_open(&m.trees.b, tree_fd, ".", err) == 0)
		rc = walk_both(&m, err);
	if (rc == 0)
		settle(&m);
	two_trees_close(&m.trees);
	free(m.missing);
	free(m.arrived);
	free(m.a);
	free(m.b);
	return rc;
}
