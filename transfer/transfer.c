#include "transfer/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/presence.h"
#include "lib/rate.h"
#include "transfer/anchor.h"
#include "transfer/asked.h"
#include "transfer/detect.h"
#include "transfer/engine_rsync.h"
#include "transfer/known_vault.h"
#include "transfer/plan.h"
#include "transfer/meter.h"
#include "transfer/outline.h"
#include "transfer/prove.h"
#include "transfer/replay.h"
#include "transfer/seed_wait.h"
#include "transfer/unfrozen.h"
#include "transfer/sender.h"
#include "wire/codec.h"
#include "wire/note.h"
#include "wire/remote.h"
#include "wire/remote_list.h"

#define NAP_US 200000

enum how { HOW_FRESH, HOW_RESUMED, HOW_PUBLISHED };

struct transfer {
	struct stage_job *job;
	const struct stage_request *request;
	struct asked asked;
	enum detect_way way;
	struct anchor anchor;
	struct parts parts;
	struct remote *remote;
	struct known_vault known;
	struct rate rate;
	struct meter meter;
	struct sender sender;
	struct plan *plan;
	struct outline *outline; /* of all that differs, also if an earlier connection has brought a part of it */
	uint64_t changed_files;
	struct compare_totals totals;
	enum how how;
	bool unchanged;     /* the last generation is this snapshot's content already */
	bool seed_taken_up; /* the vault has the seed that was on its way */
	const char *detected;
	char generation[64];
	char base[64];
	char base_state[16];
	char base_uuid[64];
	char base_view[64];
	uint64_t base_files, base_bytes;
	struct remote_brake brake; /* as it is at the end */
	struct prove prove;
	uint64_t hashed_bytes; /* for it, that did not cross */
	bool since_base;       /* the plan is all that differs from the last generation */
	int64_t began_ms;
	struct unfrozen *unfrozen; /* of all passes */
};

static int give_up_if_asked(void *context, struct error *err)
{
	const struct transfer *t = context;

	return stage_job_cancelled(t->job) ? error_set(err, ERR_CANCELLED, "the transfer was asked to stop") : 0;
}

/* By small naps: neither a cancel nor a new window of the rate waits for long. */
static int keep_the_rate(void *context, size_t *len_bytes, struct error *err)
{
	struct transfer *t = context;
	size_t want_bytes = *len_bytes;

	for (;;) {
		uint64_t wait_us;

		if (give_up_if_asked(t, err) != 0)
			return -1;
		*len_bytes = rate_take(&t->rate, want_bytes, clock_now_us(), clock_minute_of_day(), &wait_us);
		if (*len_bytes != 0)
			return 0;
		if (wait_us > NAP_US)
			wait_us = NAP_US;
		(void)nanosleep(&(struct timespec){ .tv_nsec = (long)wait_us * 1000L }, NULL);
	}
}

static int read_request(struct transfer *t, struct error *err)
{
	const char *detection = "auto";

	if (stage_request_with_string(t->request, "detection", &detection, err) != 0 ||
	    detect_way_named(detection, &t->way, err) != 0 || asked_read(t->request, &t->asked, err) != 0)
		return -1;
	return inside_new(t->asked.folder_fd, &t->sender.tree, err);
}

static int say_begin(struct transfer *t, struct error *err)
{
	struct encoder *e = &t->sender.encoder;
	char host[256] = "";
	int64_t taken_at_s = time(NULL);
	int64_t ctransid = 0;

	(void)gethostname(host, sizeof(host) - 1);
	(void)stage_request_result_integer(t->request, "snapshot", "taken_at", &taken_at_s);
	(void)stage_request_result_integer(t->request, "snapshot", "ctransid", &ctransid);
	encoder_reset(e);
	put_string(e, stage_request_run(t->request));
	put_i64(e, taken_at_s);
	put_string(e, asked_uuid(t->request));
	put_u64(e, (uint64_t)ctransid);
	put_string(e, t->unfrozen->state);
	put_string(e, stage_request_source(t->request));
	put_string(e, host);
	put_string(e, t->asked.view);
	return sender_frame(&t->sender, FRAME_BEGIN, err);
}

