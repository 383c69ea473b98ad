/* text: a text that grows, with an upper limit: what the monitor answers with.
 *
 * Once it could not grow, text_failed stays true and nothing is added any more, so a builder checks once, at its end.
 *
 * lifetime: text_init / text_done, or text_take. threads: one at a time. */
#ifndef AOB_MONITOR_TEXT_H
#define AOB_MONITOR_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_MAX_BYTES (32u << 20)

struct text {
	char *data; /* with a NUL behind; NULL while empty */
	size_t len_bytes;
	size_t size_bytes;
	bool failed;
};

void text_init(struct text *text);
void text_done(struct text *text);
bool text_failed(const struct text *text);

/* text_take: the whole text, the caller's, free(3); *text is empty then. NULL: it could not grow. */
char *text_take(struct text *text, size_t *len_bytes);

void text_put(struct text *text, const char *bytes, size_t len_bytes);
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* text_html: escaped for HTML, in an element as well as in a quoted attribute; control characters as \xHH. For everything that
 * is not a literal of ours. */
void text_html(struct text *text, const char *words);

/* text_label: escaped as a label's value of the Prometheus text format. */
void text_label(struct text *text, const char *words);

#endif
