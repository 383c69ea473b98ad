#include "receiver/building.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/brake_percent.h"
#include "lib/log.h"
#include "lib/tree_walk.h"
#include "receiver/apply.h"
#include "receiver/basis.h"
#include "receiver/file_sink.h"
#include "receiver/incoming.h"
#include "receiver/mend.h"
#include "receiver/moves.h"
#include "receiver/owner.h"
#include "receiver/proving.h"
#include "receiver/publish.h"
#include "receiver/record.h"
#include "receiver/signature.h"
#include "receiver/trash.h"
#include "wire/codec.h"
#include "wire/entry_codec.h"

struct building {
	struct vault *vault;
	struct wire *wire;
	struct ticker *ticker;
	struct incoming *incoming;
	struct file_sink *sink;
	bool open;           /* there is something to be built */
	bool tells_brake;    /* COMMIT does */
	bool differs;        /* the last ROOT was not that of the tree, and nothing has changed since */
	struct moves *moves; /* NULL: none since the last MOVES_END */
	struct encoder encoder;
	struct entry_memory memory;
	char path[WIRE_PATH_MAX + 1];
	char existing[WIRE_PATH_MAX + 1];
};

int building_new(struct vault *vault, struct wire *wire, struct ticker *ticker, bool tells_brake,
                 struct building **building, struct error *err)
{
	struct building *b = calloc(1, sizeof(*b));

	*building = b;
	if (b == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	b->vault = vault;
	b->wire = wire;
	b->ticker = ticker;
	b->tells_brake = tells_brake;
	encoder_init(&b->encoder);
	entry_memory_init(&b->memory);
	return 0;
}

void building_destroy(struct building **building)
{
	struct building *b = *building;

	if (b == NULL)
		return;
	*building = NULL;
	moves_destroy(&b->moves);
	file_sink_destroy(&b->sink);
	incoming_end(&b->incoming);
	entry_memory_done(&b->memory);
	encoder_done(&b->encoder);
	free(b);
}

bool building_open(const struct building *b)
{
	return b->incoming != NULL && b->open;
}

static int reply(struct building *b, unsigned type, struct error *err)
{
	if (b->encoder.bad)
		return error_set(err, ERR_SYSTEM, "out of memory");
	return wire_send(b->wire, type, b->encoder.data, b->encoder.len_bytes, err);
}

/* What a disk does not give, or what may not be touched by now, stops no backup for ever: the journal stays, and what is half mended is not what the root hash says. */
static int take_up_mending(struct vault *vault, bool builds, struct error *err)
{
	struct error fault = { .class = ERR_NONE };

	if (mend_recover(vault, &fault) == 0)
		return 0;
	if (builds && !error_not_given(&fault)) {
		if (err != NULL)
			*err = fault;
		return -1;
	}
	log_error(LOG_WARNING, &fault, "it waits");
	return 0;
}

/* Before anything is written: the only writer, and what a crash left put in order. */
int building_own_vault(struct vault *vault, bool builds, struct error *err)
{
	if (vault->lock_fd >= 0)
		return builds ? take_up_mending(vault, builds, err)
		              : 0; /* once more: something was removed since, perhaps */
	if (vault_lock(vault, err) != 0 || owner_check(vault, &vault->client, err) != 0)
		return -1;
	contact_keep(vault);
	return take_up_mending(vault, builds, err) == 0 ? publish_recover(vault, err) : -1;
}

/* What an earlier connection had begun to move is moved. If that can't be made out any more, the listing will show what is missing. */
static int go_on(struct building *b, struct error *err)
{
	if (moves_replay(b->incoming, err) != 0) {
		if (err->class != ERR_DAMAGED)
			return -1;
		log_error(LOG_WARNING, err, "going on with run %s", b->incoming->record.run);
		error_clear(err);
		if (moves_forget(b->incoming, err) != 0)
			return -1;
	}
	return moves_doubt(b->incoming, err) == 0 ? file_sink_new(b->incoming, &b->sink, err) : -1;
}

/* The tree is made when it is first needed: a client that finds nothing to change leaves nothing behind. waits: the client does, and can be told. */
static int make_tree(struct building *b, bool waits, struct error *err)
{
	struct ticker mute = { 0 };

	if (b->sink != NULL)
		return 0;
	return incoming_build(b->incoming, waits ? b->ticker : &mute, err) == 0
	               ? file_sink_new(b->incoming, &b->sink, err)
	               : -1;
}

static int on_begin(struct building *b, const struct frame *frame, struct error *err)
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
	get_string(&d, wanted->view, sizeof(wanted->view));
	if (b->incoming != NULL)
		(void)error_set(err, ERR_PROTOCOL, "a second BEGIN");
	else if (codec_done(&d, "BEGIN", err) == 0 && building_own_vault(b->vault, true, err) == 0 &&
	         incoming_begin(b->vault, wanted, -1, b->ticker, &b->incoming, &how, err) == 0)
		rc = how == INCOMING_RESUMED ? go_on(b, err) : 0;
	free(wanted);
	if (rc != 0)
		return -1;
	b->open = how != INCOMING_PUBLISHED;
	encoder_reset(&b->encoder);
	put_u8(&b->encoder, (uint8_t)how);
	put_string(&b->encoder, b->incoming->record.name);
	put_string(&b->encoder, b->incoming->base);
	put_string(&b->encoder, b->incoming->base_record.snapshot_uuid);
	put_string(&b->encoder, b->incoming->base_record.state);
	put_string(&b->encoder, b->incoming->base_record.view);
	put_u64(&b->encoder, b->incoming->base_record.files);
	put_u64(&b->encoder, b->incoming->base_record.bytes);
	return reply(b, FRAME_BEGUN, err);
}

