/* idle: the decision: has the source changed since the last generation, and has it come to rest? Pure. docs/idleness.md is the whole rule. */
#ifndef AOB_IDLE_H
#define AOB_IDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum idle_state { IDLE_UNKNOWN, IDLE_UNCHANGED, IDLE_ACTIVE, IDLE_AT_REST };
enum idle_trigger { IDLE_NO_TRIGGER, IDLE_TRIGGER_REST, IDLE_TRIGGER_MAX_WAIT };

struct idle_facts {
	int64_t now_ms;           /* a clock that only goes forward; all times below are its */
	int64_t last_activity_ms; /* the last sign of somebody writing; at first: when the watch began */
	int64_t changed_since_ms; /* when the change was first seen */
	bool changed;             /* something new since the last generation, as far as known */
	bool confirmed;           /* since the last activity all was written back, and the counter did not move by it */
	bool running, paused;
	uint64_t idle_ms, max_wait_ms; /* max_wait 0: for ever */
};

struct idle_verdict {
	enum idle_state state;
	enum idle_trigger trigger;
	bool confirm; /* long enough without a sign: make sure now, and ask again */
	char reason[128];
};

struct idle_verdict idle_decide(const struct idle_facts *facts);

/* The words of docs/protocol.md; static. idle_trigger_name: NULL for none. */
const char *idle_state_name(enum idle_state state);
const char *idle_trigger_name(enum idle_trigger trigger);

#endif
