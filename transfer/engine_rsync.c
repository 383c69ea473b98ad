#include "transfer/engine_rsync.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/generation_name.h"
#include "lib/log.h"
#include "lib/presence.h"
#include "transfer/asked.h"
#include "transfer/engine_rsync_links.h"
#include "transfer/engine_rsync_record.h"
#include "transfer/engine_rsync_source.h"
#include "transfer/known_vault.h"
#include "transfer/meter.h"
#include "wire/bare.h"
#include "wire/bare_list.h"
#include "wire/bare_rsync.h"
#include "wire/bare_word.h"

#define FORM "1" /* of a tree in incoming: by which options it was written */
#define OPTIONS_MAX 24
#define OPTION_SIZE 256
#define PREVS_MAX 8
#define SEALS_MAX 3
#define RENEWALS_MAX 3

struct engine {
	struct stage_job *job;
	const struct stage_request *request;
	struct unfrozen *unfrozen;
	struct asked asked;
	struct known_vault known;
	struct engine_rsync_source source;
	struct meter meter;
	struct bare *bare;
	struct generation_info *list;
	struct bare_list_extra *extra;
	size_t n;
	const struct generation_info *base; /* NULL: there is none */
	const struct bare_list_extra *base_extra;
	char generation[GENERATION_NAME_SIZE];
	bool published_before, unchanged, fresh, by_content, renewed;
	bool again; /* rsync has brought all of it, and only puts it right */
	char prevs[PREVS_MAX][16];
	size_t n_prevs;
	const char *options[OPTIONS_MAX + 1];
	size_t n_options;
	char words[OPTIONS_MAX][OPTION_SIZE]; /* of the options, those that are made */
	size_t n_words;
	struct bare_output output;
	struct bare_output sum; /* of all that were run: the bytes */
	int64_t began_ms;
};

static int give_up_if_asked(void *context, struct error *err)
{
	const struct engine *e = context;

	return stage_job_cancelled(e->job) ? error_set(err, ERR_CANCELLED, "the transfer was asked to stop") : 0;
}

static int while_rsync_works(void *context, struct error *err)
{
	struct engine *e = context;

	return give_up_if_asked(e, err) == 0 ? bare_ping(e->bare, err) : -1;
}

/* Until none is there that was begun before: then, and with what is read alone, one may write. */
static int share(void *context, struct error *err)
{
	struct engine *e = context;
	const char *rest;

	return bare_tell(e->bare, err, "share") == 0 ? bare_hear(e->bare, "shared", &rest, err) : -1;
}

static void tell(void *context, const struct bare_output *output)
{
	struct engine *e = context;

	e->meter.now.files = output->files;
	if (output->done_bytes > e->meter.now.done_bytes)
		meter_bytes(&e->meter, output->done_bytes - e->meter.now.done_bytes);
}

