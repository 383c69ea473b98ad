#include <stdbool.h>
#include <stdio.h>
#include <sysexits.h>

#include "lib/config.h"
#include "lib/daemon_line.h"
#include "lib/log.h"
#include "monitor/monitor.h"

/* With one configuration. */
static int watch(const struct config *config, const struct stat *file, bool *reload, struct error *err)
{
	struct monitor *monitor = NULL;
	int rc = monitor_open(config, file, &monitor, err);

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
	struct stat file = { 0 };
	int rc;

	(void)stat(path, &file); /* what it can't read, it can't load either */
	rc = config_load(path, &config, stderr, err);

	while (rc == 0 && reload) {
		struct config *next = NULL;

		rc = watch(config, &file, &reload, err);
		if (rc != 0 || !reload)
			break;
		(void)stat(path, &file);
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
	static const struct daemon_about about = {
		.program = "aob-monitor",
		.does = "Shows how safe everything is: a status page, metrics, events as a stream, alarms.",
		.topics = "mdp, http",
		.signals = "SIGTERM stops."
	};
	struct error err = { .class = ERR_NONE };
	struct daemon_line line;
	int status = daemon_line_read(argc, argv, &about, &line);

	if (status >= 0)
		return status;
	log_open(about.program, line.trace);
	if (watch_on(config_path(line.config), &err) == 0)
		return EX_OK;
	log_error(LOG_ERR, &err, "cannot go on");
	return error_exit(err.class);
}
