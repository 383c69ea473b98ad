#include "lib/bytes.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/number.h"

static const struct {
	const char *name;
	uint64_t bits;
} rate_units[] = {
	{ "bit/s", 1 },
	{ "kbit/s", 1000 },
	{ "Mbit/s", 1000000 },
	{ "Gbit/s", 1000000000 },
	{ "B/s", 8 },
	{ "kB/s", 8000 },
	{ "MB/s", 8000000 },
	{ "GB/s", 8000000000 },
	{ "KiB/s", 8ULL * 1024 },
	{ "MiB/s", 8ULL * 1024 * 1024 },
	{ "GiB/s", 8ULL * 1024 * 1024 * 1024 },
};

static const struct {
	const char *name;
	uint64_t bytes;
} units[] = {
	{ "B", 1 },
	{ "kB", 1000 },
	{ "MB", 1000000 },
	{ "GB", 1000000000 },
	{ "TB", 1000000000000 },
	{ "KiB", UINT64_C(1) << 10 },
	{ "MiB", UINT64_C(1) << 20 },
	{ "GiB", UINT64_C(1) << 30 },
	{ "TiB", UINT64_C(1) << 40 },
};

bool bytes_unit(const char *name, uint64_t *bytes)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(name, units[i].name) == 0) {
			*bytes = units[i].bytes;
			return true;
		}
	return false;
}

int bytes_parse(const char *text, uint64_t *bytes, struct error *err)
{
	const char *unit = text;
	uint64_t number = 0;
	uint64_t factor = 0;

	if (number_parse(&unit, &number) != 0 || !bytes_unit(unit, &factor))
		return error_set(err, ERR_INPUT,
		                 "'%.40s' is no amount; write a number and a unit, such as 500 MB or 2 GiB", text);
	if (number_scale(number, factor, bytes) != 0 || *bytes > INT64_MAX)
		return error_set(err, ERR_INPUT, "'%.40s' is more than can be counted", text);
	return 0;
}

/* What people write, and could mean bits or bytes; and what only lacks the right case. */
static const char *rate_remedy(const char *unit)
{
	static const struct {
		const char *written;
		const char *remedy;
	} doubtful[] = {
		{ "kb/s", "kbit/s or kB/s" }, { "kbps", "kbit/s or kB/s" }, { "kbit", "kbit/s" },
		{ "mb/s", "Mbit/s or MB/s" }, { "mbps", "Mbit/s or MB/s" }, { "mbit", "Mbit/s" },
		{ "gb/s", "Gbit/s or GB/s" }, { "gbps", "Gbit/s or GB/s" }, { "gbit", "Gbit/s" },
		{ "b/s", "bit/s or B/s" },    { "bps", "bit/s or B/s" },    { "kb", "kbit/s or kB/s" },
		{ "mb", "Mbit/s or MB/s" },   { "gb", "Gbit/s or GB/s" },
	};

	for (size_t i = 0; i < sizeof(doubtful) / sizeof(doubtful[0]); i++)
		if (strcasecmp(unit, doubtful[i].written) == 0)
			return doubtful[i].remedy;
	for (size_t i = 0; i < sizeof(rate_units) / sizeof(rate_units[0]); i++)
		if (strcasecmp(unit, rate_units[i].name) == 0)
			return rate_units[i].name;
	return NULL;
}

int bytes_rate_parse(const char *text, uint64_t *bytes_per_s, struct error *err)
{
	const char *unit = text;
	uint64_t number = 0;
	uint64_t bits = 0;

	if (strcmp(text, "unlimited") == 0) {
		*bytes_per_s = 0;
		return 0;
	}
	if (number_parse(&unit, &number) != 0)
		return error_set(
		        err, ERR_INPUT,
		        "'%.40s' is no rate; write a number and a unit, such as 1.6 Mbit/s or 200 kB/s, or unlimited",
		        text);
	for (size_t i = 0; i < sizeof(rate_units) / sizeof(rate_units[0]); i++) {
		if (strcmp(unit, rate_units[i].name) != 0)
			continue;
		if (number_scale(number, rate_units[i].bits, &bits) != 0 || bits / 8 > INT64_MAX)
			return error_set(err, ERR_INPUT, "'%.40s' is more than can be counted; write unlimited", text);
		if (bits < 8)
			return error_set(err, ERR_INPUT,
			                 "'%.40s' would send nothing; write a larger rate, or unlimited", text);
		*bytes_per_s = bits / 8;
		return 0;
	}
	if (*unit == '\0')
		return error_set(err, ERR_INPUT, "'%.40s' has no unit; write kbit/s, Mbit/s, kB/s or MB/s behind it",
		                 text);
	if (rate_remedy(unit) != NULL)
		return error_set(err, ERR_INPUT, "'%.40s' has an unclear unit; write %s", text, rate_remedy(unit));
	return error_set(err, ERR_INPUT,
	                 "'%.40s' has an unknown unit; write kbit/s, Mbit/s, Gbit/s, kB/s, MB/s or GB/s", text);
}

const char *bytes_text(uint64_t bytes, char *out, size_t size)
{
	static const char *const names[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
	uint64_t unit = 1000;
	size_t name = 0;
	uint64_t hundredths = 0;

	if (bytes < 1000) {
		(void)snprintf(out, size, "%llu B", (unsigned long long)bytes);
		return out;
	}
	while (name + 1 < sizeof(names) / sizeof(names[0]) && bytes / unit >= 1000) {
		unit *= 1000;
		name++;
	}
	/* Rounded down, so that 999.999 MB does not become a 1000 MB that is none. */
	hundredths = bytes / unit * 100 + bytes % unit / (unit / 100);
	if (hundredths < 1000)
		(void)snprintf(out, size, "%llu.%02llu %s", (unsigned long long)(hundredths / 100),
		               (unsigned long long)(hundredths % 100), names[name]);
	else if (hundredths < 10000)
		(void)snprintf(out, size, "%llu.%llu %s", (unsigned long long)(hundredths / 100),
		               (unsigned long long)(hundredths / 10 % 10), names[name]);
	else
		(void)snprintf(out, size, "%llu %s", (unsigned long long)(hundredths / 100), names[name]);
	return out;
}

const char *bytes_rate_text(uint64_t bytes_per_s, char *out, size_t size)
{
	char amount[BYTES_TEXT_SIZE];

	if (bytes_per_s == 0)
		(void)snprintf(out, size, "unlimited");
	else
		(void)snprintf(out, size, "%s/s", bytes_text(bytes_per_s, amount, sizeof(amount)));
	return out;
}
