#include "wire/rehearsing.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/crash_point.h"
#include "lib/hex.h"
#include "lib/link_map.h"
#include "lib/log.h"
#include "lib/pace.h"
#include "lib/stage_msg.h"
#include "wire/choose.h"
#include "wire/codec.h"
#include "wire/entry_codec.h"
#include "wire/note.h"
#include "wire/rehearse_bundle.h"
#include "wire/rehearse_restore.h"
#include "wire/rehearse_sample.h"
#include "wire/rehearse_scratch.h"
#include "wire/rehearse_time.h"
#include "wire/remote.h"
#include "wire/remote_list.h"

/* A single file that is larger than the sample may be is not waited for longer: what has come until then says how long all would take. */
#define OVERSIZE_MS INT64_C(3600000)

struct work {
	const struct rehearsing *rehearsing;
	struct rehearsing_result *result;
	struct rehearse_scratch scratch;
	struct rehearse_sample *sample;
	struct rehearse_bundles *bundles;
	struct link_map *links;
	struct entry_memory memory;
	struct remote *remote;
	struct rehearse_time time;
	uint64_t total_bytes;
	bool refused; /* the vault can't list all of it … */
	struct error why;
};

static int waiting(void *context, struct error *err)
{
	const struct rehearsing *r = ((const struct work *)context)->rehearsing;

	return r->asked_to_stop != NULL ? r->asked_to_stop(r->context, err) : 0;
}

static void show(const struct work *w, const char *note)
{
	const struct rehearsing *r = w->rehearsing;

	if (r->progress != NULL)
		r->progress(r->context, w->result->bytes, w->total_bytes, note);
}

static void wrong(void *context, const char *path, const char *reason)
{
	struct rehearsing_result *r = ((struct work *)context)->result;
	struct rehearsing_wrong *at = &r->wrongs[r->n_wrongs];
	size_t room = 4 * strlen(path) + 1;

	r->wrong++;
	if (r->n_wrongs == REHEARSING_WRONG_MAX || (at->path = malloc(room)) == NULL)
		return; /* counted all the same */
	(void)log_escape(path, at->path, room);
	at->mark = *path != '\0' ? rehearse_sample_mark(path) : 0;
	(void)snprintf(at->reason, sizeof(at->reason), "%.*s", REHEARSING_REASON_SIZE - 1, reason);
	r->n_wrongs++;
}

/* ---- what there is */

/* One content with several names counts once. */
static int is_another_name(struct work *w, const struct entry *entry, bool *another, struct error *err)
{
	uint8_t known;
	size_t n;
	int found;

	*another = false;
	if (entry->links < 2)
		return 0;
	found = link_map_get(w->links, entry->inode, &known, sizeof(known), &n, err);
	if (found == 0)
		return link_map_put(w->links, entry->inode, "", 1, err);
	*another = found == 1;
	return found < 0 ? -1 : 0;
}

static int take_entry(struct work *w, const struct frame *frame, struct error *err)
{
	struct entry entry;
	struct decoder d;
	bool is_own;
	bool another;

	decoder_init(&d, frame->payload, frame->len_bytes);
	get_entry(&d, &w->memory, &entry);
	if (codec_done(&d, "ENTRY", err) != 0 ||
	    rehearse_bundle_entry(w->bundles, &entry, w->sample, &is_own, err) != 0)
		return -1;
	if (entry.type != ENTRY_FILE)
		return 0;
	w->result->whole_files++;
	if (is_another_name(w, &entry, &another, err) != 0)
		return -1;
	if (another)
		return 0;
	w->result->whole_bytes += entry.size_bytes;
	if (rehearse_sample_class(entry.size_bytes) == REHEARSE_SMALL)
		w->time.small_files++;
	else
		w->time.large_bytes += entry.size_bytes;
	return is_own ? 0 : rehearse_sample_offer(w->sample, entry.path, entry.size_bytes, err);
}

/* What the far end can't list, nobody can bring back; what it has listed until then is looked at all the same. */
static bool is_of_the_vault(const struct error *err)
{
	return err->class == ERR_DAMAGED || err->class == ERR_IO;
}

static int take_tree(struct work *w, struct error *err)
{
	for (;;) {
		struct frame frame;
		int rc = wire_receive(remote_wire(w->remote), &frame, err);

		if (rc == 0)
			return error_set(err, ERR_LINK, "the connection was lost");
		if (rc < 0) {
			w->refused = is_of_the_vault(err);
			return -1;
		}
		if (frame.type == FRAME_FETCH_END)
			return 0;
		if (frame.type == FRAME_ENTRY) {
			if (take_entry(w, &frame, err) != 0)
				return -1;
		} else if (frame.type != FRAME_FETCH_FILE_END && frame.type != FRAME_NOTE) {
			return error_set(err, ERR_PROTOCOL, "%s in the answer to TREE", frame_name(frame.type));
		}
		if (waiting(w, err) != 0)
			return -1;
	}
}

