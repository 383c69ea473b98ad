#include "watcher/macs.h"

#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/subvolume_changes.h"

#define CHANGES_MOST 20000 /* more than that: all bundles count as written to */

void macs_init(struct macs *macs)
{
	*macs = (struct macs){ .found_ms = -1 };
}

void macs_done(struct macs *macs)
{
	free(macs->list);
	macs_init(macs);
}

bool macs_any(const struct macs *macs)
{
	for (size_t i = 0; i < macs->n; i++)
		if (macs->list[i].marks.is_backup)
			return true;
	return false;
}

static struct macs_one *find(const struct macs *macs, const char *path, size_t len)
{
	for (size_t i = 0; i < macs->n; i++)
		if (strncmp(macs->list[i].marks.path, path, len) == 0 && macs->list[i].marks.path[len] == '\0')
			return &macs->list[i];
	return NULL;
}

static struct mac_marks marks_of(const struct time_machine *bundle, int64_t wall_s)
{
	return (struct mac_marks){ .readable = bundle->history == TIME_MACHINE_HISTORY_READ && !bundle->preparing,
		                   .running = bundle->running,
		                   .horizon_s = wall_s + TIME_MACHINE_AHEAD_S,
		                   .completed_at_s = bundle->completed_at_s };
}

/* The same folder, under whatever name. */
static struct macs_one *find_folder(const struct macs *macs, const struct time_machine *bundle)
{
	for (size_t i = 0; i < macs->n; i++)
		if (macs->list[i].marks.inode == bundle->inode && macs->list[i].marks.born_ns == bundle->born_ns)
			return &macs->list[i];
	return NULL;
}

static void begin(struct macs_one *one, const struct time_machine *bundle, int folder_fd, int64_t now_ms,
                  int64_t wall_s)
{
	struct mac_marks marks;

	*one = (struct macs_one){ .marks = *bundle, .read_ms = now_ms };
	time_machine_read(folder_fd, wall_s, &one->marks);
	marks = marks_of(&one->marks, wall_s);
	mac_begin(&one->mac, &marks, now_ms);
}

/* What happened in it before it was found. */
static void catch_up(struct macs_one *one, int folder_fd, struct mac_past *past)
{
	if (past->changed)
		(void)time_machine_sweep(folder_fd, one->marks.path, &past->newest_s, &past->history_s, NULL);
	one->newest_s = past->newest_s;
	mac_catch_up(&one->mac, past);
}

int macs_find(struct macs *macs, int folder_fd, const struct mac_quiet *quiet, int64_t now_ms, int64_t wall_s,
              struct error *err)
{
	struct time_machine *found = calloc(TIME_MACHINE_BUNDLES_MAX, sizeof(*found));
	struct macs_one *list = NULL;
	bool more = false;
	size_t n = 0;
	int rc = -1;

	if (found == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	if (time_machine_find(folder_fd, found, &n, &more, err) != 0)
		goto out;
	list = calloc(n + 1, sizeof(*list));
	if (list == NULL) {
		(void)error_set(err, ERR_SYSTEM, "out of memory");
		goto out;
	}
	for (size_t i = 0; i < n; i++) {
		const struct macs_one *known = find_folder(macs, &found[i]);

		if (known != NULL) {
			list[i] = *known;
			memcpy(list[i].marks.path, found[i].path, sizeof(found[i].path));
			memcpy(list[i].marks.name, found[i].name, sizeof(found[i].name));
			list[i].to_read = list[i].to_read || strcmp(known->marks.path, found[i].path) != 0;
			continue;
		}
		begin(&list[i], &found[i], folder_fd, now_ms, wall_s);
		if (macs->found_ms >= 0 && list[i].mac.completed_at_s != 0)
			catch_up(&list[i], folder_fd,
			         &(struct mac_past){ .changed = true, .window_ms = quiet->attached_ms });
	}
	free(macs->list);
	macs->list = list;
	macs->n = n;
	macs->more = more;
	macs->found_ms = now_ms;
	rc = 0;
out:
	free(found);
	return rc;
}

/* ---- the time before the watch */

struct looking {
	struct macs *macs;
	const char *below;
	bool *changed; /* of each */
	size_t left;   /* not seen to have changed yet */
};

static bool mark_changed(void *cookie, const char *path)
{
	struct looking *looking = cookie;
	size_t below = strlen(looking->below);
	const struct macs_one *one;
	size_t len;

	if (below > 0 && (strncmp(path, looking->below, below) != 0 || path[below] != '/'))
		return true;
	path += below > 0 ? below + 1 : 0;
	len = time_machine_bundle_of(path);
	one = len > 0 ? find(looking->macs, path, len) : NULL;
	if (one != NULL && !looking->changed[one - looking->macs->list]) {
		looking->changed[one - looking->macs->list] = true;
		looking->left--;
	}
	return looking->left > 0;
}

static void find_changed(struct macs *macs, int folder_fd, uint64_t since, const char *below, bool *changed)
{
	struct looking looking = { macs, below, changed, macs->n };
	struct error err = { .class = ERR_NONE };

	if (since != 0) {
		int rc = subvolume_changes(folder_fd, since, CHANGES_MOST, mark_changed, &looking, &err);

		if (rc == 0)
			return;
		if (rc < 0)
			log_error(LOG_WARNING, &err, "which bundles have changed is not known; all count");
	}
	for (size_t i = 0; i < macs->n; i++)
		changed[i] = true;
}

static const struct macs_past *past_of(const struct macs_past *past, size_t n, const char *bundle)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(past[i].bundle, bundle) == 0)
			return &past[i];
	return NULL;
}

