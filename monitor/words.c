#include "monitor/words.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/bytes.h"
#include "lib/duration.h"

#define NARROW_SPACE "\u202f"

const char *words_when(int64_t at_s, char out[WORDS_SIZE])
{
	time_t at = (time_t)at_s;
	struct tm parts;

	if (at_s == 0 || localtime_r(&at, &parts) == NULL ||
	    strftime(out, WORDS_SIZE, "%-d %b %Y, %H:%M %Z", &parts) == 0)
		(void)snprintf(out, WORDS_SIZE, "never");
	return out;
}

static const char *span(int64_t seconds, const char *before, const char *behind, char out[WORDS_SIZE])
{
	char text[DURATION_TEXT_SIZE];

	if (seconds < 1)
		(void)snprintf(out, WORDS_SIZE, "now");
	else
		(void)snprintf(out, WORDS_SIZE, "%s%s%s", before,
		               duration_text((uint64_t)seconds * 1000, text, sizeof(text)), behind);
	return out;
}

const char *words_ago(int64_t at_s, int64_t now_s, char out[WORDS_SIZE])
{
	if (at_s == 0) {
		(void)snprintf(out, WORDS_SIZE, "never");
		return out;
	}
	return span(now_s - at_s, "", " ago", out);
}

const char *words_until(int64_t at_s, int64_t now_s, char out[WORDS_SIZE])
{
	return span(at_s - now_s, "in ", "", out);
}

const char *words_bytes(int64_t bytes, char out[WORDS_SIZE])
{
	return bytes_text((uint64_t)(bytes > 0 ? bytes : 0), out, WORDS_SIZE);
}

const char *words_number(int64_t number, char out[WORDS_SIZE])
{
	char digits[32];
	size_t n = (size_t)snprintf(digits, sizeof(digits), "%lld", (long long)(number > 0 ? number : 0));
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0) {
			memcpy(out + used, NARROW_SPACE, strlen(NARROW_SPACE));
			used += strlen(NARROW_SPACE);
		}
		out[used++] = digits[i];
	}
	out[used] = '\0';
	return out;
}

void words_time(struct text *text, int64_t at_s)
{
	time_t at = (time_t)at_s;
	struct tm utc;
	char machine[32];
	char people[WORDS_SIZE];

	if (at_s == 0 || gmtime_r(&at, &utc) == NULL ||
	    strftime(machine, sizeof(machine), "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
		text_add(text, "never");
	else
		text_add(text, "<time datetime=\"%s\">%s</time>", machine, words_when(at_s, people));
}