static int add(struct engine *e, struct error *err, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int add(struct engine *e, struct error *err, const char *format, ...)
{
	char *word = e->words[e->n_words];
	va_list args;
	int n;

	if (e->n_options == OPTIONS_MAX)
		return error_set(err, ERR_INTERNAL, "more options for rsync than %d", OPTIONS_MAX);
	va_start(args, format);
	n = vsnprintf(word, OPTION_SIZE, format, args);
	va_end(args);
	if (n < 0 || n >= OPTION_SIZE)
		return error_set(err, ERR_INTERNAL, "an option for rsync is too long");
	e->options[e->n_options++] = word;
	e->options[e->n_options] = NULL;
	e->n_words++;
	return 0;
}

/* What was read while it was written to may have the size and the time of what is there by now, and other content. */
static bool is_by_content(const struct engine *e)
{
	return e->by_content ||
	       (e->unfrozen->is && (e->n_prevs > 0 || (e->base != NULL && strcmp(e->base->state, "in-flight") == 0)));
}

/* in: below: from the tree that is written to the pipeline's folder. */
static int choose_options(struct engine *e, struct error *err)
{
	e->n_options = e->n_words = 0;
	if (add(e, err, "--one-file-system") != 0 || add(e, err, "--delete") != 0)
		return -1;
	if (e->source.left_out_bytes != 0 && (add(e, err, "--from0") != 0 || add(e, err, "--exclude-from=-") != 0))
		return -1;
	if (stage_request_dry_run(e->request))
		return add(e, err, "--dry-run");
	if (add(e, err, "--partial-dir=.aob-part-%s", stage_request_run(e->request)) != 0)
		return -1;
	/* All is there already; and what the last generation links is not to be linked again. */
	if (e->again)
		return 0;
	if ((e->renewed && add(e, err, "--link-dest=../renewed") != 0) ||
	    (e->base != NULL && add(e, err, "--link-dest=../../../../generations/%s", e->base->name) != 0))
		return -1;
	for (size_t i = 0; i < e->n_prevs; i++)
		if (add(e, err, "--link-dest=../%s", e->prevs[i]) != 0)
			return -1;
	return 0;
}

static int run_rsync(struct engine *e, const char *held, const char *to, struct error *err)
{
	char from[8192];
	char far[512];
	struct bare_rsync rsync = { .vault = stage_request_vault(e->request),
		                    .pipeline = stage_request_pipeline(e->request),
		                    .held = held,
		                    .fake_super = !bare_greeting(e->bare)->is_root,
		                    .fine_times = bare_greeting(e->bare)->fine_times,
		                    .options = e->options,
		                    .from = from,
		                    .to = far,
		                    .list = e->source.left_out,
		                    .list_bytes = e->source.left_out_bytes,
		                    .waiting = while_rsync_works,
		                    .told = tell,
		                    .again = share,
		                    .may_vanish = unfrozen_as_it_is(e->unfrozen),
		                    .once = e->unfrozen->is, /* as begin() says */
		                    .by_content = is_by_content(e) && !stage_request_dry_run(e->request),
		                    .context = e };
	int rc;

	/* Absolute, so that no ':' in it is taken for the end of a host's name. */
	if (snprintf(from, sizeof(from), "%s/", e->asked.path) >= (int)sizeof(from) || from[0] != '/')
		return error_set(err, ERR_INPUT, "the snapshot's path makes no sense");
	(void)snprintf(far, sizeof(far), BARE_RSYNC_FAR "%s/", to);
	if (choose_options(e, err) != 0)
		return -1;
	rc = bare_rsync_run(&rsync, &e->output, err);
	bare_output_add(&e->sum, &e->output);
	if (rc != 0 || unfrozen_check(e->unfrozen, e->asked.folder_fd, err) != 0 ||
	    presence_check(e->asked.root_fd, AT_FDCWD, e->asked.root, "snapshot", ERR_NOT_FOUND, err) != 0)
		return -1;
	if (e->output.has_totals && unfrozen_as_it_is(e->unfrozen)) {
		e->source.entries = e->output.entries;
		e->source.files = e->output.regular_files;
	}
	if (e->output.has_totals && e->output.entries == e->source.entries)
		return 0;
	return error_set(err, ERR_DAMAGED, "rsync has seen %llu names in the snapshot, where this machine counts %llu",
	                 (unsigned long long)e->output.entries, (unsigned long long)e->source.entries);
}

/* What lies there: this run's own generation, and the newest one, which the next begins as. */
static int look_at_vault(struct engine *e, struct error *err)
{
	int64_t taken_at_s = time(NULL);
	const char *newest = NULL;

	if (bare_list_read(e->bare, &e->list, &e->extra, &e->n, err) != 0)
		return -1;
	if (e->n > 0) {
		e->base = &e->list[e->n - 1];
		e->base_extra = &e->extra[e->n - 1];
		newest = e->base->name;
	}
	(void)stage_request_result_integer(e->request, "snapshot", "taken_at", &taken_at_s);
	generation_name_make(taken_at_s, newest, e->generation);
	for (size_t i = 0; i < e->n; i++)
		if (strcmp(e->list[i].run, stage_request_run(e->request)) == 0) {
			e->published_before = true;
			e->source.files = e->list[i].files;
			e->source.bytes = e->list[i].bytes;
			e->sum.literal_bytes = e->list[i].new_bytes;
			(void)snprintf(e->generation, sizeof(e->generation), "%.20s", e->list[i].name);
			log_line(LOG_NOTICE, "generation %s was published already", e->generation);
		}
	return 0;
}

static int begin(struct engine *e, struct error *err)
{
	const char *run = stage_request_run(e->request);
	const char *uuid = asked_uuid(e->request);
	const char *rest;
	char how[16];
	char compare[16];
	char tree[48] = "";
	int used = 0;

	if (!bare_run_valid(run) || !bare_word_plain(uuid, "-"))
		return error_set(err, ERR_INPUT, "\"%.100s\" is not the name of a run", run);
	/* rsync sets attributes in place on what it finds in its tree, which older generations may share: never twice over one tree, unless all of it is frozen. */
	if (e->unfrozen->is)
		(void)snprintf(tree, sizeof(tree), ".%lld.%lld", (long long)time(NULL), (long long)clock_now_us());
	meter_note(&e->meter, "waiting for the far end to begin a generation");
	if (bare_tell(e->bare, err, "begin %s %s " FORM ".%s.%s.%s%s", run, e->base != NULL ? e->base->name : "-",
	              e->asked.view, uuid, bare_greeting(e->bare)->is_root ? "root" : "user", tree) != 0 ||
	    bare_hear(e->bare, "begun", &rest, err) != 0)
		return -1;
	if (sscanf(rest, "%15s %15s%n", how, compare, &used) != 2)
		return error_set(err, ERR_PROTOCOL, "the far end's `begun` makes no sense");
	e->fresh = strcmp(how, "fresh") == 0;
	e->by_content = strcmp(compare, "content") == 0;
	if (e->by_content)
		log_line(LOG_INFO, "the far end was restarted since this generation was begun: content is compared");
	e->n_prevs = 0;
	for (rest += used; e->n_prevs < PREVS_MAX && sscanf(rest, " %15s%n", e->prevs[e->n_prevs], &used) == 1;
	     rest += used)
		if (strncmp(e->prevs[e->n_prevs], "prev.", 5) == 0 && bare_word_plain(e->prevs[e->n_prevs] + 5, ""))
			e->n_prevs++;
	return 0;
}

/* What lies in incoming of this run goes: it is published, or needless. */
static int drop(struct engine *e, struct error *err)
{
	const char *run = stage_request_run(e->request);
	const char *rest;

	if (!bare_run_valid(run))
		return error_set(err, ERR_INPUT, "\"%.100s\" is not the name of a run", run);
	return bare_tell(e->bare, err, "drop %s", run) == 0 ? bare_hear(e->bare, "dropped", &rest, err) : -1;
}

/* As transfer.c has it: what is the same as the last generation makes none, unless that one was in flight. */
static bool is_unchanged(const struct engine *e)
{
	return e->fresh && !e->renewed && !e->output.restarted && e->base != NULL && e->n_prevs == 0 &&
	       (e->base_extra->frozen || e->unfrozen->is) && e->output.items == 0 &&
	       e->base_extra->entries == e->source.entries && strcmp(e->base_extra->top, e->source.top) == 0 &&
	       strcmp(e->base_extra->view, e->asked.view) == 0 &&
	       e->base_extra->linked_names == e->source.linked_names &&
	       e->base_extra->linked_groups == e->source.linked_groups &&
	       (strcmp(e->base->state, "in-flight") != 0 || strcmp(e->unfrozen->state, "in-flight") == 0);
}

/* What is linked from had no links within: then none can be too many. What was not frozen may have more than its record tells. Of an unfrozen source rsync does not run twice over a tree. */
static int tell_seal(struct engine *e, struct error *err)
{
	if (e->unfrozen->is ||
	    (e->n_prevs == 0 && (e->base == NULL || (e->base_extra->frozen && e->base_extra->linked_groups == 0))))
		return bare_tell(e->bare, err, "seal -");
	return bare_tell(e->bare, err, "seal %llu %llu", (unsigned long long)e->source.linked_names,
	                 (unsigned long long)e->source.linked_groups);
}

/* What is there is the source, and on its disk. out: told: parts that were left, names, the far clock. 1; 0: not yet, rsync is to put it right; -1 */
static int seal(struct engine *e, uint64_t told[3], struct error *err)
{
	const char *run = stage_request_run(e->request);
	const char *line;
	uint64_t parted;

	meter_note(&e->meter, "the far end is syncing");
	if (tell_seal(e, err) != 0 || bare_hear_any(e->bare, &line, err) != 0)
		return -1;
	if (strncmp(line, "linked ", 7) == 0) {
		char found[64];

		(void)snprintf(found, sizeof(found), "%s", line + 7);
		meter_note(&e->meter, "parting what is one file there, and several here");
		if (engine_rsync_links_part(e->bare, run, e->asked.folder_fd, found, e->source.entries, &parted, err) !=
		    0)
			return -1;
		log_line(LOG_INFO, "%llu names are files of their own by now", (unsigned long long)parted);
		return 0;
	}
	if (strncmp(line, "sealed ", 7) != 0 || bare_word_numbers(line + 7, ' ', told, 3) == NULL ||
	    told[2] > INT64_MAX)
		return error_set(err, ERR_PROTOCOL, "the far end's `sealed` makes no sense");
	return told[0] == 0;
}

/* rsync counts what it has listed. Of a source that is read as it is, files that went before their turn are not in the vault; whatever is no file comes with the list. */
static int check_names(struct engine *e, uint64_t in_vault, struct error *err)
{
	uint64_t gone = e->source.entries - in_vault;

	if (in_vault > e->source.entries || (gone > 0 && !unfrozen_as_it_is(e->unfrozen)) || gone > e->source.files)
		return error_set(err, ERR_DAMAGED, "the vault has %llu names of this generation, the snapshot %llu",
		                 (unsigned long long)in_vault, (unsigned long long)e->source.entries);
	e->source.entries = in_vault;
	e->source.files -= gone;
	if (gone > 0)
		log_line(LOG_NOTICE, "%llu files went while the source was read", (unsigned long long)gone);
	return 0;
}

/* What was linked to files that are full by now is linked to new ones. Of an unfrozen source rsync does not run twice over a tree. */
static int run_with_room(struct engine *e, const char *tree, struct error *err)
{
	struct error full;

	for (int i = 0;; i++) {
		const char *rest;

		if (share(e, err) != 0)
			return -1;
		if (run_rsync(e, BARE_RSYNC_LOCK, tree, err) == 0)
			return 0;
		if (!e->output.links_full || e->unfrozen->is || i == RENEWALS_MAX)
			return -1;
		full = *err;
		log_error(LOG_INFO, err, "files that have as many names as they can get other ones");
		error_clear(err);
		if (bare_tell(e->bare, err, "renew") != 0 || bare_hear(e->bare, "renewed", &rest, err) != 0)
			return -1;
		/* None that has: then it is something else. */
		if (strcmp(rest, "0") == 0) {
			*err = full;
			return -1;
		}
		e->renewed = true;
	}
}

/* Until no part of a file is left: one that an earlier connection has left of a file that is not in the snapshot went, and rsync puts its folder's time right. */
static int bring(struct engine *e, int64_t *published_at_s, struct error *err)
{
	char tree[128];

	(void)snprintf(tree, sizeof(tree), ".aob/incoming/%s/tree", stage_request_run(e->request));
	for (int i = 0; i < SEALS_MAX; i++) {
		uint64_t told[3];
		int rc;

		meter_note(&e->meter, "rsync");
		e->again = i > 0;
		if (run_with_room(e, tree, err) != 0)
			return -1;
		e->unchanged = i == 0 && is_unchanged(e);
		if (e->unchanged)
			return drop(e, err);
		rc = seal(e, told, err);
		if (rc < 0)
			return -1;
		if (rc == 1) {
			*published_at_s = (int64_t)told[2];
			return check_names(e, told[1], err);
		}
		if (e->unfrozen->is)
			break;
	}
	return error_set(err, ERR_DAMAGED,
	                 "parts of files are left in the vault each time, or hard links that the snapshot has not");
}

/* The generation is whole and visible; without it, the next run writes it. */
static void write_readme(struct engine *e)
{
	struct error aside = { .class = ERR_NONE };
	char *text = engine_rsync_record_readme(e->request);

	if (text != NULL && bare_put(e->bare, "README.txt", text, &aside) != 0)
		log_error(LOG_WARNING, &aside, "README.txt in the vault is not written yet");
	free(text);
}

static int publish(struct engine *e, int64_t published_at_s, struct error *err)
{
	char *record = engine_rsync_record_text(e->request, e->unfrozen, e->generation, e->asked.view, &e->source,
	                                        e->sum.literal_bytes, published_at_s);
	const char *rest;
	int rc;

	meter_note(&e->meter, "publishing");
	if (record == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	rc = bare_tell(e->bare, err, "publish %s", e->generation) == 0 && bare_tell(e->bare, err, "%s", record) == 0
	             ? bare_hear(e->bare, "published", &rest, err)
	             : -1;
	free(record);
	if (rc != 0)
		return -1;
	log_line(LOG_NOTICE, "published generation %s: %llu files, %llu bytes of new content", e->generation,
	         (unsigned long long)e->source.files, (unsigned long long)e->sum.literal_bytes);
	write_readme(e);
	return 0;
}

/* What would a run send? The vault may be empty. */
static int try_out(struct engine *e, struct error *err)
{
	char to[64];

	if (e->base == NULL) {
		e->output.item_files = e->source.files;
		e->generation[0] = '\0';
		return 0;
	}
	(void)snprintf(e->generation, sizeof(e->generation), "%.20s", e->base->name);
	(void)snprintf(to, sizeof(to), "generations/%s", e->base->name);
	return run_rsync(e, to, to, err);
}

/* rsync --fake-super keeps what it may not set in attributes of that name, and so none that has it already. */
static void tell_what_is_not_kept(const struct engine *e)
{
	char safe[1024];

	if (e->source.rsyncs_own > 0 && !bare_greeting(e->bare)->is_root)
		log_line(LOG_WARNING,
		         "attributes user.rsync.* of %llu files and folders (%s is one) are not kept: the far user is "
		         "not "
		         "root, and what it may not set rsync keeps in attributes of that name",
		         (unsigned long long)e->source.rsyncs_own,
		         log_escape(e->source.rsyncs_first != NULL ? e->source.rsyncs_first : "", safe, sizeof(safe)));
}

static int converse(struct engine *e, struct error *err)
{
	const struct bare_hooks hooks = { .waiting = give_up_if_asked, .context = e };
	bool dry_run = stage_request_dry_run(e->request);
	int64_t published_at_s = 0;

	meter_note(&e->meter, "counting what the snapshot has");
	if (unfrozen_begin(e->unfrozen, e->asked.folder_fd, err) != 0 ||
	    engine_rsync_source_read(&e->asked, unfrozen_as_it_is(e->unfrozen), give_up_if_asked, e, &e->source, err) !=
	            0)
		return -1;
	meter_total(&e->meter, e->source.bytes);
	meter_note(&e->meter, "connecting");
	if (bare_open(stage_request_vault(e->request), stage_request_pipeline(e->request), BARE_WRITES, &hooks,
	              &e->bare, err) != 0 ||
	    known_vault_check(&e->known, bare_greeting(e->bare)->vault_id, err) != 0 || bare_take(e->bare, err) != 0 ||
	    look_at_vault(e, err) != 0)
		return -1;
	tell_what_is_not_kept(e);
	if (e->published_before)
		return drop(e, err);
	if (dry_run)
		return try_out(e, err);
	if (begin(e, err) != 0 || bring(e, &published_at_s, err) != 0)
		return -1;
	if (!e->unchanged)
		return publish(e, published_at_s, err);
	(void)snprintf(e->generation, sizeof(e->generation), "%.20s", e->base->name);
	log_line(LOG_INFO, "nothing has changed: generation %s still is the newest", e->generation);
	return 0;
}

static void fill_result(const struct engine *e, struct stage_result *result)
{
	const struct bare_welcome *w = bare_greeting(e->bare);

	stage_result_string(result, "generation", e->generation);
	stage_result_string(result, "vault_id", w->vault_id);
	stage_result_string(result, "base", e->base != NULL ? e->base->name : "");
	stage_result_bool(result, "already_published", e->published_before);
	stage_result_bool(result, "unchanged", e->unchanged);
	if (e->unchanged)
		stage_result_string(result, "base_snapshot_uuid", e->base->snapshot_uuid);
	if (e->unfrozen->is)
		stage_result_string(result, "state", e->unfrozen->state);
	stage_result_bool(result, "dry_run", stage_request_dry_run(e->request));
	stage_result_string(result, "detection", "rsync");
	stage_result_integer(result, "files", (int64_t)e->source.files);
	stage_result_integer(result, "bytes", (int64_t)e->source.bytes);
	stage_result_integer(result, "changed_files", (int64_t)e->output.item_files);
	stage_result_integer(result, "literal_bytes", (int64_t)e->sum.literal_bytes);
	stage_result_integer(result, "matched_bytes", (int64_t)e->sum.matched_bytes);
	stage_result_integer(result, "wire_sent", (int64_t)e->sum.sent_bytes);
	stage_result_integer(result, "wire_received", (int64_t)e->sum.received_bytes);
	if (w->total_bytes != 0) {
		stage_result_integer(result, "vault_free_bytes", (int64_t)w->free_bytes);
		stage_result_integer(result, "vault_total_bytes", (int64_t)w->total_bytes);
	}
	stage_result_integer(result, "seconds", (clock_now_ms() - e->began_ms) / 1000);
}

int engine_rsync_run(struct stage_job *job, const struct stage_request *request, struct unfrozen *unfrozen,
                     struct stage_result *result, struct error *err)
{
	struct engine *e = calloc(1, sizeof(*e));
	int rc;

	if (e == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	*e = (struct engine){ .job = job,
		              .request = request,
		              .unfrozen = unfrozen,
		              .known = known_vault_of(job, request),
		              .began_ms = clock_now_ms() };
	unfrozen->busy = give_up_if_asked;
	unfrozen->context = e;
	asked_init(&e->asked);
	meter_init(&e->meter, job);
	if (stage_request_seed(request)->writes || stage_request_seed(request)->run != NULL)
		rc = error_set(
		        err, ERR_CONFIG,
		        "a seed takes an aob-receiver at the far end, and there is none with the engine rsync; carry a "
		        "copy of a local vault's folder (docs/engine-rsync.md), and: aob seed %s --forget",
		        stage_request_pipeline(request));
	else if ((rc = asked_read(request, &e->asked, err)) == 0 && (rc = converse(e, err)) == 0) {
		if (!stage_request_dry_run(request))
			known_vault_note(&e->known, bare_greeting(e->bare)->vault_id);
		fill_result(e, result);
	}
	bare_close(&e->bare);
	engine_rsync_source_done(&e->source);
	asked_done(&e->asked);
	free(e->list);
	free(e->extra);
	free(e);
	return rc;
}
