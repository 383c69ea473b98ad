#include "broker/care_due.h"

#define HOUR_S INT64_C(3600)
#define DAY_S (24 * HOUR_S)
#define NIGHT_FROM (1u * 60)
#define NIGHT_TO (6u * 60)
#define APART_S (18 * HOUR_S) /* between shares of two nights */
#define PATIENCE_S (42 * HOUR_S)

bool care_due(const struct care_clock *clock)
{
	int64_t gone_s = clock->now_s - clock->since_s;
	bool night = clock->minute >= NIGHT_FROM && clock->minute < NIGHT_TO;

	if (clock->every_s == 0)
		return false;
	if (clock->every_s < DAY_S)
		return gone_s < 0 || gone_s >= clock->every_s;
	if (gone_s < 0)
		return night;
	if (clock->at_once && clock->never)
		return night || gone_s >= PATIENCE_S;
	if (clock->at_once && !clock->bad)
		return gone_s >= clock->every_s + (night ? 0 : DAY_S);
	return gone_s >= (night ? APART_S : PATIENCE_S);
}

bool care_due_held(const struct care_clock *clock, int64_t failed_s)
{
	int64_t gone_s = clock->now_s - failed_s;

	return gone_s >= 0 && gone_s < (clock->every_s < HOUR_S ? clock->every_s : HOUR_S);
}
