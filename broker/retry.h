/* retry: whether and when a step that went wrong is tried again. Pure: chance is an argument.
 *
 * Exponential backoff with jitter, by the error's class (lib/error.h): link, space, locked for ever, at least every
 * RETRY_CAP_MS; the limited classes RETRY_ATTEMPTS times; the others never. source: "Exponential Backoff And Jitter",
 * aws.amazon.com/blogs/architecture, "equal jitter". */
#ifndef AOB_BROKER_RETRY_H
#define AOB_BROKER_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

#define RETRY_BASE_MS UINT64_C(1000)
#define RETRY_CAP_MS (UINT64_C(5) * 60 * 1000)
#define RETRY_ATTEMPTS 5
#define RETRY_CARE_ATTEMPTS 18 /* of care (care.h), about an hour: while it waits, the pipeline's other care does too */
#define RETRY_LOSSES 10        /* workers lost in a row before a step is set aside */

/* An automatic run that failed is not started again at the watcher's next tick: */
#define RETRY_HOLD_BASE_MS (UINT64_C(60) * 1000)
#define RETRY_HOLD_CAP_MS (UINT64_C(60) * 60 * 1000)

struct retry {
	bool again;
	uint64_t delay_ms;
};

/* retry_decide: failures: how many times the step has failed by now, from 1. random: any number. */
struct retry retry_decide(enum error_class class, unsigned failures, uint32_t random);

/* retry_care: the same for care, which comes again by itself. */
struct retry retry_care(enum error_class class, unsigned failures, uint32_t random);

/* retry_lost: the same for a step whose worker vanished, losses in a row from 1; begins at once. */
struct retry retry_lost(unsigned losses, uint32_t random);

/* retry_hold_ms: how long a pipeline rests after so many failed automatic runs in a row (0: not at all). */
uint64_t retry_hold_ms(unsigned failed_runs);

#endif
