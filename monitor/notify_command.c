/* A program of the admin's own: the notice is a CloudEvents object on its standard input. The smallest driver, and the template for others. */
#include <stdlib.h>
#include <string.h>

#include "monitor/notify_child.h"
#include "monitor/notify_driver.h"

struct command {
	struct notify_context context;
};

static int open_command(const struct notify_context *context, void **self, struct error *err)
{
	struct command *command = calloc(1, sizeof(*command));

	*self = command;
	if (command == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	command->context = *context;
	return 0;
}

static int deliver(void *self, const struct notify_notice *notice, struct error *err)
{
	const struct command *command = self;
	char *text = notify_notice_event(notice);
	int rc;

	if (text == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	rc = notify_child_run(command->context.config->run, text, command->context.stop, err);
	free(text);
	return rc;
}

const struct notify_driver notify_command_driver = { .open = open_command, .deliver = deliver, .close = free };