/* NOTEs of the receiver's long work are shown as ours. */
static int wait_for(struct transfer *t, unsigned type, struct frame *frame, struct error *err)
{
	for (;;) {
		int rc = wire_receive(t->sender.wire, frame, err);
		struct note note;
		char safe[128];

		if (rc == 0)
			return error_set(err, ERR_LINK, "the connection was lost while waiting for %s",
			                 frame_name(type));
		if (rc < 0)
			return -1;
		if (frame->type == type)
			return 0;
		if (frame->type != FRAME_NOTE)
			return error_set(err, ERR_PROTOCOL, "%s came where %s was due", frame_name(frame->type),
			                 frame_name(type));
		if (note_read(frame, &note, err) != 0)
			return -1;
		meter_note(&t->meter, "far end: %s (%llu)", log_escape(note.text, safe, sizeof(safe) - 40),
		           (unsigned long long)note.done);
	}
}

static int begin(struct transfer *t, struct error *err)
{
	struct frame frame;
	struct decoder d;

	meter_note(&t->meter, "waiting for the far end to begin a generation");
	if (say_begin(t, err) != 0 || wait_for(t, FRAME_BEGUN, &frame, err) != 0)
		return -1;
	decoder_init(&d, frame.payload, frame.len_bytes);
	t->how = (enum how)get_u8(&d);
	get_string(&d, t->generation, sizeof(t->generation));
	get_string(&d, t->base, sizeof(t->base));
	get_string(&d, t->base_uuid, sizeof(t->base_uuid));
	get_string(&d, t->base_state, sizeof(t->base_state));
	get_string(&d, t->base_view, sizeof(t->base_view));
	t->base_files = get_u64(&d);
	t->base_bytes = get_u64(&d);
	if (codec_done(&d, "BEGUN", err) != 0)
		return -1;
	if (t->how > HOW_PUBLISHED || strspn(t->generation, "0123456789TZ-") != strlen(t->generation))
		return error_set(err, ERR_PROTOCOL, "a BEGUN that makes no sense");
	return 0;
}

/* The anchor serves twice: to find what has changed, and as the old content on this side. *why: why it can't do the first; NULL: it can. */
static int find_anchor(struct transfer *t, const char **why, struct error *err)
{
	const char *below = anchor_below(t->asked.root, t->asked.path);
	int rc;

	*why = NULL;
	if (t->base[0] == '\0')
		return 0;
	rc = anchor_open(t->asked.root, below, t->base_uuid, &t->anchor, why, err);
	if (rc != 0) {
		/* It only would have spared work. */
		if (rc < 0) {
			log_error(LOG_WARNING, err, "looking for the anchor");
			error_clear(err);
			*why = "the anchor could not be opened";
		}
		anchor_close(&t->anchor);
		return 0;
	}
	t->sender.anchor = t->anchor.folder;
	*why = NULL;
	if (t->how == HOW_RESUMED)
		*why = "an earlier connection has done a part of it";
	else if (strcmp(t->base_view, t->asked.view) != 0)
		*why = "the last generation was made with another source folder or other patterns in `exclude`";
	return 0;
}

/* After a break the plan has only what is left; what btrfs knows since the anchor is still all. */
static int draw_outline(struct transfer *t, const struct detect_input *in, struct error *err)
{
	bool whole = t->how == HOW_FRESH;
	struct plan *since = NULL;
	int rc;

	if (!whole && strcmp(t->base_view, t->asked.view) == 0 && detect_since_anchor(in, &since, err) < 0)
		return -1;
	rc = outline_new(since != NULL ? since : t->plan, whole || since != NULL, &t->outline, err);
	t->changed_files = plan_totals(since != NULL ? since : t->plan).files;
	plan_destroy(&since);
	return rc;
}

