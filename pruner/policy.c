#include "pruner/policy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[POLICY_RULES] = {
	[POLICY_LAST] = "last",     [POLICY_HOURLY] = "hourly",   [POLICY_DAILY] = "daily",
	[POLICY_WEEKLY] = "weekly", [POLICY_MONTHLY] = "monthly", [POLICY_YEARLY] = "yearly",
};

const char *policy_rule_name(enum policy_rule rule)
{
	return names[rule];
}

__attribute__((format(printf, 2, 3))) static void keep(struct policy_verdict *verdict, const char *format, ...)
{
	size_t used = strlen(verdict->reason);
	va_list args;

	/* What does not fit any more is cut: there are enough reasons then. */
	if (used > 0)
		used += (size_t)snprintf(verdict->reason + used, sizeof(verdict->reason) - used, ", ");
	verdict->keep = true;
	if (used >= sizeof(verdict->reason))
		return;
	va_start(args, format);
	(void)vsnprintf(verdict->reason + used, sizeof(verdict->reason) - used, format, args);
	va_end(args);
}

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

/* Marks the longest series (the later one of two) whose dates agree with the order.
 * source: patience sorting; C. Schensted, "Longest increasing and decreasing subsequences", 1961 */
static int find_agreeing(const struct generation_info *list, size_t n, bool *agrees, struct error *err)
{
	/* last_of[k]: where the series of length k + 1 with the earliest end ends; before[i]: what stands before i in its series, or n */
	size_t *last_of = calloc(n + 1, sizeof(*last_of));
	size_t *before = calloc(n + 1, sizeof(*before));
	size_t longest = 0;

	if (last_of == NULL || before == NULL) {
		free(last_of);
		free(before);
		return error_set(err, ERR_SYSTEM, "out of memory for %zu generations", n);
	}
	for (size_t i = 0; i < n; i++) {
		size_t low = 0;
		size_t high = longest;

		while (low < high) {
			size_t middle = low + (high - low) / 2;

			if (list[last_of[middle]].taken_at_s <= list[i].taken_at_s)
				low = middle + 1;
			else
				high = middle;
		}
		before[i] = low > 0 ? last_of[low - 1] : n;
		last_of[low] = i;
		longest += low == longest;
	}
	for (size_t i = longest > 0 ? last_of[longest - 1] : n; i < n; i = before[i])
		agrees[i] = true;
	free(last_of);
	free(before);
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
			keep(&verdicts[best], "%s, not counted (the clock was set)", names[rule]);
		} else if (now < counted) {
			used++;
			counted = now;
			keep(&verdicts[best], "%s %llu of %llu", names[rule], (unsigned long long)used,
			     (unsigned long long)count);
		}
		end = start;
	}
}

static void apply_last(uint64_t count, size_t n, struct policy_verdict *verdicts)
{
	for (size_t i = 0; i < n && i < count; i++)
		keep(&verdicts[n - 1 - i], "last %zu of %llu", i + 1, (unsigned long long)count);
}

static void protect(const struct generation_info *list, size_t n, struct policy_verdict *verdicts)
{
	bool clean = false;
	bool whole = false;

	for (size_t i = n; i-- > 0;) {
		if (list[i].current)
			keep(&verdicts[i], "current");
		else if (i == n - 1)
			keep(&verdicts[i], "newest");
		if (list[i].pinned)
			keep(&verdicts[i], "pinned");
		if (!clean && is_clean(&list[i]) && i != n - 1)
			keep(&verdicts[i], "newest clean one");
		else if (!whole && is_whole(&list[i]) && i != n - 1)
			keep(&verdicts[i], "newest whole one");
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
			keep(&verdicts[i], "no rules are set");
		else if (!verdicts[i].keep)
			(void)snprintf(verdicts[i].reason, sizeof(verdicts[i].reason), "no rule keeps it");
	}
	free(agrees);
	return 0;
}

void policy_snapshots(const char *anchor_uuid, const char *run, uint64_t more, const struct policy_snapshot *snapshots,
                      size_t n, struct policy_verdict *verdicts)
{
	memset(verdicts, 0, n * sizeof(*verdicts));
	for (size_t i = 0; i < n; i++) {
		if (*anchor_uuid != '\0' && strcmp(snapshots[i].uuid, anchor_uuid) == 0)
			keep(&verdicts[i], "anchor of the next difference");
		if (*run != '\0' && strcmp(snapshots[i].run, run) == 0)
			keep(&verdicts[i], "of this run");
	}
	for (uint64_t kept = 0; kept < more && kept < n; kept++) {
		size_t newest = n;

		for (size_t i = 0; i < n; i++)
			if (!verdicts[i].keep && (newest == n || snapshots[i].order > snapshots[newest].order))
				newest = i;
		if (newest == n)
			break;
		keep(&verdicts[newest], "local %llu of %llu", (unsigned long long)kept + 1, (unsigned long long)more);
	}
	for (size_t i = 0; i < n; i++)
		if (!verdicts[i].keep)
			(void)snprintf(verdicts[i].reason, sizeof(verdicts[i].reason),
			               "neither the anchor nor of this run");
}

/* 20261123T053600Z-1f2e3d4c: d for a digit, x for a hexadecimal one. */
static bool is_run(const char *text)
{
	static const char form[] = "ddddddddTddddddZ-xxxxxxxx";

	if (strlen(text) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; form[i] != '\0'; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (form[i] == 'd'   ? !digit
		    : form[i] == 'x' ? !digit && (text[i] < 'a' || text[i] > 'f')
		                     : text[i] != form[i])
			return false;
	}
	return true;
}

const char *policy_snapshot_run(const char *name, const char *pipeline)
{
	size_t len = strlen(pipeline);

	if (strncmp(name, pipeline, len) != 0 || name[len] != '.' || !is_run(name + len + 1))
		return NULL;
	return name + len + 1;
}
