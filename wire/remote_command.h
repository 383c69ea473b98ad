/* remote_command: the command that starts a vault's receiver: ssh with what must be so and what is only usual, or the receiver of this machine. */
#ifndef AOB_REMOTE_COMMAND_H
#define AOB_REMOTE_COMMAND_H

#include <limits.h>
#include <stddef.h>

#include "lib/config.h"
#include "lib/error.h"

#define REMOTE_ARGS_MAX 128

/* Words that this owns, and pointers to them or to the configuration. */
struct remote_command {
	const char *argv[REMOTE_ARGS_MAX + 1];
	size_t n;
	char host[300];
	char port[16];
	char *root;
	char program[PATH_MAX];
	char identity[PATH_MAX];
};

/* remote_command_make: command: zeroed; argv is valid as long as it and the vault are. errors: ERR_CONFIG, ERR_SYSTEM */
int remote_command_make(const struct config_vault *vault, struct remote_command *command, struct error *err);
/* remote_command_ssh: ssh alone, up to the host's name; what it is to run there may follow as one more word. errors: ERR_CONFIG */
int remote_command_ssh(const struct config_vault *vault, struct remote_command *command, struct error *err);
void remote_command_done(struct remote_command *command);

#endif
