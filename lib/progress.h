/* progress: a progress bar for long work: one line on a terminal, drawn again at most ten times a second; elsewhere a plain line each ten seconds. */
#ifndef AOB_PROGRESS_H
#define AOB_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress_bar {
	const char *label;    /* what is being done; borrowed */
	uint64_t done, total; /* bytes; total 0: not known */
	uint64_t files;
	uint64_t rate_bps; /* 0: worked out from done */
	int64_t eta_s;     /* -1: worked out from rate */
	/* private */
	int64_t began_ms, shown_ms;
	bool drawn;
};

void progress_begin(struct progress_bar *bar, const char *label);
/* progress_show: on stderr, so that standard output stays the result's. progress_clear: takes the line away again. */
void progress_show(struct progress_bar *bar);
void progress_clear(struct progress_bar *bar);

/* progress_text: the line, for a terminal that is so many columns wide. Pure. Returns out. */
const char *progress_text(const struct progress_bar *bar, unsigned columns, char *out, size_t size);

#endif