void macs_catch_up(struct macs *macs, int folder_fd, const struct macs_past *past, size_t n_past, uint64_t since,
                   const char *below, const struct mac_quiet *quiet)
{
	bool changed[TIME_MACHINE_BUNDLES_MAX] = { false };

	find_changed(macs, folder_fd, since, below, changed);
	for (size_t i = 0; i < macs->n; i++) {
		struct macs_one *one = &macs->list[i];
		const struct macs_past *known = past_of(past, n_past, one->marks.path);
		struct mac_past then = { .changed = changed[i] || known == NULL || known->clean_at_s == 0,
			                 .window_ms = quiet->attached_ms };

		if (known != NULL) {
			then.clean_at_s = known->clean_at_s;
			then.used_at_s = known->used_at_s;
		}
		catch_up(one, folder_fd, &then);
	}
}

/* ---- the watch */

struct macs_others macs_told(struct macs *macs, const struct signal_inotify *inotify, const struct signal_told *told,
                             const struct mac_quiet *quiet, int64_t now_ms)
{
	struct macs_others others = { .files = false };

	for (size_t number = 0; number < TIME_MACHINE_BUNDLES_MAX; number++) {
		const uint64_t bit = UINT64_C(1) << number;
		const char *path = signal_inotify_bundle(inotify, number);
		struct macs_one *one = path != NULL ? find(macs, path, strlen(path)) : NULL;

		if (((told->bundles | told->stirred) & bit) == 0)
			continue;
		if (one == NULL) {
			others.bundles |= bit;
			continue;
		}
		others.files = others.files || !one->marks.is_backup;
		if ((told->bundles & bit) != 0) {
			mac_wrote(&one->mac, quiet, now_ms);
			one->to_read = true;
		} else {
			mac_stirred(&one->mac, now_ms);
		}
	}
	return others;
}

void macs_unknown(struct macs *macs, bool wrote, const struct mac_quiet *quiet, int64_t now_ms)
{
	for (size_t i = 0; i < macs->n; i++) {
		macs->list[i].to_read = true;
		if (wrote)
			mac_wrote(&macs->list[i].mac, quiet, now_ms);
		else
			mac_stirred(&macs->list[i].mac, now_ms);
	}
}

bool macs_ask(struct macs *macs, int folder_fd, uint64_t since, const char *below, const struct mac_quiet *quiet,
              int64_t now_ms)
{
	bool changed[TIME_MACHINE_BUNDLES_MAX] = { false };

	bool any = false;

	find_changed(macs, folder_fd, since, below, changed);
	for (size_t i = 0; i < macs->n; i++)
		if (changed[i]) {
			mac_wrote(&macs->list[i].mac, quiet, now_ms);
			macs->list[i].to_read = true;
			any = any || macs->list[i].marks.is_backup;
		}
	return any;
}

struct macs_changed macs_handles(struct macs *macs, const struct signal_openfiles *files, const char *folder, dev_t dev,
                                 int64_t now_ms)
{
	struct macs_changed changed = { false, false };

	for (size_t i = 0; i < macs->n; i++) {
		struct macs_one *one = &macs->list[i];
		struct signal_handles now = signal_openfiles_of(files, folder, one->marks.path, dev);
		bool others = one->handles_seen && now.hash != one->handles_hash;

		mac_handles(&one->mac, now.n, now.attached, others, now_ms);
		one->handles_seen = true;
		one->handles_hash = now.hash;
		if (others && one->marks.is_backup)
			changed.macs = true;
		else if (others)
			changed.files = true;
	}
	return changed;
}

void macs_read(struct macs *macs, int folder_fd, bool all, int64_t min_age_ms, int64_t now_ms, int64_t wall_s)
{
	for (size_t i = 0; i < macs->n; i++) {
		struct macs_one *one = &macs->list[i];
		struct mac_marks marks;

		if (!all && (!one->to_read || now_ms - one->read_ms < min_age_ms))
			continue;
		time_machine_read(folder_fd, wall_s, &one->marks);
		marks = marks_of(&one->marks, wall_s);
		mac_read(&one->mac, &marks, now_ms);
		one->to_read = false;
		one->read_ms = now_ms;
	}
}

struct macs_rest macs_decide(struct macs *macs, const struct mac_quiet *quiet, int64_t now_ms)
{
	struct macs_rest rest = { .quiet_ms = INT64_MAX };

	for (size_t i = 0; i < macs->n; i++) {
		struct macs_one *one = &macs->list[i];

		if (!one->marks.is_backup)
			continue;
		one->verdict = mac_decide(&one->mac, quiet, now_ms);
		if (one->verdict.quiet_ms < rest.quiet_ms)
			rest.quiet_ms = one->verdict.quiet_ms;
		if (one->verdict.left_ms <= rest.left_ms)
			continue;
		rest.left_ms = one->verdict.left_ms;
		rest.need_ms = one->verdict.need_ms;
		idle_holder_mac(&(struct idle_mac){ .name = one->marks.name,
		                                    .finished = one->verdict.finished,
		                                    .wrote_seen = one->mac.wrote_seen,
		                                    .quiet_ms = one->verdict.quiet_ms,
		                                    .still_ms = one->verdict.still_ms,
		                                    .left_ms = one->verdict.left_ms,
		                                    .handles = one->mac.handles },
		                rest.holder);
	}
	return rest;
}
