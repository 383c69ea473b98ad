/* process_watch: which processes keep dying, as their service manager tells (docs/protocol.md, `process`). Pure but for what it keeps.
 *
 * One that died PROCESS_WATCH_DEATHS times within `window_ms` keeps dying; it does until none has come for so long. One that its manager has given up is down until
 * it is told to be up, or has not been told of for as long: the manager repeats it each minute, so nothing of this needs to outlive the broker. */
#ifndef AOB_BROKER_PROCESS_WATCH_H
#define AOB_BROKER_PROCESS_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROCESS_WATCH_MAX 64 /* names that are not ours are of no use to anybody: further ones are not taken */
#define PROCESS_WATCH_NAME_SIZE 65
#define PROCESS_WATCH_REASON_SIZE 160
#define PROCESS_WATCH_DEATHS 3
#define PROCESS_WATCH_WINDOW_MS ((int64_t)10 * 60 * 1000)

enum process_news { PROCESS_DIED, PROCESS_DOWN, PROCESS_UP };
/* That something is wrong with it; one that kept dying and is given up then BEGINS again. */
enum process_change { PROCESS_SAME, PROCESS_BEGINS, PROCESS_ENDS };

struct process {
	char name[PROCESS_WATCH_NAME_SIZE];
	char reason[PROCESS_WATCH_REASON_SIZE];  /* of its last death; printable */
	int64_t deaths_ms[PROCESS_WATCH_DEATHS]; /* the newest first; INT64_MIN: none */
	int64_t down_ms;                         /* told last; INT64_MIN: it is not */
	bool wrong;                              /* and was told */
	int64_t since;                           /* wall clock */
};

struct process_watch {
	int64_t window_ms;
	size_t n;
	struct process processes[PROCESS_WATCH_MAX];
};

void process_watch_init(struct process_watch *watch, int64_t window_ms);

/* process_watch_name_valid: letters, digits, `.`, `_`, `-`, `@`, from 1 to 64. */
bool process_watch_name_valid(const char *name);

/* process_watch_hear: now_ms: monotonic; since: wall clock. reason: "" keeps the last one.
 * out: *process, valid until the next call; NULL with PROCESS_SAME: there is no room for another. */
enum process_change process_watch_hear(struct process_watch *watch, const char *name, enum process_news news,
                                       const char *reason, int64_t now_ms, int64_t since,
                                       const struct process **process);

/* process_watch_over: one with which nothing is wrong any more, as time has passed. Returns false: none; *process as above. */
bool process_watch_over(struct process_watch *watch, int64_t now_ms, const struct process **process);

/* process_watch_text: what is wrong, in words: "aob-transfer keeps dying (killed by signal 9)". Returns since when, by the wall clock; 0: nothing is, and out is "". */
int64_t process_watch_text(const struct process_watch *watch, char *out, size_t size);

#endif
