#include "wire/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/big_endian.h"
#include "lib/clock.h"
#include "lib/duration.h"
#include "lib/log.h"
#include "wire/codec.h"
#include "wire/pack.h"
#include "wire/pieces.h"

#define HEADER_BYTES 5
#define OUT_BYTES 65536u  /* queued frames leave when so many bytes are together */
#define RAW_BYTES 131072u /* one read */
#define FRAME_MAX_BYTES (1048577u + HEADER_BYTES)
#define PLAIN_BYTES (FRAME_MAX_BYTES + RAW_BYTES)
#define WAIT_MS 500        /* between two calls of hooks.waiting */
#define LAST_WORDS_MS 5000 /* how long a FAULT is looked for after a broken write */
#define PING_MS 30000
#define SILENCE_MS 180000                    /* of a client; longer than a ping and a slow link need */
#define PATIENCE_MOST_MS (UINT64_C(1) << 48) /* without end */
#define SHOWN_BYTES 60
#define PACED_MS 2         /* a pace that took so long had to wait */
#define PIPE_BYTES 1048576 /* asked for; fewer switches between this process and its child */

struct wire {
	int in_fd;
	int out_fd;
	char side;
	struct wire_hooks hooks;
	uint8_t *out; /* frames that wait to leave, not compressed; and the header of the one that makes them leave */
	size_t out_bytes;
	uint8_t *raw; /* read, not decompressed: raw_at … raw_bytes */
	size_t raw_at, raw_bytes;
	uint8_t *plain; /* decompressed, not consumed: plain_at … plain_bytes */
	size_t plain_at, plain_bytes;
	struct pack *pack;                           /* NULL: not compressed */
	int64_t left_ms;                             /* when bytes last left */
	int64_t read_patience_ms, write_patience_ms; /* 0: without end */
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
	made->out = malloc(OUT_BYTES + HEADER_BYTES);
	made->raw = malloc(RAW_BYTES);
	made->plain = malloc(PLAIN_BYTES);
	if (made->out == NULL || made->raw == NULL || made->plain == NULL) {
		wire_destroy(&made);
		return error_set(err, ERR_SYSTEM, "out of memory");
	}
	made->left_ms = clock_now_ms();
	made->read_patience_ms = side == 'R' ? SILENCE_MS : 0;
	ignore_sigpipe();
	/* Of no use to sockets, and refused where many large pipes are open already. */
	(void)fcntl(in_fd, F_SETPIPE_SZ, PIPE_BYTES);
	(void)fcntl(out_fd, F_SETPIPE_SZ, PIPE_BYTES);
	if (set_nonblocking(in_fd, err) != 0 || set_nonblocking(out_fd, err) != 0) {
		wire_destroy(&made);
		return -1;
	}
	*wire = made;
	return 0;
}

void wire_patience(struct wire *wire, uint64_t silence_ms)
{
	wire->read_patience_ms = wire->write_patience_ms = silence_ms <= PATIENCE_MOST_MS ? (int64_t)silence_ms : 0;
}

void wire_destroy(struct wire **wire)
{
	struct wire *w = *wire;

	if (w == NULL)
		return;
	*wire = NULL;
	pack_destroy(&w->pack);
	free(w->out);
	free(w->raw);
	free(w->plain);
	free(w);
}

