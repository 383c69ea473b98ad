/* options: the command lines of the verbs that talk with the broker: flags, and a word or two. */
#ifndef AOB_OPTIONS_H
#define AOB_OPTIONS_H

#include <stdbool.h>

struct options {
	bool json, now, wait, watch, follow, dry_run, vault, force, forget, pipelines, record, down, up;
	const char *to, *reason; /* NULL: not given */
	const char *word;        /* the pipeline or file; NULL: none was given */
};

enum options_word { OPTIONS_NO_WORD, OPTIONS_MAY_WORD, OPTIONS_WANT_WORD };

/* options_read: argv[0] is the verb. known: the long flags that this verb has, each followed by a space ("json wait "; `to` takes a text); --help is always known and
 * prints usage. returns: -1: go on; else the exit status to end with, said why. */
int options_read(int argc, char **argv, const char *known, enum options_word word, const char *usage,
                 struct options *options);

#endif
