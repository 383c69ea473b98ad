/* json_text: JSON's strings are UTF-8, and what names, messages and texts that were cut are made of may be anything. */
#ifndef AOB_JSON_TEXT_H
#define AOB_JSON_TEXT_H

#include <jansson.h>

/* json_text: as a JSON string: as it is, or, if it is no UTF-8, escaped as log_escape does. A new reference; NULL: out of memory. */
json_t *json_text(const char *text);

#endif
