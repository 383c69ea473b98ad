/* view: what the broker says of itself and its pipelines (docs/protocol.md: status), decoded and checked, as plain structs. JSON goes no further.
 * view_history.h and view_detail.h are the same for its other answers.
 *
 * A view does not change once it is made. Strings are never NULL and live as long as the view. Times are seconds since 1970, 0: none.
 *
 * lifetime: view_parse / view_destroy. threads: may be read from any. */
#ifndef AOB_MONITOR_VIEW_H
#define AOB_MONITOR_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/by_name.h"
#include "lib/error.h"

#define VIEW_WORKERS_MAX 4096
#define VIEW_ALARMS_MAX 32

struct view_error {
	const char *code; /* "": no error */
	const char *message;
};

struct view_generation {
	const char *name; /* "": none */
	const char *run;
	const char *state; /* clean, quiet, incomplete, in-flight */
	int64_t taken_at, published_at;
	int64_t files, bytes, literal_bytes, wire_sent;
	bool pruned;
};

struct view_run {        /* the newest that ended or is under way */
	const char *run; /* "": none */
	const char *state;
	int64_t started_at, ended_at;
	struct view_error error;
};

struct view_progress {
	int64_t done_bytes, total_bytes; /* total 0: not known */
	int64_t files;
	int64_t rate_bps;
	int64_t eta_s; /* -1: not known */
	const char *note;
};

struct view_running {
	const char *run; /* "": nothing runs */
	const char *step, *step_state;
	const char *worker;
	int64_t step_index, steps, attempt;
	int64_t started_at, retry_at;
	bool cancelling;
	struct view_error last_error;
	bool has_progress;
	struct view_progress progress;
};

struct view_space {
	bool known;
	int64_t vault_free_bytes, vault_total_bytes; /* total 0: not known */
	int64_t source_free_bytes, source_total_bytes;
	int64_t measured_at;
};

struct view_forecast {
	bool known;
	int64_t change_bytes_per_day, link_bytes_per_s, backlog_bytes; /* -1: not known */
	int64_t caught_up_at;
	bool never; /* more changes than the link carries */
	int64_t vault_full_at, source_full_at;
	const char *reason;
};

struct view_alarm { /* in force now */
	const char
	        *kind; /* failed, overdue, forecast, damaged, not-restorable, braked, or one that is not known here */
	int64_t since;
	const char *reason;
};

struct view_rehearsal { /* of a restore, the last one */
	bool known;
	int64_t at;
	bool restorable;
	int64_t whole_s; /* how long a restore of everything would take; 0: not known */
};

struct view_totals { /* over the store's life */
	bool known;
	int64_t runs, failed, literal_bytes, matched_bytes, wire_sent, wire_received;
};

struct view_pipeline {
	const char *name, *source, *vault;
	bool paused;
	bool copies; /* it has a transfer */
	const char *watch_state, *watch_reason;
	int64_t watch_since, watch_reported_at;
	struct view_generation last_good;
	struct view_run last_run;
	struct view_running running;
	int64_t age_s;     /* of the state in the vault; -1: not known, or nothing lies there */
	int64_t max_age_s; /* 0: none */
	bool overdue;
	int64_t overdue_since;
	const char *overdue_reason;
	const struct view_alarm *alarms;
	size_t n_alarms;
	const char *waits_for; /* what waits for what and why, or "" */
	struct view_space space;
	struct view_forecast forecast;
	struct view_totals totals;
	struct view_rehearsal rehearsal;
};

struct view_worker {
	const char *service, *name, *host, *version;
	bool busy;
};

struct view {
	const char *version;
	int64_t started_at;
	const struct view_worker *workers;
	size_t n_workers;
	struct view_pipeline *pipelines;
	size_t n_pipelines;
	struct by_name names; /* private: the same pipelines */
	void *memory;         /* private: owns all of the above */
};

/* view_parse: reply: the broker's answer to `status`. errors: the broker's own, ERR_PROTOCOL, ERR_SYSTEM. */
int view_parse(const char *reply, size_t len_bytes, struct view **view, struct error *err);
void view_destroy(struct view **view);
const struct view_pipeline *view_pipeline(const struct view *view, const char *name); /* NULL: there is none */

/* view_alarm_of: the alarm of this kind, if it is in force; NULL. */
const struct view_alarm *view_alarm_of(const struct view_pipeline *pipeline, const char *kind);

#endif
