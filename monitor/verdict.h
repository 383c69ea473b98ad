/* verdict: how a pipeline is, in one word and one sentence: what a person reads first. Pure.
 *
 * One rule a line, in verdict_of, the worst first; docs/monitoring.md lists them. */
#ifndef AOB_MONITOR_VERDICT_H
#define AOB_MONITOR_VERDICT_H

#include <stdint.h>

#include "monitor/view.h"

#define VERDICT_SENTENCE_SIZE 640
#define VERDICT_UNWATCHED_S 60 /* the watcher reports each second, or every 3 s; a restart of it is no news */
#define VERDICT_FULL_SOON_S ((int64_t)14 * 86400) /* a disk that will be full by then is worth a warning */

enum verdict_level {
	VERDICT_GOOD, /* safe */
	VERDICT_BUSY, /* a first copy is under way: not safe yet, nothing to do */
	VERDICT_WARN, /* somebody should look */
	VERDICT_BAD   /* a person must act */
};

struct verdict {
	enum verdict_level level;
	const char *word; /* "Safe"; static */
	char sentence[VERDICT_SENTENCE_SIZE];
};

/* What the broker tells by events alone. */
struct verdict_marks {
	bool damaged; /* a generation was found damaged, and was not verified since */
};

/* verdict_of: now: seconds since 1970. */
struct verdict verdict_of(const struct view_pipeline *pipeline, struct verdict_marks marks, int64_t now);

/* verdict_all: of the whole page: the worst of n, told as how many of how many. broker_lost_s: for how long the broker has not
 * answered; 0: it does. */
struct verdict verdict_all(const struct verdict *verdicts, size_t n, int64_t broker_lost_s);

/* "good", "busy", "warn", "bad": the class in the page; static. */
const char *verdict_class(enum verdict_level level);

#endif
