/* report: the watcher's word with the broker (docs/protocol.md, watch-report): what the sources do, and in return which there are.
 *
 * threads: none shared. */
#ifndef AOB_REPORT_H
#define AOB_REPORT_H

#include <stddef.h>

#include "lib/config.h"
#include "lib/error.h"
#include "watcher/source.h"

#define REPORT_SOURCES_MAX CONFIG_PIPELINES_MAX

/* report_text: the verb's body as JSON: which machine this is (own_host.h), and of as many of the sources as fit into one message: *told, 1 at least (none of none). What can't be put into JSON is left
 * out, so that no source keeps the others from being heard. Owned by the caller, free(3). NULL: out of memory. */
char *report_text(const char *host, const struct source_report *reports, size_t n, size_t *told);

/* report_read: the broker's answer. out: *orders, the caller's, report_orders_free. errors: what the broker answers, ERR_PROTOCOL, ERR_SYSTEM */
int report_read(const char *reply, size_t len_bytes, struct source_order **orders, size_t *n, struct error *err);
void report_orders_free(struct source_order *orders, size_t n); /* orders may be NULL */

#endif
