#include "wire/rehearse_time.h"

#define WHOLE_S_MAX 3e9 /* a century: more is no estimate */

static double scaled(int64_t took_us, uint64_t sample, uint64_t all)
{
	return sample != 0 ? (double)took_us * ((double)all / (double)sample) : 0;
}

int64_t rehearse_time_whole_s(const struct rehearse_time *time)
{
	double us = (double)time->list_us + scaled(time->sample_small_us, time->sample_small_files, time->small_files) +
	            scaled(time->sample_large_us, time->sample_large_bytes, time->large_bytes);
	double seconds = us / 1e6;

	if ((time->small_files != 0 && time->sample_small_files == 0) ||
	    (time->large_bytes != 0 && time->sample_large_bytes == 0))
		return 0;
	if (!(seconds > 1))
		return 1;
	return seconds < WHOLE_S_MAX ? (int64_t)seconds + 1 : (int64_t)WHOLE_S_MAX;
}
