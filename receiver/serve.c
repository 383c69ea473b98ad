#include "receiver/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/version.h"
#include "receiver/brake_mark.h"
#include "receiver/building.h"
#include "receiver/diff.h"
#include "receiver/fetch.h"
#include "receiver/find.h"
#include "receiver/give.h"
#include "receiver/measuring.h"
#include "receiver/owner.h"
#include "receiver/proving.h"
#include "receiver/reading.h"
#include "receiver/record.h"
#include "receiver/record_macs.h"
#include "receiver/removal.h"
#include "receiver/seal.h"
#include "receiver/trash.h"
#include "receiver/verify.h"
#include "wire/codec.h"
#include "wire/wire.h"

#define FEATURES                                                                                                       \
	(WIRE_FEATURE_ZSTD | WIRE_FEATURE_SPACE | WIRE_FEATURE_BRAKE | WIRE_FEATURE_MACS | WIRE_FEATURE_OWNER |        \
	 WIRE_FEATURE_CONTACT | WIRE_FEATURE_LOOK | WIRE_FEATURE_GIVE | WIRE_FEATURE_PROOF | WIRE_FEATURE_VERIFY |     \
	 WIRE_FEATURE_DOCTOR)

struct session {
	const struct vault_options *options;
	struct wire *wire;
	struct vault *vault; /* NULL: of a doctor */
	struct building *building;
	struct give *give;     /* NULL: nothing was asked of it yet */
	struct verify *verify; /* NULL: it was not asked for */
	struct doctor *doctor; /* NULL: there is none */
	struct measuring measuring;
	struct ticker ticker;
	struct encoder encoder;
	bool tells_macs; /* the client takes MACS */
	bool tells_root; /* … and the root of each generation */
	bool prunes;     /* the client is a pruner */
};

static int reply(struct session *s, unsigned type, struct error *err)
{
	if (s->encoder.bad)
		return error_set(err, ERR_SYSTEM, "out of memory");
	return wire_send(s->wire, type, s->encoder.data, s->encoder.len_bytes, err);
}

/* For everybody, as df shows it; 0 and 0 where the file system does not say. */
static void put_room(struct encoder *encoder, int folder_fd)
{
	struct statvfs room;
	bool told = fstatvfs(folder_fd, &room) == 0;

	put_u64(encoder, told ? (uint64_t)room.f_bavail * room.f_frsize : 0);
	put_u64(encoder, told ? (uint64_t)room.f_blocks * room.f_frsize : 0);
}

/* What is welcomed is a pipeline's vault; of a doctor, the machine: there may be no vault on it yet. */
static int greet_vault(struct session *s, const char *role, const char *pipeline, uint32_t *features, struct error *err)
{
	bool writes = strcmp(role, "transfer") == 0;

	s->prunes = strcmp(role, "prune") == 0;
	if (vault_open(s->options, pipeline, writes, &s->vault, err) != 0 ||
	    building_new(s->vault, s->wire, &s->ticker, (*features & WIRE_FEATURE_BRAKE) != 0, &s->building, err) != 0)
		return -1;
	if (!writes)
		vault_read_as_written(s->vault, true);
	if (!seal_possible(s->vault->folder_fd))
		*features &= ~WIRE_FEATURE_PROOF;
	s->tells_root = (*features & WIRE_FEATURE_PROOF) != 0;
	return 0;
}

static int put_welcome(struct session *s, uint32_t features, struct error *err)
{
	int root_fd = s->vault != NULL ? s->vault->folder_fd : open(s->options->root, O_DIRECTORY | O_CLOEXEC);

	if (root_fd < 0)
		return error_sys(err, errno, "the vault's folder %s", s->options->root);
	put_u16(&s->encoder, WIRE_VERSION);
	put_u32(&s->encoder, features);
	put_string(&s->encoder, s->vault != NULL ? s->vault->id : "");
	put_string(&s->encoder, "aob-receiver " AOB_VERSION);
	put_string(&s->encoder, s->vault != NULL ? strategy_name(s->vault->strategy) : "");
	put_i64(&s->encoder, time(NULL));
	if ((features & WIRE_FEATURE_SPACE) != 0)
		put_room(&s->encoder, root_fd);
	if (s->vault == NULL)
		(void)close(root_fd);
	return 0;
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
	int rc = 0;

	if (wire_expect(s->wire, FRAME_HELLO, &frame, err) != 0)
		return -1;
	decoder_init(&d, frame.payload, frame.len_bytes);
	magic = get_u32(&d);
	lowest = get_u16(&d);
	highest = get_u16(&d);
	features = get_u32(&d) & FEATURES;
	get_string(&d, role, sizeof(role));
	get_string(&d, pipeline, sizeof(pipeline));
	get_string(&d, software, sizeof(software));
	if (codec_done(&d, "HELLO", err) != 0)
		return -1;
	if (magic != WIRE_MAGIC || lowest > WIRE_VERSION || highest < WIRE_VERSION)
		return error_set(err, ERR_PROTOCOL, "this receiver (%s) speaks version %d, the client %u to %u",
		                 AOB_VERSION, WIRE_VERSION, lowest, highest);
	s->tells_macs = (features & WIRE_FEATURE_MACS) != 0;
	if ((features & WIRE_FEATURE_DOCTOR) == 0 || strcmp(role, "doctor") != 0)
		rc = greet_vault(s, role, pipeline, &features, err);
	if (rc != 0 || put_welcome(s, features, err) != 0)
		return -1;
	if (reply(s, FRAME_WELCOME, err) != 0)
		return -1;
	return (features & WIRE_FEATURE_ZSTD) != 0 ? wire_compress(s->wire, err) : wire_flush(s->wire, err);
}

