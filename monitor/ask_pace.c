#include "monitor/ask_pace.h"

int64_t ask_pace_next_ms(const struct ask_pace *pace)
{
	int64_t pause_ms = pace->busy ? ASK_PACE_BUSY_MS : ASK_PACE_IDLE_MS;
	int64_t next_ms;
	int64_t least_ms = pace->asked_ms + pace->took_ms * ASK_PACE_SHARE;

	if (!pace->answered)
		return pace->asked_ms + ASK_PACE_LOST_MS;
	next_ms = pace->asked_ms + pause_ms;
	if (pace->event_ms != 0 && pace->event_ms + ASK_PACE_EVENT_MS < next_ms)
		next_ms = pace->event_ms + ASK_PACE_EVENT_MS;
	return next_ms > least_ms ? next_ms : least_ms;
}
