/* textfile: the metrics as a file for node_exporter's textfile collector, whole at every moment.
 * source: github.com/prometheus/node_exporter, "Textfile Collector" */
#ifndef AOB_MONITOR_TEXTFILE_H
#define AOB_MONITOR_TEXTFILE_H

#include <stddef.h>

#include "lib/error.h"

#define TEXTFILE_MS 15000

/* textfile_write: beside it, then renamed over it; not synced, as it is made anew all the time. errors: by errno */
int textfile_write(const char *path, const char *text, size_t len_bytes, struct error *err);

#endif
