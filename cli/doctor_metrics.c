#include "cli/doctor_metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/durable.h"

#define LOOKED "aob_host_looked_timestamp_seconds"

struct metric {
	const char *name, *help;
	/* false: it is not known of this one. */
	bool (*value)(const struct doctor_host *host, double *value);
};

static bool fact(const struct doctor_host *host, const char *name, double *value)
{
	const char *text = host_facts_get(&host->facts, name);
	char *end;

	*value = strtod(text, &end);
	return *text != '\0' && *end == '\0';
}

static bool yes(const struct doctor_host *host, const char *name, double *value)
{
	const char *text = host_facts_get(&host->facts, name);

	*value = strcmp(text, "yes") == 0;
	return *text != '\0';
}

static bool security_updates(const struct doctor_host *host, double *value)
{
	return fact(host, "updates.security", value);
}

static bool reboot(const struct doctor_host *host, double *value)
{
	return yes(host, "reboot", value);
}

/* The day's beginning, in UTC. */
static bool support_end(const struct doctor_host *host, double *value)
{
	int64_t days = doctor_judge_days(host_facts_get(&host->facts, "os.support_end"), 0);

	if (days == INT64_MIN)
		return false;
	*value = (double)(days - 1) * 86400;
	return true;
}

static bool clock_off(const struct doctor_host *host, double *value)
{
	bool known = fact(host, "clock.off_ms", value);

	*value /= 1000;
	return known;
}

static bool clock_synchronized(const struct doctor_host *host, double *value)
{
	return yes(host, "clock.synchronized", value);
}

static bool disk_free(const struct doctor_host *host, double *value)
{
	return fact(host, "disk.free", value);
}

static bool disks_failing(const struct doctor_host *host, double *value)
{
	*value = 0;
	for (size_t i = 0; i < host->findings.n; i++)
		*value += strcmp(host->findings.list[i].what, "disk") == 0 &&
		          host->findings.list[i].health == HEALTH_CRITICAL;
	return host->facts.n > 0;
}

static bool health(const struct doctor_host *host, double *value)
{
	*value = (double)host->findings.worst;
	return true;
}

static const struct metric metrics[] = {
	{ "aob_host_health", "What aob doctor says of the machine: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.", health },
	{ "aob_host_security_updates_pending", "Security updates that are not installed.", security_updates },
	{ "aob_host_reboot_required", "An update waits for a restart.", reboot },
	{ "aob_host_support_ends_timestamp_seconds", "When its system gets its last security updates.", support_end },
	{ "aob_host_clock_offset_seconds", "Its clock, less that of the NAS.", clock_off },
	{ "aob_host_clock_synchronized", "Something keeps its clock right.", clock_synchronized },
	{ "aob_host_disk_free_bytes", "Room on the disk that counts: the vault's, or the run store's.", disk_free },
	{ "aob_host_disks_failing", "Disks that say that they are failing, and degraded arrays.", disks_failing },
};

char *doctor_metrics_text(const struct doctor_host *hosts, size_t n, int64_t now_s)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool bad;

	if (out == NULL)
		return NULL;
	for (size_t m = 0; m < sizeof(metrics) / sizeof(metrics[0]); m++) {
		(void)fprintf(out, "# HELP %s %s\n# TYPE %s gauge\n", metrics[m].name, metrics[m].help,
		              metrics[m].name);
		for (size_t i = 0; i < n; i++) {
			double value;

			if (metrics[m].value(&hosts[i], &value))
				(void)fprintf(out, "%s{host=\"%s\",role=\"%s\"} %.17g\n", metrics[m].name,
				              hosts[i].vault ? hosts[i].name : "nas", hosts[i].vault ? "vault" : "nas",
				              value);
		}
	}
	(void)fprintf(out, "# HELP %s When aob doctor looked.\n# TYPE %s gauge\n%s %lld\n", LOOKED, LOOKED, LOOKED,
	              (long long)now_s);
	bad = ferror(out) != 0;
	if (fclose(out) != 0 || bad) {
		free(text);
		return NULL;
	}
	return text;
}

int doctor_metrics_write(int folder_fd, const char *name, const struct doctor_host *hosts, size_t n, int64_t now_s,
                         struct error *err)
{
	char *text = doctor_metrics_text(hosts, n, now_s);
	int rc = text != NULL ? durable_write(folder_fd, name, DURABLE_PUBLIC, text, strlen(text), err)
	                      : error_set(err, ERR_SYSTEM, "out of memory");

	free(text);
	return rc;
}
