/* macs_codec: the Macs whose backups are in a generation, as bytes (MACS). docs/wire.md has the table of fields. */
#ifndef AOB_MACS_CODEC_H
#define AOB_MACS_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/codec.h"

#define MACS_CODEC_MAX 64
#define MACS_CODEC_NAME_SIZE 128

struct wire_mac {
	char name[MACS_CODEC_NAME_SIZE]; /* from the other end: whatever it sent, but for the NUL behind it */
	char state[12];                  /* "finished", "unfinished", "in-flight" */
	int64_t completed_at_s;          /* its last completed backup, by its own clock; 0: none, or not known */
	bool verification_failed;
};
struct wire_macs {
	size_t n;
	struct wire_mac list[MACS_CODEC_MAX];
};

/* put_macs: a state that is none of those goes as "in-flight". */
void put_macs(struct encoder *e, const struct wire_macs *macs);
/* get_macs: a fault makes d bad. */
void get_macs(struct decoder *d, struct wire_macs *macs);

#endif
