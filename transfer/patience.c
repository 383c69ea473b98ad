#include "transfer/patience.h"

#include <errno.h>
#include <librsync.h>
#include <stdlib.h>
#include <string.h>

#include "lib/big_endian.h"

#define HEAD_BYTES 12u
#define WEAK_BYTES 4u
#define KEY_BYTES 8u /* the weak sum, and as much of the strong one */
#define HASHED_AT_ONCE ((size_t)1 << 30)
#define SLICE_LEAST 256u

static int by_value(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* Weak sums with the beginnings of their strong ones, sorted: is there one weak sum with very many strong ones? */
static bool are_alike(const uint64_t *sums, size_t n)
{
	unsigned strong = 1;

	for (size_t i = 1; i < n; i++) {
		if (sums[i] >> 32 != sums[i - 1] >> 32)
			strong = 1;
		else if (sums[i] != sums[i - 1] && ++strong > PATIENCE_ALIKE_MOST)
			return true;
	}
	return false;
}

static int read_head(FILE *spool, uint64_t at, uint64_t len_bytes, uint32_t block, uint32_t strong, struct error *err)
{
	uint8_t head[HEAD_BYTES];
	uint32_t in[HEAD_BYTES / 4];

	if (len_bytes < sizeof(head) || fseeko(spool, (off_t)at, SEEK_SET) != 0 ||
	    fread(head, 1, sizeof(head), spool) != sizeof(head))
		return error_set(err, ERR_PROTOCOL, "a signature of %llu bytes", (unsigned long long)len_bytes);
	for (size_t i = 0; i < HEAD_BYTES / 4; i++)
		in[i] = (uint32_t)big_endian(head + 4 * i, 4);
	if (in[0] != RS_RK_BLAKE2_SIG_MAGIC || in[1] != block || in[2] != strong)
		return error_set(
		        err, ERR_PROTOCOL,
		        "another signature than was asked for: magic %08x, blocks of %u and sums of %u bytes, not "
		        "%u and %u",
		        in[0], in[1], in[2], block, strong);
	return 0;
}

int patience_signature(FILE *spool, uint64_t at, uint64_t len_bytes, uint32_t block, uint32_t strong, uint64_t most,
                       struct error *err)
{
	uint8_t sums[WEAK_BYTES + 32];
	uint64_t n;
	uint64_t *keys = NULL;
	int rc = 0;

	if (read_head(spool, at, len_bytes, block, strong, err) != 0)
		return -1;
	n = (len_bytes - HEAD_BYTES) / (WEAK_BYTES + strong);
	if (strong < WEAK_BYTES || strong > sizeof(sums) - WEAK_BYTES ||
	    (len_bytes - HEAD_BYTES) % (WEAK_BYTES + strong) != 0)
		return error_set(err, ERR_PROTOCOL, "a signature of %llu bytes", (unsigned long long)len_bytes);
	if (n > most)
		return 1;
	keys = calloc(n + 1, sizeof(*keys));
	if (keys == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	for (uint64_t i = 0; i < n && rc == 0; i++) {
		if (fread(sums, 1, WEAK_BYTES + strong, spool) != WEAK_BYTES + strong)
			rc = error_sys(err, errno, "reading a signature");
		else
			keys[i] = big_endian(sums, KEY_BYTES);
	}
	if (rc == 0) {
		qsort(keys, n, sizeof(*keys), by_value);
		rc = are_alike(keys, n);
	}
	free(keys);
	return rc;
}

bool patience_is_over(uint64_t spent_ns, uint64_t searched_bytes)
{
	double due_s = (double)searched_bytes / (double)PATIENCE_LEAST_BPS;

	return spent_ns > PATIENCE_FREE_NS && (double)spent_ns / 1e9 > due_s;
}

size_t patience_slice(size_t block_bytes, size_t most)
{
	size_t slice = HASHED_AT_ONCE / (block_bytes != 0 ? block_bytes : 1);

	if (slice < SLICE_LEAST)
		slice = SLICE_LEAST;
	return slice < most ? slice : most;
}