/* What a broken connection left of files that were on their way. */
static int list_parts(struct building *b, struct error *err)
{
	struct basis_part part;
	struct basis_parts *parts;
	int rc;

	if (basis_parts_open(b->incoming, &parts, err) != 0)
		return -1;
	while ((rc = basis_parts_next(parts, &part, err)) == 1) {
		if (part.bytes == 0)
			continue;
		encoder_reset(&b->encoder);
		put_raw(&b->encoder, part.key, sizeof(part.key));
		put_u64(&b->encoder, part.bytes);
		if (reply(b, FRAME_PART, err) != 0) {
			rc = -1;
			break;
		}
	}
	basis_parts_close(&parts);
	return rc;
}

struct listed {
	uint64_t entries;
	int64_t files, bytes; /* names of regular files, the size of each */
};

static int list_tree(struct building *b, int fd, struct listed *listed, struct error *err)
{
	const char *const own[] = { b->incoming->work, NULL };
	struct tree_walk *walk;
	const struct entry *entry;
	const char *name;
	int parent_fd;
	int rc;

	if (tree_walk_new(fd, true, b->incoming->built ? own : NULL, &walk, err) != 0)
		return -1;
	while ((rc = tree_walk_next(walk, &entry, &parent_fd, &name, err)) == 1) {
		encoder_reset(&b->encoder);
		put_entry(&b->encoder, entry);
		if (reply(b, FRAME_ENTRY, err) != 0) {
			rc = -1;
			break;
		}
		listed->entries++;
		listed->files += entry->type == ENTRY_FILE;
		listed->bytes += entry->type == ENTRY_FILE ? (int64_t)entry->size_bytes : 0;
	}
	tree_walk_destroy(&walk);
	return rc;
}

/* The base may have lost files since it was counted. */
static void count_as_listed(struct incoming *in, const struct listed *listed)
{
	if (in->base_record.own_files < 0)
		return;
	in->tally.files = listed->files - in->base_record.own_files;
	in->tally.bytes = listed->bytes - in->base_record.own_bytes;
}

/* A tree that is not made yet is as the last generation is. */
static int on_list(struct building *b, struct error *err)
{
	struct listed listed = { .entries = 0 };
	int base_fd = -1;
	int rc;

	if (b->incoming->built)
		rc = list_parts(b, err) == 0 ? list_tree(b, b->incoming->tree_fd, &listed, err) : -1;
	else if (incoming_base(b->incoming, &base_fd, err) != 0)
		rc = -1;
	else
		rc = base_fd >= 0 ? list_tree(b, base_fd, &listed, err) : 0;
	if (base_fd >= 0)
		(void)close(base_fd);
	if (rc != 0)
		return -1;
	count_as_listed(b->incoming, &listed);
	encoder_reset(&b->encoder);
	put_u64(&b->encoder, listed.entries);
	return reply(b, FRAME_LIST_END, err);
}

static int get_path(const struct building *b, struct decoder *d, char path[WIRE_PATH_MAX + 1], struct error *err)
{
	size_t n;
	const uint8_t *bytes = get_bytes(d, WIRE_PATH_MAX, &n);

	if (n != 0)
		memcpy(path, bytes, n);
	path[n] = '\0';
	if (d->bad || strlen(path) != n)
		return error_set(err, ERR_PROTOCOL, "a path that is none");
	return inside_valid(path, err) == 0 ? incoming_allows(b->incoming, path, err) : -1;
}

static int on_remove(struct building *b, const struct frame *frame, struct error *err)
{
	struct decoder d;

	decoder_init(&d, frame->payload, frame->len_bytes);
	if (get_path(b, &d, b->path, err) != 0 || codec_done(&d, "REMOVE", err) != 0)
		return -1;
	return apply_remove(b->incoming, b->path, err);
}

