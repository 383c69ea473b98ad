/* write_out: large files begin to be written to the disk while more arrives, and what has been written leaves the memory again, so that a first copy of a
 * terabyte neither fills the machine with pages that nobody reads, nor drives out what others need.
 *
 * Nothing waits here, and nothing is promised: pages that are not on the disk yet when their turn comes simply stay. Durability is flusher's and publish's.
 *
 * lifetime: write_out_init / write_out_done, which closes what is still open. At most WRITE_OUT_RUNS files are held open (duplicates of the caller's).
 * threads: one. source: sync_file_range(2), posix_fadvise(2) */
#ifndef AOB_WRITE_OUT_H
#define AOB_WRITE_OUT_H

#include <stdint.h>

#define WRITE_OUT_RUNS 8u

struct write_out_run {
	int fd; /* its own; -1: none */
	uint64_t at, len_bytes;
};

struct write_out {
	struct write_out_run runs[WRITE_OUT_RUNS]; /* begun, the oldest at `next` */
	uint32_t next;
};

void write_out_init(struct write_out *out);
void write_out_done(struct write_out *out);

/* write_out_begin: fd: borrowed. What was begun WRITE_OUT_RUNS calls ago is dropped from memory. */
void write_out_begin(struct write_out *out, int fd, uint64_t at, uint64_t len_bytes);

#endif
