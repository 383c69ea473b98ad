#include "receiver/verify_share.h"

#define GUESS 8 /* the total was too low: so many more shares are counted on */

uint64_t verify_share_bytes(const struct verify_pace *pace)
{
	int64_t began_s = pace->began_s < pace->now_s ? pace->began_s : pace->now_s;
	int64_t nights = (pace->every_s - (pace->now_s - began_s)) / VERIFY_SHARE_NIGHT_S - 1;
	uint64_t left =
	        pace->total_bytes > pace->done_bytes ? pace->total_bytes - pace->done_bytes : pace->total_bytes / GUESS;
	uint64_t share;

	if (nights <= 1)
		return VERIFY_SHARE_ALL;
	share = left / (uint64_t)nights + (left % (uint64_t)nights != 0);
	return share > VERIFY_SHARE_LEAST ? share : VERIFY_SHARE_LEAST;
}
