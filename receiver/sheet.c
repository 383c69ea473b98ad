#include "receiver/sheet.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/bytes.h"
#include "lib/log.h"
#include "lib/uri.h"

#define COLUMNS 78 /* of plain text */
#define TEXT_SIZE 8192

static void put(const struct sheet *sheet, char c)
{
	if (sheet->html && strchr("<>&\"'", c) != NULL)
		(void)fprintf(sheet->out, "&#%d;", c);
	else
		(void)fputc(c, sheet->out);
}

void sheet_text(const struct sheet *sheet, const char *text)
{
	char safe[TEXT_SIZE];

	(void)log_escape(text, safe, sizeof(safe));
	for (const char *c = safe; *c != '\0'; c++)
		put(sheet, *c);
}

void sheet_say(const struct sheet *sheet, const char *words, struct sheet_values values)
{
	bool code = false;

	for (const char *c = words; *c != '\0'; c++) {
		if (c[0] == '{' && c[1] >= '0' && c[1] <= '2' && c[2] == '}') {
			const char *value = values.v[c[1] - '0'];

			sheet_text(sheet, value != NULL ? value : "");
			c += 2;
		} else if (*c == '`' && sheet->html) {
			code = !code;
			(void)fputs(code ? "<code>" : "</code>", sheet->out);
		} else {
			put(sheet, *c);
		}
	}
}

void sheet_raw(const struct sheet *sheet, const char *markup)
{
	if (sheet->html)
		(void)fputs(markup, sheet->out);
}

void sheet_url(const struct sheet *sheet, const char *path)
{
	for (const unsigned char *c = (const unsigned char *)path; sheet->html && *c != '\0'; c++)
		(void)fprintf(sheet->out, uri_is_plain(*c) ? "%c" : "%%%02X", *c);
}

static size_t columns(const char *text, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

/* Broken between words; the first line begins with `first`, the others with as many spaces. */
static void wrap(FILE *out, const char *first, const char *text)
{
	size_t indent = columns(first, strlen(first));
	size_t at = indent;

	(void)fputs(first, out);
	for (bool begins = true; *text != '\0'; begins = false) {
		size_t n = strcspn(text, " ");
		size_t width = columns(text, n);

		if (!begins && at + 1 + width > COLUMNS) {
			(void)fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!begins) {
			(void)fputc(' ', out);
			at++;
		}
		(void)fwrite(text, 1, n, out);
		at += width;
		text += n;
		text += *text == ' ';
	}
	(void)fputc('\n', out);
}

/* As plain text, wrapped. Without memory the stream ends up with an error, as if it could not be written. */
static void say_wrapped(const struct sheet *sheet, const char *first, const char *words, struct sheet_values values)
{
	char *text = NULL;
	size_t len_bytes = 0;
	struct sheet aside = { .out = open_memstream(&text, &len_bytes), .words = sheet->words };

	if (aside.out == NULL)
		return;
	sheet_say(&aside, words, values);
	if (fclose(aside.out) == 0)
		wrap(sheet->out, first, text);
	free(text);
}

static void heading(const struct sheet *sheet, const char *words, char line)
{
	(void)fprintf(sheet->out, line == '=' ? "\n%s\n" : "%s\n", words);
	for (size_t i = columns(words, strlen(words)); i > 0; i--)
		(void)fputc(line, sheet->out);
	(void)fputs("\n\n", sheet->out);
}

void sheet_heading(const struct sheet *sheet, const char *id, const char *words)
{
	if (!sheet->html) {
		heading(sheet, words, '=');
		return;
	}
	(void)fprintf(sheet->out, "<h2 id=\"%s\">", id);
	sheet_text(sheet, words);
	(void)fputs("</h2>\n", sheet->out);
}

void sheet_subheading(const struct sheet *sheet, const char *words)
{
	if (!sheet->html) {
		heading(sheet, words, '-');
		return;
	}
	(void)fputs("<h3>", sheet->out);
	sheet_text(sheet, words);
	(void)fputs("</h3>\n", sheet->out);
}

void sheet_para(const struct sheet *sheet, const char *words, struct sheet_values values)
{
	if (!sheet->html) {
		say_wrapped(sheet, "", words, values);
		(void)fputc('\n', sheet->out);
		return;
	}
	(void)fputs("<p>", sheet->out);
	sheet_say(sheet, words, values);
	(void)fputs("</p>\n", sheet->out);
}

void sheet_steps(const struct sheet *sheet, const char *const *steps)
{
	sheet_raw(sheet, "<ol>\n");
	for (size_t i = 0; steps[i] != NULL; i++) {
		char number[24];

		if (sheet->html) {
			(void)fputs("<li>", sheet->out);
			sheet_say(sheet, steps[i], SHEET_NONE);
			(void)fputs("</li>\n", sheet->out);
		} else {
			(void)snprintf(number, sizeof(number), "%2zu. ", i + 1);
			say_wrapped(sheet, number, steps[i], SHEET_NONE);
		}
	}
	sheet_raw(sheet, "</ol>\n");
	if (!sheet->html)
		(void)fputc('\n', sheet->out);
}

/* Words with their values as plain text in a buffer, for what becomes a value itself. It is long enough for every date. */
static const char *fill(const struct words *words, const char *form, struct sheet_values values,
                        char out[SHEET_VALUE_SIZE])
{
	struct sheet aside = { .out = fmemopen(out, SHEET_VALUE_SIZE, "w"), .words = words };

	out[0] = '\0';
	if (aside.out == NULL)
		return out;
	sheet_say(&aside, form, values);
	(void)fclose(aside.out);
	out[SHEET_VALUE_SIZE - 1] = '\0';
	return out;
}

const char *sheet_number(const struct sheet *sheet, uint64_t number, char out[SHEET_VALUE_SIZE])
{
	char digits[24];
	size_t n = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, number);
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(out + used, SHEET_VALUE_SIZE - used, "%s%c",
		                         i > 0 && (n - i) % 3 == 0 ? sheet->words->thousands : "", digits[i]);
	return out;
}

const char *sheet_size(const struct sheet *sheet, uint64_t bytes, char out[SHEET_VALUE_SIZE])
{
	char *point = NULL;

	(void)bytes_text(bytes, out, SHEET_VALUE_SIZE);
	point = strchr(out, '.');
	if (point != NULL)
		*point = *sheet->words->decimal;
	return out;
}

static const char *date(const struct words *words, int year, int month, int day, char out[SHEET_VALUE_SIZE])
{
	char year_text[16];
	char day_text[16];

	(void)snprintf(year_text, sizeof(year_text), "%d", year);
	(void)snprintf(day_text, sizeof(day_text), "%d", day);
	return fill(words, words->date, SHEET_VALUES(day_text, words->months[(month - 1) % 12], year_text), out);
}

const char *sheet_date(const struct sheet *sheet, int year, int month, int day, char out[SHEET_VALUE_SIZE])
{
	return date(sheet->words, year, month, day, out);
}

const char *sheet_time(const struct words *words, int64_t at_s, char out[SHEET_VALUE_SIZE])
{
	time_t at = (time_t)at_s;
	char day[SHEET_VALUE_SIZE];
	char hour[16];
	struct tm utc;

	out[0] = '\0';
	if (gmtime_r(&at, &utc) == NULL)
		return out;
	(void)strftime(hour, sizeof(hour), "%H:%M", &utc);
	return fill(words, words->date_time,
	            SHEET_VALUES(date(words, utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, day), hour), out);
}
