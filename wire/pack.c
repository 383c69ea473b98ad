#include "wire/pack.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "wire/pack_level.h"

#define WINDOW_LOG 20
#define BLOCK_BYTES 131072u /* the greatest block of zstd */
#define BLOCKS_MAX (PACK_CHUNK_MAX / BLOCK_BYTES + 1)
#define BLOCK_HEADER_BYTES 3
#define SWITCH_BYTES 64u /* to end a frame and begin one */

enum open_frame { OPEN_NONE, OPEN_PACKED, OPEN_STORED };

struct pack {
	ZSTD_CCtx *compressor;
	ZSTD_DCtx *decompressor;
	enum open_frame open; /* the frame that was written last, and not ended */
	int level;            /* of an open OPEN_PACKED */
	struct pack_level next;
	uint8_t *out;
	size_t out_bytes, out_room;
	uint8_t headers[BLOCKS_MAX][BLOCK_HEADER_BYTES];
};

int pack_new(struct pack **pack, struct error *err)
{
	struct pack *made = calloc(1, sizeof(*made));

	*pack = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	pack_level_init(&made->next);
	made->out_room = ZSTD_CStreamOutSize() + SWITCH_BYTES;
	made->out = malloc(made->out_room);
	made->compressor = ZSTD_createCCtx();
	made->decompressor = ZSTD_createDCtx();
	if (made->out == NULL || made->compressor == NULL || made->decompressor == NULL ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(made->compressor, ZSTD_c_windowLog, WINDOW_LOG)) ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(made->decompressor, ZSTD_d_windowLogMax, WINDOW_LOG))) {
		pack_destroy(&made);
		return error_set(err, ERR_SYSTEM, "setting up compression: out of memory");
	}
	*pack = made;
	return 0;
}

void pack_destroy(struct pack **pack)
{
	struct pack *p = *pack;

	if (p == NULL)
		return;
	*pack = NULL;
	ZSTD_freeCCtx(p->compressor);
	ZSTD_freeDCtx(p->decompressor);
	free(p->out);
	free(p);
}

static int fault(size_t code, struct error *err)
{
	return error_set(err, ERR_INTERNAL, "compressing: %s", ZSTD_getErrorName(code));
}

/* Ends the open frame; its last bytes wait in out, which is empty before. */
static int end_frame(struct pack *pack, struct error *err)
{
	static const uint8_t last_block[BLOCK_HEADER_BYTES] = { 1 }; /* last, raw, of no bytes */
	ZSTD_inBuffer in = { NULL, 0, 0 };
	ZSTD_outBuffer out = { pack->out, pack->out_room, 0 };
	size_t left;

	if (pack->open == OPEN_STORED) {
		memcpy(pack->out, last_block, sizeof(last_block));
		pack->out_bytes = sizeof(last_block);
	} else if (pack->open == OPEN_PACKED) {
		/* Everything was flushed, so what is left are a few bytes. */
		left = ZSTD_compressStream2(pack->compressor, &out, &in, ZSTD_e_end);
		if (ZSTD_isError(left) || left != 0)
			return fault(left, err);
		pack->out_bytes = out.pos;
	}
	pack->open = OPEN_NONE;
	return 0;
}

static int begin_packed(struct pack *pack, struct error *err)
{
	size_t code;

	if (pack->open == OPEN_PACKED && pack->level == pack->next.level)
		return 0;
	if (end_frame(pack, err) != 0)
		return -1;
	code = ZSTD_CCtx_setParameter(pack->compressor, ZSTD_c_compressionLevel, pack->next.level);
	if (ZSTD_isError(code))
		return fault(code, err);
	pack->open = OPEN_PACKED;
	pack->level = pack->next.level;
	return 0;
}

static int put_out(struct pack *pack, const struct pack_writer *writer, struct error *err)
{
	struct iovec piece = { pack->out, pack->out_bytes };

	if (pack->out_bytes == 0)
		return 0;
	pack->out_bytes = 0;
	return writer->write(writer->context, &piece, 1, err);
}

