/* looking: the frame of the commands that look into a vault's generations: command line, configuration, the conversation with the receiver, what went wrong.
 *
 * threads: one. */
#ifndef AOB_LOOKING_H
#define AOB_LOOKING_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/codec.h"
#include "wire/remote.h"

#define LOOKING_WORDS_MAX 3

struct looking {
	const char *verb;
	const char *pipeline;
	const char *words[LOOKING_WORDS_MAX]; /* behind the pipeline; NULL: not given */
	const char *generation;               /* NULL: the newest */
	bool deep, json;
	struct remote *remote;
	char *safe; /* private */
	bool noted; /* private: something of how far it is stands on the terminal */
};

struct looking_command {
	const char *usage;
	size_t words_least, words_most;    /* behind the pipeline */
	bool takes_generation, takes_deep; /* --generation, --recursive */
	bool by_fetch;                     /* it asks for nothing that an older receiver does not know */
	int (*work)(struct looking *looking, struct error *err); /* with the receiver greeted */
};

/* looking_main: argv[0] is the verb. returns: the exit status, with what went wrong said on stderr. */
int looking_main(const struct looking_command *command, int argc, char **argv, const char *config_path);

/* looking_path: in, out: *path: as people write it, with "./" or "/" in front and "/" behind; then as it is told to the receiver. NULL and "." are "".
 * in: whole: room for it, of size bytes. errors: ERR_INPUT */
int looking_path(const char **path, char *whole, size_t size, struct error *err);

/* looking_ask: one request. errors: those of wire_send, ERR_SYSTEM */
int looking_ask(struct looking *looking, unsigned type, const struct encoder *request, struct error *err);

struct looking_answer {
	unsigned each,
	        end; /* the types of its frames, and of its last one; each 0: take tells which are right; each as end: there is only that one */
	int (*take)(void *context, const struct frame *frame, struct error *err);     /* NULL with only one */
	int (*take_end)(void *context, const struct frame *frame, struct error *err); /* may be NULL */
	void *context;
};

/* looking_take: what was asked for, frame by frame. How far long work is shows on a terminal.
 * errors: ERR_LINK, ERR_IO (standard output is gone), ERR_PROTOCOL, those of wire_receive, of take and take_end */
int looking_take(struct looking *looking, const struct looking_answer *answer, struct error *err);

/* looking_missing: behind a failed question for path: if it is not there, err says how to find where it is. Returns -1. */
int looking_missing(const struct looking *looking, const char *path, struct error *err);

/* looking_safe: a name for people, with what a terminal would obey escaped; valid until the next call. */
const char *looking_safe(struct looking *looking, const char *name);

#endif
