#include "lib/utf8.h"

#include <stddef.h>
#include <string.h>

#define SURROGATES_FROM 0xd800u
#define SURROGATES_TO 0xdfffu
#define POINT_MAX 0x10ffffu

/* By the first byte: how many there are, what of it counts, and the least point that is not written shorter. */
static const struct {
	unsigned char from, to, bits;
	unsigned bytes;
	uint32_t least;
} kinds[] = {
	{ 0x01, 0x7f, 0x7f, 1, 0 },
	{ 0xc2, 0xdf, 0x1f, 2, 0x80 },
	{ 0xe0, 0xef, 0x0f, 3, 0x800 },
	{ 0xf0, 0xf4, 0x07, 4, 0x10000 },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

unsigned utf8_at(const char *text, uint32_t *point)
{
	const unsigned char *s = (const unsigned char *)text;

	for (size_t k = 0; k < KINDS; k++) {
		uint32_t made = s[0] & kinds[k].bits;

		if (s[0] < kinds[k].from || s[0] > kinds[k].to)
			continue;
		/* The text's NUL is no such byte. */
		for (unsigned i = 1; i < kinds[k].bytes; i++) {
			if ((s[i] & 0xc0) != 0x80)
				return 0;
			made = made << 6 | (s[i] & 0x3fu);
		}
		if (made < kinds[k].least || made > POINT_MAX || (made >= SURROGATES_FROM && made <= SURROGATES_TO))
			return 0;
		if (point != NULL)
			*point = made;
		return kinds[k].bytes;
	}
	return 0;
}

unsigned utf8_put(uint32_t point, char out[UTF8_BYTES_MAX])
{
	unsigned n = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;

	for (unsigned i = n; i-- > 1; point >>= 6)
		out[i] = (char)(0x80 | (point & 0x3f));
	out[0] = (char)(n == 1 ? point : (0xf00u >> n & 0xf0u) | point);
	return n;
}

void utf8_cut(char *text)
{
	size_t end = strlen(text);
	size_t at = end;

	while (at > 0 && end - at < UTF8_BYTES_MAX - 1 && ((unsigned char)text[at - 1] & 0xc0) == 0x80)
		at--;
	if (at == 0)
		return;
	at--;
	for (size_t k = 0; k < KINDS; k++)
		if ((unsigned char)text[at] >= kinds[k].from && (unsigned char)text[at] <= kinds[k].to &&
		    end - at < kinds[k].bytes)
			text[at] = '\0';
}
