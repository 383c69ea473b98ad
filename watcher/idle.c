#include "watcher/idle.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/duration.h"
#include "lib/log.h"

#define WRITES_NOW_MS 10000 /* quiet for less: it still writes, as far as anybody can tell */

static const char *span(int64_t ms, char *out, size_t size)
{
	return duration_text((uint64_t)(ms > 0 ? ms : 0) / 1000 * 1000, out, size);
}

void idle_holder_files(enum idle_sign sign, int64_t quiet_ms, uint64_t need_ms, char out[IDLE_HOLDER_SIZE])
{
	static const char *const signs[] = { [IDLE_SIGN_WRITE] = "last written to",
		                             [IDLE_SIGN_HANDLES] = "other files opened for writing or closed",
		                             [IDLE_SIGN_COUNTER] = "changed unseen (times of access, or by mmap)",
		                             [IDLE_SIGN_BEGIN] = "watched since" };
	char a[64];
	char b[64];

	(void)snprintf(out, IDLE_HOLDER_SIZE, "%s %s ago, must rest for %s", signs[sign], span(quiet_ms, a, sizeof(a)),
	               duration_text(need_ms, b, sizeof(b)));
}

void idle_holder_mac(const struct idle_mac *mac, char out[IDLE_HOLDER_SIZE])
{
	char name[97];
	char ago[64];
	char left[64];
	char wrote[96];
	char sign[96] = "";
	char open[48] = "";

	(void)log_escape(mac->name, name, sizeof(name)); /* cut between letters */
	(void)span(mac->quiet_ms, ago, sizeof(ago));
	if (mac->handles > 0)
		(void)snprintf(open, sizeof(open), ", %zu handle%s", mac->handles, mac->handles == 1 ? "" : "s");
	if (mac->wrote_seen && mac->quiet_ms < WRITES_NOW_MS && !mac->finished) {
		(void)snprintf(out, IDLE_HOLDER_SIZE, "%s writes (%s ago%s)", name, ago, open);
		return;
	}
	(void)snprintf(wrote, sizeof(wrote),
	               mac->wrote_seen ? "last wrote %s ago" : "watched since %s ago, no write seen", ago);
	if (mac->still_ms < mac->quiet_ms)
		(void)snprintf(sign, sizeof(sign), ", handles or times changed %s ago",
		               span(mac->still_ms, ago, sizeof(ago)));
	(void)snprintf(out, IDLE_HOLDER_SIZE, "%s %s (%s%s, %s more%s)", name,
	               mac->finished ? "has finished, and settles" : "has not finished its backup", wrote, sign,
	               span(mac->left_ms + 999, left, sizeof(left)), open);
}

/* "21:40", with the date if that is another day. */
static void clock_text(int64_t at_s, int64_t now_s, char *out, size_t size)
{
	time_t at = (time_t)at_s;
	time_t now = (time_t)now_s;
	struct tm a;
	struct tm n;

	if (localtime_r(&at, &a) == NULL || localtime_r(&now, &n) == NULL) {
		(void)snprintf(out, size, "?");
		return;
	}
	(void)strftime(out, size, a.tm_yday == n.tm_yday && a.tm_year == n.tm_year ? "%H:%M" : "%Y-%m-%d %H:%M", &a);
}

/* A clock that was set back makes nothing wait. */
static int64_t apart_left_s(const struct idle_facts *facts)
{
	int64_t since_s = facts->wall_s - facts->last_taken_s;

	if (facts->apart_ms == 0 || facts->last_taken_s == 0 || since_s < 0 ||
	    (uint64_t)since_s * 1000 >= facts->apart_ms)
		return 0;
	return (int64_t)((facts->apart_ms + 999) / 1000) - since_s;
}

static void at_rest(const struct idle_facts *facts, bool may_start, struct idle_verdict *verdict)
{
	int64_t wait_s = apart_left_s(facts);
	char a[64];
	char at[32];

	verdict->state = IDLE_AT_REST;
	if (wait_s == 0) {
		verdict->trigger = may_start ? IDLE_TRIGGER_REST : IDLE_NO_TRIGGER;
		(void)snprintf(verdict->reason, sizeof(verdict->reason), "changed, and at rest for %s",
		               span(facts->quiet_ms, a, sizeof(a)));
		return;
	}
	clock_text(facts->wall_s + wait_s, facts->wall_s, at, sizeof(at));
	(void)snprintf(verdict->reason, sizeof(verdict->reason),
	               "changed, and at rest for %s; the next snapshot not before %s",
	               span(facts->quiet_ms, a, sizeof(a)), at);
}

struct idle_verdict idle_decide(const struct idle_facts *facts)
{
	struct idle_verdict verdict = { .state = IDLE_ACTIVE };
	bool may_start = !facts->running && !facts->paused;
	int64_t waited_ms = facts->now_ms - facts->changed_since_ms;
	int64_t forced_in_s = 0;
	size_t used;
	char a[64];

	if (!facts->changed) {
		verdict.state = IDLE_UNCHANGED;
		(void)snprintf(verdict.reason, sizeof(verdict.reason), "nothing new since the last generation");
		return verdict;
	}
	if (facts->max_wait_ms != 0) {
		forced_in_s = ((int64_t)facts->max_wait_ms - waited_ms) / 1000;
		if (forced_in_s < apart_left_s(facts))
			forced_in_s = apart_left_s(facts);
		verdict.forced_at_s = facts->wall_s + forced_in_s;
	}
	if (facts->left_ms <= 0) {
		if (facts->confirmed) {
			at_rest(facts, may_start, &verdict);
			return verdict;
		}
		verdict.confirm = may_start;
	}
	if (facts->left_ms <= 0 && !verdict.confirm)
		(void)snprintf(verdict.reason, sizeof(verdict.reason), "changed, and quiet for %s",
		               span(facts->quiet_ms, a, sizeof(a)));
	else
		(void)snprintf(verdict.reason, sizeof(verdict.reason), "waiting for idle: %s",
		               verdict.confirm ? "making sure that all is written" : facts->holder);
	used = strlen(verdict.reason);
	if (facts->max_wait_ms != 0 && waited_ms >= (int64_t)facts->max_wait_ms && apart_left_s(facts) == 0 &&
	    may_start) {
		verdict.trigger = IDLE_TRIGGER_MAX_WAIT;
		(void)snprintf(verdict.reason + used, sizeof(verdict.reason) - used, "; forced, after %s without rest",
		               span(waited_ms, a, sizeof(a)));
	} else if (facts->max_wait_ms != 0 && !facts->running && !facts->paused) {
		char at[32];

		clock_text(verdict.forced_at_s, facts->wall_s, at, sizeof(at));
		(void)snprintf(verdict.reason + used, sizeof(verdict.reason) - used, ", forced at %s", at);
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
