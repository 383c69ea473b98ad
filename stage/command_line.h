/* command_line: that line of aob-stage. threads: none are there yet. */
#ifndef AOB_STAGE_COMMAND_LINE_H
#define AOB_STAGE_COMMAND_LINE_H

#include <stdbool.h>

#include "lib/config.h"
#include "lib/error.h"
#include "stage/command.h"

#define COMMAND_LINE_PROGRAM "aob-stage"

struct command_line { /* all borrowed from argv */
	const char *service;
	struct command command;
	struct config config; /* instead of a file's, with `without_file`: how the broker is reached, and no more */
	bool without_file;
	bool told;     /* --help or --version: that was all */
	char **passed; /* what every stage has, for stage_main; argv[0] first */
	int n_passed;
};

/* command_line_read: of main's argv.
 * out:    line->passed is owned by the caller, command_line_done; with `told` set nothing is to be done any more
 * errors: ERR_USAGE with the remedy ("" if getopt has said it); ERR_SYSTEM */
int command_line_read(int argc, char **argv, struct command_line *line, struct error *err);
void command_line_done(struct command_line *line);

#endif
