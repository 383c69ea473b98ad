#include "lib/glob.h"

#include <stddef.h>
#include <stdint.h>

#define CHARACTER_BYTES_MAX 4u

/* The character at *at, which moves behind it: its bytes one behind the other as a number, so that the order is that of the code points. */
static uint32_t next_character(const char **at)
{
	const unsigned char *s = (const unsigned char *)*at;
	uint32_t character = s[0];
	size_t n = 1;

	while (s[0] >= 0xC2 && n < CHARACTER_BYTES_MAX && (s[n] & 0xC0) == 0x80)
		character = character << 8 | s[n++];
	*at += n;
	return character;
}

/* A character of the pattern that stands for itself, or for what follows a backslash. */
static uint32_t next_literal(const char **at)
{
	if ((*at)[0] == '\\' && (*at)[1] != '\0')
		++*at;
	return next_character(at);
}

/* Behind the bracket that closes the one at `open`; NULL: none does. The first character inside does not close it. */
static const char *behind_brackets(const char *open)
{
	const char *at = open + 1;

	if (*at == '!' || *at == '^')
		at++;
	if (*at == '\0')
		return NULL;
	(void)next_literal(&at);
	while (*at != '\0' && *at != ']')
		(void)next_literal(&at);
	return *at == ']' ? at + 1 : NULL;
}

/* open: a bracket that is closed at end - 1. */
static bool in_brackets(const char *open, const char *end, uint32_t character)
{
	const char *at = open + 1;
	bool but = *at == '!' || *at == '^';
	bool found = false;

	if (but)
		at++;
	while (at < end - 1) {
		uint32_t from = next_literal(&at);
		uint32_t to = from;

		if (*at == '-' && at + 1 < end - 1) {
			at++;
			to = next_literal(&at);
		}
		found = found || (from <= character && character <= to);
	}
	return found != but;
}

/* One character of the name against one item of the pattern; both move. */
static bool match_one(const char **pattern, const char **name)
{
	uint32_t character = next_character(name);
	const char *end = **pattern == '[' ? behind_brackets(*pattern) : NULL;
	bool matches;

	if (end != NULL) {
		matches = in_brackets(*pattern, end, character);
		*pattern = end;
		return matches;
	}
	if (**pattern == '?') {
		++*pattern;
		return true;
	}
	return next_literal(pattern) == character;
}

bool glob_match(const char *pattern, const char *name)
{
	const char *star = NULL; /* behind the last one … */
	const char *from = NULL; /* … and where in the name what follows it was tried */

	while (*name != '\0') {
		const char *item = pattern;
		const char *at = name;

		if (*item == '*') {
			star = pattern = item + 1;
			from = name;
		} else if (*item != '\0' && match_one(&item, &at)) {
			pattern = item;
			name = at;
		} else if (star != NULL) {
			/* It is enough to let the last star take one character more. */
			(void)next_character(&from);
			name = from;
			pattern = star;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}