static int detect(struct transfer *t, struct error *err)
{
	struct detect_input in = { .way = t->way,
		                   .sender = &t->sender,
		                   .snapshot_fd = t->asked.root_fd,
		                   .folder_fd = t->asked.folder_fd,
		                   .excludes = t->asked.excludes,
		                   .base_files = t->base_files,
		                   .base_bytes = t->base_bytes };
	struct plan_totals totals;

	meter_note(&t->meter, "comparing");
	if (find_anchor(t, &in.why_not, err) != 0)
		return -1;
	if (t->sender.anchor != NULL)
		in.anchor = &t->anchor;
	if (detect_changes(&in, &t->plan, &t->totals, &t->parts, &t->detected, &t->since_base, err) != 0)
		return -1;
	t->sender.parts = &t->parts;
	t->sender.folder_fd = t->asked.folder_fd;
	totals = plan_totals(t->plan);
	log_line(LOG_INFO,
	         "%llu files of %llu bytes; to send, by %s: %llu files of %llu bytes, %llu moves, %llu other changes",
	         (unsigned long long)t->totals.files, (unsigned long long)t->totals.bytes, t->detected,
	         (unsigned long long)totals.files, (unsigned long long)totals.file_bytes,
	         (unsigned long long)totals.moves, (unsigned long long)(totals.items - totals.files - totals.moves));
	if (t->totals.skipped != 0)
		log_line(LOG_INFO, "%llu sockets are left out", (unsigned long long)t->totals.skipped);
	meter_total(&t->meter, totals.file_bytes);
	return draw_outline(t, &in, err);
}

/* Whose backups are in it, for those who look at the vault alone. */
static int send_macs(struct transfer *t, struct error *err)
{
	struct wire_macs *macs = calloc(1, sizeof(*macs));

	if (macs == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	asked_macs(t->request, macs);
	if (macs->n == 0 || !remote_welcome(t->remote)->macs) {
		free(macs);
		return 0;
	}
	encoder_reset(&t->sender.encoder);
	put_macs(&t->sender.encoder, macs);
	free(macs);
	return sender_frame(&t->sender, FRAME_MACS, err);
}

static int commit(struct transfer *t, struct error *err)
{
	struct encoder *e = &t->sender.encoder;
	struct frame frame;
	struct decoder d;

	meter_note(&t->meter, "publishing");
	if (send_macs(t, err) != 0)
		return -1;
	encoder_reset(e);
	put_u64(e, t->totals.files);
	put_u64(e, t->totals.bytes);
	put_u64(e, t->sender.literal_bytes);
	if (remote_welcome(t->remote)->brakes)
		put_u8(e, (uint8_t)stage_request_brake(t->request));
	if (sender_frame(&t->sender, FRAME_COMMIT, err) != 0 ||
	    (remote_welcome(t->remote)->brakes && remote_brake_ahead(t->remote, err) != 0) ||
	    wait_for(t, FRAME_PUBLISHED, &frame, err) != 0)
		return -1;
	decoder_init(&d, frame.payload, frame.len_bytes);
	get_string(&d, t->generation, sizeof(t->generation));
	(void)get_u64(&d);
	(void)get_u64(&d);
	t->sender.literal_bytes = get_u64(&d); /* of earlier connections too */
	if (codec_done(&d, "PUBLISHED", err) != 0)
		return -1;
	log_line(LOG_NOTICE, "published generation %s: %llu files, %llu bytes of new content", t->generation,
	         (unsigned long long)t->totals.files, (unsigned long long)t->sender.literal_bytes);
	return 0;
}

static void prepare_proof(struct transfer *t)
{
	const char *uuid = asked_uuid(t->request);
	int64_t taken_at_s = 0;

	if (!remote_welcome(t->remote)->proves || stage_request_dry_run(t->request) || unfrozen_as_it_is(t->unfrozen))
		return;
	(void)stage_request_result_integer(t->request, "snapshot", "taken_at", &taken_at_s);
	prove_open(&t->prove, stage_job_config(t->job)->state, stage_request_pipeline(t->request),
	           remote_welcome(t->remote)->vault_id);
	t->sender.ledger = t->prove.ledger;
	if (t->prove.ledger != NULL)
		ledger_aim(t->prove.ledger, *uuid != '\0' ? uuid : stage_request_run(t->request), taken_at_s);
}

/* The answer to a COMMIT was lost: the vault's record tells what it would have said. */
static int recall(struct transfer *t, struct error *err)
{
	struct generation_info *list;
	size_t n;

	if (remote_list(t->remote, &list, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].name, t->generation) == 0) {
			t->totals.files = list[i].files;
			t->totals.bytes = list[i].bytes;
			t->sender.literal_bytes = list[i].new_bytes;
		}
	free(list);
	prepare_proof(t);
	prove_recall(&t->prove, asked_uuid(t->request), t->asked.view);
	log_line(LOG_NOTICE, "generation %s was published already", t->generation);
	return 0;
}

