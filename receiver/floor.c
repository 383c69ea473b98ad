#include "receiver/floor.h"

/* Both clocks must have it so old. One from the future tells nothing by the time of day, which was ahead then, or is behind now; but it is older than what came after it. */
static bool is_younger(const struct floor_question *question, int64_t keep_for_s)
{
	int64_t by_day_s = question->now_s - question->published_at_s;

	if (by_day_s < 0)
		by_day_s = question->later_s;
	return by_day_s < keep_for_s || (question->has_vault_clock && question->by_vault_clock_s < keep_for_s);
}

const char *floor_refuses(const struct vault_options *options, const struct floor_question *question)
{
	if (options->append_only)
		return "this receiver only adds (--append-only)";
	if (question->is_hidden)
		return "its record or its folder can't be read (aob verify)";
	if (question->is_current)
		return "`current` leads to it";
	if (question->is_newest)
		return "it is the newest";
	if (question->is_newest_whole)
		return "it is the newest one that was at rest";
	if (question->is_newest_clean)
		return "it is the newest one with completed backups";
	if (question->n_there <= 1)
		return "it is the last one";
	if (question->is_pinned)
		return "it is pinned";
	if (question->is_held)
		return "the brake holds it, as too much changed after it, until it is released (aob release)";
	if (question->n_there <= options->keep_at_least)
		return "the receiver keeps at least so many generations (--keep-at-least)";
	if (options->keep_for_s > 0 && is_younger(question, options->keep_for_s))
		return "the receiver keeps it longer (--keep-for)";
	return NULL;
}
