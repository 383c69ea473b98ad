#include "monitor/notify_retry.h"

#include "monitor/notify.h"
#include "monitor/notify_book.h"

int64_t notify_retry_delay_ms(unsigned attempts, uint32_t random)
{
	int64_t delay_ms = NOTIFY_RETRY_BASE_MS;

	for (unsigned i = 1; i < attempts && delay_ms < NOTIFY_RETRY_CAP_MS; i++)
		delay_ms *= 2;
	if (delay_ms > NOTIFY_RETRY_CAP_MS)
		delay_ms = NOTIFY_RETRY_CAP_MS;
	return delay_ms / 2 + random % (delay_ms / 2 + 1);
}

bool notify_retry_gives_up(bool passing, int64_t age_s, unsigned attempts)
{
	return attempts >= NOTIFY_RETRY_LEAST && age_s > (passing ? NOTIFY_BOOK_PASSING_S : NOTIFY_GIVE_UP_S);
}