static int send_generation(struct session *s, const struct record *record, const char *current,
                           const struct brake_mark *mark, struct error *err)
{
	unsigned flags = (strcmp(record->name, current) == 0 ? WIRE_GENERATION_CURRENT : 0) |
	                 (record->pinned ? WIRE_GENERATION_PINNED : 0) |
	                 (brake_mark_holds(mark, record->name) ? WIRE_GENERATION_HELD : 0);

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
	put_u8(&s->encoder, (uint8_t)flags);
	if (s->tells_root)
		put_string(&s->encoder, record->root);
	return reply(s, FRAME_GENERATION, err);
}

/* Behind the generation that they are in. */
static int send_macs(struct session *s, const char *generation, struct error *err)
{
	struct wire_macs macs;

	record_macs_read(s->vault, generation, &macs);
	if (!s->tells_macs || macs.n == 0)
		return 0;
	encoder_reset(&s->encoder);
	put_macs(&s->encoder, &macs);
	return reply(s, FRAME_MACS, err);
}

static int on_generations(struct session *s, struct error *err)
{
	char(*names)[32];
	char current[32];
	struct brake_mark mark;
	uint64_t count = 0;
	size_t n;
	int rc = 0;

	if (brake_mark_read(s->vault, &mark, err) != 0 || reading_current(s->vault, current, err) != 0 ||
	    record_names(s->vault, &names, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n && rc == 0; i++) {
		struct record record;

		if (record_read(s->vault, names[i], &record, NULL) != 0 || !record.there)
			continue;
		rc = send_generation(s, &record, current, &mark, err);
		if (rc == 0)
			rc = send_macs(s, names[i], err);
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
	if (codec_done(&d, "PRUNE", err) != 0)
		return -1;
	/* A removal gives the lock back before it deletes; what is being built must not go on without it. */
	if (building_open(s->building))
		return error_set(err, ERR_PROTOCOL, "PRUNE while a generation is being built");
	if (building_own_vault(s->vault, false, err) != 0 ||
	    removal_generation(s->vault, name, &s->ticker, &result, &reason, err) != 0)
		return -1;
	encoder_reset(&s->encoder);
	put_string(&s->encoder, name);
	put_u8(&s->encoder, (uint8_t)result);
	put_string(&s->encoder, reason);
	return reply(s, FRAME_PRUNED, err);
}

/* Who may take the brake off? A key that may not remove may not let others remove, either. */
static const char *release_refused(const struct vault_options *options)
{
	if (options->release_here_only)
		return "this receiver is released at the vault alone (--release-here-only): aob-receiver release";
	if (options->append_only)
		return "this receiver only adds (--append-only); at the vault: aob-receiver release";
	return NULL;
}

/* It waits for no transfer: the mark has a lock of its own. */
static int on_brake(struct session *s, const struct frame *frame, struct error *err)
{
	const char *refused = NULL;
	enum wire_brake result;
	struct brake_mark mark;
	char generation[32];
	struct decoder d;
	uint32_t held;
	bool release;

	decoder_init(&d, frame->payload, frame->len_bytes);
	release = get_u8(&d) != 0;
	get_string(&d, generation, sizeof(generation));
	if (codec_done(&d, "BRAKE", err) != 0 || brake_mark_read(s->vault, &mark, err) != 0 ||
	    brake_mark_count(s->vault, &mark, &held, err) != 0)
		return -1;
	result = mark.held ? WIRE_BRAKE_HOLDS : WIRE_BRAKE_OPEN;
	if (release && mark.held && (refused = release_refused(s->options)) != NULL) {
		result = WIRE_BRAKE_REFUSED;
	} else if (release && mark.held) {
		if (brake_mark_release(s->vault, generation, &mark, err) != 0)
			return -1;
		result = mark.held ? WIRE_BRAKE_HOLDS : WIRE_BRAKE_RELEASED;
		if (!mark.held)
			log_line(LOG_NOTICE, "the brake was released by a client");
	}
	encoder_reset(&s->encoder);
	put_u8(&s->encoder, (uint8_t)result);
	put_i64(&s->encoder, mark.since_s);
	put_u32(&s->encoder, mark.runs);
	put_u32(&s->encoder, held);
	put_string(&s->encoder, mark.run);
	put_string(&s->encoder, mark.generation);
	put_string(&s->encoder, refused != NULL ? refused : mark.reason);
	return reply(s, FRAME_BRAKED, err);
}

/* Who it is, or that it takes another one's place. What is being built is not taken from under its writer: that has the lock. */
static int on_owner(struct session *s, const struct frame *frame, struct error *err)
{
	struct machine *machine = &s->vault->client;
	char host[MACHINE_HOST_SIZE];
	struct owner before;
	struct decoder d;
	bool adopts;

	if (s->vault->lock_fd >= 0)
		return error_set(err, ERR_PROTOCOL, "OWNER behind the first change");
	decoder_init(&d, frame->payload, frame->len_bytes);
	get_string(&d, machine->id, sizeof(machine->id));
	get_string(&d, host, sizeof(host));
	adopts = get_u8(&d) != 0;
	if (codec_done(&d, "OWNER", err) != 0)
		return -1;
	if (machine->id[0] == '\0' || machine->id[strspn(machine->id, "0123456789abcdef")] != '\0')
		return error_set(err, ERR_PROTOCOL, "OWNER without a machine");
	(void)log_escape(host, machine->host, sizeof(machine->host)); /* it is shown to people, and kept as JSON */
	if (!adopts)
		return 0;
	if (owner_adopt(s->vault, machine, &before, err) != 0)
		return -1;
	log_line(LOG_NOTICE, "these backups are of %s now; they were of %s", machine->host,
	         before.machine.host[0] != '\0' ? before.machine.host : "nobody");
	encoder_reset(&s->encoder);
	put_u8(&s->encoder, strcmp(before.machine.id, machine->id) == 0);
	put_string(&s->encoder, before.machine.host);
	put_i64(&s->encoder, before.since_s);
	return reply(s, FRAME_OWNED, err);
}

/* Whom a relative is to call; it is kept when the client writes. */
static int on_contact(struct session *s, const struct frame *frame, struct error *err)
{
	struct contact contact;
	struct decoder d;

	if (s->vault->lock_fd >= 0)
		return error_set(err, ERR_PROTOCOL, "CONTACT behind the first change");
	decoder_init(&d, frame->payload, frame->len_bytes);
	get_contact(&d, &contact);
	if (codec_done(&d, "CONTACT", err) != 0)
		return -1;
	s->vault->contact = contact;
	s->vault->contact_told = true;
	return 0;
}

static int on_give(struct session *s, const struct frame *frame, struct error *err)
{
	if (s->give == NULL && give_new(s->vault, &s->ticker, &s->give, err) != 0)
		return -1;
	if (frame->type == FRAME_TREE)
		return give_tree(s->give, frame, err);
	return frame->type == FRAME_GIVE ? give_content(s->give, frame, err) : give_sums(s->give, frame, err);
}

static int tell_verify(void *context, uint64_t done, uint64_t total, bool waits, struct error *err)
{
	struct session *s = context;

	encoder_reset(&s->encoder);
	put_u64(&s->encoder, done);
	put_u64(&s->encoder, total);
	put_string(&s->encoder, waits ? "waiting for a backup to end" : "reading");
	return reply(s, FRAME_NOTE, err) == 0 ? wire_flush(s->wire, err) : -1;
}

static int on_verify(struct session *s, const struct frame *frame, struct error *err)
{
	if (building_open(s->building))
		return error_set(err, ERR_PROTOCOL, "%s while a generation is being built", frame_name(frame->type));
	if (s->verify == NULL && verify_new(s->vault, tell_verify, s, &s->verify, err) != 0)
		return -1;
	return verify_answer(s->verify, s->wire, frame, err);
}

/* A doctor has no vault. */
static int dispatch_doctor(struct session *s, const struct frame *frame, struct error *err)
{
	if (frame->type == FRAME_DOCTOR && s->doctor != NULL)
		return doctor_answer(s->doctor, s->wire, err);
	if (frame->type == FRAME_MEASURE || frame->type == FRAME_MEASURE_END)
		return measuring_take(&s->measuring, s->wire, frame, err);
	return error_set(err, ERR_PROTOCOL, "%s from a doctor", frame_name(frame->type));
}

static int dispatch(struct session *s, const struct frame *frame, struct error *err)
{
	if (s->vault == NULL)
		return dispatch_doctor(s, frame, err);
	switch (frame->type) {
	case FRAME_GENERATIONS:
		return on_generations(s, err);
	case FRAME_PRUNE:
		return on_prune(s, frame, err);
	case FRAME_BRAKE:
		return on_brake(s, frame, err);
	case FRAME_OWNER:
		return on_owner(s, frame, err);
	case FRAME_CONTACT:
		return on_contact(s, frame, err);
	case FRAME_FETCH:
	case FRAME_LOOK:
		return fetch_answer(s->vault, s->wire, frame, err);
	case FRAME_FIND:
		return find_answer(s->vault, &s->ticker, frame, err);
	case FRAME_PROOF:
		return proving_answer(s->vault, &s->ticker, frame, err);
	case FRAME_DIFF:
		return diff_answer(s->vault, &s->ticker, frame, err);
	case FRAME_TREE:
	case FRAME_GIVE:
	case FRAME_SUMS:
		return on_give(s, frame, err);
	case FRAME_VERIFY:
	case FRAME_MEND:
		return on_verify(s, frame, err);
	default:
		return building_frame(s->building, frame, err);
	}
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
			return rc < 0 ? -1 : 0;
		rc = dispatch(s, &frame, err);
	}
	return rc;
}

/* The client hears why, if it is still there. */
static void tell_fault(struct session *s, const struct error *fault)
{
	struct error aside = { .class = ERR_NONE }; /* it may be gone */

	if (fault->class == ERR_LINK)
		return;
	encoder_reset(&s->encoder);
	put_string(&s->encoder, error_code(fault->class));
	put_u32(&s->encoder, (uint32_t)fault->sys);
	put_string(&s->encoder, fault->text);
	if (!s->encoder.bad && wire_send(s->wire, FRAME_FAULT, s->encoder.data, s->encoder.len_bytes, &aside) == 0)
		(void)wire_flush(s->wire, &aside);
}

/* A removal that was cut off leaves its generation in the trash, and its record. The pruner that comes again finds nothing to remove then, and perhaps
 * nobody writes for weeks: so what is left is taken away when it says good-bye. A writer that is at work does that itself. */
static void finish_removal(struct session *s)
{
	struct error aside = { .class = ERR_NONE };
	bool left = false;

	if (!s->prunes || s->vault == NULL || s->vault->lock_fd >= 0)
		return;
	if ((removal_left(s->vault, &left, &aside) != 0 ||
	     (left && building_own_vault(s->vault, false, &aside) != 0)) &&
	    aside.class != ERR_LOCKED)
		log_error(LOG_WARNING, &aside, "looking for what an earlier removal left");
}

int serve_run(const struct vault_options *options, struct doctor *doctor, int in_fd, int out_fd, struct error *err)
{
	struct session *s = calloc(1, sizeof(*s));
	struct error aside = { .class = ERR_NONE };
	int rc;

	if (s == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	s->options = options;
	s->doctor = doctor;
	encoder_init(&s->encoder);
	rc = wire_new(in_fd, out_fd, 'R', NULL, &s->wire, err);
	s->ticker.wire = s->wire;
	if (rc == 0) {
		rc = converse(s, err);
		if (rc != 0)
			tell_fault(s, err);
	}
	building_destroy(&s->building);
	give_destroy(&s->give);
	verify_destroy(&s->verify);
	if (rc == 0)
		finish_removal(s);
	/* What was replaced and removed gives its room back now, or to the next attempt; cut off, the next writer goes on with it. */
	if ((rc == 0 || err->class == ERR_SPACE) && s->vault != NULL && s->vault->lock_fd >= 0 &&
	    trash_empty(s->vault, NULL, &aside) != 0)
		log_error(LOG_WARNING, &aside, "emptying the trash");
	vault_close(&s->vault);
	wire_destroy(&s->wire);
	encoder_done(&s->encoder);
	free(s);
	return rc;
}
