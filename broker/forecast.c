#include "broker/forecast.h"

#include <stdio.h>

#include "lib/bytes.h"
#include "lib/duration.h"
#include "lib/rate_window.h"
#include "lib/reason.h"

#define DAY_S 86400
#define DAY_MINUTES 1440

const char *forecast_word(unsigned at)
{
	static const char *const words[] = { "never-caught-up", "vault-full", "source-full" };

	return at < sizeof(words) / sizeof(words[0]) ? words[at] : NULL;
}

/* What the link and that minute's window let through. */
static double in_minute(const struct forecast_input *in, unsigned minute)
{
	uint64_t cap = rate_window_at(in->rates, in->n_rates, minute);
	uint64_t speed = cap != 0 && cap < in->link_bytes_per_s ? cap : in->link_bytes_per_s;

	return (double)speed * 60;
}

static double in_day(const struct forecast_input *in)
{
	double bytes = 0;

	for (unsigned minute = 0; minute < DAY_MINUTES; minute++)
		bytes += in_minute(in, minute);
	return bytes;
}

/* Whole days by what a day leaves, the rest minute by minute, as windows are. 0: too far away. */
static int64_t when_caught_up(const struct forecast_input *in, double change_per_day, double crosses_per_day)
{
	double left = (double)in->backlog_bytes;
	double net = crosses_per_day - change_per_day;
	double days = (left - crosses_per_day) / net;
	int64_t minutes = 0;

	if (net <= 0 || days * DAY_S > (double)FORECAST_FAR_S)
		return 0;
	if (days >= 1) {
		minutes = (int64_t)days * DAY_MINUTES;
		left -= (double)(int64_t)days * net;
	}
	/* A day may begin with a window that lets nothing through but what changes: so more than one. */
	for (unsigned step = 0; left > 0 && step < 400 * DAY_MINUTES; step++, minutes++)
		left += change_per_day / DAY_MINUTES - in_minute(in, (in->minute + step) % DAY_MINUTES);
	return left > 0 ? 0 : in->now_s + minutes * 60;
}

/* Least squares: the trend of what is free. 0: none, or not towards full. */
static int64_t when_full(const struct forecast_space *space, int64_t now_s)
{
	const struct forecast_sample *last = &space->samples[space->n > 0 ? space->n - 1 : 0];
	double mean_t = 0;
	double mean_free = 0;
	double covariance = 0;
	double variance = 0;
	double slope;
	double left_s;

	if (space->n < 3 || last->at_s - space->samples[0].at_s < FORECAST_SPAN_S)
		return 0;
	for (size_t i = 0; i < space->n; i++) {
		mean_t += (double)(space->samples[i].at_s - last->at_s) / (double)space->n;
		mean_free += (double)space->samples[i].free_bytes / (double)space->n;
	}
	for (size_t i = 0; i < space->n; i++) {
		double t = (double)(space->samples[i].at_s - last->at_s) - mean_t;

		covariance += t * ((double)space->samples[i].free_bytes - mean_free);
		variance += t * t;
	}
	slope = variance > 0 ? covariance / variance : 0;
	if (slope >= 0)
		return 0;
	left_s = (double)last->free_bytes / -slope;
	if (left_s > (double)FORECAST_FAR_S)
		return 0;
	return last->at_s + (int64_t)left_s > now_s ? last->at_s + (int64_t)left_s : now_s;
}

static void warn_full(struct forecast *out, unsigned warning, const char *what, int64_t at_s, int64_t now_s)
{
	char left[DURATION_TEXT_SIZE];

	if (at_s == 0 || at_s - now_s > FORECAST_FULL_S)
		return;
	out->warnings |= warning;
	reason_add(out->reason, sizeof(out->reason), "%s will be full in %s as it fills now", what,
	           duration_text((uint64_t)(at_s - now_s) * 1000, left, sizeof(left)));
}

static void look_at_link(const struct forecast_input *in, struct forecast *out)
{
	double all = (double)out->change_bytes_per_day + (double)in->others_bytes_per_day;
	double crosses = in_day(in);
	char changes[BYTES_TEXT_SIZE];
	char room[BYTES_TEXT_SIZE];

	if (!out->change_known || in->link_bytes_per_s == 0) {
		/* What there is to send may still be timed, as if nothing were added. */
		if (in->behind && in->backlog_known && in->link_bytes_per_s != 0)
			out->caught_up_at = when_caught_up(in, (double)in->others_bytes_per_day, crosses);
		return;
	}
	if (all >= crosses && in->change_span_s >= FORECAST_SPAN_S) {
		out->never = true;
		out->warnings |= FORECAST_NEVER;
		reason_add(out->reason, sizeof(out->reason),
		           "%s change a day, but only %s can cross: the vault will never catch up; raise `rate`, or "
		           "leave something out",
		           bytes_text((uint64_t)all, changes, sizeof(changes)),
		           bytes_text((uint64_t)crosses, room, sizeof(room)));
	} else if (in->behind && in->backlog_known) {
		out->caught_up_at = when_caught_up(in, all, crosses);
	}
}

void forecast_make(const struct forecast_input *in, struct forecast *out)
{
	*out = (struct forecast){ .link_bytes_per_s = in->link_bytes_per_s,
		                  .backlog_known = in->backlog_known || !in->behind,
		                  .backlog_bytes = in->behind ? in->backlog_bytes : 0 };
	if (in->change_span_s >= FORECAST_CHANGE_S) {
		out->change_known = true;
		out->change_bytes_per_day = (uint64_t)((double)in->change_bytes * DAY_S / (double)in->change_span_s);
	}
	look_at_link(in, out);
	out->vault_full_at = when_full(&in->vault, in->now_s);
	out->source_full_at = when_full(&in->source, in->now_s);
	warn_full(out, FORECAST_VAULT_FULL, "the vault's disk", out->vault_full_at, in->now_s);
	warn_full(out, FORECAST_SOURCE_FULL, "the source's disk", out->source_full_at, in->now_s);
	if (out->warnings != 0)
		return;
	if (in->link_bytes_per_s == 0)
		reason_add(out->reason, sizeof(out->reason), "no transfer has shown yet how fast the link is");
	if (!out->change_known)
		reason_add(out->reason, sizeof(out->reason), "it is not known yet how much changes a day");
}
