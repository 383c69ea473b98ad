/* language: the codes by which a person's language is named (`contact.language`), such as "de"; a further part may follow ("pt-br"). Which ones are spoken: lib/languages.def. */
#ifndef AOB_LANGUAGE_H
#define AOB_LANGUAGE_H

#include <stdbool.h>

#define LANGUAGE_MAX 15 /* bytes of a code */

/* language_is_code: small letters and '-', at most LANGUAGE_MAX; "" counts as well: none. Pure. */
bool language_is_code(const char *text);

#endif
