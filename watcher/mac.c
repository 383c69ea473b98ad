#include "watcher/mac.h"

#define FOUND_MS                                                                                                       \
	2000 /* what is told within two looks of the one that found a bundle may have been written before, and was read with it */

void mac_begin(struct mac *mac, const struct mac_marks *marks, int64_t now_ms)
{
	*mac = (struct mac){ .found_ms = now_ms,
		             .wrote_ms = now_ms,
		             .stirred_ms = now_ms,
		             .completed_ms = -1,
		             .completed_at_s = marks->readable ? marks->completed_at_s : 0,
		             .readable = marks->readable,
		             .running = marks->running,
		             .horizon_s = marks->horizon_s,
		             .dirty = true };
}

/* Is it a later completion than the one that was used up? One from the future, that a Mac with a wrong clock left, must not make all that follow it look old. */
static bool is_later(const struct mac *mac, int64_t completed_at_s, int64_t used_at_s)
{
	if ((completed_at_s > mac->horizon_s) != (used_at_s > mac->horizon_s))
		return used_at_s > mac->horizon_s && completed_at_s != 0;
	return completed_at_s > used_at_s;
}

static void another_begins(struct mac *mac)
{
	mac->rested = false;
	mac->unseen = false;
	mac->completed_ms = -1;
	mac->used_at_s = mac->completed_at_s;
}

void mac_wrote(struct mac *mac, const struct mac_quiet *quiet, int64_t now_ms)
{
	bool told_late = now_ms - mac->found_ms < FOUND_MS;
	bool long_after = mac->completed_ms >= 0 && (uint64_t)(now_ms - mac->completed_ms) > quiet->attached_ms;

	mac->wrote_ms = now_ms;
	mac->wrote_seen = true;
	mac->dirty = true;
	if (mac->rested || (mac->unseen && !told_late) || long_after)
		another_begins(mac);
}

void mac_stirred(struct mac *mac, int64_t now_ms)
{
	mac->stirred_ms = now_ms;
}

void mac_read(struct mac *mac, const struct mac_marks *marks, int64_t now_ms)
{
	bool begins = marks->running == 1 && mac->running == 0;

	/* While it is being replaced it can't be read: that is no change. */
	if (marks->running >= 0)
		mac->running = marks->running;
	mac->readable = marks->readable;
	mac->horizon_s = marks->horizon_s;
	if (marks->readable && marks->completed_at_s != mac->completed_at_s) {
		mac->completed_at_s = marks->completed_at_s;
		mac->completed_ms = now_ms;
	} else if (begins) {
		another_begins(mac);
	}
}

void mac_handles(struct mac *mac, size_t handles, bool attached, bool others, int64_t now_ms)
{
	if (others)
		mac_stirred(mac, now_ms);
	mac->handles = handles;
	mac->attached = attached;
}

static bool near(int64_t a_s, int64_t b_s, uint64_t window_ms)
{
	int64_t apart_s = a_s > b_s ? a_s - b_s : b_s - a_s;

	return (uint64_t)apart_s * 1000 <= window_ms + 1000; /* dates have whole seconds */
}

/* The history is written at a backup's end, with the date that it tells, and once more when the next one begins. So date, history and last write lie close
 * together as long as nothing came after the end. */
static bool nothing_after_its_end(const struct mac *mac, const struct mac_past *past)
{
	return past->newest_s != 0 && past->history_s != 0 &&
	       near(mac->completed_at_s, past->history_s, past->window_ms) &&
	       near(past->history_s, past->newest_s, past->window_ms);
}

void mac_catch_up(struct mac *mac, const struct mac_past *past)
{
	mac->used_at_s = is_later(mac, past->used_at_s, past->clean_at_s) ? past->used_at_s : past->clean_at_s;
	if (!past->changed) {
		mac->dirty = false;
		return;
	}
	if (!mac->readable || !is_later(mac, mac->completed_at_s, mac->used_at_s))
		return;
	if (nothing_after_its_end(mac, past))
		mac->unseen = true;
	else
		mac->used_at_s = mac->completed_at_s;
}

struct mac_verdict mac_decide(struct mac *mac, const struct mac_quiet *quiet, int64_t now_ms)
{
	struct mac_verdict verdict = { .state = MAC_RUNNING };
	int64_t since_ms = mac->stirred_ms > mac->wrote_ms ? mac->stirred_ms : mac->wrote_ms;
	uint64_t need_ms = quiet->unfinished_ms;

	verdict.finished =
	        mac->rested || !mac->dirty || (mac->readable && is_later(mac, mac->completed_at_s, mac->used_at_s));
	verdict.quiet_ms = now_ms - mac->wrote_ms;
	verdict.still_ms = now_ms - since_ms;
	if (!mac->dirty)
		need_ms = 0; /* nothing was written that would have to settle */
	else if (verdict.finished && !mac->unseen)
		need_ms = mac->attached || mac->handles > 0 ? quiet->attached_ms : quiet->finished_ms;
	if ((uint64_t)(now_ms - since_ms) < need_ms)
		verdict.left_ms = (int64_t)need_ms - (now_ms - since_ms);
	verdict.need_ms = need_ms;
	verdict.at_rest = verdict.left_ms == 0;
	if (verdict.at_rest && verdict.finished)
		mac->rested = true;
	if (verdict.finished)
		verdict.state = MAC_FINISHED;
	else if (verdict.at_rest)
		verdict.state = MAC_INTERRUPTED;
	return verdict;
}

const char *mac_state_name(enum mac_state state)
{
	static const char *const names[] = { "running", "finished", "interrupted" };

	return names[state];
}