int wire_compress(struct wire *wire, struct error *err)
{
	size_t rest = wire->plain_bytes - wire->plain_at;

	if (wire_flush(wire, err) != 0)
		return -1;
	/* What came behind WELCOME in the same read is compressed already. */
	if (rest > RAW_BYTES)
		return error_set(err, ERR_PROTOCOL, "%zu bytes before the compression was agreed on", rest);
	memcpy(wire->raw, wire->plain + wire->plain_at, rest);
	wire->raw_at = 0;
	wire->raw_bytes = rest;
	wire->plain_at = wire->plain_bytes = 0;
	return pack_new(&wire->pack, err);
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

/* Until when something has to come, or to go; 0: for ever. */
static int64_t patience_ends(int64_t patience_ms)
{
	return patience_ms != 0 ? clock_now_ms() + patience_ms : 0;
}

static int silent(int64_t patience_ms, struct error *err)
{
	char text[DURATION_TEXT_SIZE];

	return error_set(err, ERR_LINK, "the other end is silent: for %s nothing has come from it",
	                 duration_text((uint64_t)patience_ms, text, sizeof(text)));
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

/* How many of len_bytes may leave now: all of them, if nobody minds. Sets *waited if the hook took its time. */
static int pace(struct wire *wire, size_t *len_bytes, int *waited, struct error *err)
{
	int64_t before_ms = clock_now_ms();
	size_t most = *len_bytes;

	if (wire->hooks.pace != NULL && wire->hooks.pace(wire->hooks.context, len_bytes, err) != 0)
		return -1;
	if (*len_bytes == 0 || *len_bytes > most)
		*len_bytes = most;
	wire->left_ms = clock_now_ms();
	*waited |= wire->left_ms - before_ms >= PACED_MS;
	return 0;
}

/* A pack_writer's. The pieces are used up. 1: the link, or the rate, was waited for. */
static int write_all(void *context, struct iovec *pieces, int n_pieces, struct error *err)
{
	struct wire *wire = context;
	size_t granted = 0;
	size_t left = 0;
	int waited = 0;

	for (int i = 0; i < n_pieces; i++)
		left += pieces[i].iov_len;
	while (left != 0) {
		ssize_t n;

		if (granted == 0) {
			granted = left;
			if (pace(wire, &granted, &waited, err) != 0)
				return -1;
		}
		n = pieces_write(wire->out_fd, pieces, n_pieces, granted);
		if (n >= 0) {
			pieces_drop(&pieces, &n_pieces, (size_t)n);
			granted -= (size_t)n;
			left -= (size_t)n;
			wire->count_out += (uint64_t)n;
		} else if (errno == EAGAIN) {
			int rc = wait_ready(wire, wire->out_fd, POLLOUT, patience_ends(wire->write_patience_ms), err);

			if (rc <= 0)
				return rc < 0 ? -1 : silent(wire->write_patience_ms, err);
			waited = 1;
		} else if (errno == EPIPE || errno == ECONNRESET) {
			return last_words(wire, err);
		} else if (errno != EINTR) {
			return error_sys(err, errno, "writing to the other end");
		}
	}
	return waited;
}

/* What is queued leaves, and the payload behind it, of which no copy is made. */
static int flush_with(struct wire *wire, const void *payload, size_t len_bytes, struct error *err)
{
	/* Nobody writes through an iovec here; its type can't say so. */
	union {
		const void *given;
		void *taken;
	} data = { .given = payload };
	struct iovec pieces[] = { { wire->out, wire->out_bytes }, { data.taken, len_bytes } };
	const struct pack_writer writer = { .write = write_all, .context = wire };
	int n = len_bytes != 0 ? 2 : 1;
	int rc;

	rc = wire->pack != NULL ? pack_write(wire->pack, pieces, n, &writer, err) : write_all(wire, pieces, n, err);
	wire->out_bytes = 0;
	return rc < 0 ? -1 : 0;
}

int wire_flush(struct wire *wire, struct error *err)
{
	return wire->out_bytes == 0 ? 0 : flush_with(wire, NULL, 0, err);
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
	wire->out_bytes += HEADER_BYTES;
	if (wire->out_bytes + len_bytes >= OUT_BYTES)
		return flush_with(wire, payload, len_bytes, err);
	if (len_bytes != 0)
		memcpy(at + HEADER_BYTES, payload, len_bytes);
	wire->out_bytes += len_bytes;
	return 0;
}

/* One read from the descriptor, of RAW_BYTES at most. Sets *n, 0 at the end. */
static int read_some(struct wire *wire, uint8_t *to, size_t *n, int64_t until_ms, struct error *err)
{
	int64_t patience_ms = until_ms == 0 ? wire->read_patience_ms : LAST_WORDS_MS;

	if (until_ms == 0)
		until_ms = patience_ends(patience_ms);
	for (;;) {
		ssize_t got = read(wire->in_fd, to, RAW_BYTES);
		int rc;

		if (got >= 0 || errno == ECONNRESET) {
			*n = got > 0 ? (size_t)got : 0;
			wire->ended = *n == 0;
			wire->count_in += *n;
			return 0;
		}
		if (errno != EAGAIN && errno != EINTR)
			return error_sys(err, errno, "reading from the other end");
		rc = wait_ready(wire, wire->in_fd, POLLIN, until_ms, err);
		if (rc < 0)
			return -1;
		if (rc == 0)
			return silent(patience_ms, err);
	}
}

/* More bytes into plain, which has room for RAW_BYTES; perhaps none yet. 1, 0 at the end, -1. */
static int more(struct wire *wire, int64_t until_ms, struct error *err)
{
	size_t before = wire->plain_bytes;
	size_t n = 0;

	/* The decompressor may hold more output than it was given room for, without any more input. */
	if (wire->pack != NULL && pack_read(wire->pack, wire->raw, &wire->raw_at, wire->raw_bytes, wire->plain,
	                                    &wire->plain_bytes, PLAIN_BYTES, err) != 0)
		return -1;
	if (wire->plain_bytes != before || wire->raw_at != wire->raw_bytes)
		return 1;
	if (wire->ended)
		return 0;
	if (read_some(wire, wire->pack != NULL ? wire->raw : wire->plain + before, &n, until_ms, err) != 0)
		return -1;
	if (wire->pack == NULL) {
		wire->plain_bytes += n;
	} else {
		wire->raw_at = 0;
		wire->raw_bytes = n;
	}
	return n != 0;
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
		int rc;

		if (wire->plain_at == wire->plain_bytes)
			wire->plain_at = wire->plain_bytes = 0;
		if (PLAIN_BYTES - wire->plain_bytes < RAW_BYTES) {
			memmove(wire->plain, wire->plain + wire->plain_at, wire->plain_bytes - wire->plain_at);
			wire->plain_bytes -= wire->plain_at;
			wire->plain_at = 0;
		}
		rc = more(wire, until_ms, err);
		if (rc <= 0)
			return rc;
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

	*len_bytes = (size_t)big_endian(at, 4);
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
	if (wire->hooks.waiting != NULL && wire->hooks.waiting(wire->hooks.context, err) != 0)
		return -1;
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

bool wire_other_gone(const struct wire *wire)
{
	struct pollfd item = { .fd = wire->in_fd, .events = POLLRDHUP };

	return poll(&item, 1, 0) == 1 && (item.revents & (POLLHUP | POLLRDHUP | POLLERR | POLLNVAL)) != 0;
}

uint64_t wire_bytes_in(const struct wire *wire)
{
	return wire->count_in;
}

uint64_t wire_bytes_out(const struct wire *wire)
{
	return wire->count_out;
}
