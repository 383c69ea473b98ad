/* source: one watched source: its signals put together into the facts that idle.h decides by.
 *
 * lifetime: source_new / source_destroy. threads: one. */
#ifndef AOB_SOURCE_H
#define AOB_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"
#include "watcher/idle.h"

struct source;

/* What the broker says of it. */
struct source_order {
	char pipeline[65];
	char path[4096];
	uint64_t idle_ms, max_wait_ms;
	bool running, paused;
	uint64_t last_ctransid;    /* of the last generation; 0: none */
	char last_source_uuid[40]; /* ""; */
};

struct source_report {
	const char *pipeline; /* borrowed */
	struct idle_verdict verdict;
	int64_t since_s; /* wall clock: when this state began */
	uint64_t ctransid;
};

struct source *source_new(const struct source_order *order); /* NULL: out of memory */
void source_destroy(struct source **source);

const char *source_pipeline(const struct source *source);
/* source_update: what the broker says now; another path begins the watch anew. */
void source_update(struct source *source, const struct source_order *order);
/* source_fd: readable when something was written; -1: none. */
int source_fd(const struct source *source);
/* source_look: read all signals, decide. Call once a second and whenever source_fd is readable. A source that can't be read is `unknown`, with the
 * cause as the reason, and is tried again. */
struct source_report source_look(struct source *source, int64_t now_ms);

#endif
