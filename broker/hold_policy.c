#include "broker/hold_policy.h"

bool hold_policy_under_way(bool first_copy, uint64_t done_bytes, uint64_t total_bytes)
{
	if (first_copy)
		return done_bytes > 0;
	if (done_bytes >= HOLD_UNDER_WAY_BYTES)
		return true;
	return total_bytes > 0 && done_bytes > 0 && done_bytes >= total_bytes / HOLD_UNDER_WAY_SHARE;
}

static bool goes_before(const struct hold *a, const struct hold *b)
{
	return a->kind != b->kind ? a->kind < b->kind : a->since < b->since;
}

size_t hold_policy_give_up(const struct hold *holds, size_t n)
{
	size_t best = n;

	for (size_t i = 0; i < n; i++)
		if (!holds[i].busy && holds[i].room.free_bytes < holds[i].min_bytes &&
		    (best == n || goes_before(&holds[i], &holds[best])))
			best = i;
	return best;
}
