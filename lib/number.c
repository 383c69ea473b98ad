#include "lib/number.h"

int number_parse(const char **text, uint64_t *thousandths)
{
	const char *s = *text;
	uint64_t value = 0;

	if (*s < '0' || *s > '9')
		return -1;
	for (; *s >= '0' && *s <= '9'; s++) {
		value = value * 10 + (uint64_t)(*s - '0');
		if (value > NUMBER_MAX)
			return -1;
	}
	value *= 1000;
	if (*s == '.') {
		uint64_t place = 100;

		s++;
		if (*s < '0' || *s > '9')
			return -1;
		for (; *s >= '0' && *s <= '9'; s++) {
			if (place == 0)
				return -1;
			value += (uint64_t)(*s - '0') * place;
			place /= 10;
		}
	}
	while (*s == ' ')
		s++;
	*text = s;
	*thousandths = value;
	return 0;
}

int number_scale(uint64_t thousandths, uint64_t factor, uint64_t *value)
{
	uint64_t whole = thousandths / 1000;
	uint64_t rest = thousandths % 1000;

	if (factor > UINT64_MAX / 1000 || (whole != 0 && factor > (UINT64_MAX - factor) / whole))
		return -1;
	*value = whole * factor + rest * factor / 1000;
	return 0;
}