static int on_link(struct building *b, const struct frame *frame, struct error *err)
{
	struct decoder d;

	decoder_init(&d, frame->payload, frame->len_bytes);
	if (get_path(b, &d, b->path, err) != 0 || get_path(b, &d, b->existing, err) != 0 ||
	    codec_done(&d, "LINK", err) != 0)
		return -1;
	return apply_link(b->incoming, b->path, b->existing, err);
}

static int on_move(struct building *b, const struct frame *frame, struct error *err)
{
	struct decoder d;

	decoder_init(&d, frame->payload, frame->len_bytes);
	if (get_path(b, &d, b->path, err) != 0 || get_path(b, &d, b->existing, err) != 0 ||
	    codec_done(&d, "MOVE", err) != 0)
		return -1;
	if (b->moves == NULL && moves_new(b->incoming, &b->moves, err) != 0)
		return -1;
	return moves_add(b->moves, b->path, b->existing, err);
}

/* Only a hint: whatever fails will fail where the file is needed. */
static int on_ahead(struct building *b, const struct frame *frame, struct error *err)
{
	struct decoder d;

	decoder_init(&d, frame->payload, frame->len_bytes);
	if (get_path(b, &d, b->path, err) != 0 || codec_done(&d, "AHEAD", err) != 0)
		return -1;
	basis_read_ahead(b->incoming, b->path);
	return 0;
}

static int on_moves_end(struct building *b, const struct frame *frame, struct error *err)
{
	struct decoder d;
	uint64_t n;
	bool guessed;
	int rc;

	decoder_init(&d, frame->payload, frame->len_bytes);
	n = get_u64(&d);
	guessed = get_u8(&d) != 0;
	if (codec_done(&d, "MOVES_END", err) != 0)
		return -1;
	if (b->moves == NULL)
		return error_set(err, ERR_PROTOCOL, "MOVES_END without a MOVE");
	rc = moves_end(b->moves, n, guessed, err);
	moves_destroy(&b->moves);
	return rc;
}

static int on_part_want(struct building *b, const struct frame *frame, struct error *err)
{
	struct decoder d;
	uint8_t sha256[32];
	uint64_t bytes;

	decoder_init(&d, frame->payload, frame->len_bytes);
	if (get_path(b, &d, b->path, err) != 0 || codec_done(&d, "PART_WANT", err) != 0)
		return -1;
	ticker_begin(b->ticker, "reading what has arrived of a file", 0);
	if (file_sink_part(b->sink, b->path, b->ticker, &bytes, sha256, err) != 0)
		return -1;
	encoder_reset(&b->encoder);
	put_u64(&b->encoder, bytes);
	put_raw(&b->encoder, sha256, sizeof(sha256));
	return reply(b, FRAME_PART_HASH, err);
}

static int on_entry(struct building *b, const struct frame *frame, struct error *err)
{
	struct entry entry;
	struct decoder d;

	decoder_init(&d, frame->payload, frame->len_bytes);
	get_entry(&d, &b->memory, &entry);
	if (codec_done(&d, frame_name(frame->type), err) != 0)
		return -1;
	if ((entry.flags & ENTRY_DIGEST_ONLY) != 0)
		return error_set(err, ERR_PROTOCOL, "%s without the attributes' values", frame_name(frame->type));
	if (incoming_allows(b->incoming, entry.path, err) != 0)
		return -1;
	return frame->type == FRAME_MAKE ? apply_make(b->incoming, &entry, err) : apply_meta(b->incoming, &entry, err);
}

static int on_macs(struct building *b, const struct frame *frame, struct error *err)
{
	struct decoder d;

	decoder_init(&d, frame->payload, frame->len_bytes);
	get_macs(&d, &b->incoming->macs);
	return codec_done(&d, "MACS", err);
}

static int on_root(struct building *b, const struct frame *frame, struct error *err)
{
	bool equal;

	if (proving_root(b->incoming, b->ticker, frame, &equal, err) != 0)
		return -1;
	b->differs = !equal;
	return 0;
}