static int list(struct work *w, struct error *err)
{
	const struct rehearsing *r = w->rehearsing;
	struct wire_hooks hooks = { .waiting = waiting, .context = w };
	struct generation_info chosen;
	char safe[128];
	int64_t began_us;

	if (remote_open(r->vault, r->pipeline, "restore", &hooks, &w->remote, err) != 0)
		return -1;
	if (!remote_welcome(w->remote)->gives)
		return error_set(err, ERR_CONFIG,
		                 "the far end (%s) can't restore in parts; install a newer aob-receiver there",
		                 log_escape(remote_welcome(w->remote)->software, safe, sizeof(safe)));
	if (choose_generation(w->remote, r->pipeline, r->generation, &chosen, err) != 0)
		return -1;
	(void)snprintf(w->result->generation, sizeof(w->result->generation), "%s", chosen.name);
	began_us = clock_now_us();
	if (remote_ask_part(w->remote, FRAME_TREE, chosen.name, "", err) != 0 || take_tree(w, err) != 0) {
		if (!w->refused)
			return -1;
		w->why = *err;
		error_clear(err);
	}
	w->time.list_us = clock_now_us() - began_us;
	return 0;
}

/* ---- bringing it back */

/* limit_ms: 0: until it is all there. *result: filled also if it fails; the caller's. */
static int bring(struct work *w, const char *const *paths, const char *name, int64_t limit_ms,
                 struct rehearse_restore_result *result, struct error *err)
{
	const struct rehearse_restore restore = { .vault = w->rehearsing->vault,
		                                  .pipeline = w->rehearsing->pipeline,
		                                  .generation = w->result->generation,
		                                  .limit_ms = limit_ms,
		                                  .waiting = waiting,
		                                  .context = w };
	char to[PATH_MAX + 32];

	*result = (struct rehearse_restore_result){ .files = 0 };
	(void)snprintf(to, sizeof(to), "%s/%s", w->scratch.path, name);
	if (rehearse_restore_run(&restore, paths, to, result, err) != 0) {
		if (err->class != ERR_DAMAGED)
			return -1;
		wrong(w, "", err->text);
		error_clear(err);
		return 0;
	}
	if (result->cut)
		result->bytes = rehearse_scratch_bytes(&w->scratch, name);
	crash_point("rehearse-brought"); /* killed here: the next one sweeps the scratch folder */
	w->result->files += result->files;
	w->result->bytes += result->bytes;
	for (size_t i = 0; i < result->n_wrongs; i++)
		wrong(w, result->wrongs[i].path, result->wrongs[i].reason);
	w->result->wrong += result->wrong > result->n_wrongs ? result->wrong - result->n_wrongs : 0;
	show(w, "bringing back a sample");
	return 0;
}

/* Of the sample, one class. */
static int bring_class(struct work *w, enum rehearse_class class, struct error *err)
{
	static const char *const names[] = { [REHEARSE_SMALL] = "small", [REHEARSE_LARGE] = "large" };
	const char *paths[REHEARSE_SAMPLE_FILES_MAX + 1];
	struct rehearse_restore_result result;
	bool oversize;
	uint64_t bytes;
	int rc;

	if (rehearse_sample_take(w->sample, class, paths, &bytes) == 0)
		return 0;
	oversize = bytes > w->rehearsing->most_bytes;
	rc = bring(w, paths, names[class], oversize ? pace_ms(OVERSIZE_MS) : 0, &result, err);
	/* Then it is not known how long such ones take; all else is. */
	if (rc != 0 && oversize && error_forgive(err, ERR_SPACE))
		rc = 0;
	if (class == REHEARSE_SMALL) {
		w->time.sample_small_files += result.files;
		w->time.sample_small_us += result.carry_us;
	} else {
		w->time.sample_large_bytes += result.bytes;
		w->time.sample_large_us += result.carry_us;
	}
	rehearse_restore_done(&result);
	return rc == 0 ? rehearse_scratch_clear(&w->scratch, names[class], err) : -1;
}

