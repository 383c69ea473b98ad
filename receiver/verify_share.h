/* verify_share: how much of a vault is to be read again now, so that a round through all of it ends in time. Pure. */
#ifndef AOB_VERIFY_SHARE_H
#define AOB_VERIFY_SHARE_H

#include <stdint.h>

#define VERIFY_SHARE_NIGHT_S ((int64_t)24 * 3600)
#define VERIFY_SHARE_LEAST (UINT64_C(64) << 20) /* bytes: less is not worth waking a disk for */
#define VERIFY_SHARE_ALL UINT64_MAX             /* whatever is left */

struct verify_pace {
	int64_t began_s, now_s; /* wall clock: when the round began */
	int64_t every_s;        /* how long it may take */
	uint64_t total_bytes;   /* what it reads in all, as far as that is known */
	uint64_t done_bytes;    /* … and has read */
};

/* verify_share_bytes: what is left, by the nights that are left, one of which is kept in reserve, as a night may be missed. In the last two nights, all that is left. A
 * clock that was set back makes the round begin now; one that was set forth makes it late, and all is read. */
uint64_t verify_share_bytes(const struct verify_pace *pace);

#endif
