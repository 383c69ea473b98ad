/* Signatures that are what was asked for are taken, those that are built to make the search crawl are not; and the search has an end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/scratch.h"
#include "transfer/patience.h"

#define BLOCK 4096u
#define STRONG 8u
#define MAGIC 0x72730147u /* RabinKarp and BLAKE2 */

static void put(FILE *spool, uint32_t value)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		assert_int_not_equal(fputc((int)(value >> shift) & 0xff, spool), EOF);
}

static uint64_t head(FILE *spool, uint32_t magic, uint32_t block, uint32_t strong)
{
	rewind(spool);
	put(spool, magic);
	put(spool, block);
	put(spool, strong);
	return 12;
}

/* n blocks: weak and strong sums that many blocks share each. */
static uint64_t signature(FILE *spool, uint32_t n, uint32_t of_weak, uint32_t of_strong)
{
	uint64_t len_bytes = head(spool, MAGIC, BLOCK, STRONG);

	for (uint32_t i = 0; i < n; i++) {
		put(spool, i / of_weak * 2654435761u);
		put(spool, i / of_strong * 40503u);
		put(spool, 0);
		len_bytes += 4 + STRONG;
	}
	return len_bytes;
}

static void signatures_are_taken_unless_they_would_crawl(void **state)
{
	static const struct {
		const char *name;
		uint32_t n, of_weak, of_strong;
		int rc;
	} rows[] = {
		{ "none", 0, 1, 1, 0 },
		{ "all of its own", 20000, 1, 1, 0 },
		{ "all blocks alike, such as zeros", 20000, 20000, 20000, 0 },
		{ "a few chance ones", 20000, 3, 1, 0 },
		{ "as many as are borne", 20000, PATIENCE_ALIKE_MOST, 1, 0 },
		{ "one more", 20000, PATIENCE_ALIKE_MOST + 1, 1, 1 },
		{ "one weak sum for all", 16000, 16000, 1, 1 },
		{ "more than are searched by", 20001, 1, 1, 1 },
	};
	struct error err = { .class = ERR_NONE };
	FILE *spool = scratch_file(&err);

	(void)state;
	assert_non_null(spool);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t len_bytes = signature(spool, rows[i].n, rows[i].of_weak, rows[i].of_strong);
		int rc = patience_signature(spool, 0, len_bytes, BLOCK, STRONG, 20000, &err);

		if (rc != rows[i].rc)
			fail_msg("%s: %d, not %d (%s)", rows[i].name, rc, rows[i].rc, err.text);
	}
	assert_int_equal(fclose(spool), 0);
}

static void another_one_than_was_asked_for_is_refused(void **state)
{
	struct error err = { .class = ERR_NONE };
	FILE *spool = scratch_file(&err);
	uint64_t len_bytes;

	(void)state;
	assert_non_null(spool);
	len_bytes = signature(spool, 100, 1, 1);
	assert_int_equal(patience_signature(spool, 0, len_bytes, BLOCK, STRONG, 1000, &err), 0);
	assert_int_equal(patience_signature(spool, 0, len_bytes, 2 * BLOCK, STRONG, 1000, &err), -1);
	assert_int_equal(err.class, ERR_PROTOCOL);
	assert_int_equal(patience_signature(spool, 0, len_bytes, BLOCK, STRONG + 1, 1000, &err), -1);
	assert_int_equal(patience_signature(spool, 0, len_bytes - 1, BLOCK, STRONG, 1000, &err), -1);
	assert_int_equal(patience_signature(spool, 0, 11, BLOCK, STRONG, 1000, &err), -1);
	assert_int_equal(patience_signature(spool, 12, len_bytes - 12, BLOCK, STRONG, 1000, &err), -1);
	len_bytes = signature(spool, 3, 1, 1); /* as long as one block with sums of 32 bytes */
	assert_int_equal(patience_signature(spool, 0, len_bytes, BLOCK, 32, 1000, &err), -1);
	len_bytes = head(spool, MAGIC, BLOCK, 1); /* librsync would take it: any content fits sums of one byte */
	assert_int_equal(patience_signature(spool, 0, len_bytes, BLOCK, 1, 1000, &err), -1);
	len_bytes = head(spool, 0x72730136u, BLOCK, STRONG); /* MD4 */
	assert_int_equal(patience_signature(spool, 0, len_bytes, BLOCK, STRONG, 1000, &err), -1);
	assert_int_equal(fclose(spool), 0);
}

static void patience_has_an_end_that_honest_searches_do_not_reach(void **state)
{
	(void)state;
	assert_false(patience_is_over(0, 0));
	assert_false(patience_is_over(PATIENCE_FREE_NS, 0));
	assert_true(patience_is_over(PATIENCE_FREE_NS + 1, 0));
	assert_false(patience_is_over(UINT64_C(100000) * 1000000000, UINT64_C(1) << 40)); /* a TiB at 10 MB/s */
	assert_true(patience_is_over(UINT64_C(100) * 1000000000, UINT64_C(20) << 20));
	assert_int_equal(patience_slice(4096, 131072), 131072);
	assert_int_equal(patience_slice(65536, 131072), 16384);
	assert_int_equal(patience_slice(16 << 20, 131072), 256);
	assert_int_equal(patience_slice(0, 131072), 131072);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures_are_taken_unless_they_would_crawl),
		cmocka_unit_test(another_one_than_was_asked_for_is_refused),
		cmocka_unit_test(patience_has_an_end_that_honest_searches_do_not_reach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
