#include "broker/turn.h"

enum turn_wait turn_wait(const struct turn_facts *facts)
{
	if (!facts->known)
		return TURN_NO_WORKER;
	if (facts->scattered)
		return TURN_WHERE;
	if (facts->vault_most != 0 && facts->vault_now >= facts->vault_most)
		return TURN_VAULT;
	return facts->idle ? TURN_READY : TURN_BUSY;
}

size_t turn_next(const struct turn_job *jobs, size_t n)
{
	size_t next = n;

	for (size_t i = 0; i < n; i++)
		if (jobs[i].wait == TURN_READY && (next == n || jobs[i].queued < jobs[next].queued))
			next = i;
	return next;
}
