#include "lib/duration.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/number.h"

static const struct unit {
	const char *name;  /* as written */
	const char *shown; /* NULL: not used for output */
	uint64_t ms;
} units[] = {
	/* From large to small; "ms" and "min" stand before "m", as the first that fits is taken. */
	{ "w", NULL, 604800000 }, { "d", "d", 86400000 }, { "h", "h", 3600000 }, { "min", "min", 60000 },
	{ "ms", "ms", 1 },        { "m", NULL, 60000 },   { "s", "s", 1000 },
};

#define N_UNITS (sizeof(units) / sizeof(units[0]))

static int fault(const char *text, struct error *err)
{
	return error_set(err, ERR_INPUT,
	                 "'%.40s' is no duration; write a number and a unit, such as 90s, 10m, 24h or 30d", text);
}

static const struct unit *unit_at(const char **text)
{
	for (size_t i = 0; i < N_UNITS; i++) {
		size_t len = strlen(units[i].name);

		if (strncmp(*text, units[i].name, len) == 0) {
			*text += len;
			return &units[i];
		}
	}
	return NULL;
}

int duration_parse(const char *text, uint64_t *ms, struct error *err)
{
	const char *s = text;
	uint64_t total = 0;
	uint64_t smaller_than = UINT64_MAX;

	do {
		uint64_t number = 0;
		uint64_t part = 0;
		const struct unit *unit = NULL;

		if (number_parse(&s, &number) != 0)
			return fault(text, err);
		if (*s == '\0' && s != text && total == 0 && smaller_than == UINT64_MAX)
			return error_set(err, ERR_INPUT, "'%.40s' has no unit; write %.40ss, %.40sm or %.40sh", text,
			                 text, text, text);
		unit = unit_at(&s);
		if (unit == NULL || unit->ms >= smaller_than)
			return fault(text, err);
		if (number_scale(number, unit->ms, &part) != 0 || part > UINT64_MAX - total)
			return error_set(err, ERR_INPUT, "'%.40s' is longer than can be counted", text);
		total += part;
		smaller_than = unit->ms;
		while (*s == ' ')
			s++;
	} while (*s != '\0');
	*ms = total;
	return 0;
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

int duration_minute_parse(const char *text, uint16_t *minute, struct error *err)
{
	unsigned hours = 0;
	unsigned minutes = 0;

	if (strlen(text) != 5 || !digit(text[0]) || !digit(text[1]) || text[2] != ':' || !digit(text[3]) ||
	    !digit(text[4]))
		return error_set(err, ERR_INPUT, "'%.40s' is no time of the day; write HH:MM, such as 06:30", text);
	hours = (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
	minutes = (unsigned)(text[3] - '0') * 10 + (unsigned)(text[4] - '0');
	if (minutes > 59 || hours * 60 + minutes > 1440)
		return error_set(err, ERR_INPUT, "'%.40s' is no time of the day; they go from 00:00 to 24:00", text);
	*minute = (uint16_t)(hours * 60 + minutes);
	return 0;
}

const char *duration_text(uint64_t ms, char *out, size_t size)
{
	for (size_t i = 0; i < N_UNITS; i++) {
		uint64_t rest = 0;

		if (units[i].shown == NULL || units[i].ms > ms || units[i].ms == 1)
			continue;
		rest = ms % units[i].ms;
		for (size_t j = i + 1; j < N_UNITS && units[i].ms > 1000; j++) {
			if (units[j].shown == NULL || units[j].ms == 1)
				continue;
			if (rest / units[j].ms != 0) {
				(void)snprintf(out, size, "%llu %s %llu %s", (unsigned long long)(ms / units[i].ms),
				               units[i].shown, (unsigned long long)(rest / units[j].ms),
				               units[j].shown);
				return out;
			}
			break;
		}
		(void)snprintf(out, size, "%llu %s", (unsigned long long)(ms / units[i].ms), units[i].shown);
		return out;
	}
	(void)snprintf(out, size, ms == 0 ? "0 s" : "%llu ms", (unsigned long long)ms);
	return out;
}

const char *duration_about(uint64_t ms, char *out, size_t size)
{
	static const uint64_t minute = 60000;
	static const uint64_t day = 86400000;
	const struct {
		uint64_t below_ms, step_ms; /* so long, told in such steps */
	} steps[] = {
		{ 10 * minute, minute },       /* 7 min */
		{ 60 * minute, 5 * minute },   /* 25 min */
		{ 600 * minute, 10 * minute }, /* 3 h 20 min */
		{ 10 * day, 60 * minute },     /* 2 d 5 h */
		{ UINT64_MAX, day },
	};
	char text[DURATION_TEXT_SIZE];
	size_t i = 0;

	if (ms < minute) {
		(void)snprintf(out, size, "less than a minute");
		return out;
	}
	while (ms > steps[i].below_ms)
		i++;
	if (ms % steps[i].step_ms != 0 && ms < UINT64_MAX - steps[i].step_ms)
		ms += steps[i].step_ms - ms % steps[i].step_ms;
	(void)snprintf(out, size, "about %s", duration_text(ms, text, sizeof(text)));
	return out;
}
