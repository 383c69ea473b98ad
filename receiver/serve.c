#include "receiver/serve.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/log.h"
#include "lib/tree_walk.h"
#include "lib/version.h"
#include "receiver/apply.h"
#include "receiver/fetch.h"
#include "receiver/file_sink.h"
#include "receiver/incoming.h"
#include "receiver/publish.h"
#include "receiver/record.h"
#include "receiver/removal.h"
#include "receiver/signature.h"
#include "receiver/trash.h"
#include "wire/codec.h"
#include "wire/entry_codec.h"
#include "wire/wire.h"

#define STRATEGY "hardlink"

struct session {
	const struct vault_options *options;
	struct wire *wire;
	struct vault *vault;
	struct incoming *incoming;
	struct file_sink *sink;
	bool pristine; /* the incoming tree still is what it began as: a copy of the last generation */
	struct ticker ticker;
	struct encoder encoder;
	struct entry_memory memory;
	char path[WIRE_PATH_MAX + 1];
	char existing[WIRE_PATH_MAX + 1];
};

static int reply(struct session *s, unsigned type, struct error *err)
{
	if (s->encoder.bad)
		return error_set(err, ERR_SYSTEM, "out of memory");
	return wire_send(s->wire, type, s->encoder.data, s->encoder.len_bytes, err);
}

/* The first two frames. The features that both sides have are used. */
static int greet(struct session *s, struct error *err)
{
	struct frame frame;
	struct decoder d;
	char role[32];
	char pipeline[VAULT_PIPELINE_MAX + 1];
	char software[64];
	uint32_t magic;
	uint32_t features;
	uint16_t lowest;
	uint16_t highest;
	bool writes;

	if (wire_expect(s->wire, FRAME_HELLO, &frame, err) != 0)
		return -1;
	decoder_init(&d, frame.payload, frame.len_bytes);
	magic = get_u32(&d);
	lowest = get_u16(&d);
	highest = get_u16(&d);
	features = get_u32(&d) & WIRE_FEATURE_ZSTD;
	get_string(&d, role, sizeof(role));
	get_string(&d, pipeline, sizeof(pipeline));
	get_string(&d, software, sizeof(software));
	if (codec_done(&d, "HELLO", err) != 0)
		return -1;
	if (magic != WIRE_MAGIC || lowest > WIRE_VERSION || highest < WIRE_VERSION)
		return error_set(err, ERR_PROTOCOL, "this receiver (%s) speaks version %d, the client %u to %u",
		                 AOB_VERSION, WIRE_VERSION, lowest, highest);
	writes = strcmp(role, "transfer") == 0;
	if (vault_open(s->options, pipeline, writes, &s->vault, err) != 0)
		return -1;
	put_u16(&s->encoder, WIRE_VERSION);
	put_u32(&s->encoder, features);
	put_string(&s->encoder, s->vault->id);
	put_string(&s->encoder, "aob-receiver " AOB_VERSION);
	put_string(&s->encoder, STRATEGY);
	put_i64(&s->encoder, time(NULL));
	if (reply(s, FRAME_WELCOME, err) != 0)
		return -1;
	return features != 0 ? wire_compress(s->wire, err) : wire_flush(s->wire, err);
}

/* Before anything is written: the only writer, and what a crash left put in order. */
static int own_vault(struct session *s, struct error *err)
{
	if (s->vault->lock_fd >= 0)
		return 0;
	if (vault_lock(s->vault, err) != 0)
		return -1;
	return publish_recover(s->vault, err);
}

