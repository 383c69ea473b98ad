/* pieces: bytes that leave in one system call, though they lie in several places. */
#ifndef AOB_PIECES_H
#define AOB_PIECES_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/* pieces_drop: takes n bytes, no more than there are, off the front: moves *pieces and counts *n_pieces down. */
void pieces_drop(struct iovec **pieces, int *n_pieces, size_t n);

/* pieces_write: one write(2) or writev(2) of at most `most` bytes (> 0); what it returns, and errno. */
ssize_t pieces_write(int fd, const struct iovec *pieces, int n_pieces, size_t most);

#endif
