/* wire: the framed conversation between this host and a receiver, over two descriptors (an ssh child's, or a local child's).
 *
 * A frame is  u32 payload length | u8 type | payload,  all integers big-endian (RFC 1700 "network order"). Every payload's
 * greatest size stands in frames.def and is checked before anything is allocated. After HELLO and WELCOME both directions
 * go through zstd if both sides offered it. docs/wire.md is the whole story.
 *
 * threads: a struct wire belongs to one thread. */
#ifndef AOB_WIRE_H
#define AOB_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

#define WIRE_MAGIC 0x414f4231u /* "AOB1" */
#define WIRE_VERSION 2
#define WIRE_FEATURE_ZSTD 0x1u
#define WIRE_FEATURE_SPACE 0x2u     /* WELCOME tells how much room the vault has */
#define WIRE_FEATURE_BRAKE 0x4u     /* COMMIT tells the client's brake; BRAKE is answered */
#define WIRE_FEATURE_MACS 0x8u      /* MACS is told and taken */
#define WIRE_FEATURE_OWNER 0x10u    /* the client tells which machine it is */
#define WIRE_FEATURE_LOOK 0x20u     /* LOOK, FIND and DIFF are answered */
#define WIRE_FEATURE_CONTACT 0x40u  /* the client tells whom a relative is to call */
#define WIRE_FEATURE_GIVE 0x80u     /* TREE, GIVE and SUMS are answered */
#define WIRE_FEATURE_PROOF 0x100u   /* ROOT, BRANCH and PROOF are answered; GENERATION tells the root */
#define WIRE_FEATURE_VERIFY 0x200u  /* VERIFY and MEND are answered */
#define WIRE_FEATURE_DOCTOR 0x1000u /* the role `doctor` is known; DOCTOR and MEASURE are answered */
#define WIRE_PATH_MAX 65535
#define WIRE_PATTERN_MAX 4096u /* of FIND */
#define WIRE_DATA_MAX 262144
#define WIRE_STRING_MAX 4095
#define WIRE_FETCH_LINKED UINT64_MAX           /* FETCH_FILE_END's size: another name of an inode that came before */
#define WIRE_FETCH_UNREADABLE (UINT64_MAX - 1) /* … the vault's disk would not give it */

#define WIRE_SUM_BYTES 16u /* of each block's SHA-256, the first */
#define WIRE_SUM_BLOCK_LEAST 4096u

#define WIRE_GENERATION_CURRENT 1u /* GENERATION's flags */
#define WIRE_GENERATION_PINNED 2u
#define WIRE_GENERATION_HELD 4u

enum wire_brake {                      /* BRAKED's result */
	          WIRE_BRAKE_OPEN,     /* nothing is held */
	          WIRE_BRAKE_HOLDS,    /* something is */
	          WIRE_BRAKE_RELEASED, /* it was, until now */
	          WIRE_BRAKE_REFUSED
};

enum frame_type {
#define FRAME(name, number, direction, greatest) FRAME_##name = (number),
#include "wire/frames.def"
#undef FRAME
};

const char *frame_name(unsigned type); /* "FILE_BEGIN"; "?" if unknown; static */
bool frame_known(unsigned type);
size_t frame_greatest(unsigned type); /* 0 for unknown */
/* frame_from: 'C', 'R' or 'B'; 0 for unknown. */
char frame_from(unsigned type);

/* A frame as it came in; payload is borrowed until the next wire_receive. */
struct frame {
	unsigned type;
	const uint8_t *payload;
	size_t len_bytes;
};

struct wire;

struct wire_hooks {
	/* May be NULL. Called before bytes leave, after compression, with *len_bytes that would; sleeps to keep the rate, sets how many of
	 * them may leave now (it is asked again for the rest), returns -1 (err set) to stop. */
	int (*pace)(void *context, size_t *len_bytes, struct error *err);
	/* May be NULL. Called at least once a second while the wire waits, and by wire_keepalive; returns -1 (err set) to give up (cancel). */
	int (*waiting)(void *context, struct error *err);
	void *context;
};

/* wire_new: over in_fd and out_fd, which stay the caller's (set non-blocking by this call). side: 'C' client, 'R' receiver; a frame
 * that the other side may not send is ERR_PROTOCOL. hooks: copied, may be NULL. errors: ERR_SYSTEM. */
int wire_new(int in_fd, int out_fd, char side, const struct wire_hooks *hooks, struct wire **wire, struct error *err);

/* wire_patience: by the client: from now on an end that for so long neither says anything where it should, nor takes anything, is taken for lost. Before: it is waited for as long as
 * it takes. A receiver has a patience of its own, see wire_keepalive. */
void wire_patience(struct wire *wire, uint64_t silence_ms);
void wire_destroy(struct wire **wire);

/* wire_compress: from the next frame on, both ways. Call right after WELCOME was sent or received. */
int wire_compress(struct wire *wire, struct error *err);

/* wire_send: queue one frame; goes out when 64 KiB are together or at wire_flush. Waits for the other end as long as wire_patience says.
 * errors: ERR_LINK (the other end is gone; if it said FAULT before, that is what err holds), ERR_INTERNAL (over the greatest size), hooks' own. */
int wire_send(struct wire *wire, unsigned type, const void *payload, size_t len_bytes, struct error *err);
int wire_flush(struct wire *wire, struct error *err);

/* wire_keepalive: by the client, as often as it likes while it works without sending: a PING if nothing has left for half a minute. A receiver that hears
 * nothing for three minutes takes the connection for lost, and lets go of the vault. */
int wire_keepalive(struct wire *wire, struct error *err);

/* wire_receive: the next frame; flushes what is queued first. FAULT frames become errors on the client side (class from the frame);
 * NOTE frames are given to the caller like others, PINGs are passed over.
 * returns: 1 a frame, 0 the other end closed properly between two frames, -1 error (ERR_LINK, ERR_PROTOCOL, hooks' own). */
int wire_receive(struct wire *wire, struct frame *frame, struct error *err);

/* wire_expect: wire_receive, where only that type is right; anything else, the end included, is an error. NOTEs are passed over. */
int wire_expect(struct wire *wire, unsigned type, struct frame *frame, struct error *err);

/* wire_other_gone: has the other end closed? For long work that does not receive meanwhile; what it said before may still be unread. */
bool wire_other_gone(const struct wire *wire);

uint64_t wire_bytes_in(const struct wire *wire); /* on the descriptor: after compression */
uint64_t wire_bytes_out(const struct wire *wire);

#endif
