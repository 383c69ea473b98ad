/* exposition: the metrics as text, for Prometheus (text format 0.0.4) and as OpenMetrics 1.0.0. docs/monitoring.md lists them.
 *
 * Labels are pipeline, vault, stage and notifier alone: how many series there are depends on the configuration only.
 * threads: any; the state is to be locked by the caller. source: prometheus.io/docs/instrumenting/exposition_formats, openmetrics.io */
#ifndef AOB_MONITOR_EXPOSITION_H
#define AOB_MONITOR_EXPOSITION_H

#include <stdbool.h>

#include "monitor/state.h"
#include "monitor/text.h"

#define EXPOSITION_PLAIN_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define EXPOSITION_OPEN_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* What only the server knows. */
struct exposition_server {
	uint64_t requests;
	uint64_t streams;  /* open ones */
	const char *hosts; /* lines of hosts_read; NULL: none */
};

enum exposition_form {
	EXPOSITION_PROMETHEUS,
	EXPOSITION_OPENMETRICS,
	EXPOSITION_TEXTFILE /* what node_exporter shows as its own: without process_*, which it has itself */
};

void exposition_write(const struct state *state, const struct exposition_server *server, int64_t now_ms,
                      enum exposition_form form, struct text *text);

#endif
