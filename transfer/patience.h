/* patience: what of a signature from the far end this machine puts up with. One can be built so that librsync's search takes for ever: one weak sum for very many
 * strong ones; or the weak sum of what repeats in the content, with a strong one that never fits. Then the content is sent as it is.
 *
 * threads: none shared. source: librsync's search (delta.c, hashtable.c): a strong sum is made for each place at which a weak one fits */
#ifndef AOB_TRANSFER_PATIENCE_H
#define AOB_TRANSFER_PATIENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/error.h"

#define PATIENCE_FREE_NS (UINT64_C(5) * 1000000000) /* of this thread's processor, for a file */
#define PATIENCE_LEAST_BPS                                                                                             \
	(UINT64_C(256) << 10)  /* slower than the thinnest link that we are made for, a search is of no use */
#define PATIENCE_ALIKE_MOST 64 /* strong sums of one weak one: of 2^18 blocks, chance makes two or three */

/* patience_signature: looks at the signature of len_bytes that stands at `at` in the spool; block and strong: the lengths that were asked for; most: how many
 * blocks are searched by. Returns 0; 1: a search by it would crawl, or cost too much memory; -1. errors: ERR_PROTOCOL (it is none, or not what was asked for), ERR_SYSTEM */
int patience_signature(FILE *spool, uint64_t at, uint64_t len_bytes, uint32_t block, uint32_t strong, uint64_t most,
                       struct error *err);

/* patience_is_over: after so much of the processor's time for so many bytes. Pure. */
bool patience_is_over(uint64_t spent_ns, uint64_t searched_bytes);

/* patience_slice: how many bytes to search at once, so that the clock is looked at again soon: at most a GiB is hashed for it. Pure. */
size_t patience_slice(size_t block_bytes, size_t most);

#endif
