/* rehearse_time: how long it would take to bring back all of a generation, by what a sample of it took. Pure.
 *
 * Small files cost by their number (a round trip's share, a rename, metadata), large ones by their bytes; so each class is scaled by its own. The listing was measured whole. */
#ifndef AOB_REHEARSE_TIME_H
#define AOB_REHEARSE_TIME_H

#include <stdint.h>

struct rehearse_time {
	int64_t list_us;                                 /* the listing of all of it */
	uint64_t small_files, large_bytes;               /* of all of it */
	uint64_t sample_small_files, sample_large_bytes; /* that came back … */
	int64_t sample_small_us, sample_large_us;        /* … in so long */
};

/* rehearse_time_whole_s: seconds, rounded up, at least 1; 0: not known, as of a class that there is nothing came back. */
int64_t rehearse_time_whole_s(const struct rehearse_time *time);

#endif
