/* stage_main: the skeleton of a stage process. A stage's main.c is a table of hooks handed to stage_main, which reads the
 * command line (--config, --trace, --endpoint, --worker, --once, --version, --help), connects to the broker as a Majordomo worker
 * (docs/protocol.md), and runs one job at a time in a thread of its own, so heartbeats never stop.
 * SIGTERM, SIGINT: the job is asked to stop (it stays in the broker's hands and is given out again), then the process ends with 0,
 * after its stop_ms in any case. SIGPIPE is ignored. Programs link -lczmq -lzmq -ljansson. */
#ifndef AOB_STAGE_MAIN_H
#define AOB_STAGE_MAIN_H

#include <stdbool.h>

#include "lib/config.h"
#include "lib/error.h"
#include "lib/stage_msg.h"

struct stage_job; /* one job in hand; private to stage_main.c */

struct stage_ops {
	const char *program; /* "aob-snapshotter" */
	const char *service; /* "snapshot" */
	const char *summary; /* one line for --help */
	/* check: may this process do its work here (rights, kernel)? Called once at start; may be NULL. */
	int (*check)(const struct config *config, struct error *err);
	/* run: do the job. Idempotent by the request's run ID. Called in the work thread.
	 * out: on 0 the values set in result are the reply; on -1 err is, and its class decides about the retry. */
	int (*run)(struct stage_job *job, const struct stage_request *request, struct stage_result *result,
	           struct error *err);
	/* stop_ms: a job has so long to stop in, when the process is to end; 0: 5 s. */
	uint64_t stop_ms;
	/* give_up: it did not stop, and goes on in its thread; it is given out again, so what it has started is to be killed now. Called in the main thread; may be NULL. */
	void (*give_up)(void);
	/* config: instead of a file, none is read; borrowed. NULL: the command line, or the environment, says which. */
	const struct config *config;
};

/* stage_main: returns the process's exit status (sysexits.h). */
int stage_main(int argc, char **argv, const struct stage_ops *ops);

/* For run(), from the work thread: */

/* stage_job_cancelled: true once the broker cancelled the job, or the process got its signal to end. Poll it at least each second of work. */
bool stage_job_cancelled(const struct stage_job *job);

/* stage_job_progress: tell how far it is; copied. Sent to the broker at most twice a second, the last one always; so call it as often as you like. */
void stage_job_progress(struct stage_job *job, const struct stage_progress *progress);

/* stage_job_config: the configuration that the process was started with; borrowed. */
const struct config *stage_job_config(const struct stage_job *job);

#endif
