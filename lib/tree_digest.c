#include "lib/tree_digest.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "lib/big_endian.h"

#define TERM_BYTES ((size_t)TREE_SUM_NUMBERS * 2)
#define META_BYTES 57

struct tree_digest {
	EVP_MD *sha256, *shake;
	EVP_MD_CTX *ctx;
	bool bad;
	uint8_t term[TERM_BYTES];
};

int tree_digest_new(struct tree_digest **digest, struct error *err)
{
	struct tree_digest *made = calloc(1, sizeof(*made));

	*digest = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	made->shake = EVP_MD_fetch(NULL, "SHAKE128", NULL);
	made->ctx = EVP_MD_CTX_new();
	if (made->sha256 == NULL || made->shake == NULL || made->ctx == NULL) {
		tree_digest_destroy(&made);
		return error_set(err, ERR_SYSTEM, "this libcrypto lacks SHA-256 or SHAKE-128");
	}
	*digest = made;
	return 0;
}

void tree_digest_destroy(struct tree_digest **digest)
{
	if (*digest == NULL)
		return;
	EVP_MD_CTX_free((*digest)->ctx);
	EVP_MD_free((*digest)->sha256);
	EVP_MD_free((*digest)->shake);
	free(*digest);
	*digest = NULL;
}

bool tree_digest_good(const struct tree_digest *digest)
{
	return !digest->bad;
}

bool tree_digest_counts(enum entry_type type)
{
	return type != ENTRY_SOCKET;
}

/* Two pieces, one hash. */
static void sha256(struct tree_digest *d, const void *a, size_t a_bytes, const void *b, size_t b_bytes,
                   uint8_t out[TREE_DIGEST_BYTES])
{
	if (EVP_DigestInit_ex2(d->ctx, d->sha256, NULL) != 1 || EVP_DigestUpdate(d->ctx, a, a_bytes) != 1 ||
	    EVP_DigestUpdate(d->ctx, b, b_bytes) != 1 || EVP_DigestFinal_ex(d->ctx, out, NULL) != 1)
		d->bad = true;
}

void tree_digest_meta(struct tree_digest *digest, const struct entry *entry, uint8_t meta[TREE_DIGEST_BYTES])
{
	bool bare = entry->type == ENTRY_SYMLINK;
	uint8_t all[META_BYTES] = { (uint8_t)entry->type };

	big_endian_put(all + 1, bare ? 0 : entry->mode, 4);
	big_endian_put(all + 5, bare ? 0 : entry->uid, 4);
	big_endian_put(all + 9, bare ? 0 : entry->gid, 4);
	big_endian_put(all + 13, (uint64_t)entry->mtime_s, 8);
	big_endian_put(all + 21, entry->mtime_ns, 4);
	big_endian_put(all + 25, entry->type == ENTRY_FILE ? entry->size_bytes : 0, 8);
	big_endian_put(all + 33, entry->rdev_major, 4);
	big_endian_put(all + 37, entry->rdev_minor, 4);
	if (!bare)
		memcpy(all + 41, entry->xattr_digest, ENTRY_DIGEST_BYTES);
	sha256(digest, all, sizeof(all), "", 0, meta);
}

void tree_digest_content(struct tree_digest *digest, const struct entry *entry, uint8_t content[TREE_DIGEST_BYTES])
{
	if (entry->type == ENTRY_SYMLINK)
		sha256(digest, entry->target, strlen(entry->target), "", 0, content);
	else
		memset(content, 0, TREE_DIGEST_BYTES);
}

void tree_digest_entry(struct tree_digest *digest, const uint8_t meta[TREE_DIGEST_BYTES],
                       const uint8_t content[TREE_DIGEST_BYTES], uint8_t out[TREE_DIGEST_BYTES])
{
	sha256(digest, meta, TREE_DIGEST_BYTES, content, TREE_DIGEST_BYTES, out);
}

static void make_term(struct tree_digest *d, const char *name, const uint8_t entry[TREE_DIGEST_BYTES])
{
	if (EVP_DigestInit_ex2(d->ctx, d->shake, NULL) != 1 ||
	    EVP_DigestUpdate(d->ctx, entry, TREE_DIGEST_BYTES) != 1 ||
	    EVP_DigestUpdate(d->ctx, name, strlen(name)) != 1 || EVP_DigestFinalXOF(d->ctx, d->term, TERM_BYTES) != 1)
		d->bad = true;
}

void tree_sum_add(struct tree_digest *digest, struct tree_sum *sum, const char *name,
                  const uint8_t entry[TREE_DIGEST_BYTES])
{
	make_term(digest, name, entry);
	sum->n++;
	for (size_t i = 0; i < TREE_SUM_NUMBERS; i++)
		sum->numbers[i] = (uint16_t)(sum->numbers[i] + (digest->term[2 * i] << 8 | digest->term[2 * i + 1]));
}

void tree_sum_take(struct tree_digest *digest, struct tree_sum *sum, const char *name,
                   const uint8_t entry[TREE_DIGEST_BYTES])
{
	make_term(digest, name, entry);
	sum->n--;
	for (size_t i = 0; i < TREE_SUM_NUMBERS; i++)
		sum->numbers[i] = (uint16_t)(sum->numbers[i] - (digest->term[2 * i] << 8 | digest->term[2 * i + 1]));
}

int tree_list_init(struct tree_digest *digest, struct tree_list *list, struct error *err)
{
	memset(list, 0, sizeof(*list));
	list->folders = EVP_MD_CTX_new();
	if (list->folders == NULL || EVP_DigestInit_ex2(list->folders, digest->sha256, NULL) != 1) {
		tree_list_done(list);
		return error_set(err, ERR_SYSTEM, "out of memory");
	}
	return 0;
}

void tree_list_done(struct tree_list *list)
{
	EVP_MD_CTX_free(list->folders);
	list->folders = NULL;
}

void tree_list_folder(struct tree_digest *digest, struct tree_list *list, const char *name,
                      const uint8_t entry[TREE_DIGEST_BYTES])
{
	size_t n = strlen(name);
	uint8_t length[4];

	big_endian_put(length, n, sizeof(length));
	list->n_folders++;
	if (EVP_DigestUpdate(list->folders, length, sizeof(length)) != 1 ||
	    EVP_DigestUpdate(list->folders, name, n) != 1 ||
	    EVP_DigestUpdate(list->folders, entry, TREE_DIGEST_BYTES) != 1)
		digest->bad = true;
}

void tree_list_content(struct tree_digest *digest, struct tree_list *list, uint8_t content[TREE_DIGEST_BYTES])
{
	uint8_t numbers[TERM_BYTES + 16];

	big_endian_put(numbers, list->n_folders, 8);
	big_endian_put(numbers + 8, list->sum.n, 8);
	for (size_t i = 0; i < TREE_SUM_NUMBERS; i++)
		big_endian_put(numbers + 16 + 2 * i, list->sum.numbers[i], 2);
	if (EVP_DigestUpdate(list->folders, numbers, sizeof(numbers)) != 1 ||
	    EVP_DigestFinal_ex(list->folders, content, NULL) != 1)
		digest->bad = true;
}
