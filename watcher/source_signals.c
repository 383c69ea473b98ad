#include "watcher/source_internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"

#define FIND_EVERY_MS 1000 /* bundles, while folders come and go */
#define ASK_EVERY_MS 10000 /* btrfs, which bundles are written to */
#define SCAN_LEAST_MS 60000

int64_t source_signals_every(int64_t usual_ms, uint64_t need_ms)
{
	return need_ms > 0 && (int64_t)need_ms / 4 < usual_ms ? (int64_t)need_ms / 4 : usual_ms;
}

static void unsettle(struct source *source)
{
	source->settled = source->confirmed = false;
	source->pass_stale = true;
}

void source_signals_active(struct source *source, enum idle_sign sign, int64_t now_ms)
{
	source->last_activity_ms = now_ms;
	source->sign = sign;
	unsettle(source);
}

/* ---- events */

int source_signals_find(const struct look *look, struct error *err)
{
	struct source *source = look->source;

	if (macs_find(&source->macs, look->fd, &source->order.quiet, look->now_ms, look->wall_s, err) != 0)
		return -1;
	source->to_find = false;
	if (source->macs.more && !source->said_more && source_is_time_machine(source)) {
		log_line(
		        LOG_WARNING,
		        "pipeline=%s more bundles lie below %s than are looked after (%d, with names in UTF-8, not too "
		        "deep), so its generations are never called clean; give some of them a source of their own",
		        source->order.pipeline, source->order.path, TIME_MACHINE_BUNDLES_MAX);
		source->said_more = true;
	}
	return 0;
}

/* What was told of bundles. Returns whether other files were written. */
static bool tell_macs(const struct look *look, const struct signal_told *told)
{
	struct source *source = look->source;
	const struct mac_quiet *quiet = &source->order.quiet;
	struct macs_others others = macs_told(&source->macs, source->inotify, told, quiet, look->now_ms);
	bool due = others.bundles != 0 || look->now_ms - source->macs.found_ms >= FIND_EVERY_MS;

	/* First told, then looked for: what was told still has the old names. */
	if (source->order.kind != CONFIG_KIND_GENERIC && source->to_find && due &&
	    source_signals_find(look, NULL) == 0 && others.bundles != 0) {
		struct signal_told rest = { .bundles = told->bundles & others.bundles,
			                    .stirred = told->stirred & others.bundles };
		struct macs_others again = macs_told(&source->macs, source->inotify, &rest, quiet, look->now_ms);

		others.bundles = again.bundles;
		others.files = others.files || again.files;
	}
	return others.files || others.bundles != 0;
}

void source_signals_events(const struct look *look)
{
	struct source *source = look->source;
	struct signal_told told;
	bool others;

	signal_inotify_take(source->inotify, &told);
	source->to_find = source->to_find || told.folders;
	others = tell_macs(look, &told) || told.others || told.lost;
	if (!others && told.bundles == 0 && told.stirred == 0)
		return;
	unsettle(source);
	if (told.lost) {
		source->lost = source->to_ask = source->scan == NULL;
		macs_unknown(&source->macs, source->scan != NULL, &source->order.quiet, look->now_ms);
	}
	if (others || !source_is_time_machine(source))
		source_signals_active(source, IDLE_SIGN_WRITE, look->now_ms);
	source->explained = source->wrote_unseen = true;
}

/* ---- the counter */

/* inotify does not hear of all bundles, or has not been heard to the end. */
static bool is_deaf(const struct source *source)
{
	return source->scan == NULL && (source->lost || !signal_inotify_bundles(source->inotify));
}

/* The counter moved, or a scan found something else than before. A move that no event explains is a sign of its own; where inotify sees all bundles, it was no write into one
 * (an access time, for example). */
static void take_counter(const struct look *look, const struct subvolume *now)
{
	struct source *source = look->source;

	if (source->read_once &&
	    (now->ctransid != source->subvolume.ctransid || strcmp(now->uuid, source->subvolume.uuid) != 0)) {
		if (is_deaf(source))
			source->to_ask = true;
		if (!source->explained) {
			source_signals_active(source, IDLE_SIGN_COUNTER, look->now_ms);
			if (!is_deaf(source))
				macs_unknown(&source->macs, !signal_inotify_bundles(source->inotify),
				             &source->order.quiet, look->now_ms);
		}
		source->explained = false;
		source->wrote_unseen = false;
	}
	source->subvolume = *now;
	source->read_once = true;
}

/* known: up to which value of the counter everything is known then. Of a transaction that may be open btrfs will be asked once more. */
static bool ask(const struct look *look, uint64_t known)
{
	struct source *source = look->source;
	bool told = macs_ask(&source->macs, look->fd, source->asked, source->below, &source->order.quiet, look->now_ms);

	source->asked = known;
	source->asked_ms = look->now_ms;
	source->to_ask = false;
	if (told)
		unsettle(source);
	return told;
}

static void know(struct source *source, uint64_t counter)
{
	if (counter > source->asked)
		source->asked = counter;
}

