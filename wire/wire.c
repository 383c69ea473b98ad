#include "wire/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "wire/codec.h"

#define HEADER_BYTES 5
#define OUT_BYTES 65536u  /* queued frames leave when so many bytes are together */
#define RAW_BYTES 131072u /* one read */
#define FRAME_MAX_BYTES (1048577u + HEADER_BYTES)
#define PLAIN_BYTES (FRAME_MAX_BYTES + RAW_BYTES)
#define WAIT_MS 500        /* between two calls of hooks.waiting */
#define LAST_WORDS_MS 5000 /* how long a FAULT is looked for after a broken write */
#define ZSTD_LEVEL 3
#define ZSTD_WINDOW_LOG 20 /* 1 MiB a direction, so memory stays bounded on both sides */
#define PING_MS 30000
#define SILENCE_MS 180000 /* of a client; longer than a ping and a slow link need */
#define SHOWN_BYTES 60

struct wire {
	int in_fd;
	int out_fd;
	char side;
	struct wire_hooks hooks;
	uint8_t *out; /* frames that wait to leave, not compressed */
	size_t out_bytes;
	uint8_t *raw; /* read, not decompressed: raw_at … raw_bytes */
	size_t raw_at, raw_bytes;
	uint8_t *plain; /* decompressed, not consumed: plain_at … plain_bytes */
	size_t plain_at, plain_bytes;
	uint8_t *packed;
	size_t packed_room;
	ZSTD_CCtx *compressor;
	ZSTD_DCtx *decompressor;
	int64_t left_ms; /* when bytes last left */
	uint64_t count_in, count_out;
	bool frames_came;
	bool ended;    /* the other side closed */
	bool draining; /* looking for last words: no writes, no hooks */
};

static int set_nonblocking(int fd, struct error *err)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return error_sys(err, errno, "setting descriptor %d non-blocking", fd);
	return 0;
}

/* A write to an end that is gone shall be an error of that write (EPIPE), not the end of this process. A handler that the
 * program has set is left alone. */
static void ignore_sigpipe(void)
{
	struct sigaction now;

	if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL) {
		now.sa_handler = SIG_IGN;
		(void)sigaction(SIGPIPE, &now, NULL);
	}
}

int wire_new(int in_fd, int out_fd, char side, const struct wire_hooks *hooks, struct wire **wire, struct error *err)
{
	struct wire *made = calloc(1, sizeof(*made));

	*wire = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->in_fd = in_fd;
	made->out_fd = out_fd;
	made->side = side;
	if (hooks != NULL)
		made->hooks = *hooks;
	made->out = malloc(OUT_BYTES + FRAME_MAX_BYTES);
	made->raw = malloc(RAW_BYTES);
	made->plain = malloc(PLAIN_BYTES);
	if (made->out == NULL || made->raw == NULL || made->plain == NULL) {
		wire_destroy(&made);
		return error_set(err, ERR_SYSTEM, "out of memory");
	}
	made->left_ms = clock_now_ms();
	ignore_sigpipe();
	if (set_nonblocking(in_fd, err) != 0 || set_nonblocking(out_fd, err) != 0) {
		wire_destroy(&made);
		return -1;
	}
	*wire = made;
	return 0;
}

void wire_destroy(struct wire **wire)
{
	struct wire *w = *wire;

	if (w == NULL)
		return;
	*wire = NULL;
	ZSTD_freeCCtx(w->compressor);
	ZSTD_freeDCtx(w->decompressor);
	free(w->out);
	free(w->raw);
	free(w->plain);
	free(w->packed);
	free(w);
}

int wire_compress(struct wire *wire, struct error *err)
{
	size_t rest = wire->plain_bytes - wire->plain_at;

	if (wire_flush(wire, err) != 0)
		return -1;
	wire->packed_room = ZSTD_CStreamOutSize();
	wire->packed = malloc(wire->packed_room);
	wire->compressor = ZSTD_createCCtx();
	wire->decompressor = ZSTD_createDCtx();
	if (wire->packed == NULL || wire->compressor == NULL || wire->decompressor == NULL ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(wire->compressor, ZSTD_c_compressionLevel, ZSTD_LEVEL)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(wire->compressor, ZSTD_c_windowLog, ZSTD_WINDOW_LOG)) ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(wire->decompressor, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG)))
		return error_set(err, ERR_SYSTEM, "setting up compression: out of memory");
	/* What came behind WELCOME in the same read is compressed already. */
	if (rest > RAW_BYTES)
		return error_set(err, ERR_PROTOCOL, "%zu bytes before the compression was agreed on", rest);
	memcpy(wire->raw, wire->plain + wire->plain_at, rest);
	wire->raw_at = 0;
	wire->raw_bytes = rest;
	wire->plain_at = wire->plain_bytes = 0;
	return 0;
}

