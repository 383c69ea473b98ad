#include "lib/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/journal.h"
#include "lib/utf8.h"

#define LINE_SIZE 4096
#define CONTEXT_SIZE 256

static const char *program_name = "aob";
static char traced_topics[CONTEXT_SIZE];
static bool to_journal;
static _Thread_local char context[CONTEXT_SIZE];

static const char *const severities[] = { "emerg", "alert", "crit", "error", "warning", "notice", "info", "trace" };

void log_open(const char *program, const char *trace)
{
	program_name = program;
	(void)snprintf(traced_topics, sizeof(traced_topics), "%s", trace != NULL ? trace : "");
	to_journal = journal_stream(secure_getenv("JOURNAL_STREAM"), STDERR_FILENO);
	if (to_journal)
		(void)journal_open(JOURNAL_SOCKET, program);
}

void log_context(const char *fields)
{
	(void)snprintf(context, sizeof(context), "%s", fields != NULL ? fields : "");
}

/* The length of the printable character at s; 0: it is a control character (C0, DEL, C1), or no UTF-8. */
static unsigned printable_at(const char *s)
{
	uint32_t point;
	unsigned n = utf8_at(s, &point);

	return n != 0 && point >= 0x20 && (point < 0x7f || point >= 0xa0) ? n : 0;
}

const char *log_escape(const char *in, char *out, unsigned long size)
{
	const char *s = in;
	unsigned long used = 0;

	while (*s != '\0') {
		unsigned n = printable_at(s);

		if (used + (n != 0 ? n : 4) + 1 > size)
			break;
		if (n != 0) {
			memcpy(out + used, s, n);
			used += n;
			s += n;
		} else {
			(void)snprintf(out + used, 5, "\\x%02x", (unsigned char)*s);
			used += 4;
			s++;
		}
	}
	if (size != 0)
		out[used] = '\0';
	return out;
}

static void write_line(int severity, const char *text)
{
	char safe[LINE_SIZE - 512];
	char line[LINE_SIZE];
	int used;

	log_escape(text, safe, sizeof(safe));
	if (to_journal && journal_send(severity, context, safe))
		return;
	if (to_journal) {
		used = snprintf(line, sizeof(line), "<%d>%s%s%s\n", severity, context, context[0] != '\0' ? " " : "",
		                safe);
	} else {
		struct timespec now;
		struct tm utc;
		char stamp[32];

		(void)clock_gettime(CLOCK_REALTIME, &now);
		(void)gmtime_r(&now.tv_sec, &utc);
		(void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
		used = snprintf(line, sizeof(line), "%s.%03ldZ %s %s: %s%s%s\n", stamp, now.tv_nsec / 1000000,
		                program_name, severities[severity & 7], context, context[0] != '\0' ? " " : "", safe);
	}
	if (used > 0) {
		size_t length = (size_t)used < sizeof(line) ? (size_t)used : sizeof(line) - 1;

		line[length - 1] = '\n';
		/* Nothing can be done about a log that can't be written. */
		if (write(STDERR_FILENO, line, length) < 0)
			return;
	}
}

void log_line(int severity, const char *format, ...)
{
	char text[LINE_SIZE - 512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	write_line(severity, text);
}

void log_error(int severity, const struct error *err, const char *format, ...)
{
	char text[LINE_SIZE - 512];
	va_list args;
	int used;

	va_start(args, format);
	used = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (used >= 0 && (size_t)used < sizeof(text))
		(void)snprintf(text + used, sizeof(text) - (size_t)used, ": %s", err->text);
	write_line(severity, text);
}

bool log_traces(const char *topic)
{
	size_t length = strlen(topic);

	for (const char *at = traced_topics; *at != '\0';) {
		size_t n = strcspn(at, ",");

		if ((n == length && memcmp(at, topic, n) == 0) || (n == 3 && memcmp(at, "all", 3) == 0))
			return true;
		at += n + (at[n] == ',');
	}
	return false;
}

void log_trace(const char *topic, const char *format, ...)
{
	char text[LINE_SIZE - 512];
	va_list args;
	int used;

	if (!log_traces(topic))
		return;
	used = snprintf(text, sizeof(text), "%s: ", topic);
	va_start(args, format);
	(void)vsnprintf(text + used, sizeof(text) - (size_t)used, format, args);
	va_end(args);
	write_line(LOG_DEBUG, text);
}
