#include "receiver/seal_flat.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/big_endian.h"
#include "lib/folder_names.h"
#include "receiver/file_copy.h"
#include "receiver/hash_tag.h"
#include "receiver/version.h"

#define NAME "user.aob.sum"
#define TREE "user.aob.tree"
#define SUM_BYTES (8 + 2 * (size_t)TREE_SUM_NUMBERS)
#define DIFFERENT_SHARE 8 /* if more than one in so many differs, all of it is looked at: that is quicker */

/* One of the two folders, name by name. */
struct side {
	int fd;
	const char *skip;
	struct folder_names_room room;
	struct folder_names *names;
	const char *name; /* NULL: the end */
	unsigned char d_type;
};

static int step(struct side *side, struct error *err)
{
	int rc;

	do {
		rc = folder_names_next(side->names, &side->name, &side->d_type, err);
	} while (rc == 1 && side->skip != NULL && strcmp(side->name, side->skip) == 0);
	if (rc == 0)
		side->name = NULL;
	return rc < 0 ? -1 : 0;
}

static int open_side(struct side *side, int fd, const char *skip, struct error *err)
{
	*side = (struct side){ .fd = fd, .skip = skip };
	folder_names_room_init(&side->room, FOLDER_NAMES_MEMORY);
	return folder_names_open(fd, &side->room, &side->names, err) == 0 ? step(side, err) : -1;
}

static void close_side(struct side *side)
{
	if (side->names != NULL)
		folder_names_close(&side->names);
	folder_names_room_done(&side->room);
}

/* What was remembered, if it is that of what the folder holds. */
static bool recall(int fd, struct tree_list *list)
{
	uint8_t content[TREE_DIGEST_BYTES];
	uint8_t remembered[TREE_DIGEST_BYTES];
	uint8_t sum[SUM_BYTES];

	if (fgetxattr(fd, NAME, sum, sizeof(sum)) != (ssize_t)sizeof(sum) ||
	    fgetxattr(fd, TREE, remembered, sizeof(remembered)) != (ssize_t)sizeof(remembered))
		return false;
	tree_digest_list_init(list);
	list->sum.n = big_endian(sum, 8);
	for (size_t i = 0; i < TREE_SUM_NUMBERS; i++)
		list->sum.numbers[i] = (uint16_t)big_endian(sum + 8 + 2 * i, 2);
	tree_digest_list_content(list, content);
	return memcmp(content, remembered, sizeof(content)) == 0;
}

void seal_flat_keep(int folder_fd, const struct tree_list *list)
{
	uint8_t sum[SUM_BYTES];

	if (list->n_folders != 0 || list->sum.n < SEAL_FLAT_LEAST) {
		(void)fremovexattr(folder_fd, NAME);
		return;
	}
	big_endian_put(sum, list->sum.n, 8);
	for (size_t i = 0; i < TREE_SUM_NUMBERS; i++)
		big_endian_put(sum + 8 + 2 * i, list->sum.numbers[i], 2);
	if (fsetxattr(folder_fd, NAME, sum, sizeof(sum), 0) != 0)
		(void)fremovexattr(folder_fd, NAME);
}

void seal_flat_copy(int from_fd, int to_fd)
{
	uint8_t sum[SUM_BYTES];

	if (fgetxattr(from_fd, NAME, sum, sizeof(sum)) == (ssize_t)sizeof(sum))
		(void)fsetxattr(to_fd, NAME, sum, sizeof(sum), 0);
}

/* records: nothing is written into what is published. */
static int content_of(struct seal_flat *flat, int fd, bool records, uint8_t content[TREE_DIGEST_BYTES],
                      struct error *err)
{
	if (hash_tag_get(fd, content))
		return 0;
	flat->unhashed++;
	if (file_copy_sha256(fd, flat->ticker, content, err) != 0)
		return -1;
	return records ? hash_tag_set(fd, content, err) : 0;
}

/* Of a file, or of what is marked for what it lacks. */
static int look_inside(struct seal_flat *flat, int folder_fd, const char *name, const struct entry *entry,
                       uint8_t meta[TREE_DIGEST_BYTES], uint8_t content[TREE_DIGEST_BYTES], struct error *err)
{
	int fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return error_sys(err, errno, "opening \"%.300s/%.255s\"", flat->path, name);
	if (entry->lacks)
		(void)fgetxattr(fd, ENTRY_LACKS, meta, TREE_DIGEST_BYTES);
	if (entry->type == ENTRY_FILE)
		rc = content_of(flat, fd, folder_fd == flat->folder_fd, content, err);
	(void)close(fd);
	return rc;
}

