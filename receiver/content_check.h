/* content_check: is a file in the vault what it was when it was written? By reading it, and its recorded hash. */
#ifndef AOB_CONTENT_CHECK_H
#define AOB_CONTENT_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "receiver/breath.h"
#include "receiver/hash_tag.h"

enum content_state {
	CONTENT_GOOD,
	CONTENT_UNHASHED,   /* read, and there is nothing to hold it against */
	CONTENT_GONE,       /* not there, or no file */
	CONTENT_SHUT,       /* this process may not read it */
	CONTENT_WRONG,      /* not what its hash says */
	CONTENT_UNREADABLE, /* its disk does not give it */
};

struct content_check {
	enum content_state state;
	bool hashed;
	uint8_t sha256[HASH_TAG_BYTES]; /* the recorded one; zeros if there is none */
};

/* content_check: in: `name` in the open folder parent_fd, of that size. errors: ERR_SYSTEM, the breath's; that it is damaged is none */
int content_check(int parent_fd, const char *name, uint64_t size_bytes, struct breath *breath,
                  struct content_check *check, struct error *err);

/* content_check_open: the same of an open file. */
int content_check_open(int fd, uint64_t size_bytes, struct breath *breath, struct content_check *check,
                       struct error *err);

static inline bool content_check_damaged(const struct content_check *check)
{
	return check->state == CONTENT_WRONG || check->state == CONTENT_UNREADABLE;
}

#endif