/* Waits until fd is ready for events. until_ms 0: for ever. Returns 1, 0 when the time is over, -1. */
static int wait_ready(struct wire *wire, int fd, short events, int64_t until_ms, struct error *err)
{
	struct pollfd item = { .fd = fd, .events = events };

	for (;;) {
		int n = poll(&item, 1, WAIT_MS);

		if (n > 0)
			return 1;
		if (n < 0 && errno != EINTR)
			return error_sys(err, errno, "waiting for the other end");
		if (until_ms != 0 && clock_now_ms() >= until_ms)
			return 0;
		if (!wire->draining && wire->hooks.waiting != NULL &&
		    wire->hooks.waiting(wire->hooks.context, err) != 0)
			return -1;
	}
}

/* The other side does not read any more. If it said why before, that is the error. */
static int last_words(struct wire *wire, struct error *err)
{
	struct frame frame;
	struct error told = { .class = ERR_NONE };
	int rc;

	wire->draining = true;
	wire->out_bytes = 0;
	do {
		rc = wire_receive(wire, &frame, &told);
	} while (rc > 0);
	/* Only a FAULT gives an error of another class than the link's. */
	if (rc < 0 && told.class != ERR_LINK && told.class != ERR_NONE) {
		*err = told;
		return -1;
	}
	return error_set(err, ERR_LINK, "the connection was closed by the other end");
}

static int write_all(struct wire *wire, const uint8_t *data, size_t len_bytes, struct error *err)
{
	if (wire->hooks.pace != NULL && wire->hooks.pace(wire->hooks.context, len_bytes, err) != 0)
		return -1;
	wire->left_ms = clock_now_ms();
	while (len_bytes != 0) {
		ssize_t n = write(wire->out_fd, data, len_bytes);

		if (n >= 0) {
			data += n;
			len_bytes -= (size_t)n;
			wire->count_out += (uint64_t)n;
		} else if (errno == EAGAIN) {
			if (wait_ready(wire, wire->out_fd, POLLOUT, 0, err) < 0)
				return -1;
		} else if (errno == EPIPE || errno == ECONNRESET) {
			return last_words(wire, err);
		} else if (errno != EINTR) {
			return error_sys(err, errno, "writing to the other end");
		}
	}
	return 0;
}

static int write_packed(struct wire *wire, struct error *err)
{
	ZSTD_inBuffer in = { wire->out, wire->out_bytes, 0 };
	size_t left;

	do {
		ZSTD_outBuffer out = { wire->packed, wire->packed_room, 0 };

		left = ZSTD_compressStream2(wire->compressor, &out, &in, ZSTD_e_flush);
		if (ZSTD_isError(left))
			return error_set(err, ERR_INTERNAL, "compressing: %s", ZSTD_getErrorName(left));
		if (out.pos != 0 && write_all(wire, wire->packed, out.pos, err) != 0)
			return -1;
	} while (left != 0);
	return 0;
}

int wire_flush(struct wire *wire, struct error *err)
{
	int rc;

	if (wire->out_bytes == 0)
		return 0;
	rc = wire->compressor != NULL ? write_packed(wire, err) : write_all(wire, wire->out, wire->out_bytes, err);
	wire->out_bytes = 0;
	return rc;
}

static void trace(const struct wire *wire, const char *way, unsigned type, size_t len_bytes)
{
	if (log_traces("wire"))
		log_trace("wire", "%c %s %s %zu", wire->side, way, frame_name(type), len_bytes);
}

int wire_send(struct wire *wire, unsigned type, const void *payload, size_t len_bytes, struct error *err)
{
	uint8_t *at = wire->out + wire->out_bytes;

	if (!frame_known(type) || len_bytes > frame_greatest(type))
		return error_set(err, ERR_INTERNAL, "a %s frame of %zu bytes is larger than %zu", frame_name(type),
		                 len_bytes, frame_greatest(type));
	trace(wire, "->", type, len_bytes);
	at[0] = (uint8_t)(len_bytes >> 24);
	at[1] = (uint8_t)(len_bytes >> 16);
	at[2] = (uint8_t)(len_bytes >> 8);
	at[3] = (uint8_t)len_bytes;
	at[4] = (uint8_t)type;
	if (len_bytes != 0)
		memcpy(at + HEADER_BYTES, payload, len_bytes);
	wire->out_bytes += HEADER_BYTES + len_bytes;
	return wire->out_bytes >= OUT_BYTES ? wire_flush(wire, err) : 0;
}