/* The digest of one name in the folder: 1, 0: it does not count, 2: it is a folder, -1. */
static int digest_of(struct seal_flat *flat, int folder_fd, const char *name, uint8_t digest[TREE_DIGEST_BYTES],
                     struct error *err)
{
	uint8_t content[TREE_DIGEST_BYTES] = { 0 };
	uint8_t meta[TREE_DIGEST_BYTES] = { 0 };
	struct entry_memory memory;
	struct entry entry;
	int rc;

	entry_memory_init(&memory);
	rc = entry_read(folder_fd, name, name, true, &memory, &entry, err);
	if (rc == 0 && (entry.type == ENTRY_FOLDER || !tree_digest_counts(entry.type))) {
		rc = entry.type == ENTRY_FOLDER ? 2 : 0;
	} else if (rc == 0) {
		tree_digest_meta(flat->digest, &entry, meta);
		tree_digest_content(flat->digest, &entry, content);
		if (entry.lacks || entry.type == ENTRY_FILE)
			rc = look_inside(flat, folder_fd, name, &entry, meta, content, err);
		tree_digest_entry(flat->digest, meta, content, digest);
		rc = rc == 0 ? 1 : -1;
	}
	entry_memory_done(&memory);
	return rc;
}

static bool is_folder(const struct side *side)
{
	return side->name != NULL && (side->d_type == DT_DIR || side->d_type == DT_UNKNOWN);
}

/* One inode, untouched: then it is what it was, with all its metadata. */
static bool is_same(const struct side *a, const struct side *b)
{
	struct stat one;
	struct stat other;

	return fstatat(a->fd, a->name, &one, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstatat(b->fd, b->name, &other, AT_SYMLINK_NOFOLLOW) == 0 && version_untouched(&one, &other);
}

/* 1: it is in the sum now, or out of it; 0: it is a folder; -1. */
static int exchange(struct seal_flat *flat, const struct side *side, bool comes, struct tree_sum *sum,
                    struct error *err)
{
	uint8_t digest[TREE_DIGEST_BYTES] = { 0 };
	int rc = digest_of(flat, side->fd, side->name, digest, err);

	if (rc == 1 && comes)
		tree_digest_sum_add(flat->digest, sum, side->name, digest);
	else if (rc == 1)
		tree_digest_sum_take(flat->digest, sum, side->name, digest);
	return rc < 0 ? -1 : rc != 2;
}

static int compare(struct seal_flat *flat, struct side *was, struct side *is, struct tree_sum *sum, struct error *err)
{
	uint64_t most = sum->n / DIFFERENT_SHARE;
	uint64_t different = 0;

	while (was->name != NULL || is->name != NULL) {
		int order = was->name == NULL ? 1 : is->name == NULL ? -1 : strcmp(was->name, is->name);
		int rc = 1;

		if (is_folder(was) || is_folder(is) || different > most)
			return 0;
		if (order != 0 || !is_same(was, is)) {
			different++;
			if (order <= 0)
				rc = exchange(flat, was, false, sum, err);
			if (rc == 1 && order >= 0)
				rc = exchange(flat, is, true, sum, err);
		}
		if (rc != 1 || ticker_step(flat->ticker, err) != 0)
			return rc != 1 ? rc : -1;
		if ((order <= 0 && step(was, err) != 0) || (order >= 0 && step(is, err) != 0))
			return -1;
	}
	return 1;
}

int seal_flat_sum(struct seal_flat *flat, struct tree_list *list, struct error *err)
{
	struct side was = { .fd = -1 };
	struct side is = { .fd = -1 };
	int rc = -1;

	if (!recall(flat->base_fd, list))
		return 0;
	if (open_side(&was, flat->base_fd, NULL, err) == 0 && open_side(&is, flat->folder_fd, flat->skip, err) == 0)
		rc = compare(flat, &was, &is, &list->sum, err);
	close_side(&was);
	close_side(&is);
	return rc;
}
