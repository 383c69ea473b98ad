#include "lib/chance.h"

#include <sys/random.h>

uint32_t chance(void)
{
	uint32_t value = 0;

	return getrandom(&value, sizeof(value), GRND_NONBLOCK) == (ssize_t)sizeof(value) ? value : 0;
}
