#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "broker/broker.h"
#include "lib/log.h"
#include "lib/version.h"

#define LEASE_MAX_MS 86400000L

struct command_line {
	const char *config;
	const char *trace;
	int status; /* to end with at once; -1: go on */
};

static void print_usage(FILE *out)
{
	(void)fputs("usage: aob-broker [--config FILE] [--trace TOPICS] [--version] [--help]\n"
	            "\n"
	            "Keeps the runs of all pipelines, hands their steps to the stages, publishes events.\n"
	            "\n"
	            "  --config FILE    the configuration (default $AOB_CONFIG, else " CONFIG_DEFAULT_PATH ")\n"
	            "  --trace TOPICS   mdp,sql or all: show messages and statements on stderr\n"
	            "\n"
	            "SIGHUP reads the configuration again, SIGTERM stops. See aob-broker(8).\n",
	            out);
}

static struct command_line read_command_line(int argc, char **argv)
{
	static const struct option options[] = { { "config", required_argument, NULL, 'c' },
		                                 { "trace", required_argument, NULL, 't' },
		                                 { "version", no_argument, NULL, 'V' },
		                                 { "help", no_argument, NULL, 'h' },
		                                 { NULL, 0, NULL, 0 } };
	struct command_line line = { NULL, NULL, -1 };
	int option;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads yet */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			line.config = optarg;
			break;
		case 't':
			line.trace = optarg;
			break;
		case 'V':
			(void)puts("aob-broker " AOB_VERSION);
			line.status = EX_OK;
			return line;
		case 'h':
			print_usage(stdout);
			line.status = EX_OK;
			return line;
		default:
			print_usage(stderr);
			line.status = EX_USAGE;
			return line;
		}
	}
	if (optind < argc) {
		print_usage(stderr);
		line.status = EX_USAGE;
	}
	return line;
}

/* $AOB_LEASE_MS, so that tests need not wait a minute; else what workers count on. */
static int64_t lease_ms(void)
{
	const char *text = getenv("AOB_LEASE_MS"); /* NOLINT(concurrency-mt-unsafe): no threads yet */
	long value = text != NULL ? strtol(text, NULL, 10) : 0;

	return value > 0 && value <= LEASE_MAX_MS ? value : MDP_LEASE_MS;
}

int main(int argc, char **argv)
{
	struct command_line line = read_command_line(argc, argv);
	struct broker *broker = NULL;
	struct error err = { .class = ERR_NONE };
	int rc;

	if (line.status >= 0)
		return line.status;
	log_open("aob-broker", line.trace);
	rc = broker_open(config_path(line.config), lease_ms(), &broker, &err);
	if (rc == 0)
		rc = broker_loop(broker, &err);
	broker_close(&broker);
	if (rc == 0)
		return EX_OK;
	log_error(LOG_ERR, &err, "cannot go on");
	return error_exit(err.class);
}
