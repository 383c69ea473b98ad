/* program: the checks of a stage that starts a program for each job, as aob-stage does: with a program of ours, whose path stands in the stage's words as {program}.
 *
 * threads: one. */
#ifndef AOB_CONFORMANCE_PROGRAM_H
#define AOB_CONFORMANCE_PROGRAM_H

#include "conformance/checks.h"

#define PROGRAM_NONE "there is no {program} in its words"
#define PROGRAM_DEAF_MS 60000 /* the deaf one takes at least so long */

/* program_write_plain: the program for all other checks: it reads its request, and takes a second. errors: ERR_SYSTEM, ERR_PERMISSION, … of the file */
int program_write_plain(const char *path, struct error *err);

/* As struct check has them; the plain program is back when they return. */
enum check_outcome program_unreadable(struct bench *bench, struct error *err);
enum check_outcome program_leaves_a_child(struct bench *bench, struct error *err);
enum check_outcome program_reads_late(struct bench *bench, struct error *err);

/* program_deaf_begin: a job by a program that does not end by SIGTERM; it is under way. program_deaf_lives: does it still work? program_deaf_end: it ends soon, and the plain program is back.
 * errors: ERR_PROTOCOL: it was not started within 10 s; those of bench_hear and of the file */
int program_deaf_begin(struct bench *bench, char tag[MDP_TAG_SIZE], struct error *err);
bool program_deaf_lives(const struct bench *bench);
void program_deaf_end(struct bench *bench);

#endif
