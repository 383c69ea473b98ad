#include "broker/retry.h"

/* Doubled until the cap; failures from 1. */
static uint64_t doubled(uint64_t base_ms, uint64_t cap_ms, unsigned failures)
{
	uint64_t delay_ms = base_ms;

	for (unsigned i = 1; i < failures && delay_ms < cap_ms; i++)
		delay_ms *= 2;
	return delay_ms < cap_ms ? delay_ms : cap_ms;
}

static uint64_t jittered(uint64_t delay_ms, uint32_t random)
{
	return delay_ms / 2 + random % (delay_ms / 2 + 1);
}

struct retry retry_decide(enum error_class class, unsigned failures, uint32_t random)
{
	struct retry retry = { false, 0 };

	switch (error_retry_of(class)) {
	case RETRY_NEVER:
		return retry;
	case RETRY_LIMITED:
		retry.again = failures < RETRY_ATTEMPTS;
		break;
	case RETRY_ALWAYS:
		retry.again = true;
		break;
	}
	if (retry.again)
		retry.delay_ms = jittered(doubled(RETRY_BASE_MS, RETRY_CAP_MS, failures), random);
	return retry;
}

struct retry retry_care(enum error_class class, unsigned failures, uint32_t random)
{
	struct retry retry = retry_decide(class, failures, random);

	return failures < RETRY_CARE_ATTEMPTS ? retry : (struct retry){ false, 0 };
}

struct retry retry_lost(unsigned losses, uint32_t random)
{
	struct retry retry = { losses < RETRY_LOSSES, 0 };

	if (retry.again && losses > 1)
		retry.delay_ms = jittered(doubled(RETRY_BASE_MS, RETRY_CAP_MS, losses - 1), random);
	return retry;
}

uint64_t retry_hold_ms(unsigned failed_runs)
{
	return failed_runs == 0 ? 0 : doubled(RETRY_HOLD_BASE_MS, RETRY_HOLD_CAP_MS, failed_runs);
}
