/* ask: the broker's client verbs (docs/protocol.md, section 2), for the commands.
 *
 * lifetime: ask_open / ask_close. threads: one. */
#ifndef AOB_ASK_H
#define AOB_ASK_H

#include <jansson.h>
#include <stdint.h>

#include "cli/options.h"
#include "lib/config.h"
#include "lib/error.h"

struct ask;

/* ask_open: loads the configuration (its faults go to stderr, one a line). errors: those of config_load, mdp_client_new */
int ask_open(const char *config_path, struct ask **ask, struct error *err);
/* ask_open_anyway: with a configuration that is wrong, the broker is looked for where it is by default: one that runs has an older one in force. */
int ask_open_anyway(const char *config_path, struct ask **ask, struct error *err);
void ask_close(struct ask **ask);
/* ask_patience: how long an answer may take; 10 s without it. */
void ask_patience(struct ask *ask, uint64_t timeout_ms);
const struct config *ask_config(const struct ask *ask); /* borrowed */

/* ask_verb: body: the verb's own members, taken over, also on failure (NULL: out of memory); `v` and `verb` are added.
 * out: *result, the caller's, json_decref; may be NULL. errors: ERR_LINK, what the broker answers, ERR_PROTOCOL */
int ask_verb(struct ask *ask, const char *verb, json_t *body, json_t **result, struct error *err);

/* ask_tell: tells the broker what a command found by itself, as a stage would have; a broker that is there answers at once. result: borrowed; NULL: out of memory.
 * errors: those of ask_open and ask_verb */
int ask_tell(const char *config_path, const char *verb, const char *pipeline, json_t *result, struct error *err);

/* Members of an answer, with "" and 0 for what is not there or of another type; borrowed. */
const char *ask_text(const json_t *object, const char *key);
int64_t ask_number(const json_t *object, const char *key);

/* ask_print: as JSON on standard output, with a newline. */
void ask_print(const json_t *result);

/* ask_failed: says on stderr what went wrong; returns the exit status. */
int ask_failed(const char *verb, const struct error *err);

/* A command that asks and prints what it was told. */
struct ask_command {
	const char *known; /* as options_read's */
	enum options_word word;
	const char *usage;
	int (*work)(struct ask *ask, const struct options *options, struct error *err);
};

/* ask_main: reads the command line, asks, says what went wrong. argv[0] is the verb. returns: the exit status */
int ask_main(const struct ask_command *command, int argc, char **argv, const char *config_path);

#endif
