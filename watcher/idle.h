/* idle: the decision: has the source changed since the last generation, and has it come to rest? Pure. docs/idleness.md is the whole rule. */
#ifndef AOB_IDLE_H
#define AOB_IDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IDLE_REASON_SIZE 384
#define IDLE_HOLDER_SIZE 256

enum idle_state { IDLE_UNKNOWN, IDLE_UNCHANGED, IDLE_ACTIVE, IDLE_AT_REST };
enum idle_trigger { IDLE_NO_TRIGGER, IDLE_TRIGGER_REST, IDLE_TRIGGER_MAX_WAIT };

struct idle_facts {
	int64_t now_ms;           /* a clock that only goes forward; times in ms are its */
	int64_t wall_s;           /* the wall clock, for what is shown, and for apart_ms */
	int64_t changed_since_ms; /* when the change was first seen */
	bool changed;             /* something new since the last generation, as far as known */
	bool confirmed;           /* since the last activity all was written back, and the counter did not move by it */
	bool running, paused;
	int64_t quiet_ms;     /* nothing was written for so long */
	int64_t left_ms;      /* how much longer it must be quiet; 0: for long enough */
	const char *holder;   /* who keeps it from resting, as idle_holder_* tell; borrowed */
	uint64_t max_wait_ms; /* 0: for ever */
	int64_t last_taken_s; /* wall clock: when the last snapshot was taken; 0: none */
	uint64_t apart_ms;    /* no run sooner than so long after it; 0: any time */
};

struct idle_verdict {
	enum idle_state state;
	enum idle_trigger trigger;
	bool confirm;        /* long enough without a sign: make sure now, and ask again */
	int64_t forced_at_s; /* wall clock: when max_wait is over; 0: not changed, or never */
	char reason[IDLE_REASON_SIZE];
};

struct idle_verdict idle_decide(const struct idle_facts *facts);

/* The last sign that files are not at rest. */
enum idle_sign { IDLE_SIGN_WRITE, IDLE_SIGN_HANDLES, IDLE_SIGN_COUNTER, IDLE_SIGN_BEGIN };
struct idle_mac {
	const char *name;
	bool finished;
	bool wrote_seen;  /* else it was not written to since the watch began, quiet_ms ago */
	int64_t quiet_ms; /* since the last write */
	int64_t still_ms; /* since the last sign of life, a changed set of handles for example */
	int64_t left_ms;
	size_t handles; /* open for writing */
};
/* Who keeps it from resting: files, or a Mac. `left_ms` is said where it already is quiet. */
void idle_holder_files(enum idle_sign sign, int64_t quiet_ms, uint64_t need_ms, char out[IDLE_HOLDER_SIZE]);
void idle_holder_mac(const struct idle_mac *mac, char out[IDLE_HOLDER_SIZE]);

/* The words of docs/protocol.md; static. idle_trigger_name: NULL for none. */
const char *idle_state_name(enum idle_state state);
const char *idle_trigger_name(enum idle_trigger trigger);

#endif
