/* restore_options: the command line of `aob restore`. */
#ifndef AOB_RESTORE_OPTIONS_H
#define AOB_RESTORE_OPTIONS_H

#include <stdbool.h>

struct restore_options { /* strings: of argv */
	const char *pipeline, *generation, *path, *to;
	bool keep_special, dry_run, json;
};

/* restore_options_read: argv[0] is the verb. returns: -1: go on; else the exit status to end with, said why. */
int restore_options_read(int argc, char **argv, struct restore_options *options);

#endif
