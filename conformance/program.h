/* program: the checks of a stage that starts a program for each job, as aob-stage does: with a program of ours, whose path stands in the stage's words as {program}.
 *
 * threads: one. */
#ifndef AOB_CONFORMANCE_PROGRAM_H
#define AOB_CONFORMANCE_PROGRAM_H

#include "conformance/checks.h"

/* program_write_plain: the program for all other checks: it reads its request, and takes a second. errors: ERR_SYSTEM, ERR_PERMISSION, … of the file */
int program_write_plain(const char *path, struct error *err);

/* As struct check has them; the plain program is back when they return. */
enum check_outcome program_unreadable(struct bench *bench, struct error *err);
enum check_outcome program_leaves_a_child(struct bench *bench, struct error *err);
enum check_outcome program_reads_late(struct bench *bench, struct error *err);

#endif
