/* restore_delta: a file that is there in another version: the vault tells a hash of each of its blocks, and of those that are here at the same place nothing crosses. What comes out
 * is checked against the whole file's hash, as any other. Memory: bounded. threads: one. */
#ifndef AOB_RESTORE_DELTA_H
#define AOB_RESTORE_DELTA_H

#include "cli/restore_plan.h"
#include "cli/unpack.h"
#include "wire/codec.h"
#include "wire/wire.h"

struct restore_delta {
	struct wire *wire;
	struct unpack *unpack;
	int target_fd;                                  /* in it lies the other version, at the record's path */
	struct encoder *encoder;                        /* to work with */
	int (*moved)(void *context, struct error *err); /* called now and then; -1 ends it */
	void *context;
};

/* restore_delta_carry: the whole of it, into its place. returns: as unpack_file_end. errors: ERR_PROTOCOL, the wire's, unpack's */
int restore_delta_carry(const struct restore_delta *delta, const struct restore_plan_record *record, struct error *err);

/* restore_delta_block_bytes: for a file of that size. Pure. */
uint32_t restore_delta_block_bytes(uint64_t size_bytes);

#endif
