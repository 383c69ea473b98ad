/* outline: what a plan changes, told to people: how much of each kind, and a bounded list of what it is (docs/protocol.md, `transfer`). It costs what is
 * read of the plan, at most OUTLINE_READ_MAX items of each list, however long the lists are.
 *
 * lifetime: outline_new / outline_destroy. threads: one. */
#ifndef AOB_OUTLINE_H
#define AOB_OUTLINE_H

#include <stdbool.h>

#include "lib/error.h"
#include "lib/stage_msg.h"
#include "transfer/plan.h"

#define OUTLINE_ENTRIES_MAX 50
#define OUTLINE_BYTES_MAX 8192 /* of the list, as JSON */
#define OUTLINE_PATH_MAX 1000  /* bytes of a path, escaped; what is longer is cut, with an ellipsis behind */
#define OUTLINE_READ_MAX 16384

struct outline;

/* outline_new: plan: complete; its lists are read from their starts. whole: it is all that the generation differs in from the one before, and not just
 * what a broken connection left. errors: the plan's, ERR_SYSTEM */
int outline_new(struct plan *plan, bool whole, struct outline **outline, struct error *err);
void outline_destroy(struct outline **outline);

/* outline_fill: as `changes` of the result. */
void outline_fill(const struct outline *outline, struct stage_result *result);

#endif
