#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <sysexits.h>

#include "lib/config.h"
#include "lib/log.h"
#include "lib/version.h"
#include "monitor/monitor.h"

static int usage(FILE *out, int status)
{
	(void)fputs("usage: aob-monitor [--config FILE] [--trace TOPICS] [--version] [--help]\n"
	            "\n"
	            "Shows how safe everything is: a status page, metrics, events as a stream, alarms.\n"
	            "\n"
	            "  --config FILE    the configuration (default $AOB_CONFIG, else " CONFIG_DEFAULT_PATH ")\n"
	            "  --trace TOPICS   mdp, http or all: show on stderr what goes on inside\n"
	            "\n"
	            "SIGTERM stops. See aob-monitor(8).\n",
	            out);
	return status;
}

/* With one configuration. */
static int watch(const struct config *config, bool *reload, struct error *err)
{
	struct monitor *monitor = NULL;
	int rc = monitor_open(config, &monitor, err);

	if (rc == 0)
		rc = monitor_loop(monitor, reload, err);
	monitor_close(&monitor);
	return rc;
}

/* With each that the broker takes over. One that it took and we can't read changes nothing. */
static int watch_on(const char *path, struct error *err)
{
	struct config *config = NULL;
	bool reload = true;
	int rc = config_load(path, &config, stderr, err);

	while (rc == 0 && reload) {
		struct config *next = NULL;

		rc = watch(config, &reload, err);
		if (rc != 0 || !reload)
			break;
		if (config_load(path, &next, stderr, err) != 0) {
			log_error(LOG_WARNING, err, "the new configuration; going on with the old one");
			continue;
		}
		config_destroy(&config);
		config = next;
	}
	config_destroy(&config);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "config", required_argument, NULL, 'c' },
		                                 { "trace", required_argument, NULL, 't' },
		                                 { "version", no_argument, NULL, 'V' },
		                                 { "help", no_argument, NULL, 'h' },
		                                 { NULL, 0, NULL, 0 } };
	struct error err = { .class = ERR_NONE };
	const char *path = NULL;
	const char *trace = NULL;
	int option;
	int rc;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads yet */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 't':
			trace = optarg;
			break;
		case 'V':
			(void)puts("aob-monitor " AOB_VERSION);
			return EX_OK;
		case 'h':
			return usage(stdout, EX_OK);
		default:
			return usage(stderr, EX_USAGE);
		}
	}
	if (optind != argc)
		return usage(stderr, EX_USAGE);
	log_open("aob-monitor", trace);
	rc = watch_on(config_path(path), &err);
	if (rc == 0)
		return EX_OK;
	log_error(LOG_ERR, &err, "cannot go on");
	return error_exit(err.class);
}
