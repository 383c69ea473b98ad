/* policy: which generations may go, each with the reason. Pure: no clock, no I/O.
 *
 * Rules are those of restic and borg: `daily: 14` keeps one generation of each of the 14 newest days that have any. They
 * count what is there and never hold a date against today's, so neither a long pause nor a wrong clock makes anything "old".
 * The order is the vault's own (generations are numbered by publishing, not by the source's clock). Hours, days, weeks (from
 * Monday), months and years are those of UTC, as in the generations' names: no day has 23 or 25 hours, and the answer
 * does not depend on where it is asked.
 *
 * Never removed, whatever the rules: the current generation, the newest one, the newest whole ones (the newest `clean`
 * one, and the newest that is `clean` or `quiet`), pinned ones, and those that the brake holds. Within a period a whole generation is preferred.
 *
 * Where the order and the dates disagree, the clock was set. The dates of the longest series that agrees with the order are
 * trusted (of several, of the one that spans the least time: a wrong clock is far off); the others are kept as long as the
 * rule keeps something older, without using up a count. So a clock that was wrong may keep too much for a while, never too
 * little. */
#ifndef AOB_POLICY_H
#define AOB_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/remote_list.h"

#define POLICY_REASON_SIZE 128

enum policy_rule {
	POLICY_LAST,
	POLICY_HOURLY,
	POLICY_DAILY,
	POLICY_WEEKLY,
	POLICY_MONTHLY,
	POLICY_YEARLY,
	POLICY_RULES
};

/* The rules' names in the configuration; static. */
const char *policy_rule_name(enum policy_rule rule);

struct policy {
	uint64_t keep[POLICY_RULES]; /* 0: the rule keeps nothing; all 0: everything is kept */
};

struct policy_verdict {
	bool keep;
	char reason[POLICY_REASON_SIZE]; /* "last 1 of 3, daily 1 of 14"; "no rule keeps it" */
};

/* policy_generations: generations oldest first, as remote_list gives them; n verdicts in the same order. O(n log n).
 * errors: ERR_SYSTEM (memory) */
int policy_generations(const struct policy *policy, const struct generation_info *generations, size_t n,
                       struct policy_verdict *verdicts, struct error *err);

#endif
