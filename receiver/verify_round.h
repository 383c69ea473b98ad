/* verify_round: the content of all generations, each once, read again and held against its recorded hash. From the oldest generation to the newest, in tree order; a file that the generation before has too, untouched
 * (version.h), has been read there. So a round may end anywhere and go on another night, and what comes newly comes behind it.
 *
 * threads: one. */
#ifndef AOB_VERIFY_ROUND_H
#define AOB_VERIFY_ROUND_H

#include "receiver/breath.h"
#include "receiver/verify_book.h"

struct verify_want {
	enum wire_verify how;
	int64_t every_s;        /* of a share: how long a round may take */
	const char *generation; /* of one */
};

/* The generations that were gone through to their end now, and whose disk gave all of them; oldest first. Also behind an error the caller's, free(3). */
struct verify_round_ended {
	char (*names)[32];
	size_t n;
};

/* verify_round_run: in: *verified, *ended: zeros. out: what was read; what was found is in the book, which is saved. Two generations are held open at a time, with shared locks; one that is just being removed is
 * passed over. cost: names of files where nothing is to be read, their bytes elsewhere; memory is bounded.
 * errors: ERR_NOT_FOUND (one generation), by errno, the breath's: then what was done so far is in the book */
int verify_round_run(const struct vault *vault, struct verify_book *book, struct breath *breath,
                     const struct verify_want *want, struct wire_verified *verified, struct verify_round_ended *ended,
                     struct error *err);

/* verify_round_told: fills in how the round stands. */
void verify_round_told(const struct vault *vault, const struct verify_book *book, struct wire_verified *verified);

#endif