/* A file that was only read moves the source's counter too (its access time), so a run may find nothing to send: then the last generation stays the
 * newest. One that was in flight is made anew: this time it is known to be at rest. */
static bool is_unchanged(const struct transfer *t)
{
	bool at_rest = strcmp(t->unfrozen->state, "in-flight") != 0;

	/* A seed is known by its run, so each run that writes one makes a generation. */
	if (stage_request_seed(t->request)->writes)
		return false;
	return t->how == HOW_FRESH && t->base[0] != '\0' && plan_totals(t->plan).items == 0 &&
	       !(at_rest && strcmp(t->base_state, "in-flight") == 0);
}

/* Also after a run that published nothing: so what was released at the vault itself is known here, too. */
static int ask_brake(struct transfer *t, struct error *err)
{
	if (!remote_welcome(t->remote)->brakes)
		return 0;
	if (remote_brake_ask(t->remote, &t->brake, err) != 0)
		return -1;
	if (t->brake.state == WIRE_BRAKE_HOLDS)
		log_line(LOG_WARNING, "the vault's brake holds the generations before %s (%u): %s", t->brake.generation,
		         (unsigned)t->brake.held, t->brake.reason);
	return 0;
}

/* After all was read, and before it counts. Without its snapshot a run can't go on; without the anchor it can, in another way. */
static int sources_are_there(const struct transfer *t, struct error *err)
{
	if (presence_check(t->asked.root_fd, AT_FDCWD, t->asked.root, "snapshot", ERR_NOT_FOUND, err) != 0)
		return -1;
	return t->sender.anchor == NULL
	               ? 0
	               : presence_check(t->anchor.subvolume_fd, AT_FDCWD, t->anchor.path, "anchor", ERR_IO, err);
}

static int busy_proving(void *context, uint64_t bytes, struct error *err)
{
	struct transfer *t = context;

	t->hashed_bytes += bytes;
	if (bytes != 0)
		meter_note(&t->meter, "hashing what is not known here yet: %llu MB read",
		           (unsigned long long)(t->hashed_bytes / 1000000));
	return give_up_if_asked(t, err) == 0 ? sender_alive(&t->sender, err) : -1;
}

/* While the source is looked through: the receiver's patience does not wait for it. */
static int still_busy(void *context, struct error *err)
{
	struct transfer *t = context;

	if (give_up_if_asked(t, err) != 0)
		return -1;
	return t->remote != NULL ? sender_alive(&t->sender, err) : 0;
}

