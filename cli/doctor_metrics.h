/* doctor_metrics: what aob doctor found, as metrics: a file that aob-monitor shows with its own (docs/monitoring.md). */
#ifndef AOB_DOCTOR_METRICS_H
#define AOB_DOCTOR_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/doctor_judge.h"
#include "lib/error.h"
#include "lib/host_facts.h"

struct doctor_host {
	const char *name; /* of the vault; else of this machine */
	bool vault;
	struct host_facts facts;
	struct doctor_findings findings;
};

/* doctor_metrics_text: out: the caller's, free(3); NULL: out of memory. Pure. */
char *doctor_metrics_text(const struct doctor_host *hosts, size_t n, int64_t now_s);

/* doctor_metrics_write: durable, whole or old. errors: by errno */
int doctor_metrics_write(int folder_fd, const char *name, const struct doctor_host *hosts, size_t n, int64_t now_s,
                         struct error *err);

#endif
