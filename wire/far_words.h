/* far_words: what a receiver says on its stderr, as far as somebody at this end should know it: its warnings go into our log, so many of a connection. Whatever a stranger writes there does no more harm than that.
 *
 * lifetime: an all-zero struct is one that has heard nothing. threads: one. */
#ifndef AOB_FAR_WORDS_H
#define AOB_FAR_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

#define FAR_WORDS_MOST 20      /* warnings of a connection that are logged */
#define FAR_WORDS_LINE_MAX 512 /* of a longer line only the beginning */

struct far_words {
	/* private */
	char line[FAR_WORDS_LINE_MAX + 1];
	size_t line_bytes;
	unsigned told;
};

/* far_words_hear: the next n bytes. */
void far_words_hear(struct far_words *words, const char *text, size_t n);

/* far_words_read: reads what a child's stderr has just now: a pipe that nobody reads would block it. err_fd: non-blocking, or -1; of: whose it is, for --trace; take: is handed each piece. */
void far_words_read(int err_fd, const char *of, void (*take)(void *context, const char *text, size_t n), void *context);

/* far_words_keep: the same, and the first size - 1 bytes of all that it said stay in words, with a NUL behind; *bytes: how many are there. */
void far_words_keep(int err_fd, const char *of, char *words, size_t size, size_t *bytes);

/* far_words_ssh: are these ssh's words for what no retry will mend? Then err, which is set, says so. */
bool far_words_ssh(const char *words, struct error *err);

#endif
