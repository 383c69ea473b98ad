/* forecast: when the vault will have caught up with the source, or that it never will, and when the vault or the source will be full. Pure: what was
 * measured comes as values, the time as an argument.
 *
 * What is not known makes no warning: measurements over less than FORECAST_SPAN_S say too little about the days to come. */
#ifndef AOB_BROKER_FORECAST_H
#define AOB_BROKER_FORECAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/config.h"

#define FORECAST_DAYS 30                       /* how far back measurements count */
#define FORECAST_SPAN_S (INT64_C(3) * 86400)   /* … and over how long at least, before there is a warning */
#define FORECAST_CHANGE_S 3600                 /* … before a rate of change is shown */
#define FORECAST_SAMPLES_MAX 31                /* of free space, one a day */
#define FORECAST_FULL_S (INT64_C(30) * 86400)  /* a disk that will be full sooner is warned of */
#define FORECAST_FAR_S ((int64_t)3650 * 86400) /* what is further away is nothing to tell */

#define FORECAST_NEVER (1u << 0)
#define FORECAST_VAULT_FULL (1u << 1)
#define FORECAST_SOURCE_FULL (1u << 2)

struct forecast_sample {
	int64_t at_s; /* wall clock */
	uint64_t free_bytes;
};

struct forecast_space {
	struct forecast_sample samples[FORECAST_SAMPLES_MAX]; /* oldest first */
	size_t n;
};

struct forecast_input {
	int64_t now_s;   /* wall clock */
	unsigned minute; /* of the day, local time */
	const struct config_rate *rates;
	size_t n_rates;
	uint64_t change_bytes;         /* new content in that span */
	int64_t change_span_s;         /* 0: nothing measured */
	uint64_t others_bytes_per_day; /* of other pipelines over the same link */
	uint64_t link_bytes_per_s;     /* as seen; 0: not yet */
	bool behind;                   /* something has not crossed yet */
	bool backlog_known;
	uint64_t backlog_bytes;
	struct forecast_space vault, source;
};

struct forecast {
	bool change_known;
	uint64_t change_bytes_per_day;
	uint64_t link_bytes_per_s; /* 0: not known */
	bool backlog_known;
	uint64_t backlog_bytes;
	int64_t caught_up_at; /* wall clock; 0: nothing waits, or nobody knows, or never */
	bool never;
	int64_t vault_full_at, source_full_at; /* 0: not in sight */
	unsigned warnings;                     /* FORECAST_NEVER … */
	char reason[512];                      /* the warnings in words, or what is missing; "": neither */
};

void forecast_make(const struct forecast_input *in, struct forecast *out);

/* forecast_word: of one warning: "never-caught-up", …; NULL: none of that number. */
const char *forecast_word(unsigned at);

#endif
