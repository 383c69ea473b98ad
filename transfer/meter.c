#include "transfer/meter.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/clock.h"

#define LOOK_MS 1000

void meter_init(struct meter *meter, struct stage_job *job)
{
	*meter = (struct meter){ .job = job, .now = { .eta_s = -1 }, .looked_ms = clock_now_ms() };
}

static void tell(struct meter *meter)
{
	if (meter->job != NULL)
		stage_job_progress(meter->job, &meter->now);
}

void meter_note(struct meter *meter, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(meter->now.note, sizeof(meter->now.note), format, args);
	va_end(args);
	tell(meter);
}

void meter_total(struct meter *meter, uint64_t total_bytes)
{
	meter->now.total_bytes = total_bytes;
	tell(meter);
}

uint64_t meter_rate(uint64_t before_bps, uint64_t done_bytes, int64_t ms)
{
	uint64_t now_bps = ms > 0 ? done_bytes * 1000 / (uint64_t)ms : 0;

	return before_bps == 0 ? now_bps : (3 * before_bps + now_bps) / 4;
}

void meter_bytes(struct meter *meter, uint64_t more_bytes)
{
	struct stage_progress *p = &meter->now;
	int64_t ms = clock_now_ms() - meter->looked_ms;

	p->done_bytes += more_bytes;
	if (ms >= LOOK_MS) {
		p->rate_bps = meter_rate(p->rate_bps, p->done_bytes - meter->looked_done, ms);
		p->eta_s = p->rate_bps != 0 && p->total_bytes >= p->done_bytes
		                   ? (int64_t)((p->total_bytes - p->done_bytes) / p->rate_bps)
		                   : -1;
		meter->looked_ms += ms;
		meter->looked_done = p->done_bytes;
	}
	tell(meter);
}

void meter_file(struct meter *meter)
{
	meter->now.files++;
	tell(meter);
}