int source_signals_counter(const struct look *look, struct error *err)
{
	struct source *source = look->source;
	struct subvolume now = { 0 };

	if (source->scan != NULL)
		return 0;
	if (subvolume_read(look->fd, &now, err) != 0)
		return error_prefix(err, "%s", source->order.path);
	take_counter(look, &now);
	if (!is_deaf(source))
		know(source, now.ctransid > 0 ? now.ctransid - 1 : 0); /* this transaction may be open */
	else if (source->to_ask && source->macs.n > 0 &&
	         look->now_ms - source->asked_ms >= source_signals_every(ASK_EVERY_MS, source->order.quiet.finished_ms))
		(void)ask(look, now.ctransid - 1);
	return 0;
}

int source_signals_sync(const struct look *look, struct error *err)
{
	if (syncfs(look->fd) != 0)
		return error_sys(err, errno, "syncing the file system of %s", look->source->order.path);
	return 0;
}

static int write_back(const struct look *look, struct error *err)
{
	struct source *source = look->source;
	uint64_t before = source->subvolume.ctransid;
	bool heard = !is_deaf(source);

	if (source->scan != NULL)
		return 0;
	if (source_signals_sync(look, err) != 0 || source_signals_counter(look, err) != 0)
		return -1;
	if (heard)
		know(source, before);
	if (!is_deaf(source) || source->macs.n == 0)
		return 0;
	/* Once more, so that nobody else writes in the transaction that the counter is of: then what btrfs tells of it is all. */
	if (source_signals_sync(look, err) != 0)
		return -1;
	if (!ask(look, source->subvolume.ctransid))
		source->lost = false;
	return 0;
}

/* ---- handles */

/* A set of handles that changes is a sign of life, but no write: a backup that has finished stays finished. */
void source_signals_handles(const struct look *look, int64_t every_ms)
{
	struct source *source = look->source;
	struct macs_changed changed;
	struct signal_handles others;
	bool macs = source_is_time_machine(source);

	if (source->handles_ms >= 0 && look->now_ms - source->handles_ms < every_ms)
		return;
	signal_openfiles_want(look->files, source->dev);
	signal_openfiles_scan(look->files, look->now_ms, every_ms / 2);
	others = signal_openfiles_of(look->files, source->real, macs ? NULL : "", 0);
	changed = macs_handles(&source->macs, look->files, source->real, source->dev, look->now_ms);
	if (source->handles_ms >= 0 && (others.hash != source->handles_hash || (macs && changed.files)))
		source_signals_active(source, IDLE_SIGN_HANDLES, look->now_ms);
	if (changed.macs)
		unsettle(source);
	source->handles_hash = others.hash;
	source->handles_ms = look->now_ms;
}

/* ---- rest */

int source_signals_settle(const struct look *look, struct error *err)
{
	struct source *source = look->source;

	source->settled = true;
	if (write_back(look, err) != 0)
		return -1;
	source->explained = false;
	return 0;
}

int source_signals_confirm(const struct look *look, struct error *err)
{
	struct source *source = look->source;
	bool was_settled = source->settled;

	if (write_back(look, err) != 0)
		return -1;
	source_signals_handles(look, 0);
	macs_read(&source->macs, look->fd, true, 0, look->now_ms, look->wall_s);
	source_signals_events(look); /* what came while we looked */
	if (source->settled && was_settled)
		source->wrote_unseen = false;
	source->confirmed = source->scan == NULL && was_settled && source->settled;
	return 0;
}

int source_signals_look_through(const struct look *look, const struct macs_rest *rest, struct error *err)
{
	struct source *source = look->source;
	struct subvolume now = { .ctransid = 0 };
	bool to_confirm =
	        source_is_changed(source) && rest->left_ms <= 0 && !source->confirmed && !source->order.running;
	bool waits = !signal_inotify_all(source->inotify) && source->changed_since_ms >= 0 && !source->confirmed;

	if (!tree_scan_busy(source->scan)) {
		if (source->read_once && !to_confirm && !waits && look->now_ms < source->scan_due_ms)
			return 0;
		if (tree_scan_begin(source->scan, look->fd, err) != 0)
			return -1;
		source->pass_ms = look->now_ms;
		source->pass_stale = false;
	}
	if (!tree_scan_step(source->scan, &now.ctransid))
		return 0;
	source->scan_due_ms = look->now_ms + TREE_SCAN_REST * tree_scan_cost_ms(source->scan);
	if (source->scan_due_ms < look->now_ms + SCAN_LEAST_MS)
		source->scan_due_ms = look->now_ms + SCAN_LEAST_MS;
	source_hold_name(look, now.uuid);
	if (source->read_once && now.ctransid == source->subvolume.ctransid && !source->pass_stale) {
		source->wrote_unseen = false;
		source->confirmed = source->pass_ms - source->last_activity_ms >= (int64_t)rest->need_ms;
		return 0;
	}
	source->explained = source->explained || source->pass_stale; /* else nobody told of it */
	take_counter(look, &now);
	source->wrote_unseen = source->wrote_unseen || source->pass_stale;
	return 0;
}
