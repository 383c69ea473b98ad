#include "transfer/signing.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SIGNING_PIECE 65536u
#define LOCAL_BLOCK 512u /* a signature that does not cross may have small blocks */
#define LOCAL_BLOCKS_MOST (UINT64_C(1) << 16)
#define LOCAL_STRONG 16u
#define STOPPED (-2)

int signing_load(FILE *spool, uint64_t at, uint64_t len_bytes, rs_signature_t **sums, struct error *err)
{
	uint8_t in[SIGNING_PIECE];
	rs_job_t *job = rs_loadsig_begin(sums);
	rs_buffers_t b = { 0 };
	uint64_t left = len_bytes;
	rs_result result = job != NULL ? RS_BLOCKED : RS_MEM_ERROR;

	if (fseeko(spool, (off_t)at, SEEK_SET) != 0)
		result = RS_IO_ERROR;
	while (result == RS_BLOCKED) {
		size_t want = left < SIGNING_PIECE ? (size_t)left : SIGNING_PIECE;

		/* What was not consumed yet stays in front. */
		if (b.avail_in != 0)
			memmove(in, b.next_in, b.avail_in);
		want = want < SIGNING_PIECE - b.avail_in ? want : SIGNING_PIECE - b.avail_in;
		if (fread(in + b.avail_in, 1, want, spool) != want) {
			result = RS_IO_ERROR;
			break;
		}
		left -= want;
		b.next_in = (char *)in;
		b.avail_in += want;
		b.eof_in = left == 0;
		result = rs_job_iter(job, &b);
	}
	if (job != NULL)
		(void)rs_job_free(job);
	if (result == RS_DONE)
		result = rs_build_hash_table(*sums);
	if (result == RS_DONE)
		return 0;
	if (*sums != NULL)
		rs_free_sumset(*sums);
	*sums = NULL;
	return error_set(err, ERR_PROTOCOL, "a signature: %s", rs_strerror(result));
}

int signing_make(FILE *spool, int fd, uint64_t bytes, int (*busy)(void *context, struct error *err), void *context,
                 uint64_t *len_bytes, struct error *err)
{
	uint64_t block = LOCAL_BLOCK;
	uint8_t in[SIGNING_PIECE];
	uint8_t out[SIGNING_PIECE];
	rs_buffers_t b = { 0 };
	uint64_t at = 0;
	rs_result result;
	rs_job_t *job;

	while (bytes / block > LOCAL_BLOCKS_MOST)
		block *= 2;
	job = rs_sig_begin((size_t)block, LOCAL_STRONG, RS_RK_BLAKE2_SIG_MAGIC);
	result = job != NULL ? RS_BLOCKED : RS_MEM_ERROR;
	rewind(spool);
	*len_bytes = 0;
	while (result == RS_BLOCKED) {
		if (b.avail_in == 0 && !b.eof_in) {
			ssize_t n = busy(context, err) == 0 ? pread(fd, in, SIGNING_PIECE, (off_t)at) : STOPPED;

			if (n == STOPPED) {
				(void)rs_job_free(job);
				return -1;
			}
			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0) {
				result = RS_IO_ERROR;
				break;
			}
			at += (uint64_t)n;
			b.next_in = (char *)in;
			b.avail_in = (size_t)n;
			b.eof_in = n == 0;
		}
		b.next_out = (char *)out;
		b.avail_out = SIGNING_PIECE;
		result = rs_job_iter(job, &b);
		if (fwrite(out, 1, SIGNING_PIECE - b.avail_out, spool) != SIGNING_PIECE - b.avail_out)
			result = RS_IO_ERROR;
		*len_bytes += SIGNING_PIECE - b.avail_out;
	}
	if (job != NULL)
		(void)rs_job_free(job);
	if (result == RS_DONE && fflush(spool) != 0)
		result = RS_IO_ERROR;
	return result == RS_DONE ? 0 : error_set(err, ERR_IO, "signing the old content: %s", rs_strerror(result));
}
