#include "lib/language.h"

#include <string.h>

bool language_is_code(const char *text)
{
	size_t len = strlen(text);

	return len <= LANGUAGE_MAX && strspn(text, "abcdefghijklmnopqrstuvwxyz-") == len;
}