/* The small files that say what a bundle is; in a bundle without any, that is what is wrong. */
static int bring_bundle(struct work *w, size_t bundle, struct error *err)
{
	const char *paths[REHEARSE_BUNDLE_OWN_MAX + 1];
	struct rehearse_restore_result result;
	int fd = -1;

	if (rehearse_bundle_own(w->bundles, bundle, paths) != 0) {
		if (bring(w, paths, "bundle", 0, &result, err) != 0)
			return -1;
		w->time.sample_small_files += result.files;
		w->time.sample_small_us += result.carry_us;
		rehearse_restore_done(&result);
		fd = openat(w->scratch.fd, "bundle", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	rehearse_bundle_check(w->bundles, bundle, fd, wrong, w);
	if (fd >= 0)
		(void)close(fd);
	return rehearse_scratch_clear(&w->scratch, "bundle", err);
}

static int bring_all(struct work *w, struct error *err)
{
	const char *paths[REHEARSE_SAMPLE_FILES_MAX + 1];
	uint64_t bytes[REHEARSE_CLASSES];

	if (rehearse_bundle_prefer(w->bundles, w->sample, err) != 0)
		return -1;
	(void)rehearse_sample_take(w->sample, REHEARSE_SMALL, paths, &bytes[REHEARSE_SMALL]);
	(void)rehearse_sample_take(w->sample, REHEARSE_LARGE, paths, &bytes[REHEARSE_LARGE]);
	w->total_bytes = bytes[REHEARSE_SMALL] + bytes[REHEARSE_LARGE];
	show(w, "bringing back a sample");
	/* What could not be listed to its end may have what is missing in it. */
	for (size_t i = 0; w->why.class != ERR_IO && i < rehearse_bundle_count(w->bundles); i++)
		if (bring_bundle(w, i, err) != 0)
			return -1;
	/* Behind what is told by name. */
	if (w->refused)
		wrong(w, "", w->why.text);
	return bring_class(w, REHEARSE_SMALL, err) == 0 && bring_class(w, REHEARSE_LARGE, err) == 0 ? 0 : -1;
}

static int work(struct work *w, struct error *err)
{
	struct rehearsing_result *r = w->result;

	show(w, "listing");
	if (list(w, err) != 0) {
		if (w->remote != NULL)
			remote_explain(w->remote, err);
		return -1;
	}
	remote_close(&w->remote);
	for (size_t i = 0; i < rehearse_bundle_count(w->bundles); i++)
		r->bundles += rehearse_bundle_is_looked_at(w->bundles, i);
	if (bring_all(w, err) != 0)
		return error_prefix(err, "bringing back a sample");
	if (r->wrong == 0)
		r->whole_s = rehearse_time_whole_s(&w->time);
	return 0;
}

int rehearsing_run(const struct rehearsing *rehearsing, struct rehearsing_result *result, struct error *err)
{
	struct work w = { .rehearsing = rehearsing, .result = result, .scratch = { .fd = -1 } };
	int64_t began_us = clock_now_us();
	int rc = -1;

	*result = (struct rehearsing_result){ .seed = rehearsing->seed };
	entry_memory_init(&w.memory);
	if (rehearse_scratch_open(&w.scratch, err) == 0 && link_map_new(&w.links, err) == 0 &&
	    rehearse_sample_new(rehearsing->seed, rehearsing->most_bytes, &w.sample, err) == 0 &&
	    rehearse_bundle_new(&w.bundles, err) == 0) {
		rehearse_sample_again(w.sample, rehearsing->again, rehearsing->n_again);
		rc = work(&w, err);
	}
	remote_close(&w.remote);
	rehearse_bundle_destroy(&w.bundles);
	rehearse_sample_destroy(&w.sample);
	link_map_destroy(&w.links);
	entry_memory_done(&w.memory);
	rehearse_scratch_close(&w.scratch);
	result->took_us = clock_now_us() - began_us;
	if (rc != 0)
		rehearsing_done(result);
	return rc;
}

void rehearsing_done(struct rehearsing_result *result)
{
	for (size_t i = 0; i < result->n_wrongs; i++)
		free(result->wrongs[i].path);
	result->n_wrongs = 0;
}

bool rehearsing_seed(struct rehearsing *rehearsing, const char *text)
{
	char *end = NULL;
	uint64_t seed;

	errno = 0;
	seed = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0)
		return false;
	rehearsing->seed = seed;
	return true;
}

bool rehearsing_again(struct rehearsing *rehearsing, const char *mark)
{
	if (!hex_is(mark, sizeof(uint64_t)) || rehearsing->n_again == REHEARSING_WRONG_MAX)
		return false;
	rehearsing->again[rehearsing->n_again++] = strtoull(mark, NULL, 16);
	return true;
}

static void tell_wrong(const struct rehearsing_wrong *wrong, struct stage_result *row)
{
	char mark[2 * sizeof(uint64_t) + 1];

	stage_result_string(row, "path", wrong->path);
	stage_result_string(row, "reason", wrong->reason);
	if (wrong->mark == 0)
		return;
	(void)snprintf(mark, sizeof(mark), "%016llx", (unsigned long long)wrong->mark);
	stage_result_string(row, "mark", mark);
}

void rehearsing_tell(const struct rehearsing_result *r, struct stage_result *result)
{
	char seed[32];

	(void)snprintf(seed, sizeof(seed), "%llu", (unsigned long long)r->seed);
	stage_result_string(result, "generation", r->generation);
	stage_result_bool(result, "restorable", r->wrong == 0);
	stage_result_integer(result, "files", (int64_t)r->files);
	stage_result_integer(result, "bytes", (int64_t)r->bytes);
	stage_result_integer(result, "seconds", (r->took_us + 999999) / 1000000);
	stage_result_integer(result, "whole_files", (int64_t)r->whole_files);
	stage_result_integer(result, "whole_bytes", (int64_t)r->whole_bytes);
	stage_result_integer(result, "whole_seconds", r->whole_s);
	stage_result_integer(result, "bundles", (int64_t)r->bundles);
	stage_result_integer(result, "wrong", (int64_t)r->wrong);
	stage_result_string(result, "seed", seed);
	for (size_t i = 0; i < r->n_wrongs; i++) {
		struct stage_result *row = stage_result_row(result, "faults");

		if (row == NULL)
			return;
		tell_wrong(&r->wrongs[i], row);
	}
}
