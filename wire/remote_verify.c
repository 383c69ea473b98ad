#include "wire/remote_verify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "wire/note.h"

static int ask(struct remote *remote, unsigned type, const struct encoder *e, struct error *err)
{
	return e->bad ? error_set(err, ERR_SYSTEM, "out of memory")
	              : wire_send(remote_wire(remote), type, e->data, e->len_bytes, err);
}

static void tell(const struct frame *frame, const struct remote_verify_hooks *hooks)
{
	struct note note;
	char safe[256];

	if (note_read(frame, &note, NULL) == 0 && hooks->progress != NULL)
		hooks->progress(hooks->context, note.done, note.total, log_escape(note.text, safe, sizeof(safe)));
}

/* The next frame that is no NOTE. */
static int next(struct remote *remote, const struct remote_verify_hooks *hooks, struct frame *frame, struct error *err)
{
	int rc;

	while ((rc = wire_receive(remote_wire(remote), frame, err)) == 1 && frame->type == FRAME_NOTE)
		tell(frame, hooks);
	return rc == 0 ? error_set(err, ERR_LINK, "the connection was lost") : rc == 1 ? 0 : -1;
}

static int take_damage(const struct frame *frame, const struct remote_verify_hooks *hooks, struct error *err)
{
	struct wire_damage damage;
	struct decoder d;
	char reason[VERIFY_CODEC_REASON_SIZE];
	int rc;

	decoder_init(&d, frame->payload, frame->len_bytes);
	get_damage(&d, &damage);
	rc = codec_done(&d, "DAMAGE", err);
	memcpy(reason, damage.reason, sizeof(reason));
	(void)log_escape(reason, damage.reason, sizeof(damage.reason));
	if (rc == 0)
		rc = hooks->damage(hooks->context, &damage, err);
	verify_codec_damage_done(&damage);
	return rc;
}

static int request(struct remote *remote, const struct remote_verify_want *want, struct error *err)
{
	struct encoder e;
	char safe[128];
	int rc;

	if (!remote_welcome(remote)->verifies)
		return error_set(err, ERR_CONFIG,
		                 "the receiver there (%s) is older and can't verify; install a newer one",
		                 log_escape(remote_welcome(remote)->software, safe, sizeof(safe)));
	encoder_init(&e);
	put_u8(&e, (uint8_t)want->how);
	put_u64(&e, want->every_s);
	put_string(&e, want->generation);
	rc = ask(remote, FRAME_VERIFY, &e, err);
	encoder_done(&e);
	return rc;
}

int remote_verify(struct remote *remote, const struct remote_verify_want *want, const struct remote_verify_hooks *hooks,
                  struct wire_verified *verified, struct error *err)
{
	struct frame frame;
	struct decoder d;

	if (request(remote, want, err) != 0)
		return -1;
	for (;;) {
		if (next(remote, hooks, &frame, err) != 0)
			return -1;
		if (frame.type == FRAME_VERIFIED)
			break;
		if (frame.type != FRAME_DAMAGE)
			return error_set(err, ERR_PROTOCOL, "%s in the answer to VERIFY", frame_name(frame.type));
		if (take_damage(&frame, hooks, err) != 0)
			return -1;
	}
	decoder_init(&d, frame.payload, frame.len_bytes);
	get_verified(&d, verified);
	return codec_done(&d, "VERIFIED", err);
}

/* Returns 1: all of it, 0: it was shorter, or could not be read, -1: the link. */
static int send_content(struct remote *remote, int fd, struct error *err)
{
	uint8_t *piece = malloc(WIRE_DATA_MAX);
	off_t at = 0;
	struct stat st;
	int rc = piece != NULL ? 1 : error_set(err, ERR_SYSTEM, "out of memory");

	if (rc == 1)
		rc = fstat(fd, &st) == 0;
	while (rc == 1 && at < st.st_size) {
		size_t want = st.st_size - at < (off_t)WIRE_DATA_MAX ? (size_t)(st.st_size - at) : WIRE_DATA_MAX;
		ssize_t n = pread(fd, piece, want, at);

		if (n < 0 && errno == EINTR)
			continue;
		rc = n > 0;
		if (rc == 1 && wire_send(remote_wire(remote), FRAME_MEND_DATA, piece, (size_t)n, err) != 0)
			rc = -1;
		at += n > 0 ? n : 0;
	}
	free(piece);
	return rc;
}

static int send_mend(struct remote *remote, const struct wire_damage *damage, int content_fd, struct error *err)
{
	struct encoder e;
	uint8_t whole;
	int rc;

	encoder_init(&e);
	put_u8(&e, content_fd >= 0);
	put_string(&e, damage->generation);
	put_bytes(&e, damage->path, strlen(damage->path));
	rc = ask(remote, FRAME_MEND, &e, err);
	encoder_done(&e);
	if (rc != 0 || content_fd < 0)
		return rc;
	rc = send_content(remote, content_fd, err);
	whole = rc == 1;
	return rc < 0 ? -1 : wire_send(remote_wire(remote), FRAME_MEND_END, &whole, 1, err);
}

int remote_verify_mend(struct remote *remote, const struct wire_damage *damage, int content_fd,
                       const struct remote_verify_hooks *hooks, struct remote_mended *mended, struct error *err)
{
	char reason[VERIFY_CODEC_REASON_SIZE];
	struct frame frame;
	struct decoder d;
	uint8_t result;

	if (send_mend(remote, damage, content_fd, err) != 0 || next(remote, hooks, &frame, err) != 0)
		return -1;
	if (frame.type != FRAME_MENDED)
		return error_set(err, ERR_PROTOCOL, "%s in the answer to MEND", frame_name(frame.type));
	decoder_init(&d, frame.payload, frame.len_bytes);
	result = get_u8(&d);
	get_string(&d, reason, sizeof(reason));
	if (codec_done(&d, "MENDED", err) != 0)
		return -1;
	if (result >= WIRE_MENDED_RESULTS)
		return error_set(err, ERR_PROTOCOL, "a MENDED that makes no sense");
	mended->result = (enum wire_mended)result;
	(void)log_escape(reason, mended->reason, sizeof(mended->reason));
	return 0;
}
