/* breath: what reading for hours does between two pieces: it tells how far it is, once a second, and waits as long as somebody writes to the same backups, who comes first.
 *
 * threads: one. */
#ifndef AOB_BREATH_H
#define AOB_BREATH_H

#include <stdbool.h>
#include <stdint.h>

#include "receiver/ticker.h"
#include "receiver/vault.h"

struct breath {
	const struct vault *vault;
	/* tell: waits: somebody writes. -1 stops the work. */
	int (*tell)(void *context, uint64_t done_bytes, uint64_t total_bytes, bool waits, struct error *err);
	void *context;
	uint64_t done, total; /* bytes; total 0: not known */
	bool quiet;           /* nobody listens now: the other end is sending */
	struct ticker ticker; /* private: for file_copy.h, mute; it counts MiB of the file that is read */
	int64_t told_ms;      /* private */
};

void breath_init(struct breath *breath, const struct vault *vault,
                 int (*tell)(void *context, uint64_t done, uint64_t total, bool waits, struct error *err),
                 void *context);

/* breath_take: between two pieces, as often as one likes. errors: those of tell */
int breath_take(struct breath *breath, struct error *err);

/* breath_sha256: the content of an open file, read from its disk, as far as the kernel lets go of what it remembers of it. errors: those of file_copy_sha256, of tell */
int breath_sha256(struct breath *breath, int fd, uint64_t size_bytes, uint8_t sha256[32], struct error *err);

#endif
