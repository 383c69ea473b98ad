/* uuid: an identifier that no other thing will bear.
 *
 * threads: any. source: RFC 9562, version 4; getrandom(2) */
#ifndef AOB_UUID_H
#define AOB_UUID_H

#include "lib/error.h"

#define UUID_TEXT_SIZE 37

/* uuid_make: errors: by errno */
int uuid_make(char text[UUID_TEXT_SIZE], struct error *err);

#endif
