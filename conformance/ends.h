/* ends: the checks in which the stage is killed or told to end. As struct check has them. */
#ifndef AOB_CONFORMANCE_ENDS_H
#define AOB_CONFORMANCE_ENDS_H

#include "conformance/checks.h"

enum check_outcome ends_killed(struct bench *bench, struct error *err);
enum check_outcome ends_told(struct bench *bench, struct error *err);
enum check_outcome ends_told_in_a_job(struct bench *bench, struct error *err);
enum check_outcome ends_told_with_a_program(struct bench *bench, struct error *err);

#endif
