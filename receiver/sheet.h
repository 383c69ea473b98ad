/* sheet: a page for people in the making, in one of the languages, as HTML or as plain text; both are told the same. Whatever it is given is escaped for its
 * place: control characters and bytes that are no UTF-8 as \xHH, then what HTML or a URL gives a meaning to.
 *
 * Write errors are the stream's own (ferror). threads: none shared. */
#ifndef AOB_SHEET_H
#define AOB_SHEET_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "receiver/words/words.h"

#define SHEET_VALUE_SIZE 128 /* of what the last functions give */

struct sheet {
	FILE *out;
	const struct words *words;
	bool html; /* else plain text, wrapped */
};

/* What the words' {0}, {1} and {2} stand for; NULL: they have fewer. Borrowed. */
struct sheet_values {
	const char *v[3];
};
#define SHEET_NONE ((struct sheet_values){ { NULL } })
#define SHEET_VALUES(...) ((struct sheet_values){ { __VA_ARGS__ } })

/* sheet_text: as it is, escaped. sheet_say: words with their values, inside of a line. */
void sheet_text(const struct sheet *sheet, const char *text);
void sheet_say(const struct sheet *sheet, const char *words, struct sheet_values values);

/* sheet_raw: markup of ours. HTML only. */
void sheet_raw(const struct sheet *sheet, const char *markup);
/* sheet_url: a path as part of an attribute in "": all but letters, digits and - . _ ~ / by %HH. HTML only. */
void sheet_url(const struct sheet *sheet, const char *path);

/* sheet_heading: of a section; id: what a link may lead to. sheet_subheading: likewise, within. */
void sheet_heading(const struct sheet *sheet, const char *id, const char *words);
void sheet_subheading(const struct sheet *sheet, const char *words);
void sheet_para(const struct sheet *sheet, const char *words, struct sheet_values values);
/* sheet_steps: numbered; steps: ends with a NULL. */
void sheet_steps(const struct sheet *sheet, const char *const *steps);

/* In the language's own form. Each returns out. */
const char *sheet_number(const struct sheet *sheet, uint64_t number, char out[SHEET_VALUE_SIZE]);
const char *sheet_size(const struct sheet *sheet, uint64_t bytes, char out[SHEET_VALUE_SIZE]);
const char *sheet_date(const struct sheet *sheet, int year, int month, int day, char out[SHEET_VALUE_SIZE]);
const char *sheet_time(const struct words *words, int64_t at_s, char out[SHEET_VALUE_SIZE]);

#endif
