/* floor: what this end keeps whatever a client asks for. Pure. */
#ifndef AOB_FLOOR_H
#define AOB_FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "receiver/vault.h"

struct floor_question {
	bool is_hidden;       /* its record or its folder can't be looked at; nothing else is known then */
	bool is_current;      /* `current` leads to it */
	bool is_newest;       /* of those that are there */
	bool is_newest_whole; /* the newest in state clean or quiet */
	bool is_newest_clean; /* the newest in state clean: what a Mac can be restored from, until there is another one */
	bool is_pinned;
	bool is_held;           /* by the brake */
	size_t n_there;         /* generations, it included */
	int64_t published_at_s; /* by this end's clock */
	int64_t now_s;
	bool has_vault_clock;     /* it was published by that clock (receiver/vault_clock.h) … */
	int64_t by_vault_clock_s; /* … so long ago */
	int64_t later_s; /* so long ago, as both clocks have it, was one published that came after it; 0: none was */
};

/* floor_refuses: NULL if it may go, else why not (static text). */
const char *floor_refuses(const struct vault_options *options, const struct floor_question *question);

#endif
