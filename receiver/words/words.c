#include "receiver/words/words.h"

#include <stddef.h>
#include <string.h>

static const struct words *const all[] = {
#define LANGUAGE(code) &words_##code,
#include "lib/languages.def"
#undef LANGUAGE
};

const struct words *words_of(const char *code)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i]->language, code) == 0)
			return all[i];
	return all[0];
}
