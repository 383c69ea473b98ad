#include <stdbool.h>
#include <stdio.h>
#include <sysexits.h>

#include "lib/config.h"
#include "lib/daemon_line.h"
#include "lib/log.h"
#include "monitor/monitor.h"

struct told { /* a configuration, and the file that it came from */
	struct config *config;
	struct stat file;
};

/* With one configuration. *opened: it got as far as that. */
static int watch(const struct told *told, bool *opened, bool *reload, struct error *err)
{
	struct monitor *monitor = NULL;
	int rc = monitor_open(told->config, &told->file, &monitor, err);

	*reload = false;
	*opened = rc == 0;
	if (rc == 0)
		rc = monitor_loop(monitor, reload, err);
	monitor_close(&monitor);
	return rc;
}

static int load(const char *path, struct told *told, struct error *err)
{
	(void)stat(path, &told->file); /* what it can't read, it can't load either */
	return config_load(path, &told->config, stderr, err);
}

/* The new one, also if it can't be read: its file is known then, so that it is not read again and again. */
static void take_over(const char *path, struct told *now, struct told *before, struct error *err)
{
	struct told next = { .config = NULL };

	if (load(path, &next, err) != 0) {
		log_error(LOG_WARNING, err, "the new configuration; going on with the old one");
		now->file = next.file;
		return;
	}
	config_destroy(&before->config);
	*before = *now;
	*now = next;
}

/* Its port is taken, say. Returns whether there is one to go back to. */
static bool go_back(struct told *now, struct told *before, const struct error *err)
{
	if (before->config == NULL)
		return false;
	log_error(LOG_ERR, err,
	          "the new configuration does not work; going on with the old one until its file changes");
	config_destroy(&now->config);
	now->config = before->config; /* the file stays that of the new one: it was looked at */
	before->config = NULL;
	return true;
}

/* With each that the broker takes over. One that it took and we can't use changes nothing. */
static int watch_on(const char *path, struct error *err)
{
	struct told now = { .config = NULL };
	struct told before = { .config = NULL };
	int rc = load(path, &now, err);

	while (rc == 0) {
		bool opened = false;
		bool reload = false;

		rc = watch(&now, &opened, &reload, err);
		if (rc == 0 && !reload)
			break;
		if (rc == 0)
			take_over(path, &now, &before, err);
		else if (!opened && go_back(&now, &before, err))
			rc = 0;
	}
	config_destroy(&now.config);
	config_destroy(&before.config);
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
