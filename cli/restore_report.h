/* restore_report: what a restore has done, or would do, for people or as JSON, on standard output; what is wrong with the vault's files on stderr. */
#ifndef AOB_RESTORE_REPORT_H
#define AOB_RESTORE_REPORT_H

#include "cli/restore_fit.h"
#include "cli/restore_options.h"
#include "cli/restore_plan.h"
#include "cli/unpack.h"

void restore_report_done(const struct restore_options *options, const char *generation,
                         const struct restore_plan_totals *plan, const struct unpack_totals *done);

/* restore_report_plan: of a dry run. fits: as restore_fit_check found. */
void restore_report_plan(const struct restore_options *options, const char *generation,
                         const struct restore_plan_totals *plan, const struct restore_room *room, bool fits);

#endif
