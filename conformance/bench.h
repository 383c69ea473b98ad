/* bench: a broker with one worker, for looking at how that worker behaves: it binds the endpoint, starts the stage (or waits for one), says what it is told to say, and hears
 * what comes, each message held against docs/protocol.md. Not a broker for work: it keeps nothing.
 *
 * threads: one. */
#ifndef AOB_CONFORMANCE_BENCH_H
#define AOB_CONFORMANCE_BENCH_H

#include <czmq.h>

#include "broker/reply.h"
#include "lib/child.h"
#include "lib/error.h"
#include "lib/mdp.h"

struct bench {
	/* What is looked at. */
	const char *endpoint;
	const char *const *argv; /* the stage; NULL: somebody else starts it */
	const char *program;     /* of ours, that it starts for each job; NULL: none of ours */
	const char *service;     /* NULL: any */
	uint64_t job_ms;         /* one job takes at most so long */
	const char *request; /* the job: a JSON object, of which `run`, `job` and `attempt` are put anew each time */
	/* What is known of it now. */
	zsock_t *socket;
	struct child child;
	zframe_t *identity; /* of the newest READY */
	char known_service[CONFIG_NAME_MAX + 1];
	struct reply_ready ready;
	bool told_ready;  /* its READY had JSON */
	unsigned readies; /* since bench_open */
	int64_t heard_ms;
	int64_t gap_ms; /* the longest silence since bench_gap_begin */
	int64_t beat_ms;
	bool silent;     /* no heartbeats from us */
	char words[256]; /* the last that it wrote on standard error */
	uint32_t jobs;   /* the newest's number; counted from a random one */
	char last_done
	        [MDP_TAG_SIZE]; /* whose FINAL came last: a worker may say that one again to a broker that came back */
};

struct bench_said {
	int command; /* enum mdp_worker_command */
	char tag[MDP_TAG_SIZE];
	zframe_t *body; /* NULL: none; the caller's: bench_said_done */
};
void bench_said_done(struct bench_said *said);

/* bench_open: binds; heartbeats begin. bench_close: closes the socket at once; what knows the worker is forgotten. errors: ERR_CONFIG, ERR_SYSTEM */
int bench_open(struct bench *bench, struct error *err);
void bench_close(struct bench *bench);

/* bench_start: starts the stage if it is ours to start. bench_stop: sends it a signal, and waits until it has ended, at most wait_ms. out: status, as waitpid(2); -1: it had to be killed. */
int bench_start(struct bench *bench, struct error *err);
void bench_stop(struct bench *bench, int number, int64_t wait_ms, int *status);

/* bench_hear: the next message of one of these commands (a set of 1 << command), heartbeats sent and others passed over meanwhile.
 * returns: 1, or 0 if none came in time. errors: ERR_PROTOCOL for any message that is not of its form; ERR_NOT_FOUND: the stage that was started has ended */
int bench_hear(struct bench *bench, unsigned commands, int64_t wait_ms, struct bench_said *said, struct error *err);

/* bench_ready: until the worker is there. errors: ERR_PROTOCOL (it is not, within wait_ms), those of bench_hear */
int bench_ready(struct bench *bench, int64_t wait_ms, struct error *err);

/* bench_gap_begin: from now on the longest silence is measured. */
void bench_gap_begin(struct bench *bench);

/* bench_say: a command of one or two frames, or a message of one's own, consumed. */
int bench_say(struct bench *bench, zmsg_t *msg, struct error *err);

/* bench_new_job: a tag of another run than those before; of the same one with a higher attempt: bench_next_attempt. bench_request: the job's JSON with that tag, as text; free(3). */
void bench_new_job(struct bench *bench, char tag[MDP_TAG_SIZE]);
void bench_next_attempt(char tag[MDP_TAG_SIZE]);
char *bench_request(const struct bench *bench, const char *tag, const char *extra_key);

/* bench_give: gives that job. bench_final: its FINAL, and what it says. A FINAL that came before may come again, and is passed over.
 * returns: 1; 0: none came in time. errors: as bench_hear; ERR_PROTOCOL: another tag, no reply. */
int bench_give(struct bench *bench, const char *tag, struct error *err);
int bench_final(struct bench *bench, const char *tag, int64_t wait_ms, struct reply_final *final, struct error *err);

#endif
