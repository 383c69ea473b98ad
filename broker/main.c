#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sysexits.h>

#include "broker/broker.h"
#include "lib/daemon_line.h"
#include "lib/log.h"

#define LEASE_MAX_MS 86400000L
#define DESCRIPTORS_MOST 65536

/* $AOB_LEASE_MS, so that tests need not wait a minute; else what workers count on. */
static int64_t lease_ms(void)
{
	const char *text = getenv("AOB_LEASE_MS"); /* NOLINT(concurrency-mt-unsafe): no threads yet */
	long value = text != NULL ? strtol(text, NULL, 10) : 0;

	return value > 0 && value <= LEASE_MAX_MS ? value : MDP_LEASE_MS;
}

/* libzmq ends the process at the first stranger for whom there is no descriptor: so as many as this process may have, which costs nothing until they are there. */
static void take_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS_MOST ? limit.rlim_max : DESCRIPTORS_MOST;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	static const struct daemon_about about = {
		.program = "aob-broker",
		.does = "Keeps the runs of all pipelines, hands their steps to the stages, publishes events.",
		.topics = "mdp, sql",
		.signals = "SIGHUP reads the configuration again, SIGTERM stops."
	};
	struct broker *broker = NULL;
	struct error err = { .class = ERR_NONE };
	struct daemon_line line;
	int status = daemon_line_read(argc, argv, &about, &line);
	int rc;

	if (status >= 0)
		return status;
	log_open(about.program, line.trace);
	take_descriptors();
	rc = broker_open(config_path(line.config), lease_ms(), &broker, &err);
	if (rc == 0)
		rc = broker_loop(broker, &err);
	broker_close(&broker);
	if (rc == 0)
		return EX_OK;
	log_error(LOG_ERR, &err, "cannot go on");
	return error_exit(err.class);
}
