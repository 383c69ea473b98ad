/* state: what the monitor knows, shared by the loop that hears the broker and the server that answers.
 *
 * The broker is the truth: after a restart of either everything is asked for again; events tell when to ask, and fill in what is
 * known by them alone.
 *
 * lifetime: state_new / state_destroy. threads: any; the state_… functions that change it take the lock themselves. A reader holds the
 * lock (state_lock, state_unlock) for as long as it looks at the members. */
#ifndef AOB_MONITOR_STATE_H
#define AOB_MONITOR_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/by_name.h"
#include "lib/config.h"
#include "monitor/details.h"
#include "monitor/event.h"
#include "monitor/metrics.h"
#include "monitor/stream.h"
#include "monitor/view_history.h"

#define STATE_NEWS_MAX 40
#define STATE_NOTIFIERS_MAX 64 /* shown; as many as the configuration takes */
#define STATE_ANSWER_FRESH_MS                                                                                          \
	60000 /* the broker is asked every few seconds; after so long without an answer it is gone */

struct state_news { /* an event, for people */
	char time[40];
	int64_t at_s;
	char pipeline[CONFIG_NAME_MAX + 1];
	char what[64];
	char detail[256];
};

struct state_history {
	char pipeline[CONFIG_NAME_MAX + 1];
	struct view_history *history; /* NULL: not asked for yet */
	bool stale;
	int64_t asked_ms;      /* monotonic */
	int64_t not_before_ms; /* after a question in vain */
};

struct state_notifier { /* how one does, as notify.h counts */
	char name[CONFIG_NAME_MAX + 1];
	char driver[16];
	uint64_t delivered, failed_attempts, dropped, waiting;
	char last_error[256];
};

struct state {
	pthread_mutex_t lock;
	struct view *view;             /* NULL: no answer yet */
	char *status_json;             /* the broker's last answer to `status`, as it came; NULL likewise */
	int64_t answered_at;           /* wall clock, s; 0: never */
	int64_t answered_ms;           /* monotonic; since when there was none: the start */
	char trouble[ERROR_TEXT_SIZE]; /* why there is no answer; "": there is */
	uint64_t failed_asks;
	struct metrics *metrics;
	struct state_history *histories; /* as the view's pipelines, by index */
	size_t n_histories;
	struct by_name history_names;           /* the same, by pipeline */
	struct state_news news[STATE_NEWS_MAX]; /* newest first */
	size_t n_news;
	struct details details;
	struct state_notifier notifiers[STATE_NOTIFIERS_MAX];
	size_t n_notifiers;
	char no_alarms[ERROR_TEXT_SIZE]; /* why no alarms are sent although they are configured; "": they are */
	int wake_fd;                     /* an eventfd: the loop is to look what is wanted */
	struct stream *stream;           /* has a lock of its own */
	int64_t began_at;                /* of this process, wall clock, s */
	int64_t turned_ms;               /* when the loop went round last, monotonic */
};

struct state *state_new(int64_t now_s, int64_t now_ms); /* NULL: out of memory */
void state_destroy(struct state **state);

void state_lock(struct state *state);
void state_unlock(struct state *state);

/* state_answer: takes over the broker's answer to `status`. errors: those of view_parse; nothing changes then. */
int state_answer(struct state *state, const char *reply, size_t len_bytes, int64_t now_s, int64_t now_ms,
                 struct error *err);
void state_no_answer(struct state *state, const struct error *why);

/* state_event: returns whether it is a new one. */
bool state_event(struct state *state, const struct event *event, const char *body);

/* state_wants_history: the pipeline whose generations are to be asked for next: one that never was, or published or pruned since, or
 * was an hour ago. Returns false if there is none. */
bool state_wants_history(struct state *state, int64_t now_ms, char pipeline[CONFIG_NAME_MAX + 1]);
/* state_history: takes *history over; NULL: it was asked for in vain, and is again a little later. */
void state_history(struct state *state, const char *pipeline, struct view_history **history, int64_t now_ms);

/* state_detail: under the lock: of a run; NULL: not known (yet); then the loop is woken to ask. */
const struct view_detail *state_detail(struct state *state, const char *run);

void state_refused(struct state *state); /* a message came that is no event of ours */
bool state_runs(struct state *state);    /* is a run under way? */
/* state_words: how things are, in a line, for the service manager. */
void state_words(struct state *state, char *out, size_t size);
void state_turned(struct state *state, int64_t now_ms);

/* Under the lock: of a pipeline; NULL: not known (yet). */
const struct view_history *state_history_of(const struct state *state, const char *pipeline);

#endif
