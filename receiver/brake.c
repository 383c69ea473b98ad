#include "receiver/brake.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/brake_percent.h"
#include "lib/bytes.h"

/* part > percent/100 * whole, exactly and without overflow. */
static bool is_more(uint64_t part, unsigned percent, uint64_t whole)
{
	return part > whole / 100 * percent + whole % 100 * percent / 100;
}

bool brake_trips(const struct brake_question *q)
{
	if (q->percent == BRAKE_PERCENT_OFF)
		return false;
	if (q->files >= BRAKE_FILES_LEAST && is_more(q->lost_files, q->percent, q->files))
		return true;
	return q->bytes >= BRAKE_BYTES_LEAST && is_more(q->lost_bytes, q->percent, q->bytes);
}

static unsigned share(uint64_t part, uint64_t whole)
{
	return whole != 0 ? (unsigned)((double)part * 100 / (double)whole) : 0;
}

const char *brake_says(const struct brake_question *q, char out[BRAKE_REASON_SIZE])
{
	char lost[BYTES_TEXT_SIZE];
	char all[BYTES_TEXT_SIZE];

	(void)snprintf(out, BRAKE_REASON_SIZE,
	               "%" PRIu64 " of %" PRIu64 " files (%u %%) and %s of %s (%u %%) were removed or rewritten",
	               q->lost_files, q->files, share(q->lost_files, q->files),
	               bytes_text(q->lost_bytes, lost, sizeof(lost)), bytes_text(q->bytes, all, sizeof(all)),
	               share(q->lost_bytes, q->bytes));
	return out;
}

bool brake_file_lost(uint64_t old_bytes, uint64_t kept_bytes)
{
	if (kept_bytes >= old_bytes)
		return false;
	return old_bytes <= BRAKE_LARGE_FILE || old_bytes - kept_bytes > old_bytes / 10;
}
