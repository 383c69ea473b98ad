/* bare_output: what rsync says on stdout of how far it is, what it changes and what it did. It is run with --outbuf=L --no-human-readable --info=progress2 --stats and
 * BARE_OUTPUT_FORMAT. Pure.
 *
 * source: rsync(1), "--info", "--itemize-changes", "--stats" */
#ifndef AOB_BARE_OUTPUT_H
#define AOB_BARE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BARE_OUTPUT_FORMAT "--out-format=aob:%i:%l:%n"
#define BARE_OUTPUT_LINE 256 /* of a longer line only the beginning */

struct bare_output {
	uint64_t done_bytes;    /* content that is through, sent or found there */
	unsigned percent;       /* of all content; 0 also: not known */
	uint64_t files;         /* that were transferred */
	uint64_t items;         /* names that differ from the last generation, without the top folder */
	uint64_t item_files;    /* regular files among them */
	bool has_totals;        /* the rest is told at the end */
	uint64_t entries;       /* names in the source, its own folder among them */
	uint64_t regular_files; /* … that are regular files */
	uint64_t literal_bytes, matched_bytes, sent_bytes, received_bytes;
	bool restarted; /* it was ended and begun again meanwhile: items and bytes are those of all that was heard, as far as it was told */
	bool links_full; /* it has failed as bare_exit_links_full has it */
	/* private */
	char line[BARE_OUTPUT_LINE];
	size_t line_bytes;
};

/* bare_output_hear: the next n bytes. An all-zero struct has heard nothing. */
void bare_output_hear(struct bare_output *output, const char *text, size_t n);

/* bare_output_add: what an rsync has said that was ended before this one was begun. */
void bare_output_add(struct bare_output *output, const struct bare_output *before);

#endif