/* One piece of a chunk; the last one is flushed. 1: the link was waited for. */
static int pack_piece(struct pack *pack, const struct iovec *piece, bool last, const struct pack_writer *writer,
                      size_t *packed_bytes, struct error *err)
{
	ZSTD_inBuffer in = { piece->iov_base, piece->iov_len, 0 };
	int waited = 0;
	size_t left;

	do {
		ZSTD_outBuffer out = { pack->out, pack->out_room, pack->out_bytes };
		int rc = 0;

		left = ZSTD_compressStream2(pack->compressor, &out, &in, last ? ZSTD_e_flush : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return fault(left, err);
		*packed_bytes += out.pos - pack->out_bytes;
		pack->out_bytes = out.pos;
		if (last || out.pos == out.size)
			rc = put_out(pack, writer, err);
		if (rc < 0)
			return -1;
		waited |= rc;
	} while (last ? left != 0 : in.pos != in.size);
	return waited;
}

static int write_packed(struct pack *pack, const struct iovec *pieces, int n, const struct pack_writer *writer,
                        size_t *packed_bytes, struct error *err)
{
	int waited = 0;

	if (begin_packed(pack, err) != 0)
		return -1;
	for (int i = 0; i < n; i++) {
		int rc = pack_piece(pack, &pieces[i], i + 1 == n, writer, packed_bytes, err);

		if (rc < 0)
			return -1;
		waited |= rc;
	}
	return waited;
}

/* Ends what is open, and begins a frame of raw blocks: no size, no checksum, a window as large as a block. */
static int begin_stored(struct pack *pack, struct error *err)
{
	static const uint8_t header[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, (17 - 10) << 3 };

	if (pack->open == OPEN_STORED)
		return 0;
	if (end_frame(pack, err) != 0)
		return -1;
	memcpy(pack->out + pack->out_bytes, header, sizeof(header));
	pack->out_bytes += sizeof(header);
	pack->open = OPEN_STORED;
	return 0;
}

static void put_block_header(uint8_t *at, size_t len_bytes)
{
	at[0] = (uint8_t)(len_bytes << 3);
	at[1] = (uint8_t)(len_bytes >> 5);
	at[2] = (uint8_t)(len_bytes >> 13);
}

static int write_stored(struct pack *pack, const struct iovec *pieces, int n, size_t left,
                        const struct pack_writer *writer, struct error *err)
{
	struct iovec out[2 * BLOCKS_MAX + PACK_PIECES_MAX + 1];
	size_t at = 0; /* in *pieces */
	size_t n_blocks = 0;
	int k = 0;

	if (left > PACK_CHUNK_MAX || n > PACK_PIECES_MAX)
		return error_set(err, ERR_INTERNAL, "a chunk of %zu bytes", left);
	if (begin_stored(pack, err) != 0)
		return -1;
	out[k++] = (struct iovec){ pack->out, pack->out_bytes };
	pack->out_bytes = 0;
	while (left != 0) {
		size_t block = left < BLOCK_BYTES ? left : BLOCK_BYTES;

		put_block_header(pack->headers[n_blocks], block);
		out[k++] = (struct iovec){ pack->headers[n_blocks++], BLOCK_HEADER_BYTES };
		left -= block;
		while (block != 0) {
			size_t take = pieces->iov_len - at < block ? pieces->iov_len - at : block;

			out[k++] = (struct iovec){ (uint8_t *)pieces->iov_base + at, take };
			block -= take;
			at += take;
			if (at == pieces->iov_len) {
				pieces++;
				at = 0;
			}
		}
	}
	return writer->write(writer->context, out, k, err);
}

int pack_write(struct pack *pack, const struct iovec *pieces, int n, const struct pack_writer *writer,
               struct error *err)
{
	size_t in_bytes = 0;
	size_t out_bytes = 0;
	int waited;

	for (int i = 0; i < n; i++)
		in_bytes += pieces[i].iov_len;
	if (in_bytes == 0)
		return 0;
	if (pack->next.stored) {
		waited = write_stored(pack, pieces, n, in_bytes, writer, err);
		out_bytes = in_bytes;
	} else {
		waited = write_packed(pack, pieces, n, writer, &out_bytes, err);
	}
	if (waited < 0)
		return -1;
	pack_level_took(&pack->next, in_bytes, out_bytes, waited != 0);
	return 0;
}

int pack_read(struct pack *pack, const uint8_t *raw, size_t *at, size_t raw_bytes, uint8_t *plain, size_t *plain_bytes,
              size_t plain_room, struct error *err)
{
	ZSTD_inBuffer in = { raw, raw_bytes, *at };
	ZSTD_outBuffer out = { plain, plain_room, *plain_bytes };
	size_t n = ZSTD_decompressStream(pack->decompressor, &out, &in);

	if (ZSTD_isError(n))
		return error_set(err, ERR_PROTOCOL, "the compressed stream is broken: %s", ZSTD_getErrorName(n));
	*at = in.pos;
	*plain_bytes = out.pos;
	return 0;
}
