/* source_content: does a source still hold this content at this path? Looked for in the pipeline's local snapshots, the newest first, and in the source as it is now. What decides is the SHA-256, so
 * nothing depends on which of them it is found in.
 *
 * lifetime: source_content_open / source_content_close. threads: one. */
#ifndef AOB_SOURCE_CONTENT_H
#define AOB_SOURCE_CONTENT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

struct source_content;

/* source_content_open: snapshots: the folder that is configured for them, or NULL. What is not there is not looked into; that nothing is there is no error.
 * errors: ERR_SYSTEM */
int source_content_open(const char *source, const char *snapshots, const char *pipeline,
                        struct source_content **content, struct error *err);
void source_content_close(struct source_content **content);

struct source_content_want {
	uint64_t size_bytes;
	bool any_size; /* where no file of that size is it, those of another one are read too: the size was damaged as well, perhaps */
	const uint8_t *sha256;
	int (*meanwhile)(void *context, struct error *err); /* NULL, or called for every piece; -1 (err set) stops */
	void *context;
};

/* source_content_find: out: *fd, the caller's, open for reading; -1: nowhere. Each version of the file at that path is read once. errors: ERR_SYSTEM, those of meanwhile */
int source_content_find(struct source_content *content, const char *path, const struct source_content_want *want,
                        int *fd, struct error *err);

#endif