/* One read from the descriptor into raw (empty by then). 1: bytes came, 0: the end, -1. */
static int read_raw(struct wire *wire, int64_t until_ms, struct error *err)
{
	if (until_ms == 0 && wire->side == 'R')
		until_ms = clock_now_ms() + SILENCE_MS;
	for (;;) {
		ssize_t n = read(wire->in_fd, wire->raw, RAW_BYTES);
		int rc;

		if (n > 0) {
			wire->raw_at = 0;
			wire->raw_bytes = (size_t)n;
			wire->count_in += (uint64_t)n;
			return 1;
		}
		if (n == 0 || errno == ECONNRESET) {
			wire->ended = true;
			return 0;
		}
		if (errno != EAGAIN && errno != EINTR)
			return error_sys(err, errno, "reading from the other end");
		rc = wait_ready(wire, wire->in_fd, POLLIN, until_ms, err);
		if (rc < 0)
			return -1;
		if (rc == 0)
			return error_set(err, ERR_LINK, "the other end is silent");
	}
}

/* Moves bytes from raw to plain. */
static int unpack(struct wire *wire, struct error *err)
{
	size_t n = wire->raw_bytes - wire->raw_at;

	if (wire->decompressor == NULL) {
		memcpy(wire->plain + wire->plain_bytes, wire->raw + wire->raw_at, n);
		wire->plain_bytes += n;
		wire->raw_at = wire->raw_bytes;
		return 0;
	}
	ZSTD_inBuffer in = { wire->raw, wire->raw_bytes, wire->raw_at };
	ZSTD_outBuffer out = { wire->plain, PLAIN_BYTES, wire->plain_bytes };
	n = ZSTD_decompressStream(wire->decompressor, &out, &in);
	if (ZSTD_isError(n))
		return error_set(err, ERR_PROTOCOL, "the compressed stream is broken: %s", ZSTD_getErrorName(n));
	wire->raw_at = in.pos;
	wire->plain_bytes = out.pos;
	return 0;
}

/* Makes at least want bytes available in plain. 1, 0 at the end, -1. */
static int fill(struct wire *wire, size_t want, int64_t until_ms, struct error *err)
{
	if (wire->plain_at != 0 && wire->plain_at + want > FRAME_MAX_BYTES) {
		memmove(wire->plain, wire->plain + wire->plain_at, wire->plain_bytes - wire->plain_at);
		wire->plain_bytes -= wire->plain_at;
		wire->plain_at = 0;
	}
	while (wire->plain_bytes - wire->plain_at < want) {
		size_t before = wire->plain_bytes;

		if (wire->plain_at == wire->plain_bytes)
			wire->plain_at = wire->plain_bytes = before = 0;
		if (PLAIN_BYTES - wire->plain_bytes < RAW_BYTES) {
			memmove(wire->plain, wire->plain + wire->plain_at, wire->plain_bytes - wire->plain_at);
			wire->plain_bytes -= wire->plain_at;
			wire->plain_at = 0;
			before = wire->plain_bytes;
		}
		/* The decompressor may hold more output than it was given room for, without any more input. */
		if (wire->raw_at != wire->raw_bytes || wire->decompressor != NULL) {
			if (unpack(wire, err) != 0)
				return -1;
			if (wire->plain_bytes != before)
				continue;
		}
		if (wire->raw_at == wire->raw_bytes) {
			int rc = wire->ended ? 0 : read_raw(wire, until_ms, err);

			if (rc <= 0)
				return rc;
		}
	}
	return 1;
}

static int fault(struct frame *frame, struct error *err)
{
	char code[64];
	char text[ERROR_TEXT_SIZE];
	char safe[ERROR_TEXT_SIZE - 16];
	struct decoder d;

	decoder_init(&d, frame->payload, frame->len_bytes);
	get_string(&d, code, sizeof(code));
	(void)get_u32(&d); /* the far end's errno: its numbers need not be ours */
	get_string(&d, text, sizeof(text));
	if (codec_done(&d, "FAULT", err) != 0)
		return -1;
	return error_set(err, error_class_of(code), "far end: %s", log_escape(text, safe, sizeof(safe)));
}

