/* verify_codec: what a receiver tells of damage in a vault, and of its rounds (DAMAGE, VERIFIED), as bytes. docs/wire.md has the table of fields. */
#ifndef AOB_VERIFY_CODEC_H
#define AOB_VERIFY_CODEC_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/codec.h"
#include "wire/wire.h"

#define VERIFY_CODEC_GENERATION_SIZE 32
#define VERIFY_CODEC_GENERATIONS_MAX 4096
#define VERIFY_CODEC_REASON_SIZE 256

enum wire_verify {                     /* VERIFY's how */
	           WIRE_VERIFY_SHARE,  /* as much as is due, where the last share ended */
	           WIRE_VERIFY_ALL,    /* a whole round from its beginning */
	           WIRE_VERIFY_ONE,    /* one generation */
	           WIRE_VERIFY_DAMAGE, /* what is known to be damaged, nothing else */
	           WIRE_VERIFY_HOWS
};

enum wire_damage_kind {                         /* DAMAGE's kind */
	                WIRE_DAMAGE_CONTENT,    /* not what its hash says */
	                WIRE_DAMAGE_UNREADABLE, /* the disk does not give it */
	                WIRE_DAMAGE_MISSING,    /* a name, or so many, are not there any more */
	                WIRE_DAMAGE_DIFFERS, /* of a generation, path "": by its root, which is sha256, it is another tree; told as MISSING, which an older client knows */
	                WIRE_DAMAGE_KINDS
};

enum wire_mended {                       /* MENDED's result */
	           WIRE_MENDED_DONE,     /* it is what it was */
	           WIRE_MENDED_NEEDLESS, /* it is not damaged, or not there any more */
	           WIRE_MENDED_CANNOT,   /* by this content, or from the other generations */
	           WIRE_MENDED_LATER,    /* somebody writes there now */
	           WIRE_MENDED_RESULTS
};

/* One damaged file, with all generations that it touches. What the pointers lead to is the struct's own: verify_codec_damage_done. */
struct wire_damage {
	enum wire_damage_kind kind;
	bool given_up; /* could not be mended when that was tried last, for: */
	char reason[VERIFY_CODEC_REASON_SIZE];
	char generation[VERIFY_CODEC_GENERATION_SIZE]; /* the oldest of them */
	char *path;                                    /* there; "" of MISSING: it is not known which */
	char *newest_path;                             /* in the newest of them, if that is another one; else NULL */
	uint64_t size_bytes;
	uint8_t sha256[32];
	int64_t found_at_s;
	size_t n_generations;
	char (*generations)[VERIFY_CODEC_GENERATION_SIZE]; /* oldest first */
};
void verify_codec_damage_done(struct wire_damage *damage);

/* How a verification went, and how far the round has come. */
struct wire_verified {
	uint64_t files, bytes;             /* read now */
	uint64_t unhashed;                 /* of these, without a recorded hash: read, and compared with nothing */
	uint64_t damaged;                  /* files known to be damaged, more than were told perhaps */
	bool round_ended;                  /* with this */
	int64_t round_began_s;             /* of the round that is under way; 0: none is */
	uint64_t round_bytes, round_total; /* read in it; what it reads in all, as far as is known */
	int64_t last_round_s;              /* when the last whole round ended; 0: none has yet */
};

void put_damage(struct encoder *e, const struct wire_damage *damage);
/* get_damage: out: *damage, the caller's to give back, also if d is bad behind it. A fault makes d bad. */
void get_damage(struct decoder *d, struct wire_damage *damage);

void put_verified(struct encoder *e, const struct wire_verified *verified);
void get_verified(struct decoder *d, struct wire_verified *verified);

#endif
