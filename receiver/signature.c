#include "receiver/signature.h"

#include <librsync.h>
#include <stdlib.h>
#include <string.h>

#include "receiver/basis.h"
#include "wire/codec.h"

#define BLOCK_LEAST 256u
#define BLOCK_MOST (16u << 20)
#define STRONG_LEAST 8u
#define STRONG_MOST 32u
#define IN_BYTES 65536u
#define OUT_BYTES 65536u /* of signature in one frame */

struct want {
	uint32_t id;
	char path[WIRE_PATH_MAX + 1];
	uint32_t block_len, strong_len;
};

/* The buffers of one answer, together, as they are too large for the stack. */
struct work {
	struct want want;
	uint8_t in[IN_BYTES];
	uint8_t out[4 + OUT_BYTES];
};

static int decode(const struct frame *frame, struct want *want, struct error *err)
{
	struct decoder d;
	const uint8_t *path;
	size_t n;

	decoder_init(&d, frame->payload, frame->len_bytes);
	want->id = get_u32(&d);
	path = get_bytes(&d, WIRE_PATH_MAX, &n);
	want->block_len = get_u32(&d);
	want->strong_len = get_u32(&d);
	if (codec_done(&d, "SIG_WANT", err) != 0)
		return -1;
	if (n != 0)
		memcpy(want->path, path, n);
	want->path[n] = '\0';
	if (strlen(want->path) != n || want->block_len < BLOCK_LEAST || want->block_len > BLOCK_MOST ||
	    want->strong_len < STRONG_LEAST || want->strong_len > STRONG_MOST)
		return error_set(err, ERR_PROTOCOL, "a SIG_WANT with block length %u and strong length %u",
		                 want->block_len, want->strong_len);
	return 0;
}

static void put_id(uint8_t *at, uint32_t id)
{
	at[0] = (uint8_t)(id >> 24);
	at[1] = (uint8_t)(id >> 16);
	at[2] = (uint8_t)(id >> 8);
	at[3] = (uint8_t)id;
}

static int stream(struct work *work, const struct basis *basis, rs_job_t *job, struct wire *wire, struct error *err)
{
	rs_buffers_t buffers = { .next_out = (char *)work->out + 4, .avail_out = OUT_BYTES };
	uint64_t at = 0;
	rs_result result;

	put_id(work->out, work->want.id);
	do {
		if (buffers.avail_in == 0 && !buffers.eof_in) {
			int64_t n = basis_read(basis, at, work->in, IN_BYTES, err);

			if (n < 0)
				return -1;
			at += (uint64_t)n;
			buffers.next_in = (char *)work->in;
			buffers.avail_in = (size_t)n;
			buffers.eof_in = at >= basis->size_bytes || n == 0;
		}
		result = rs_job_iter(job, &buffers);
		if (result != RS_DONE && result != RS_BLOCKED)
			return error_set(err, ERR_INTERNAL, "signature: %s", rs_strerror(result));
		if (buffers.avail_out == 0 || result == RS_DONE) {
			size_t n = OUT_BYTES - buffers.avail_out;

			if (n != 0 && wire_send(wire, FRAME_SIG_DATA, work->out, 4 + n, err) != 0)
				return -1;
			buffers.next_out = (char *)work->out + 4;
			buffers.avail_out = OUT_BYTES;
		}
	} while (result != RS_DONE);
	return 0;
}

static int send_end(struct wire *wire, uint32_t id, uint64_t size_bytes, struct error *err)
{
	uint8_t payload[12];

	put_id(payload, id);
	put_id(payload + 4, (uint32_t)(size_bytes >> 32));
	put_id(payload + 8, (uint32_t)size_bytes);
	return wire_send(wire, FRAME_SIG_END, payload, sizeof(payload), err);
}

int signature_answer(struct incoming *incoming, struct wire *wire, const struct frame *frame, struct error *err)
{
	struct work *work = malloc(sizeof(*work));
	struct basis basis = { .part_fd = -1, .tree_fd = -1 };
	rs_job_t *job = NULL;
	int rc = -1;

	if (work == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	if (decode(frame, &work->want, err) != 0 || incoming_allows(incoming, work->want.path, err) != 0 ||
	    basis_open(incoming, work->want.path, &basis, err) != 0)
		goto out;
	if (basis.size_bytes != 0) {
		job = rs_sig_begin(work->want.block_len, work->want.strong_len, RS_RK_BLAKE2_SIG_MAGIC);
		if (job == NULL) {
			(void)error_set(err, ERR_SYSTEM, "out of memory");
			goto out;
		}
		if (stream(work, &basis, job, wire, err) != 0) {
			error_prefix(err, "\"%.300s\"", work->want.path);
			goto out;
		}
	}
	rc = send_end(wire, work->want.id, basis.size_bytes, err);
out:
	if (job != NULL)
		(void)rs_job_free(job);
	basis_close(&basis);
	free(work);
	return rc;
}
