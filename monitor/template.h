/* template: a page's HTML, written by hand in monitor/page/, with places for values.
 *
 *   {{name}}              the value, escaped        {{{name}}}   markup that was made by us, as it is
 *   {{?name}} … {{/name}} only if the value is not empty; not nested in one of the same name
 *
 * Pure. A place without a value, or one that is not closed, fails the text. */
#ifndef AOB_MONITOR_TEMPLATE_H
#define AOB_MONITOR_TEMPLATE_H

#include <stddef.h>

#include "monitor/text.h"

struct template_value {
	const char *name;
	const char *value; /* NULL: "" */
};

void template_fill(struct text *text, const char *template, const struct template_value *values, size_t n_values);

#endif
