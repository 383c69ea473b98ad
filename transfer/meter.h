/* meter: how far a transfer is, as the broker and `aob` show it: content done of all that is to cross, rate over the last seconds, time left. */
#ifndef AOB_METER_H
#define AOB_METER_H

#include <stdint.h>

#include "lib/stage_main.h"

struct meter {
	struct stage_job *job; /* NULL: nobody is told */
	struct stage_progress now;
	int64_t looked_ms; /* when the rate was last worked out */
	uint64_t looked_done;
};

void meter_init(struct meter *meter, struct stage_job *job);

/* meter_note: what is being done now. */
void meter_note(struct meter *meter, const char *format, ...) __attribute__((format(printf, 2, 3)));
void meter_total(struct meter *meter, uint64_t total_bytes);
void meter_bytes(struct meter *meter, uint64_t more_bytes);
void meter_file(struct meter *meter);

/* meter_rate: the smoothed rate after `done` more bytes in `ms`; pure. */
uint64_t meter_rate(uint64_t before_bps, uint64_t done_bytes, int64_t ms);

#endif
