#include "monitor/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"

#define FIRST_BYTES 4096
#define SAFE_BYTES 4096 /* of one escaped text; what is longer is cut */

void text_init(struct text *text)
{
	*text = (struct text){ .data = NULL };
}

void text_done(struct text *text)
{
	free(text->data);
	text_init(text);
}

bool text_failed(const struct text *text)
{
	return text->failed;
}

char *text_take(struct text *text, size_t *len_bytes)
{
	char *data = NULL;

	text_put(text, "", 0);
	if (text->failed) {
		text_done(text);
		return NULL;
	}
	data = text->data;
	*len_bytes = text->len_bytes;
	text_init(text);
	return data;
}

static bool has_room(struct text *text, size_t more_bytes)
{
	size_t size_bytes = text->size_bytes != 0 ? text->size_bytes : FIRST_BYTES;
	char *grown = NULL;

	if (text->failed || more_bytes >= TEXT_MAX_BYTES - text->len_bytes) {
		text->failed = true;
		return false;
	}
	if (text->data != NULL && text->len_bytes + more_bytes < text->size_bytes)
		return true;
	while (size_bytes <= text->len_bytes + more_bytes)
		size_bytes *= 2;
	grown = realloc(text->data, size_bytes);
	if (grown == NULL) {
		text->failed = true;
		return false;
	}
	text->data = grown;
	text->size_bytes = size_bytes;
	return true;
}

void text_put(struct text *text, const char *bytes, size_t len_bytes)
{
	if (!has_room(text, len_bytes))
		return;
	memcpy(text->data + text->len_bytes, bytes, len_bytes);
	text->len_bytes += len_bytes;
	text->data[text->len_bytes] = '\0';
}

void text_add(struct text *text, const char *format, ...)
{
	va_list args;
	va_list again;
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		text->failed = true;
	else if (has_room(text, (size_t)n)) {
		(void)vsnprintf(text->data + text->len_bytes, (size_t)n + 1, format, again);
		text->len_bytes += (size_t)n;
	}
	va_end(again);
}

void text_html(struct text *text, const char *words)
{
	char safe[SAFE_BYTES];

	for (const char *at = log_escape(words, safe, sizeof(safe)); *at != '\0'; at++) {
		switch (*at) {
		case '&':
			text_put(text, "&amp;", 5);
			break;
		case '<':
			text_put(text, "&lt;", 4);
			break;
		case '>':
			text_put(text, "&gt;", 4);
			break;
		case '"':
			text_put(text, "&quot;", 6);
			break;
		case '\'':
			text_put(text, "&#39;", 5);
			break;
		default:
			text_put(text, at, 1);
		}
	}
}

void text_label(struct text *text, const char *words)
{
	char safe[SAFE_BYTES];

	for (const char *at = log_escape(words, safe, sizeof(safe)); *at != '\0'; at++) {
		if (*at == '\\' || *at == '"')
			text_put(text, "\\", 1);
		text_put(text, at, 1);
	}
}
