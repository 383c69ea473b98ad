/* notify_driver: how a notice reaches somebody: one file a driver, each an ops struct. notify.c calls them, each from the one thread of its notifier.
 *
 * A driver may take its time, up to NOTIFY_DRIVER_TRY_MS, but looks at `stop` at least each second: true: give up at once (ERR_CANCELLED).
 * What it returns as an error is tried again later; so it must not have half delivered. */
#ifndef AOB_MONITOR_NOTIFY_DRIVER_H
#define AOB_MONITOR_NOTIFY_DRIVER_H

#include <stdatomic.h>
#include <stddef.h>

#include "lib/config.h"
#include "lib/error.h"
#include "monitor/notify_book.h"
#include "monitor/notify_notice.h"

#define NOTIFY_DRIVER_TRY_MS 60000

struct notify_context { /* borrowed for the life of what open made */
	const struct config_notify *config;
	const atomic_bool *stop;
};

struct notify_driver {
	/* open: no network yet. errors: ERR_SYSTEM, of files that are named */
	int (*open)(const struct notify_context *context, void **self, struct error *err);
	int (*deliver)(void *self, const struct notify_notice *notice, struct error *err);
	/* show: how all pipelines are now, after each change and at the start; NULL: nobody looks. */
	int (*show)(void *self, const struct notify_view *views, size_t n, struct error *err);
	void (*close)(void *self);
	bool keeps; /* what it began to deliver it goes on with by itself, so that nothing else is to come between */
};

extern const struct notify_driver notify_command_driver, notify_mail_driver, notify_webhook_driver, notify_mqtt_driver;

#endif
