/* bare_said: what an rsync says on stderr, which is also what ssh and the far end's rsync say there. Of a source that is written to while it is read, rsync names each file that went: such lines are
 * counted, so that all else stays, however many they are. Pure.
 *
 * lifetime: an all-zero struct has heard nothing. threads: one.
 * source: rsync's flist.c, sender.c, acls.c, xattrs.c; log.c, which escapes a line break in a name, and puts the words of an errno last */
#ifndef AOB_BARE_SAID_H
#define AOB_BARE_SAID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BARE_SAID_KEPT 16384
#define BARE_SAID_LINE 32768 /* a path of PATH_MAX, each byte of it escaped, and the words around it */

struct bare_said {
	char words[BARE_SAID_KEPT +
	           1]; /* whole lines: the first of the writers', and of all others as many as there is room for */
	size_t words_bytes;
	uint64_t
	        of_writers; /* lines of what only the source's own writers do: a file went, or became shorter, or another kind of thing, while it was read */
	bool others;        /* there were other lines too, beside rsync's last one, which sums up */
	/* private */
	char line[BARE_SAID_LINE];
	size_t line_bytes;
};

/* bare_said_hear: the next n bytes. */
void bare_said_hear(struct bare_said *said, const char *text, size_t n);

/* bare_said_end: there is no more; the last line may have had no end. */
void bare_said_end(struct bare_said *said);

#endif
