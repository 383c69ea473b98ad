/* aob-stage: any program becomes a stage of a pipeline. It takes the jobs of a service from the broker, as every stage does (lib/stage_main.h), and for each starts
 * COMMAND, which needs no ZeroMQ: docs/stages.md. */
#include <stdio.h>
#include <sysexits.h>

#include "lib/stage_main.h"
#include "stage/command.h"
#include "stage/command_line.h"

static struct command_line line;

static int run(struct stage_job *job, const struct stage_request *request, struct stage_result *result,
               struct error *err)
{
	return command_run(&line.command, job, request, result, err);
}

int main(int argc, char **argv)
{
	struct stage_ops ops = { .program = COMMAND_LINE_PROGRAM,
		                 .summary = "Makes any program a stage.",
		                 .run = run,
		                 .give_up = command_give_up };
	struct error err = { .class = ERR_NONE };
	int status = EX_OK;

	if (command_line_read(argc, argv, &line, &err) != 0) {
		status = error_exit(err.class);
		if (*err.text != '\0')
			fprintf(stderr, "%s: %s\n", COMMAND_LINE_PROGRAM, err.text);
		fprintf(stderr, "Try '%s --help'.\n", COMMAND_LINE_PROGRAM);
	} else if (!line.told) {
		ops.service = line.service;
		ops.stop_ms = line.command.grace_ms + COMMAND_STOP_MS;
		ops.config = line.without_file ? &line.config : NULL;
		status = stage_main(line.n_passed, line.passed, &ops);
	}
	command_line_done(&line);
	return status;
}
