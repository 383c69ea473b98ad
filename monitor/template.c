#include "monitor/template.h"

#include <string.h>

/* out: the value of the name that ends at end; NULL: there is none. */
static const char *value_of(const char *name, const char *end, const struct template_value *values, size_t n_values)
{
	size_t len = (size_t)(end - name);

	for (size_t i = 0; i < n_values; i++)
		if (strlen(values[i].name) == len && memcmp(values[i].name, name, len) == 0)
			return values[i].value != NULL ? values[i].value : "";
	return NULL;
}

/* Behind {{/name}}; NULL: not closed. */
static const char *skip_block(const char *rest, const char *name, size_t len)
{
	while ((rest = strstr(rest, "{{/")) != NULL) {
		rest += 3;
		if (strncmp(rest, name, len) == 0 && strncmp(rest + len, "}}", 2) == 0)
			return rest + len + 2;
	}
	return NULL;
}

/* at: behind "{{". Returns what follows the place, NULL: a fault. */
static const char *fill_place(struct text *text, const char *at, const struct template_value *values, size_t n_values)
{
	const char *end = strstr(at, "}}");
	const char *value = NULL;
	const char mark = *at;

	if (end == NULL)
		return NULL;
	if (mark == '/')
		return end + 2;
	value = value_of(at + (mark == '?' || mark == '{'), end, values, n_values);
	if (value == NULL)
		return NULL;
	if (mark == '?')
		return *value != '\0' ? end + 2 : skip_block(end + 2, at + 1, (size_t)(end - at - 1));
	if (mark != '{') {
		text_html(text, value);
		return end + 2;
	}
	text_put(text, value, strlen(value));
	return end[2] == '}' ? end + 3 : NULL;
}

void template_fill(struct text *text, const char *template, const struct template_value *values, size_t n_values)
{
	while (*template != '\0') {
		const char *place = strstr(template, "{{");

		if (place == NULL) {
			text_put(text, template, strlen(template));
			return;
		}
		text_put(text, template, (size_t)(place - template));
		template = fill_place(text, place + 2, values, n_values);
		if (template == NULL) {
			text->failed = true;
			return;
		}
	}
}
