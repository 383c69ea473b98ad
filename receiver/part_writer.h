/* part_writer: writes the new content of a file from its start to its end, so that the size of the part tells how far it is: new bytes as they are,
 * holes as holes, and what is copied from an older file by sharing its blocks, where the file system can.
 *
 * Copies are gathered into long runs before they are cloned; part_writer_flush writes what is gathered.
 * threads: one. source: ioctl_ficlonerange(2) */
#ifndef AOB_PART_WRITER_H
#define AOB_PART_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

struct part_writer {
	int fd;       /* the part; the caller's */
	int clone_fd; /* of the older file, whose blocks may be shared; the caller's; -1: none, or the file system can't */
	uint64_t at;                          /* bytes so far, gathered ones included */
	uint64_t data_end;                    /* behind the last byte that was written: what follows is a hole */
	bool sparse;                          /* blocks of zeros stay unwritten */
	uint64_t run_from, run_at, run_bytes; /* the copy that is gathered */
};

/* part_writer_begin: at: bytes that are there already. */
void part_writer_begin(struct part_writer *writer, int fd, int clone_fd, uint64_t at, bool sparse);

/* errors: ERR_SPACE, by errno */
int part_writer_data(struct part_writer *writer, const uint8_t *data, size_t len_bytes, struct error *err);
/* part_writer_copy: data is what stands at `from` in the older file. */
int part_writer_copy(struct part_writer *writer, const uint8_t *data, uint64_t from, size_t len_bytes,
                     struct error *err);
int part_writer_hole(struct part_writer *writer, uint64_t len_bytes, struct error *err);
int part_writer_flush(struct part_writer *writer, struct error *err);

#endif
