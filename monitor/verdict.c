#include "monitor/verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/duration.h"

#define BROKER_PATIENCE_S 15 /* a restart of the broker is no news */
#define DONE "Done"          /* good, but no copy */

static struct verdict say(enum verdict_level level, const char *word, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static struct verdict say(enum verdict_level level, const char *word, const char *format, ...)
{
	struct verdict verdict = { .level = level, .word = word };
	va_list args;

	va_start(args, format);
	(void)vsnprintf(verdict.sentence, sizeof(verdict.sentence), format, args);
	va_end(args);
	return verdict;
}

static const char *span(int64_t seconds, char out[DURATION_TEXT_SIZE])
{
	return duration_text((uint64_t)(seconds > 0 ? seconds : 0) * 1000, out, DURATION_TEXT_SIZE);
}

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Full soon: which one, or NULL. */
static const char *full_soon(const struct view_forecast *forecast, int64_t now, int64_t *at)
{
	int64_t limit = now + VERDICT_FULL_SOON_S;

	if (forecast->vault_full_at != 0 && forecast->vault_full_at < limit) {
		*at = forecast->vault_full_at;
		return "vault";
	}
	if (forecast->source_full_at != 0 && forecast->source_full_at < limit) {
		*at = forecast->source_full_at;
		return "source";
	}
	return NULL;
}

/* Not this moment's: the broker waits for something that it names. */
static bool is_stuck(const struct view_running *running)
{
	return *running->run != '\0' && (is(running->step_state, "retry-wait") || *running->last_error.message != '\0');
}

static const char *age_of(const struct view_pipeline *p, int64_t now, char out[DURATION_TEXT_SIZE])
{
	return span(p->age_s >= 0 ? p->age_s : now - p->last_good.taken_at, out);
}

static struct verdict of_good(const struct view_pipeline *p, int64_t now)
{
	const char *state = p->last_good.state;
	char age[DURATION_TEXT_SIZE];

	(void)age_of(p, now, age);
	if (*p->running.run != '\0')
		return say(VERDICT_GOOD, "Safe", "The copy is %s old, and a newer one is being made.", age);
	if (is(p->watch_state, "unchanged"))
		return say(VERDICT_GOOD, "Safe", "Nothing has changed since the copy.");
	if (is(state, "in-flight") || is(state, "incomplete"))
		return say(VERDICT_GOOD, "Safe", "The copy is %s old. It was taken while the source was being written.",
		           age);
	if (is(p->watch_state, "active"))
		return say(VERDICT_GOOD, "Safe", "The copy is %s old. A newer one follows when the source is at rest.",
		           age);
	return say(VERDICT_GOOD, "Safe", "The copy is %s old.", age);
}

/* One that a later broker may know, and we do not: NULL: none. */
static const struct view_alarm *strange_alarm(const struct view_pipeline *p)
{
	static const char *const known[] = { "failed", "overdue", "forecast", "damaged", "not-restorable", "braked" };

	for (size_t i = 0; i < p->n_alarms; i++) {
		bool found = false;

		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			found = found || is(p->alarms[i].kind, known[k]);
		if (!found)
			return &p->alarms[i];
	}
	return NULL;
}

struct verdict verdict_of(const struct view_pipeline *p, struct verdict_marks marks, int64_t now)
{
	const char *error = p->last_run.error.message;
	const char *full = NULL;
	const struct view_alarm *strange = strange_alarm(p);
	const struct view_alarm *braked = view_alarm_of(p, "braked");
	const struct view_alarm *failed = view_alarm_of(p, "failed");
	const struct view_alarm *lost = view_alarm_of(p, "not-restorable");
	char age[DURATION_TEXT_SIZE];
	int64_t at = 0;

	if (marks.damaged || view_alarm_of(p, "damaged") != NULL)
		return say(VERDICT_BAD, "Damaged", "A generation in the vault does not match its hashes any more.");
	if (lost != NULL)
		return say(VERDICT_BAD, "Not restorable", "%.600s", lost->reason);
	if (p->overdue)
		return say(VERDICT_BAD, "Overdue", "%.400s",
		           *p->overdue_reason != '\0' ? p->overdue_reason : "The copy is older than max_age allows.");
	/* In force until a run ends well. One that is at work is trying to; one that waits, perhaps for days, or was cancelled, makes nothing good. */
	if ((failed != NULL && !is(p->running.step_state, "working")) ||
	    (is(p->last_run.state, "failed") && *p->running.run == '\0'))
		return say(VERDICT_BAD, "Failed", "The last run failed: %.500s",
		           *error != '\0'                              ? error
		           : failed != NULL && *failed->reason != '\0' ? failed->reason
		                                                       : "no reason was given");
	if (strange != NULL)
		return say(VERDICT_BAD, "Alarm", "%.64s: %.500s", strange->kind, strange->reason);
	if (braked != NULL)
		return say(VERDICT_BAD, "Braked", "Too much changed at once: %.500s", braked->reason);
	if (is_stuck(&p->running))
		return say(VERDICT_WARN, "Waiting", "%.500s",
		           *p->waits_for != '\0' ? p->waits_for : p->running.last_error.message);
	if (p->paused)
		return say(VERDICT_WARN, "Paused", "No run begins by itself until it is resumed.");
	/* Of a pipeline without a transfer, a run that ended well is all that can be known. */
	if (!p->copies && p->age_s >= 0)
		return say(VERDICT_GOOD, DONE, "Its last run ended well %s ago. It makes no copy of its own.",
		           age_of(p, now, age));
	if (*p->last_good.name == '\0')
		return *p->running.run != '\0'
		               ? say(VERDICT_BUSY, "First copy",
		                     "The first copy is being made; until it is whole nothing is safe.")
		               : say(VERDICT_WARN, "Nothing yet", "There is no copy yet. %.400s", p->waits_for);
	if (p->forecast.known && p->forecast.never)
		return say(VERDICT_WARN, "Falling behind", "More changes than the link can carry. %.400s",
		           p->forecast.reason);
	if (is(p->watch_state, "unknown") && now - p->watch_reported_at > VERDICT_UNWATCHED_S)
		return say(VERDICT_WARN, "Unwatched", "The copy is %s old; what has changed since, nobody sees: %.400s",
		           age_of(p, now, age), p->watch_reason);
	full = p->forecast.known ? full_soon(&p->forecast, now, &at) : NULL;
	if (full != NULL)
		return say(VERDICT_WARN, "Almost full", "The %s will be full in %s.", full, span(at - now, age));
	return of_good(p, now);
}

struct verdict verdict_all(const struct verdict *verdicts, size_t n, int64_t broker_lost_s)
{
	size_t of[VERDICT_BAD + 1] = { 0 };
	size_t done = 0;
	char age[DURATION_TEXT_SIZE];

	for (size_t i = 0; i < n; i++) {
		of[verdicts[i].level]++;
		done += is(verdicts[i].word, DONE);
	}
	if (broker_lost_s > BROKER_PATIENCE_S)
		return say(VERDICT_BAD, "Blind", "The broker has not answered for %s. What stands below is of then.",
		           span(broker_lost_s, age));
	if (n == 0)
		return say(VERDICT_BUSY, "Waiting", "Nothing is known yet.");
	if (of[VERDICT_BAD] > 0)
		return say(VERDICT_BAD, "Act now", "%zu of %zu %s you.", of[VERDICT_BAD], n,
		           of[VERDICT_BAD] == 1 ? "needs" : "need");
	if (of[VERDICT_WARN] > 0)
		return say(VERDICT_WARN, "Look", "%zu of %zu %s a look.", of[VERDICT_WARN], n,
		           of[VERDICT_WARN] == 1 ? "wants" : "want");
	if (of[VERDICT_BUSY] > 0)
		return say(VERDICT_BUSY, "Almost", "%zu of %zu %s safe; the rest is being copied for the first time.",
		           of[VERDICT_GOOD] - done, n, of[VERDICT_GOOD] - done == 1 ? "is" : "are");
	if (done == n)
		return say(VERDICT_GOOD, DONE, "The last runs ended well. Nothing here makes a copy.");
	if (done > 0)
		return say(VERDICT_GOOD, "Safe", "%zu of %zu %s a second copy; what else there is to do is done.",
		           n - done, n, n - done == 1 ? "has" : "have");
	if (n == 1)
		return say(VERDICT_GOOD, "Safe", "It has a second copy.");
	return n == 2 ? say(VERDICT_GOOD, "Safe", "Both have a second copy.")
	              : say(VERDICT_GOOD, "Safe", "All %zu have a second copy.", n);
}

const char *verdict_class(enum verdict_level level)
{
	switch (level) {
	case VERDICT_GOOD:
		return "good";
	case VERDICT_BUSY:
		return "busy";
	case VERDICT_WARN:
		return "warn";
	case VERDICT_BAD:
		return "bad";
	}
	return "bad";
}