/* Both ends come to the same root hash, or nothing is published. */
static int prove(struct transfer *t, struct error *err)
{
	struct prove_input in = { .sender = &t->sender,
		                  .source = { .tree = t->sender.tree,
		                              .folder_fd = t->asked.folder_fd,
		                              .excludes = t->asked.excludes,
		                              .busy = busy_proving,
		                              .context = t },
		                  .snapshot = asked_uuid(t->request),
		                  .view = t->asked.view,
		                  .base = t->base_uuid,
		                  .base_view = t->base_view,
		                  .plan = t->since_base && t->how == HOW_FRESH ? t->plan : NULL };

	return prove_tree(&t->prove, &in, err);
}

static int converse(struct transfer *t, struct error *err)
{
	if (seed_wait(t->remote, t->request, &t->seed_taken_up, err) != 0 ||
	    known_vault_check(&t->known, remote_welcome(t->remote)->vault_id, err) != 0 || begin(t, err) != 0)
		return -1;
	if (t->how == HOW_PUBLISHED)
		return recall(t, err);
	if (detect(t, err) != 0)
		return -1;
	t->unchanged = is_unchanged(t);
	if (stage_request_seed(t->request)->writes && t->how == HOW_FRESH &&
	    seed_wait_room(t->asked.folder_fd, t->base[0] == '\0', plan_totals(t->plan).file_bytes,
	                   remote_welcome(t->remote), err) != 0)
		return -1;
	if (t->unchanged || stage_request_dry_run(t->request)) {
		(void)snprintf(t->generation, sizeof(t->generation), "%s", t->base);
		log_line(LOG_INFO, "%s: generation %s still is the newest",
		         t->unchanged ? "nothing has changed" : "a dry run, so nothing is sent", t->base);
		return sources_are_there(t, err);
	}
	prepare_proof(t);
	if (replay_plan(&t->sender, t->plan, err) != 0 || unfrozen_check(t->unfrozen, t->asked.folder_fd, err) != 0 ||
	    prove(t, err) != 0 || unfrozen_check(t->unfrozen, t->asked.folder_fd, err) != 0 ||
	    sources_are_there(t, err) != 0)
		return -1;
	return commit(t, err);
}

static void fill_result(const struct transfer *t, struct stage_result *result)
{
	stage_result_string(result, "generation", t->generation);
	stage_result_string(result, "vault_id", remote_welcome(t->remote)->vault_id);
	stage_result_string(result, "base", t->base);
	if (t->prove.root[0] != '\0')
		stage_result_string(result, "root", t->prove.root);
	if (t->unfrozen->is)
		stage_result_string(result, "state", t->unfrozen->state);
	stage_result_bool(result, "already_published", t->how == HOW_PUBLISHED);
	stage_result_bool(result, "unchanged", t->unchanged);
	if (t->unchanged)
		stage_result_string(result, "base_snapshot_uuid", t->base_uuid);
	if (t->seed_taken_up)
		stage_result_bool(result, "seed_taken_up", true);
	stage_result_bool(result, "dry_run", stage_request_dry_run(t->request));
	stage_result_string(result, "detection", t->detected != NULL ? t->detected : "");
	stage_result_integer(result, "files", (int64_t)t->totals.files);
	stage_result_integer(result, "bytes", (int64_t)t->totals.bytes);
	stage_result_integer(result, "changed_files", (int64_t)t->changed_files);
	if (t->outline != NULL)
		outline_fill(t->outline, result);
	stage_result_integer(result, "literal_bytes", (int64_t)t->sender.literal_bytes);
	stage_result_integer(result, "matched_bytes", (int64_t)t->sender.matched_bytes);
	stage_result_integer(result, "wire_sent", (int64_t)wire_bytes_out(t->sender.wire));
	stage_result_integer(result, "wire_received", (int64_t)wire_bytes_in(t->sender.wire));
	if (remote_welcome(t->remote)->total_bytes != 0) {
		stage_result_integer(result, "vault_free_bytes", (int64_t)remote_welcome(t->remote)->free_bytes);
		stage_result_integer(result, "vault_total_bytes", (int64_t)remote_welcome(t->remote)->total_bytes);
	}
	if (remote_welcome(t->remote)->brakes) {
		stage_result_bool(result, "braked", t->brake.state == WIRE_BRAKE_HOLDS);
		stage_result_string(result, "braked_generation", t->brake.generation);
		stage_result_string(result, "braked_run", t->brake.run);
		stage_result_string(result, "braked_reason", t->brake.reason);
		stage_result_integer(result, "held_generations", (int64_t)t->brake.held);
	}
	stage_result_integer(result, "seconds", (clock_now_ms() - t->began_ms) / 1000);
}

