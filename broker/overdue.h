/* overdue: how old the state in the vault is, and whether that is too old. Pure; seconds of the steady clock (steady.h). */
#ifndef AOB_BROKER_OVERDUE_H
#define AOB_BROKER_OVERDUE_H

#include <stdbool.h>
#include <stdint.h>

#define OVERDUE_NOTHING INT64_MIN /* nothing lies in the vault */
#define OVERDUE_PATIENCE_S 300    /* after the broker's start, for the watcher's first word */

struct overdue_input {
	int64_t now_s;
	int64_t known_s;   /* since when the pipeline is known */
	int64_t good_s;    /* of when the state in the vault is, or OVERDUE_NOTHING */
	int64_t max_age_s; /* 0: any age */
	int64_t up_s;      /* since the broker's start */
	bool heard;        /* the watcher has said since then whether the source is unchanged, or nobody watches */
	bool was;          /* it was overdue before */
};

struct overdue {
	bool is;
	int64_t age_s; /* with nothing in the vault: since it is known */
};

/* overdue_decide: right after the broker's start a source that has been unchanged for long must not look overdue, only because the watcher
 * has not said so yet; so there is some patience then (never more than a quarter of max_age), for what was not overdue before. */
struct overdue overdue_decide(const struct overdue_input *in);

#endif
