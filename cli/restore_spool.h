/* restore_spool: a restore's plan, record behind record, in a temporary file: so memory does not grow with the tree.
 *
 * lifetime: restore_spool_new / restore_spool_destroy. threads: one. */
#ifndef AOB_RESTORE_SPOOL_H
#define AOB_RESTORE_SPOOL_H

#include "cli/restore_plan.h"

#define RESTORE_SPOOL_PAYLOAD_MOST 1048576u /* of an ENTRY */

struct restore_spool;

int restore_spool_new(struct restore_spool **spool, struct error *err);
void restore_spool_destroy(struct restore_spool **spool);

/* restore_spool_add: behind the others. payload: the ENTRY that the record's entry came as. Of a link, the entry's `target` is the first name's path.
 * errors: ERR_SPACE, by errno. restore_spool_end: behind the last one. */
int restore_spool_add(struct restore_spool *spool, const struct restore_plan_record *record, const uint8_t *payload,
                      size_t payload_bytes, struct error *err);
int restore_spool_end(struct restore_spool *spool, struct error *err);

/* As restore_plan_seek, _tell and _next. */
int restore_spool_seek(struct restore_spool *spool, uint64_t at, struct error *err);
uint64_t restore_spool_tell(const struct restore_spool *spool);
int restore_spool_next(struct restore_spool *spool, struct restore_plan_record *record, struct error *err);

#endif
