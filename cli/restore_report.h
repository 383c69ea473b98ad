/* restore_report: what a restore has done, or would do, for people or as JSON, on standard output; what is wrong with the vault's files on stderr. */
#ifndef AOB_RESTORE_REPORT_H
#define AOB_RESTORE_REPORT_H

#include "cli/restore_fit.h"
#include "cli/restore_options.h"
#include "cli/restore_plan.h"
#include "cli/unpack.h"

/* What became of what was there before; of a restore over it. */
struct restore_report_over {
	const char *aside; /* the folder where it is kept */
	uint64_t replaced, removed, kept;
};

#define RESTORE_REPORT_WRONG_MAX 20 /* files that are told of by name in the JSON */

/* How it went. */
struct restore_report_course {
	int64_t carry_us; /* from the first content that was asked for to the last that was in its place */
	char *wrong[RESTORE_REPORT_WRONG_MAX]; /* paths of files that are not as they should be; as they are … */
	const char *reasons[RESTORE_REPORT_WRONG_MAX]; /* … and what is wrong with each */
	size_t n_wrong;
};

/* plan: `lost` is all that was. kind: of the target's file system. over: NULL: nothing was there. */
void restore_report_done(const struct restore_options *options, const char *generation,
                         const struct restore_plan_totals *plan, const struct unpack_totals *done, const char *kind,
                         const struct restore_report_course *course, const struct restore_report_over *over);

/* restore_report_complete: an earlier run of the same had all but ended. */
void restore_report_complete(const struct restore_options *options, const char *generation);

/* restore_report_plan: of a dry run. fits: as restore_fit_check found. */
void restore_report_plan(const struct restore_options *options, const char *generation,
                         const struct restore_plan_totals *plan, const struct restore_room *room, bool fits,
                         const struct restore_report_over *over);

#endif
