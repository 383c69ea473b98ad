#include "lib/brake_percent.h"

#include <stdint.h>
#include <string.h>

#include "lib/number.h"

#define THOUSAND UINT64_C(1000)

int brake_percent_parse(const char *text, unsigned *percent, struct error *err)
{
	const char *unit = text;
	uint64_t thousandths = 0;

	*percent = BRAKE_PERCENT_OFF;
	if (strcmp(text, "off") == 0)
		return 0;
	if (number_parse(&unit, &thousandths) != 0 || strcmp(unit, "%") != 0)
		return error_set(err, ERR_INPUT, "'%.40s' is no share; write a percentage, such as 50%%, or off", text);
	if (thousandths % THOUSAND != 0 || thousandths < THOUSAND || thousandths > BRAKE_PERCENT_MOST * THOUSAND)
		return error_set(err, ERR_INPUT, "'%.40s' is not from 1%% to %u%%, without places behind the point",
		                 text, BRAKE_PERCENT_MOST);
	*percent = (unsigned)(thousandths / THOUSAND);
	return 0;
}

bool brake_percent_valid(unsigned percent)
{
	return percent <= BRAKE_PERCENT_MOST;
}

unsigned brake_percent_stricter(unsigned a, unsigned b)
{
	if (a == BRAKE_PERCENT_OFF || b == BRAKE_PERCENT_OFF)
		return a != BRAKE_PERCENT_OFF ? a : b;
	return a < b ? a : b;
}
