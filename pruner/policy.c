#include "pruner/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/reason.h"

static const char *const names[POLICY_RULES] = {
	[POLICY_LAST] = "last",     [POLICY_HOURLY] = "hourly",   [POLICY_DAILY] = "daily",
	[POLICY_WEEKLY] = "weekly", [POLICY_MONTHLY] = "monthly", [POLICY_YEARLY] = "yearly",
};

const char *policy_rule_name(enum policy_rule rule)
{
	return names[rule];
}

#define KEEP(verdict, ...)                                                                                             \
	((verdict)->keep = true, reason_add((verdict)->reason, sizeof((verdict)->reason), __VA_ARGS__))

static int64_t floor_divide(int64_t a, int64_t b)
{
	return a / b - (a % b != 0 && a < 0);
}

/* Months since March of year 0. source: "chrono-Compatible Low-Level Date Algorithms", civil_from_days, Howard Hinnant */
static int64_t month_of(int64_t day)
{
	int64_t z = day + 719468;
	int64_t era = floor_divide(z, 146097);
	int64_t day_of_era = z - era * 146097;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);

	return (era * 400 + year_of_era) * 12 + (5 * day_of_year + 2) / 153;
}

/* A number for the period of that rule: the same for the same hour, day, …; larger for a later one. */
static int64_t period(enum policy_rule rule, int64_t taken_at_s)
{
	int64_t day = floor_divide(taken_at_s, 86400);

	switch (rule) {
	case POLICY_HOURLY:
		return floor_divide(taken_at_s, 3600);
	case POLICY_DAILY:
		return day;
	case POLICY_WEEKLY:
		return floor_divide(day + 3, 7); /* day 0 was a Thursday */
	case POLICY_MONTHLY:
		return month_of(day);
	case POLICY_YEARLY:
		return floor_divide(month_of(day) + 2, 12); /* January is the 10th month after March */
	case POLICY_LAST:
	case POLICY_RULES:
		break;
	}
	return 0;
}

static bool is_clean(const struct generation_info *generation)
{
	return strcmp(generation->state, "clean") == 0;
}

static bool is_whole(const struct generation_info *generation)
{
	return is_clean(generation) || strcmp(generation->state, "quiet") == 0;
}

/* The work of find_agreeing; each array has n elements. */
struct series {
	size_t *level;   /* how long the longest series is that ends here, less one */
	size_t *members; /* all, by level; in a level the dates go down as the order goes up */
	size_t *from;    /* where a level's members begin; and one behind the last */
	size_t *before;  /* what stands before it in its series, or n */
	int64_t *start;  /* the date at which its series begins */
};

/* source: patience sorting; C. Schensted, "Longest increasing and decreasing subsequences", 1961. Returns the number of levels. */
static size_t find_levels(const struct generation_info *list, size_t n, struct series *s)
{
	size_t *end = s->before; /* of each level the last member so far, which has the earliest date */
	size_t levels = 0;

	for (size_t i = 0; i < n; i++) {
		size_t low = 0;
		size_t high = levels;

		while (low < high) {
			size_t middle = low + (high - low) / 2;

			if (list[end[middle]].taken_at_s <= list[i].taken_at_s)
				low = middle + 1;
			else
				high = middle;
		}
		s->level[i] = low;
		end[low] = i;
		levels += low == levels;
	}
	/* Counting sort: from[k + 1] is where level k goes on, in the end where it ends. */
	for (size_t i = 0; i < n; i++)
		s->from[s->level[i] + 2]++;
	for (size_t k = 0; k < levels; k++)
		s->from[k + 2] += s->from[k + 1];
	for (size_t i = 0; i < n; i++)
		s->members[s->from[s->level[i] + 1]++] = i;
	return levels;
}

/* The member of the level below that is nearest in date, not later. Its series begins latest, too: dates go down there likewise. */
static size_t nearest_below(const struct generation_info *list, const struct series *s, size_t i)
{
	size_t low = s->from[s->level[i] - 1];
	size_t high = s->from[s->level[i]];

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list[s->members[middle]].taken_at_s <= list[i].taken_at_s)
			high = middle;
		else
			low = middle + 1;
	}
	return s->members[low];
}

/* Marks the longest series whose dates agree with the order. Of several it is the one that spans the least time, as a wrong clock
 * is far away from all others; of several of those, the latest. */
