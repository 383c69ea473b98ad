/* reply: what workers say, decoded and checked in one place: READY's JSON, PARTIAL's progress, FINAL's reply, and the facts
 * that the broker itself reads from the results of transfer and prune. Everything here comes from outside. */
#ifndef AOB_BROKER_REPLY_H
#define AOB_BROKER_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "broker/history_macs.h"
#include "lib/error.h"
#include "lib/mdp.h"
#include "lib/stage_msg.h"

#define REPLY_JOBS_MAX 8
#define REPLY_RESULT_MAX (256 << 10) /* bytes of one result; it travels on in the requests of later steps */

struct reply_ready {
	char worker[128];
	char host[128];
	char version[32];
	bool can_cancel;
	size_t n_tags;
	char tags[REPLY_JOBS_MAX][MDP_TAG_SIZE]; /* "<job>#<attempt>" */
};

enum reply_status { REPLY_OK, REPLY_RETRY, REPLY_FAIL };

struct reply_final {
	enum reply_status status;
	char *result_json;  /* of REPLY_OK, an object; free(3) */
	struct error error; /* of the others */
};

/* errors: ERR_PROTOCOL for what is not of the form; then *out is not to be used (and holds nothing). */
int reply_ready_parse(const void *json, size_t len_bytes, struct reply_ready *out, struct error *err);
int reply_final_parse(const void *json, size_t len_bytes, struct reply_final *out, struct error *err);
int reply_progress_parse(const void *json, size_t len_bytes, struct stage_progress *out, struct error *err);

/* reply_generation: what a run published, by the results of its steps transfer and snapshot (NULL: there was no such step).
 * Fills all but pipeline, run, vault and published_at. Returns 1, 0 if the transfer names no generation, -1 ERR_PROTOCOL. */
int reply_generation(const char *transfer_json, const char *snapshot_json, struct history_generation *out,
                     struct error *err);

/* reply_snapshot: what a snapshot step answered: state, snapshot and source UUID, ctransid, taken_at; the rest of *out is empty.
 * errors: ERR_PROTOCOL (no object) */
int reply_snapshot(const char *snapshot_json, struct history_generation *out, struct error *err);

struct reply_space {
	int64_t free_bytes, total_bytes; /* total 0: not told */
};

struct reply_figures { /* what snapshot and transfer measured; 0: not told */
	int64_t literal_bytes, matched_bytes, wire_sent, wire_received, seconds;
	struct reply_space vault, source;
};

/* reply_figures: of any step's result. errors: ERR_PROTOCOL (no object) */
int reply_figures(const char *result_json, struct reply_figures *out, struct error *err);

struct reply_brake { /* what a transfer says of the vault's brake */
	bool known;  /* it said something */
	bool braked; /* generations are held */
	int64_t held;
	char run[RUN_ID_SIZE];              /* the newest that tripped the brake … */
	char generation[HISTORY_TEXT_SIZE]; /* … and what it published; "": the vault can't tell */
	char reason[512];
};

/* reply_brake: of a transfer's result. errors: ERR_PROTOCOL (no object) */
int reply_brake(const char *transfer_json, struct reply_brake *out, struct error *err);

#define REPLY_DAMAGED_MAX 200
struct reply_damaged {
	char generation[HISTORY_TEXT_SIZE];
	int64_t files;
	char reason[256];
};
struct reply_verified {                 /* what a verification says */
	int64_t files, bytes, unhashed; /* read now */
	int64_t damaged, mended, left;  /* files */
	bool round_ended;
	int64_t round_began_at, round_bytes, round_total, last_round_at;
	size_t n_generations; /* with files that are damaged still, oldest first */
	struct reply_damaged generations[REPLY_DAMAGED_MAX];
};

/* reply_verified: of a verification's result. errors: ERR_PROTOCOL (no object) */
int reply_verified(const char *verify_json, struct reply_verified *out, struct error *err);

#define REPLY_FAULTS_MAX 20
struct reply_rehearsed { /* what a rehearsal says */
	char generation[HISTORY_TEXT_SIZE];
	bool restorable;
	int64_t files, bytes, seconds;                   /* that came back, in so long */
	int64_t whole_files, whole_bytes, whole_seconds; /* of the generation; seconds 0: not known */
	int64_t bundles, wrong;
	char seed[24];
	size_t n_faults; /* some of what is wrong: */
	struct {
		char path[512];
		char reason[512];
		char mark[24]; /* "": no single file */
	} faults[REPLY_FAULTS_MAX];
};

/* reply_rehearsed: of a rehearsal's result. errors: ERR_PROTOCOL (no object, or not of the form) */
int reply_rehearsed(const char *rehearse_json, struct reply_rehearsed *out, struct error *err);

/* reply_macs: calls each for every Mac (HISTORY_MACS_MAX at most) that a snapshot step names. each: 0 or -1 (stops). */
int reply_macs(const char *snapshot_json,
               int (*each)(void *cookie, const struct history_macs_row *mac, struct error *err), void *cookie,
               struct error *err);

/* reply_removed: calls each for every generation that a prune removed (none after a dry run). each: 0 or -1 (stops). */
int reply_removed(const char *prune_json,
                  int (*each)(void *cookie, const char *generation, const char *reason, struct error *err),
                  void *cookie, struct error *err);

/* reply_listed: the names of all generations that the vault has, as a JSON array, if the prune says that its list is complete; free(3).
 * Returns 1, 0 (not told, or a dry run), -1 ERR_PROTOCOL (no object). */
int reply_listed(const char *prune_json, char **names_json, struct error *err);

#endif
