/* command: one job, done by a program that knows nothing of ZeroMQ: the request is JSON on its standard input, what it says on its standard output are lines
 * of JSON, its standard error goes into the log, its exit status is one of sysexits.h. docs/stages.md is its contract. */
#ifndef AOB_STAGE_COMMAND_H
#define AOB_STAGE_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/stage_main.h"

struct command {
	const char *const *argv;
	uint64_t timeout_ms; /* for one job; 0: as long as it takes */
	uint64_t silence_ms; /* without a line on either stream; 0: it may be silent */
	uint64_t grace_ms;   /* from SIGTERM to SIGKILL, of its whole group */
	bool dry_run;        /* it knows what a dry run is; else it is not started in one */
};

#define COMMAND_STOP_MS 5000 /* behind its grace, command_run has returned by then */

/* command_run: a job, as stage_ops.run wants it. When it returns, nothing of the program's group is left. errors: as answer_judge; ERR_CANCELLED; ERR_SYSTEM for one that took too long; ERR_PROTOCOL for a line that has
 * no end. */
int command_run(const struct command *command, struct stage_job *job, const struct stage_request *request,
                struct stage_result *result, struct error *err);

/* command_give_up: kills the group of the program that command_run has at work, if any. threads: any. */
void command_give_up(void);

#endif
