/* answer: what a command says on its standard output, a line of JSON each: how far it is, and at last its reply (docs/stages.md).
 *
 * Pure but for memory. threads: an answer belongs to one thread. */
#ifndef AOB_STAGE_ANSWER_H
#define AOB_STAGE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"
#include "lib/stage_msg.h"

#define ANSWER_LINE_MAX STAGE_RESULT_MAX /* bytes of one line */

struct json_t;

enum answer_line {
	ANSWER_PROGRESS, /* {"done":…} and what else stage_progress has: it was put into progress */
	ANSWER_REPLY,    /* {"status":…}: kept; of several the last one counts */
	ANSWER_NEITHER /* something else: to be shown, and passed over; but a reply that can't be read is never an "ok" */
};

struct answer {
	struct json_t *reply; /* NULL: none yet */
	bool unreadable; /* behind it came a line with the word status, quoted or not, that is no reply; in progress: as the name of a value, at any depth */
};

void answer_done(struct answer *answer);

/* answer_take: one line, without its end. out: progress, for ANSWER_PROGRESS: what the line does not tell is 0, or -1 for the time that is left. */
enum answer_line answer_take(struct answer *answer, const char *line, size_t len, struct stage_progress *progress);

/* answer_judge: the command's end, together with what it said: what goes to the broker.
 * in: status: as waitpid(2); said: the last line of its standard error, "" if there was none; program: its name, for words
 * out: result: what an "ok" brought
 * errors: what its reply says, else what its exit status stands for (sysexits.h), ERR_INTERNAL for any other; ERR_NOT_FOUND and ERR_PERMISSION for 127 and 126
 * of a shell; ERR_PROTOCOL for a reply that is none, can't be read, or says "ok" before a status that is not 0; ERR_SYSTEM for a signal. */
int answer_judge(const struct answer *answer, int status, const char *said, const char *program,
                 struct stage_result *result, struct error *err);

#endif