/* What a login shell or a banner printed shows up where the first frame should be. */
static int not_a_frame(const struct wire *wire, unsigned type, struct error *err)
{
	char text[SHOWN_BYTES + 1];
	char safe[4 * SHOWN_BYTES + 1];
	size_t n = wire->plain_bytes - wire->plain_at;

	if (wire->frames_came)
		return error_set(err, ERR_PROTOCOL, "a frame of type %u, which the other end may not send", type);
	if (n > SHOWN_BYTES)
		n = SHOWN_BYTES;
	memcpy(text, wire->plain + wire->plain_at, n);
	text[n] = '\0';
	for (size_t i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	return error_set(
	        err, ERR_PROTOCOL,
	        "the other end does not speak our protocol; it begins with \"%s\". If a login shell or a banner "
	        "prints that, silence it, or use a forced command in authorized_keys",
	        log_escape(text, safe, sizeof(safe)));
}

/* The header at plain_at, checked before its payload is waited for. */
static int check_header(const struct wire *wire, unsigned *type, size_t *len_bytes, struct error *err)
{
	const uint8_t *at = wire->plain + wire->plain_at;
	char from;

	*len_bytes = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
	*type = at[4];
	from = frame_from(*type);
	if (from == '\0' || from == wire->side)
		return not_a_frame(wire, *type, err);
	if (*len_bytes > frame_greatest(*type)) {
		if (!wire->frames_came)
			return not_a_frame(wire, *type, err);
		return error_set(err, ERR_PROTOCOL, "a %s frame of %zu bytes; at most %zu are allowed",
		                 frame_name(*type), *len_bytes, frame_greatest(*type));
	}
	return 0;
}

static int receive_one(struct wire *wire, struct frame *frame, struct error *err)
{
	int64_t until_ms = wire->draining ? clock_now_ms() + LAST_WORDS_MS : 0;
	int rc;

	if (!wire->draining && wire_flush(wire, err) != 0)
		return -1;
	rc = fill(wire, HEADER_BYTES, until_ms, err);
	if (rc == 0 && wire->plain_at != wire->plain_bytes)
		return wire->frames_came ? error_set(err, ERR_LINK, "the connection was lost inside a frame")
		                         : not_a_frame(wire, 0, err);
	if (rc <= 0)
		return rc;
	if (check_header(wire, &frame->type, &frame->len_bytes, err) != 0)
		return -1;
	rc = fill(wire, HEADER_BYTES + frame->len_bytes, until_ms, err);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return error_set(err, ERR_LINK, "the connection was lost inside a %s frame", frame_name(frame->type));
	frame->payload = wire->plain + wire->plain_at + HEADER_BYTES;
	wire->plain_at += HEADER_BYTES + frame->len_bytes;
	wire->frames_came = true;
	trace(wire, "<-", frame->type, frame->len_bytes);
	return frame->type == FRAME_FAULT ? fault(frame, err) : 1;
}

int wire_receive(struct wire *wire, struct frame *frame, struct error *err)
{
	int rc;

	do {
		rc = receive_one(wire, frame, err);
	} while (rc == 1 && frame->type == FRAME_PING);
	return rc;
}

int wire_keepalive(struct wire *wire, struct error *err)
{
	if (clock_now_ms() - wire->left_ms < PING_MS)
		return 0;
	if (wire_send(wire, FRAME_PING, NULL, 0, err) != 0)
		return -1;
	return wire_flush(wire, err);
}

int wire_expect(struct wire *wire, unsigned type, struct frame *frame, struct error *err)
{
	int rc;

	do {
		rc = wire_receive(wire, frame, err);
	} while (rc == 1 && frame->type == FRAME_NOTE && type != FRAME_NOTE);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return error_set(err, ERR_LINK, "the other end closed the connection where %s was due",
		                 frame_name(type));
	if (frame->type != type)
		return error_set(err, ERR_PROTOCOL, "%s came where %s was due", frame_name(frame->type),
		                 frame_name(type));
	return 0;
}

uint64_t wire_bytes_in(const struct wire *wire)
{
	return wire->count_in;
}

uint64_t wire_bytes_out(const struct wire *wire)
{
	return wire->count_out;
}
