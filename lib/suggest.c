#include "lib/suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

size_t suggest_distance(const char *a, const char *b)
{
	size_t len_a = strlen(a);
	size_t len_b = strlen(b);
	/* Three rows of the table: the one being made, and the two above. */
	size_t rows[3][SUGGEST_WORD_MAX + 1];

	if (len_a > SUGGEST_WORD_MAX || len_b > SUGGEST_WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= len_b; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= len_a; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3];
		const size_t *two_above = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= len_b; j++) {
			row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = least(row[j], two_above[j - 2] + 1);
		}
	}
	return rows[len_a % 3][len_b];
}

const char *suggest_nearest(const char *word, const char *const *words, size_t n)
{
	const char *nearest = NULL;
	size_t smallest = SIZE_MAX;

	for (size_t i = 0; i < n; i++) {
		size_t distance = suggest_distance(word, words[i]);
		size_t longer = strlen(word) > strlen(words[i]) ? strlen(word) : strlen(words[i]);

		if (distance < smallest && distance <= (longer < 6 ? 1 + (longer > 3) : longer / 3)) {
			smallest = distance;
			nearest = words[i];
		}
	}
	return nearest;
}
