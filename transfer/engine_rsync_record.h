/* engine_rsync_record: the record of a generation that rsync has brought, as receiver/record.c writes it, on one line. Pure. */
#ifndef AOB_ENGINE_RSYNC_RECORD_H
#define AOB_ENGINE_RSYNC_RECORD_H

#include <stdint.h>

#include "lib/stage_msg.h"
#include "transfer/engine_rsync_source.h"
#include "transfer/unfrozen.h"

/* Owned by the caller, free(3). NULL: out of memory. */
char *engine_rsync_record_text(const struct stage_request *request, const struct unfrozen *unfrozen, const char *name,
                               const char *view, const struct engine_rsync_source *source, uint64_t new_bytes,
                               int64_t published_at_s);

/* engine_rsync_record_readme: README.txt for who stands before the disk: the same words each time, so it is true whatever happens. Likewise. */
char *engine_rsync_record_readme(const struct stage_request *request);

#endif
