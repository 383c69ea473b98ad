#include "lib/tree_digest.h"

#include <stdlib.h>
#include <string.h>

#include "lib/big_endian.h"
#include "lib/sha256.h"
#include "lib/shake128.h"

#define TERM_BYTES ((size_t)TREE_SUM_NUMBERS * 2)
#define META_BYTES 57

struct tree_digest {
	uint8_t term[TERM_BYTES];
};

int tree_digest_new(struct tree_digest **digest, struct error *err)
{
	*digest = calloc(1, sizeof(**digest));
	return *digest != NULL ? 0 : error_set(err, ERR_SYSTEM, "out of memory");
}

void tree_digest_destroy(struct tree_digest **digest)
{
	free(*digest);
	*digest = NULL;
}

bool tree_digest_counts(enum entry_type type)
{
	return type != ENTRY_SOCKET;
}

void tree_digest_meta(struct tree_digest *digest, const struct entry *entry, uint8_t meta[TREE_DIGEST_BYTES])
{
	/* Where the vault's file system can't hold a time or an attribute, files and folders can be marked for that (ENTRY_LACKS); the others can carry no mark. */
	bool marked = entry->type == ENTRY_FILE || entry->type == ENTRY_FOLDER;
	bool bare = entry->type == ENTRY_SYMLINK;
	uint8_t all[META_BYTES] = { (uint8_t)entry->type };

	big_endian_put(all + 1, bare ? 0 : entry->mode, 4);
	big_endian_put(all + 5, bare ? 0 : entry->uid, 4);
	big_endian_put(all + 9, bare ? 0 : entry->gid, 4);
	if (marked) {
		big_endian_put(all + 13, (uint64_t)entry->mtime_s, 8);
		big_endian_put(all + 21, entry->mtime_ns, 4);
		memcpy(all + 41, entry->xattr_digest, ENTRY_DIGEST_BYTES);
	}
	big_endian_put(all + 25, entry->type == ENTRY_FILE ? entry->size_bytes : 0, 8);
	big_endian_put(all + 33, entry->rdev_major, 4);
	big_endian_put(all + 37, entry->rdev_minor, 4);
	(void)digest;
	sha256_of(all, sizeof(all), meta);
}

void tree_digest_content(struct tree_digest *digest, const struct entry *entry, uint8_t content[TREE_DIGEST_BYTES])
{
	(void)digest;
	if (entry->type == ENTRY_SYMLINK)
		sha256_of(entry->target, strlen(entry->target), content);
	else
		memset(content, 0, TREE_DIGEST_BYTES);
}

void tree_digest_entry(struct tree_digest *digest, const uint8_t meta[TREE_DIGEST_BYTES],
                       const uint8_t content[TREE_DIGEST_BYTES], uint8_t out[TREE_DIGEST_BYTES])
{
	uint8_t both[2 * TREE_DIGEST_BYTES];

	(void)digest;
	memcpy(both, meta, TREE_DIGEST_BYTES);
	memcpy(both + TREE_DIGEST_BYTES, content, TREE_DIGEST_BYTES);
	sha256_of(both, sizeof(both), out);
}

static void make_term(struct tree_digest *d, const char *name, const uint8_t entry[TREE_DIGEST_BYTES])
{
	shake128(entry, TREE_DIGEST_BYTES, name, strlen(name), d->term, TERM_BYTES);
}

void tree_digest_sum_add(struct tree_digest *digest, struct tree_sum *sum, const char *name,
                         const uint8_t entry[TREE_DIGEST_BYTES])
{
	make_term(digest, name, entry);
	sum->n++;
	for (size_t i = 0; i < TREE_SUM_NUMBERS; i++)
		sum->numbers[i] = (uint16_t)(sum->numbers[i] + (digest->term[2 * i] << 8 | digest->term[2 * i + 1]));
}

void tree_digest_sum_take(struct tree_digest *digest, struct tree_sum *sum, const char *name,
                          const uint8_t entry[TREE_DIGEST_BYTES])
{
	make_term(digest, name, entry);
	sum->n--;
	for (size_t i = 0; i < TREE_SUM_NUMBERS; i++)
		sum->numbers[i] = (uint16_t)(sum->numbers[i] - (digest->term[2 * i] << 8 | digest->term[2 * i + 1]));
}

void tree_digest_list_init(struct tree_list *list)
{
	memset(list, 0, sizeof(*list));
	sha256_init(&list->folders);
}

void tree_digest_list_folder(struct tree_list *list, const char *name, const uint8_t entry[TREE_DIGEST_BYTES])
{
	size_t n = strlen(name);
	uint8_t length[4];

	big_endian_put(length, n, sizeof(length));
	list->n_folders++;
	sha256_update(&list->folders, length, sizeof(length));
	sha256_update(&list->folders, name, n);
	sha256_update(&list->folders, entry, TREE_DIGEST_BYTES);
}

void tree_digest_list_content(const struct tree_list *list, uint8_t content[TREE_DIGEST_BYTES])
{
	uint8_t numbers[TERM_BYTES + 16];
	struct sha256 all = list->folders;

	big_endian_put(numbers, list->n_folders, 8);
	big_endian_put(numbers + 8, list->sum.n, 8);
	for (size_t i = 0; i < TREE_SUM_NUMBERS; i++)
		big_endian_put(numbers + 16 + 2 * i, list->sum.numbers[i], 2);
	sha256_update(&all, numbers, sizeof(numbers));
	sha256_so_far(&all, content);
}
