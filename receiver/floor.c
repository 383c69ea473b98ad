#include "receiver/floor.h"

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
	/* One from the future was published before the clock was set back: it counts as new. One that is old since the clock was set forward is not, by the vault's own. */
	if (options->keep_for_s > 0 &&
	    (question->now_s - question->published_at_s < options->keep_for_s ||
	     (question->has_vault_clock && question->by_vault_clock_s < options->keep_for_s)))
		return "the receiver keeps it longer (--keep-for)";
	return NULL;
}
