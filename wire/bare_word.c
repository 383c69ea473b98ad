#include "wire/bare_word.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define WILD "*?["

/* Each quote becomes `how`. */
static char *quoted(const char *word, const char *how)
{
	size_t each = strlen(how);
	size_t n = 3;
	char *out;
	char *at;

	for (const char *c = word; *c != '\0'; c++)
		n += *c == '\'' ? each : 1;
	at = out = malloc(n);
	if (out == NULL)
		return NULL;
	*at++ = '\'';
	for (; *word != '\0'; word++) {
		if (*word == '\'') {
			memcpy(at, how, each);
			at += each;
		} else {
			*at++ = *word;
		}
	}
	*at++ = '\'';
	*at = '\0';
	return out;
}

char *bare_word_shell(const char *word)
{
	return quoted(word, "'\\''");
}

bool bare_word_rsh(char *text, size_t size, const char *word)
{
	char *safe = quoted(word, "''");
	size_t used = strlen(text);
	int n = safe != NULL ? snprintf(text + used, size - used, "%s%s", used != 0 ? " " : "", safe) : -1;

	free(safe);
	return n >= 0 && (size_t)n < size - used;
}

bool bare_word_plain(const char *word, const char *more)
{
	for (; *word != '\0'; word++)
		if (strchr(LETTERS, *word) == NULL && strchr(more, *word) == NULL)
			return false;
	return true;
}

/* Adds a character, and says whether there was room. */
static bool put(char *rule, size_t size, size_t *used, char c)
{
	if (*used + 1 >= size)
		return false;
	rule[(*used)++] = c;
	rule[*used] = '\0';
	return true;
}

/* What fnmatch(3) sees in the '[' there: an expression, one that rsync does not know ([=a=], [.a.]), itself, as nothing closes it, or what nothing matches: a range without its end. */
enum bracket { BRACKET_CLOSED, BRACKET_UNKNOWN, BRACKET_ITSELF, BRACKET_NOTHING };

static enum bracket bracket_at(const char *at)
{
	const char *first;

	at++;
	at += *at == '!' || *at == '^';
	first = at;
	at += *at == ']';
	for (; *at != '\0' && *at != ']'; at++) {
		const char *end = at[0] == '[' && at[1] == ':' ? strstr(at + 2, ":]") : NULL;

		if (at[0] == '[' && (at[1] == '=' || at[1] == '.'))
			return BRACKET_UNKNOWN;
		if (at[0] == '-' && at[1] == '\0' && at > first)
			return BRACKET_NOTHING;
		if (end != NULL)
			at = end + 1;
		else if (at[0] == '\\' && at[1] != '\0')
			at++;
	}
	return *at == ']' ? BRACKET_CLOSED : BRACKET_ITSELF;
}

int bare_word_pattern(const char *pattern, char *rule, size_t size)
{
	bool whole = strchr(pattern, '/') != NULL;
	bool wild = strpbrk(pattern, WILD) != NULL;
	size_t n = strlen(pattern);
	size_t used = 0;
	bool fits = size > 0;
	bool star = false;
	enum bracket bracket;

	/* A path relative to the source has no '/' at either end, and no name ends in a backslash that quotes nothing. */
	if (n == 0 || pattern[0] == '/' || pattern[n - 1] == '/')
		return 0;
	if (whole)
		fits = put(rule, size, &used, '/');
	for (const char *at = pattern; *at != '\0' && fits; at++) {
		if (*at == '\\') {
			if (at[1] == '\0')
				return 0;
			/* Without a wildcard rsync takes a backslash for itself. */
			if (wild)
				fits = put(rule, size, &used, *at);
			at++;
			fits = fits && put(rule, size, &used, *at);
			star = false;
		} else if (*at == '[' && (bracket = bracket_at(at)) != BRACKET_CLOSED) {
			if (bracket != BRACKET_ITSELF)
				return bracket == BRACKET_NOTHING ? 0 : -1;
			/* rsync takes it for an expression that nothing matches. */
			fits = put(rule, size, &used, '\\') && put(rule, size, &used, *at);
			star = false;
		} else if (*at != '*' || !star) {
			/* `**` is no more than `*` here; for rsync it goes over '/', too. */
			fits = put(rule, size, &used, *at);
			star = *at == '*';
		}
	}
	return fits ? 1 : -1;
}

bool bare_word_path(const char *path, char *rule, size_t size)
{
	bool wild = strpbrk(path, WILD) != NULL;
	size_t used = 0;
	bool fits = put(rule, size, &used, '/');

	for (; *path != '\0' && fits; path++) {
		if (wild && strchr(WILD "\\", *path) != NULL)
			fits = put(rule, size, &used, '\\');
		fits = fits && put(rule, size, &used, *path);
	}
	return fits;
}

const char *bare_word_numbers(const char *text, char separator, uint64_t *numbers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *end = NULL;

		while (*text == separator)
			text++;
		errno = 0;
		if (*text < '0' || *text > '9')
			return NULL;
		numbers[i] = strtoull(text, &end, 10);
		if (errno != 0)
			return NULL;
		text = end;
	}
	return text;
}
