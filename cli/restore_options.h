/* restore_options: the command line of `aob restore`. */
#ifndef AOB_RESTORE_OPTIONS_H
#define AOB_RESTORE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/restore_from.h"
#include "cli/restore_pick.h"

struct restore_options {      /* strings: of argv */
	const char *pipeline; /* NULL: with `from`, none was named */
	const char *generation, *to;
	const char *paths[RESTORE_PICK_MOST + 1], *globs[RESTORE_PICK_MOST + 1]; /* NULL-terminated */
	const char *from, *identity;                                             /* NULL: as the configuration says */
	const char *ssh_options[RESTORE_FROM_SSH_OPTIONS + 1];
	bool plain;        /* --compression off */
	uint64_t rate_bps; /* 0: as fast as it goes */
	bool over;         /* over what is there */
	bool discards;     /* … and files that are replaced are not kept */
	bool keep_new;     /* … and what the generation does not have stays */
	bool keep_special, dry_run, json;
};

/* restore_options_read: argv[0] is the verb. returns: -1: go on; else the exit status to end with, said why. */
int restore_options_read(int argc, char **argv, struct restore_options *options);

/* restore_options_wanted: what of the generation, and how: by which the same restore is known again; cut to size. Pure. */
void restore_options_wanted(const struct restore_options *options, char *wanted, size_t size);

#endif