static int find_agreeing(const struct generation_info *list, size_t n, bool *agrees, struct error *err)
{
	size_t *numbers = calloc(4 * n + 2, sizeof(*numbers));
	int64_t *start = calloc(n + 1, sizeof(*start));
	uint64_t least = UINT64_MAX;
	size_t best = n;
	size_t levels;

	if (numbers == NULL || start == NULL) {
		free(numbers);
		free(start);
		return error_set(err, ERR_SYSTEM, "out of memory for %zu generations", n);
	}
	struct series s = { numbers, numbers + n, numbers + 2 * n, numbers + 3 * n + 2, start };

	levels = find_levels(list, n, &s);
	for (size_t i = 0; i < n; i++) {
		uint64_t span;

		s.before[i] = s.level[i] > 0 ? nearest_below(list, &s, i) : n;
		s.start[i] = s.level[i] > 0 ? s.start[s.before[i]] : list[i].taken_at_s;
		span = (uint64_t)list[i].taken_at_s - (uint64_t)s.start[i];
		if (s.level[i] + 1 == levels && span <= least) {
			least = span;
			best = i;
		}
	}
	for (size_t i = best; i < n; i = s.before[i])
		agrees[i] = true;
	free(numbers);
	free(start);
	return 0;
}

/* One rule, from the newest generation to the oldest, by groups of neighbours in the same period. */
static void apply(enum policy_rule rule, uint64_t count, const struct generation_info *list, const bool *agrees,
                  size_t n, struct policy_verdict *verdicts)
{
	int64_t counted = INT64_MAX; /* the period counted last, the earliest so far */
	uint64_t used = 0;
	size_t end = n;

	while (end > 0 && used < count) {
		int64_t now = period(rule, list[end - 1].taken_at_s);
		bool trusted = agrees[end - 1];
		size_t best = end - 1;
		size_t start = end;

		while (start > 0 && agrees[start - 1] == trusted && period(rule, list[start - 1].taken_at_s) == now) {
			start--;
			if (!is_whole(&list[best]) && is_whole(&list[start]))
				best = start;
		}
		if (!trusted) {
			KEEP(&verdicts[best], "%s, not counted (the clock was set)", names[rule]);
		} else if (now < counted) {
			used++;
			counted = now;
			KEEP(&verdicts[best], "%s %llu of %llu", names[rule], (unsigned long long)used,
			     (unsigned long long)count);
		}
		end = start;
	}
}

static void apply_last(uint64_t count, size_t n, struct policy_verdict *verdicts)
{
	for (size_t i = 0; i < n && i < count; i++)
		KEEP(&verdicts[n - 1 - i], "last %zu of %llu", i + 1, (unsigned long long)count);
}

static void protect(const struct generation_info *list, size_t n, struct policy_verdict *verdicts)
{
	bool clean = false;
	bool whole = false;

	for (size_t i = n; i-- > 0;) {
		if (list[i].current)
			KEEP(&verdicts[i], "current");
		else if (i == n - 1)
			KEEP(&verdicts[i], "newest");
		if (list[i].pinned)
			KEEP(&verdicts[i], "pinned");
		if (list[i].held)
			KEEP(&verdicts[i], "held by the brake");
		if (!clean && is_clean(&list[i]) && i != n - 1)
			KEEP(&verdicts[i], "newest clean one");
		else if (!whole && is_whole(&list[i]) && i != n - 1)
			KEEP(&verdicts[i], "newest whole one");
		clean = clean || is_clean(&list[i]);
		whole = whole || is_whole(&list[i]);
	}
}

int policy_generations(const struct policy *policy, const struct generation_info *generations, size_t n,
                       struct policy_verdict *verdicts, struct error *err)
{
	bool *agrees = calloc(n + 1, sizeof(*agrees));
	bool any = false;

	if (agrees == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory for %zu generations", n);
	if (find_agreeing(generations, n, agrees, err) != 0) {
		free(agrees);
		return -1;
	}
	memset(verdicts, 0, n * sizeof(*verdicts));
	protect(generations, n, verdicts);
	for (int rule = 0; rule < POLICY_RULES; rule++) {
		any = any || policy->keep[rule] != 0;
		if (rule == POLICY_LAST)
			apply_last(policy->keep[rule], n, verdicts);
		else
			apply((enum policy_rule)rule, policy->keep[rule], generations, agrees, n, verdicts);
	}
	for (size_t i = 0; i < n; i++) {
		if (!any)
			KEEP(&verdicts[i], "no rules are set");
		else if (!verdicts[i].keep)
			(void)snprintf(verdicts[i].reason, sizeof(verdicts[i].reason), "no rule keeps it");
	}
	free(agrees);
	return 0;
}