static int run(struct transfer *t, struct stage_result *result, struct error *err)
{
	const struct config_vault *vault = stage_request_vault(t->request);
	struct wire_hooks hooks = { .pace = keep_the_rate, .waiting = give_up_if_asked, .context = t };

	rate_init(&t->rate, vault->rates, vault->n_rates, clock_now_us());
	t->sender.meter = &t->meter;
	t->sender.careful = stage_request_attempt(t->request) > 1;
	if (read_request(t, err) != 0 || seed_wait_place(t->request, err) != 0 ||
	    unfrozen_begin(t->unfrozen, t->asked.folder_fd, err) != 0)
		return -1;
	meter_note(&t->meter, "connecting");
	if (remote_open(vault, stage_request_pipeline(t->request), "transfer", &hooks, &t->remote, err) != 0)
		return -1;
	t->sender.wire = remote_wire(t->remote);
	if (converse(t, err) != 0 || ask_brake(t, err) != 0) {
		remote_explain(t->remote, err);
		return -1;
	}
	/* A seed's disk is on its way to the vault, and is not the vault. */
	if (!stage_request_dry_run(t->request) && !stage_request_seed(t->request)->writes)
		known_vault_note(&t->known, remote_welcome(t->remote)->vault_id);
	fill_result(t, result);
	return 0;
}

/* One conversation. An unfrozen source may take several. */
static int pass(struct stage_job *job, const struct stage_request *request, struct unfrozen *unfrozen,
                struct stage_result *result, struct error *err)
{
	const char *engine = "native";
	struct transfer *t;
	int rc;

	if (stage_request_with_string(request, "engine", &engine, err) != 0)
		return -1;
	if (strcmp(engine, "rsync") == 0)
		return engine_rsync_run(job, request, unfrozen, result, err);
	if (strcmp(engine, "native") != 0)
		return error_set(err, ERR_CONFIG, "engine: %s: this transfer knows `native` and `rsync`", engine);
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	t->job = job;
	t->request = request;
	t->unfrozen = unfrozen;
	unfrozen->busy = still_busy;
	unfrozen->context = t;
	asked_init(&t->asked);
	t->anchor = (struct anchor){ .subvolume_fd = -1, .folder_fd = -1 };
	t->known = known_vault_of(job, request);
	t->began_ms = clock_now_ms();
	sender_init(&t->sender);
	meter_init(&t->meter, job);
	rc = run(t, result, err);
	remote_close(&t->remote);
	prove_close(&t->prove);
	t->sender.anchor = NULL; /* the anchor's own */
	sender_done(&t->sender);
	anchor_close(&t->anchor);
	asked_done(&t->asked);
	plan_destroy(&t->plan);
	outline_destroy(&t->outline);
	free(t);
	return rc;
}

int transfer_run(struct stage_job *job, const struct stage_request *request, struct stage_result *result,
                 struct error *err)
{
	struct unfrozen unfrozen;
	int rc;

	unfrozen_init(&unfrozen, request);
	do
		rc = pass(job, request, &unfrozen, result, err);
	while (rc != 0 && unfrozen_again(&unfrozen, err));
	if (rc != 0)
		unfrozen_late(&unfrozen, err);
	return rc;
}
