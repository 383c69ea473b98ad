#include "watcher/idle.h"

#include <stdio.h>

#include "lib/duration.h"

static const char *span(int64_t ms, char *out, size_t size)
{
	return duration_text((uint64_t)(ms > 0 ? ms : 0) / 1000 * 1000, out, size);
}

struct idle_verdict idle_decide(const struct idle_facts *facts)
{
	struct idle_verdict verdict = { .state = IDLE_ACTIVE };
	int64_t quiet_ms = facts->now_ms - facts->last_activity_ms;
	bool may_start = !facts->running && !facts->paused;
	char a[64];
	char b[64];

	if (!facts->changed) {
		verdict.state = IDLE_UNCHANGED;
		(void)snprintf(verdict.reason, sizeof(verdict.reason), "nothing new since the last generation");
		return verdict;
	}
	if (quiet_ms >= (int64_t)facts->idle_ms) {
		if (facts->confirmed) {
			verdict.state = IDLE_AT_REST;
			verdict.trigger = may_start ? IDLE_TRIGGER_REST : IDLE_NO_TRIGGER;
			(void)snprintf(verdict.reason, sizeof(verdict.reason), "changed, and at rest for %s",
			               span(quiet_ms, a, sizeof(a)));
			return verdict;
		}
		verdict.confirm = may_start;
	}
	(void)snprintf(verdict.reason, sizeof(verdict.reason), "changed; last written to %s ago, must rest for %s",
	               span(quiet_ms, a, sizeof(a)), duration_text(facts->idle_ms, b, sizeof(b)));
	if (facts->max_wait_ms != 0 && facts->now_ms - facts->changed_since_ms >= (int64_t)facts->max_wait_ms &&
	    may_start) {
		verdict.trigger = IDLE_TRIGGER_MAX_WAIT;
		(void)snprintf(verdict.reason, sizeof(verdict.reason), "written to for %s without coming to rest",
		               span(facts->now_ms - facts->changed_since_ms, a, sizeof(a)));
	}
	return verdict;
}

const char *idle_state_name(enum idle_state state)
{
	static const char *const names[] = { "unknown", "unchanged", "active", "idle" };

	return names[state];
}

const char *idle_trigger_name(enum idle_trigger trigger)
{
	static const char *const names[] = { NULL, "idle", "max-wait" };

	return names[trigger];
}
