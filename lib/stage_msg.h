/* stage_msg: the JSON of DESIGN "Stages", decoded and checked in one place into plain structs.
 *
 * A request that is not of this shape is refused here (ERR_INPUT, with what is wrong), so the stages see only valid
 * ones. Values that belong to one stage alone (`with`, `results`) are asked for by name. docs/protocol.md shows the form.
 *
 * threads: a message may be read from any thread, and changed from one. */
#ifndef AOB_STAGE_MSG_H
#define AOB_STAGE_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/config.h"
#include "lib/error.h"

#define STAGE_MESSAGE_MAX (1 << 20)  /* bytes of one JSON body; also ZMQ_MAXMSGSIZE */
#define STAGE_RESULT_MAX (256 << 10) /* bytes of one reply: results travel on in the requests of later steps */

struct stage_request;

enum stage_trigger { TRIGGER_IDLE, TRIGGER_MAX_WAIT, TRIGGER_MANUAL };

/* stage_request_parse: out: *request, owned by the caller. errors: ERR_INPUT, ERR_SYSTEM. */
int stage_request_parse(const void *json, size_t len_bytes, struct stage_request **request, struct error *err);
void stage_request_destroy(struct stage_request **request);

/* stage_cancel_parse: is it {"v":1,"cancel":JOB}? Then true and JOB in job. Anything else is false. */
bool stage_cancel_parse(const void *json, size_t len_bytes, char *job, size_t size);

/* stage_request_text: its JSON on one line. Owned by the caller, free(3). NULL: out of memory. */
char *stage_request_text(const struct stage_request *request);

/* All strings are borrowed from the request and never NULL. */
const char *stage_request_job(const struct stage_request *request);
const char *stage_request_run(const struct stage_request *request);
const char *stage_request_pipeline(const struct stage_request *request);
const char *stage_request_source(const struct stage_request *request);
unsigned stage_request_attempt(const struct stage_request *request); /* from 1; the fencing number */
enum stage_trigger stage_request_trigger(const struct stage_request *request);
bool stage_request_dry_run(const struct stage_request *request);
/* stage_request_brake: of the pipeline, in percent; BRAKE_PERCENT_OFF; the default if it was not said. */
unsigned stage_request_brake(const struct stage_request *request);
/* What the broker knows of the pipeline's local snapshots, so that old ones can go without the vault. Borrowed. */
struct stage_snapshots {
	const char *anchor; /* its UUID, "" if there is none; NULL: not said, so nothing may be removed */
	int64_t local;      /* how many others to keep besides */
	bool release;       /* make no snapshot, only room: all but the anchor go */
	const char *dir;    /* where they lie; NULL: not said */
	/* UUIDs of those that other pipelines of this source count on: they stay, and one of them will do instead of a new one, if the source is as it was then. NULL: none. */
	const char *const *others;
};
const struct stage_snapshots *stage_request_snapshots(const struct stage_request *request);
/* A seed of this pipeline: on a disk that a person carries to the vault. Borrowed. */
struct stage_seed {
	bool writes;               /* this very run writes one, and its vault is that disk */
	const char *run;           /* the run that wrote the one that is on its way; NULL: none is */
	const char *snapshot_uuid; /* of what: its snapshot stays; "" */
	int64_t taken_at;
	const char *root; /* its root hash; NULL or "": not known */
};
const struct stage_seed *stage_request_seed(const struct stage_request *request);
/* What the watcher saw of a source at rest just before the run began: a snapshot that has the same counter is of that rest. Borrowed. */
#define STAGE_MACS_MAX 64
struct stage_rest_mac {
	const char *bundle; /* path below the source */
	bool finished;
	int64_t completed_at;
};
struct stage_rest {
	bool known; /* false: it was not at rest, or nobody watches */
	enum config_kind kind;
	uint64_t ctransid;
	const char *source_uuid; /* of its subvolume; NULL or "": not said */
	size_t n_macs;
	struct stage_rest_mac macs[STAGE_MACS_MAX];
};
const struct stage_rest *stage_request_rest(const struct stage_request *request);
/* The vault, decoded into the configuration's own struct; borrowed. */
const struct config_vault *stage_request_vault(const struct stage_request *request);

/* The stage's own options. A value of another JSON type than asked for is ERR_INPUT ("with.driver: want a string").
 * Absent: *value is left alone (so preset the default), and 0 is returned. */
int stage_request_with_string(const struct stage_request *request, const char *key, const char **value,
                              struct error *err);
int stage_request_with_integer(const struct stage_request *request, const char *key, int64_t *value, struct error *err);
int stage_request_with_bool(const struct stage_request *request, const char *key, bool *value, struct error *err);
/* A list of strings, NULL-terminated, borrowed from the request. */
int stage_request_with_strings(const struct stage_request *request, const char *key, const char *const **values,
                               struct error *err);

/* What an earlier stage of this run answered; NULL / -1 return if there is no such value. */
const char *stage_request_result_string(const struct stage_request *request, const char *stage, const char *key);
int stage_request_result_integer(const struct stage_request *request, const char *stage, const char *key,
                                 int64_t *value);

/* The Macs whose backups the snapshot of this run holds, as its step told. Returns how many (STAGE_MACS_MAX at most). Borrowed; what is missing is "" and 0. */
struct stage_mac {
	const char *name;
	const char *state; /* "finished", "unfinished", "in-flight" */
	int64_t completed_at;
	bool verification_failed;
};
size_t stage_request_macs(const struct stage_request *request, struct stage_mac macs[STAGE_MACS_MAX]);

/* A result under construction: one JSON object. Setters replace; the first failure (memory, a string that is no
 * UTF-8: it is escaped as log_escape does, so this is no failure) is kept and told by stage_result_text. */
struct stage_result;
struct json_t;

struct stage_result *stage_result_new(void); /* NULL: out of memory */
void stage_result_destroy(struct stage_result **result);
void stage_result_string(struct stage_result *result, const char *key, const char *value);
void stage_result_integer(struct stage_result *result, const char *key, int64_t value);
void stage_result_bool(struct stage_result *result, const char *key, bool value);
/* stage_result_row: append an object to the list `key` and return it for filling; borrowed. NULL: out of memory (kept). */
struct stage_result *stage_result_row(struct stage_result *result, const char *key);
/* stage_result_part: set an object in the object and return it for filling; borrowed. NULL: out of memory (kept). */
struct stage_result *stage_result_part(struct stage_result *result, const char *key);

/* stage_result_json: the object; borrowed. NULL: out of memory, now or earlier. */
struct json_t *stage_result_json(const struct stage_result *result);

/* The whole replies as JSON text, owned by the caller, free(3). NULL: out of memory. */
char *stage_reply_ok(const struct stage_result *result); /* {"status":"ok","result":{…}} */
char *stage_reply_error(const struct error *err); /* {"status":"retry"|"fail","error":{"code":…,"message":…}} */

/* What our workers add to READY. tag: of the job in hand ("<job>#<attempt>"), or NULL. Owned by the caller, free(3). */
char *stage_ready_json(const char *worker, const char *host, const char *version, const char *tag);

struct stage_progress {
	uint64_t done_bytes;
	uint64_t total_bytes; /* 0: not known yet */
	uint64_t files;
	uint64_t rate_bps; /* bytes a second, over the last seconds */
	int64_t eta_s;     /* -1: not known */
	char note[128];
};
char *stage_progress_json(const struct stage_progress *progress);

#endif