static int on_commit(struct building *b, const struct frame *frame, struct error *err)
{
	struct record *record = &b->incoming->record;
	struct decoder d;

	decoder_init(&d, frame->payload, frame->len_bytes);
	record->files = get_u64(&d);
	record->bytes = get_u64(&d);
	(void)get_u64(&d); /* of this connection; what crossed in all was counted here */
	b->incoming->brake_percent = b->tells_brake ? get_u8(&d) : BRAKE_PERCENT_DEFAULT;
	if (!brake_percent_valid(b->incoming->brake_percent))
		return error_set(err, ERR_PROTOCOL, "a brake of %u %%", b->incoming->brake_percent);
	if (b->incoming->relinked)
		return error_set(
		        err, ERR_SYSTEM,
		        "hard links had reached the file system's limit and were given a new file; compare once more");
	if (b->differs)
		return error_set(err, ERR_DAMAGED,
		                 "this tree is not the client's, by its root hash; it is not published");
	if (codec_done(&d, "COMMIT", err) != 0 || publish_commit(b->incoming, b->ticker, err) != 0)
		return -1;
	encoder_reset(&b->encoder);
	put_string(&b->encoder, record->name);
	put_u64(&b->encoder, record->files);
	put_u64(&b->encoder, record->bytes);
	put_u64(&b->encoder, record->new_bytes);
	log_line(LOG_NOTICE, "published generation %s", record->name);
	file_sink_destroy(&b->sink);
	incoming_end(&b->incoming);
	b->open = false;
	return reply(b, FRAME_PUBLISHED, err);
}

/* A file, and moves, are told to their end before anything else. */
static bool is_in_place(const struct building *b, unsigned type)
{
	bool of_file = type == FRAME_FILE_DELTA || type == FRAME_FILE_DATA || type == FRAME_FILE_HOLE ||
	               type == FRAME_FILE_END;

	if (b->sink != NULL && file_sink_busy(b->sink) != of_file)
		return false;
	return b->moves == NULL || type == FRAME_MOVE || type == FRAME_MOVES_END;
}

/* What was proven of the tree still holds behind such a frame. */
static bool leaves_as_it_is(unsigned type)
{
	return type == FRAME_ROOT || type == FRAME_BRANCH || type == FRAME_MACS || type == FRAME_COMMIT ||
	       type == FRAME_LIST;
}

/* The client waits for an answer, and can be told that it takes long. */
static bool waits(unsigned type)
{
	return type == FRAME_SIG_WANT || type == FRAME_PART_WANT || type == FRAME_COMMIT || type == FRAME_ROOT ||
	       type == FRAME_BRANCH;
}

int building_frame(struct building *b, const struct frame *frame, struct error *err)
{
	if (frame->type == FRAME_BEGIN)
		return on_begin(b, frame, err);
	if (b->incoming == NULL || !b->open)
		return error_set(err, ERR_PROTOCOL, "%s before BEGIN", frame_name(frame->type));
	if (frame->type != FRAME_LIST && frame->type != FRAME_MACS && make_tree(b, waits(frame->type), err) != 0)
		return -1;
	if (!is_in_place(b, frame->type))
		return error_set(err, ERR_PROTOCOL, "%s inside a file, or among moves, or out of a file",
		                 frame_name(frame->type));
	if (!leaves_as_it_is(frame->type)) {
		b->differs = false;
		b->incoming->record.root[0] = '\0';
	}
	switch (frame->type) {
	case FRAME_LIST:
		return on_list(b, err);
	case FRAME_ROOT:
		return on_root(b, frame, err);
	case FRAME_BRANCH:
		return proving_branch(b->incoming, b->ticker, frame, err);
	case FRAME_SIG_WANT:
		return signature_answer(b->incoming, b->wire, frame, err);
	case FRAME_PART_WANT:
		return on_part_want(b, frame, err);
	case FRAME_MOVE:
		return on_move(b, frame, err);
	case FRAME_AHEAD:
		return on_ahead(b, frame, err);
	case FRAME_MOVES_END:
		return on_moves_end(b, frame, err);
	case FRAME_REMOVE:
		return on_remove(b, frame, err);
	case FRAME_LINK:
		return on_link(b, frame, err);
	case FRAME_MAKE:
	case FRAME_META:
		return on_entry(b, frame, err);
	case FRAME_FILE_BEGIN:
		return file_sink_begin(b->sink, frame->payload, frame->len_bytes, err);
	case FRAME_FILE_DELTA:
		return file_sink_delta(b->sink, frame->payload, frame->len_bytes, err);
	case FRAME_FILE_DATA:
		return file_sink_data(b->sink, frame->payload, frame->len_bytes, err);
	case FRAME_FILE_HOLE:
		return file_sink_hole(b->sink, frame->payload, frame->len_bytes, b->wire, err);
	case FRAME_FILE_END:
		if (frame->len_bytes != 32)
			return error_set(err, ERR_PROTOCOL, "FILE_END without a SHA-256");
		return file_sink_finish(b->sink, frame->payload, err);
	case FRAME_MACS:
		return on_macs(b, frame, err);
	case FRAME_COMMIT:
		return on_commit(b, frame, err);
	default:
		return error_set(err, ERR_PROTOCOL, "%s is not expected here", frame_name(frame->type));
	}
}
