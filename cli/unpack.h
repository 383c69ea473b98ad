/* unpack: what a receiver sends in answer to FETCH, written below a folder: each file checked against its SHA-256, hard links as links, holes as holes,
 * metadata last. Never through a symlink, never over something that is there.
 *
 * lifetime: unpack_new / unpack_destroy. threads: one. */
#ifndef AOB_UNPACK_H
#define AOB_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

struct unpack;

struct unpack_options {
	bool keep_special; /* devices, fifos, setuid and setgid too */
	/* May be NULL: called for each file that is not as it should be. */
	void (*complain)(void *context, const char *path, const char *what);
	void *context;
};

struct unpack_totals {
	uint64_t files, bytes;
	uint64_t damaged;  /* written, but their content is not what was recorded */
	uint64_t missing;  /* the vault's disk would not give them */
	uint64_t left_out; /* special ones, without keep_special */
};

/* unpack_new: target_fd: an empty folder; stays the caller's. */
int unpack_new(int target_fd, const struct unpack_options *options, struct unpack **unpack, struct error *err);
void unpack_destroy(struct unpack **unpack);

/* The frames in the order in which they come. errors: ERR_PROTOCOL, ERR_SPACE, by errno */
int unpack_entry(struct unpack *unpack, const uint8_t *payload, size_t len_bytes, struct error *err);
int unpack_data(struct unpack *unpack, const uint8_t *data, size_t len_bytes, struct error *err);
int unpack_file_end(struct unpack *unpack, const uint8_t *payload, size_t len_bytes, struct error *err);

/* unpack_finish: the folders' metadata, and everything synced. */
int unpack_finish(struct unpack *unpack, struct error *err);

struct unpack_totals unpack_totals(const struct unpack *unpack);

#endif