static int on_begin(struct session *s, const struct frame *frame, struct error *err)
{
	struct record *wanted = calloc(1, sizeof(*wanted));
	enum incoming_how how = INCOMING_FRESH;
	struct decoder d;
	int rc = -1;

	if (wanted == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	decoder_init(&d, frame->payload, frame->len_bytes);
	get_string(&d, wanted->run, sizeof(wanted->run));
	wanted->taken_at_s = get_i64(&d);
	get_string(&d, wanted->snapshot_uuid, sizeof(wanted->snapshot_uuid));
	wanted->ctransid = get_u64(&d);
	get_string(&d, wanted->state, sizeof(wanted->state));
	get_string(&d, wanted->source, sizeof(wanted->source));
	get_string(&d, wanted->host, sizeof(wanted->host));
	if (s->incoming != NULL)
		(void)error_set(err, ERR_PROTOCOL, "a second BEGIN");
	else if (codec_done(&d, "BEGIN", err) == 0 && own_vault(s, err) == 0 &&
	         incoming_begin(s->vault, wanted, &s->ticker, &s->incoming, &how, err) == 0)
		rc = how == INCOMING_PUBLISHED ? 0 : file_sink_new(s->incoming, &s->sink, err);
	free(wanted);
	if (rc != 0)
		return -1;
	s->pristine = how == INCOMING_FRESH;
	encoder_reset(&s->encoder);
	put_u8(&s->encoder, (uint8_t)how);
	put_string(&s->encoder, s->incoming->record.name);
	put_string(&s->encoder, s->incoming->base);
	put_string(&s->encoder, s->incoming->base_snapshot_uuid);
	return reply(s, FRAME_BEGUN, err);
}

static int on_list(struct session *s, struct error *err)
{
	struct tree_walk *walk;
	const struct entry *entry;
	const char *name;
	uint64_t count = 0;
	int parent_fd;
	int rc;

	if (tree_walk_new(s->incoming->tree_fd, true, NULL, &walk, err) != 0)
		return -1;
	while ((rc = tree_walk_next(walk, &entry, &parent_fd, &name, err)) == 1) {
		encoder_reset(&s->encoder);
		put_entry(&s->encoder, entry);
		if (reply(s, FRAME_ENTRY, err) != 0) {
			rc = -1;
			break;
		}
		count++;
	}
	tree_walk_destroy(&walk);
	if (rc != 0)
		return -1;
	encoder_reset(&s->encoder);
	put_u64(&s->encoder, count);
	return reply(s, FRAME_LIST_END, err);
}

static int get_path(struct decoder *d, char path[WIRE_PATH_MAX + 1], struct error *err)
{
	size_t n;
	const uint8_t *bytes = get_bytes(d, WIRE_PATH_MAX, &n);

	if (n != 0)
		memcpy(path, bytes, n);
	path[n] = '\0';
	return d->bad || strlen(path) != n ? error_set(err, ERR_PROTOCOL, "a path that is none")
	                                   : inside_valid(path, err);
}

static int on_remove(struct session *s, const struct frame *frame, struct error *err)
{
	struct decoder d;

	decoder_init(&d, frame->payload, frame->len_bytes);
	if (get_path(&d, s->path, err) != 0 || codec_done(&d, "REMOVE", err) != 0)
		return -1;
	return apply_remove(s->incoming, s->path, err);
}

static int on_link(struct session *s, const struct frame *frame, struct error *err)
{
	struct decoder d;

	decoder_init(&d, frame->payload, frame->len_bytes);
	if (get_path(&d, s->path, err) != 0 || get_path(&d, s->existing, err) != 0 || codec_done(&d, "LINK", err) != 0)
		return -1;
	return apply_link(s->incoming, s->path, s->existing, err);
}

static int on_entry(struct session *s, const struct frame *frame, struct error *err)
{
	struct entry entry;
	struct decoder d;

	decoder_init(&d, frame->payload, frame->len_bytes);
	get_entry(&d, &s->memory, &entry);
	if (codec_done(&d, frame_name(frame->type), err) != 0)
		return -1;
	if ((entry.flags & ENTRY_DIGEST_ONLY) != 0)
		return error_set(err, ERR_PROTOCOL, "%s without the attributes' values", frame_name(frame->type));
	return frame->type == FRAME_MAKE ? apply_make(s->incoming, &entry, err) : apply_meta(s->incoming, &entry, err);
}

static int on_commit(struct session *s, const struct frame *frame, struct error *err)
{
	struct record *record = &s->incoming->record;
	struct decoder d;

	decoder_init(&d, frame->payload, frame->len_bytes);
	record->files = get_u64(&d);
	record->bytes = get_u64(&d);
	(void)get_u64(&d); /* of this connection; what crossed in all was counted here */
	if (file_sink_busy(s->sink))
		return error_set(err, ERR_PROTOCOL, "COMMIT inside a file");
	if (s->incoming->relinked)
		return error_set(
		        err, ERR_SYSTEM,
		        "hard links had reached the file system's limit and were given a new file; compare once more");
	if (codec_done(&d, "COMMIT", err) != 0 || publish_commit(s->incoming, &s->ticker, err) != 0)
		return -1;
	encoder_reset(&s->encoder);
	put_string(&s->encoder, record->name);
	put_u64(&s->encoder, record->files);
	put_u64(&s->encoder, record->bytes);
	put_u64(&s->encoder, record->new_bytes);
	log_line(LOG_NOTICE, "published generation %s", record->name);
	file_sink_destroy(&s->sink);
	incoming_end(&s->incoming);
	return reply(s, FRAME_PUBLISHED, err);
}

static int send_generation(struct session *s, const struct record *record, const char *current, struct error *err)
{
	encoder_reset(&s->encoder);
	put_string(&s->encoder, record->name);
	put_string(&s->encoder, record->run);
	put_string(&s->encoder, record->state);
	put_string(&s->encoder, record->snapshot_uuid);
	put_u64(&s->encoder, record->ctransid);
	put_i64(&s->encoder, record->taken_at_s);
	put_i64(&s->encoder, record->published_at_s);
	put_u64(&s->encoder, record->files);
	put_u64(&s->encoder, record->bytes);
	put_u64(&s->encoder, record->new_bytes);
	put_u8(&s->encoder, (uint8_t)((strcmp(record->name, current) == 0 ? 1 : 0) | (record->pinned ? 2 : 0)));
	return reply(s, FRAME_GENERATION, err);
}

static int on_generations(struct session *s, struct error *err)
{
	char(*names)[32];
	char current[32];
	uint64_t count = 0;
	size_t n;
	int rc = 0;

	if (record_names(s->vault, &names, &n, err) != 0)
		return -1;
	vault_current(s->vault, current);
	for (size_t i = 0; i < n && rc == 0; i++) {
		struct record record;

		if (record_read(s->vault, names[i], &record, NULL) != 0 || !record.there)
			continue;
		rc = send_generation(s, &record, current, err);
		count++;
	}
	free(names);
	if (rc != 0)
		return -1;
	encoder_reset(&s->encoder);
	put_u64(&s->encoder, count);
	return reply(s, FRAME_GENERATIONS_END, err);
}

static int on_prune(struct session *s, const struct frame *frame, struct error *err)
{
	enum removal_result result = REMOVAL_ABSENT;
	const char *reason = "";
	char name[64];
	struct decoder d;

	decoder_init(&d, frame->payload, frame->len_bytes);
	get_string(&d, name, sizeof(name));
	if (codec_done(&d, "PRUNE", err) != 0 || own_vault(s, err) != 0 ||
	    removal_generation(s->vault, name, &s->ticker, &result, &reason, err) != 0)
		return -1;
	encoder_reset(&s->encoder);
	put_string(&s->encoder, name);
	put_u8(&s->encoder, (uint8_t)result);
	put_string(&s->encoder, reason);
	return reply(s, FRAME_PRUNED, err);
}

/* The frames that make sense only while a tree is being built. */
static int on_change(struct session *s, const struct frame *frame, struct error *err)
{
	if (s->incoming == NULL || s->sink == NULL)
		return error_set(err, ERR_PROTOCOL, "%s before BEGIN", frame_name(frame->type));
	if (frame->type != FRAME_LIST && frame->type != FRAME_SIG_WANT)
		s->pristine = false;
	switch (frame->type) {
	case FRAME_LIST:
		return on_list(s, err);
	case FRAME_SIG_WANT:
		return signature_answer(s->incoming, s->wire, frame, err);
	case FRAME_REMOVE:
		return on_remove(s, frame, err);
	case FRAME_LINK:
		return on_link(s, frame, err);
	case FRAME_MAKE:
	case FRAME_META:
		return on_entry(s, frame, err);
	case FRAME_FILE_BEGIN:
		return file_sink_begin(s->sink, frame->payload, frame->len_bytes, err);
	case FRAME_FILE_DELTA:
		return file_sink_delta(s->sink, frame->payload, frame->len_bytes, err);
	case FRAME_FILE_END:
		if (frame->len_bytes != 32)
			return error_set(err, ERR_PROTOCOL, "FILE_END without a SHA-256");
		return file_sink_finish(s->sink, frame->payload, err);
	case FRAME_COMMIT:
		return on_commit(s, frame, err);
	default:
		return error_set(err, ERR_PROTOCOL, "%s is not expected here", frame_name(frame->type));
	}
}

static int dispatch(struct session *s, const struct frame *frame, struct error *err)
{
	switch (frame->type) {
	case FRAME_BEGIN:
		return on_begin(s, frame, err);
	case FRAME_GENERATIONS:
		return on_generations(s, err);
	case FRAME_PRUNE:
		return on_prune(s, frame, err);
	case FRAME_FETCH:
		return fetch_answer(s->vault, s->wire, frame, err);
	default:
		return on_change(s, frame, err);
	}
}

/* A client that found nothing to change and says good-bye needs no new generation. */
static int say_goodbye(struct session *s, struct error *err)
{
	if (s->incoming == NULL || !s->pristine || s->incoming->fd < 0)
		return 0;
	s->incoming->going_on = false;
	return trash_put(s->vault, s->vault->incoming_fd, s->incoming->record.run, err);
}

static int converse(struct session *s, struct error *err)
{
	struct frame frame;
	int rc = greet(s, err);

	while (rc == 0) {
		rc = wire_receive(s->wire, &frame, err);
		if (rc == 0)
			return error_set(err, ERR_LINK, "the client went away");
		if (rc < 0 || frame.type == FRAME_BYE)
			return rc < 0 ? -1 : say_goodbye(s, err);
		rc = dispatch(s, &frame, err);
	}
	return rc;
}

/* The client hears why, if it is still there. */
static void tell_fault(struct session *s, const struct error *fault)
{
	if (fault->class == ERR_LINK)
		return;
	encoder_reset(&s->encoder);
	put_string(&s->encoder, error_code(fault->class));
	put_u32(&s->encoder, (uint32_t)fault->sys);
	put_string(&s->encoder, fault->text);
	if (!s->encoder.bad && wire_send(s->wire, FRAME_FAULT, s->encoder.data, s->encoder.len_bytes, NULL) == 0)
		(void)wire_flush(s->wire, NULL);
}

int serve_run(const struct vault_options *options, int in_fd, int out_fd, struct error *err)
{
	struct session *s = calloc(1, sizeof(*s));
	struct error aside = { .class = ERR_NONE };
	int rc;

	if (s == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	s->options = options;
	encoder_init(&s->encoder);
	entry_memory_init(&s->memory);
	rc = wire_new(in_fd, out_fd, 'R', NULL, &s->wire, err);
	s->ticker.wire = s->wire;
	if (rc == 0) {
		rc = converse(s, err);
		if (rc != 0)
			tell_fault(s, err);
	}
	file_sink_destroy(&s->sink);
	incoming_end(&s->incoming);
	/* What was replaced and removed gives its room back now; cut off, the next writer goes on with it. */
	if (rc == 0 && s->vault != NULL && s->vault->lock_fd >= 0 && trash_empty(s->vault, NULL, &aside) != 0)
		log_error(LOG_WARNING, &aside, "emptying the trash");
	vault_close(&s->vault);
	wire_destroy(&s->wire);
	entry_memory_done(&s->memory);
	encoder_done(&s->encoder);
	free(s);
	return rc;
}
