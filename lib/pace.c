#include "lib/pace.h"

#include <stdlib.h>

int64_t pace_ms(int64_t usual_ms)
{
	const char *text = secure_getenv("AOB_HURRY");
	long times = text != NULL ? strtol(text, NULL, 10) : 1;

	if (times <= 1 || times > PACE_MOST || usual_ms <= 0)
		return usual_ms;
	return usual_ms > times ? usual_ms / times : 1;
}
