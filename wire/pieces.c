#include "wire/pieces.h"

#include <stdint.h>
#include <unistd.h>

#define PIECES_MAX 32 /* of one writev; the rest gets another */

void pieces_drop(struct iovec **pieces, int *n_pieces, size_t n)
{
	while (*n_pieces > 0 && n >= (*pieces)->iov_len) {
		n -= (*pieces)->iov_len;
		(*pieces)++;
		(*n_pieces)--;
	}
	if (*n_pieces > 0) {
		(*pieces)->iov_base = (uint8_t *)(*pieces)->iov_base + n;
		(*pieces)->iov_len -= n;
	}
}

ssize_t pieces_write(int fd, const struct iovec *pieces, int n_pieces, size_t most)
{
	struct iovec some[PIECES_MAX];
	int n = 0;

	for (; n < n_pieces && n < PIECES_MAX && most != 0; n++) {
		some[n] = pieces[n];
		if (some[n].iov_len > most)
			some[n].iov_len = most;
		most -= some[n].iov_len;
	}
	return n == 1 ? write(fd, some[0].iov_base, some[0].iov_len) : writev(fd, some, n);
}
