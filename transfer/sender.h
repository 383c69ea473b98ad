/* sender: what the parts of one transfer share: the snapshot's tree, the wire, and how far it is. */
#ifndef AOB_SENDER_H
#define AOB_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/entry.h"
#include "lib/error.h"
#include "lib/inside.h"
#include "transfer/meter.h"
#include "wire/codec.h"
#include "wire/wire.h"

struct sender {
	struct inside *tree; /* of the snapshot */
	int folder_fd;       /* its root; borrowed */
	struct inside *
	        anchor; /* of the snapshot that the vault's last generation was made from; NULL: there is none; borrowed */
	struct parts *parts;   /* what the receiver has of files that a broken connection left; borrowed */
	struct ledger *ledger; /* is told the hash of what is sent; NULL; borrowed */
	struct wire *wire;
	struct encoder encoder;
	struct entry_memory memory;
	struct meter *meter;
	bool careful;           /* an attempt after a mismatch: full-length strong hashes */
	uint64_t literal_bytes; /* content that crossed */
	uint64_t matched_bytes; /* content that the receiver had */
};

void sender_init(struct sender *sender);
void sender_done(struct sender *sender);

/* sender_read: the entry at path, with its attributes. out: valid until the next call. */
int sender_read(struct sender *sender, const char *path, struct entry *entry, struct error *err);

/* sender_read_in: likewise from any tree, into memory of the caller's. digest_only: as entry_read's. */
int sender_read_in(struct inside *tree, const char *path, bool digest_only, struct entry_memory *memory,
                   struct entry *entry, struct error *err);

/* sender_alive: in: context: a sender. Called now and then in long work on this machine, so that neither the receiver's patience nor a cancel waits for its end. */
int sender_alive(void *context, struct error *err);

/* sender_frame: what stands in sender->encoder, as one frame. */
int sender_frame(struct sender *sender, unsigned type, struct error *err);

#endif
