#include "wire/remote_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/beside.h"
#include "lib/credential.h"
#include "wire/bare_word.h"

static void add(struct remote_command *command, const char *word)
{
	if (command->n < REMOTE_ARGS_MAX)
		command->argv[command->n++] = word;
}

/* [user@]host[:port], an IPv6 address in brackets. */
static int split_target(const char *target, struct remote_command *command, struct error *err)
{
	const char *host = strrchr(target, '@');
	const char *close = strrchr(target, ']');
	const char *colon = strrchr(target, ':');
	size_t n = strlen(target);

	host = host != NULL ? host + 1 : target;
	if (colon != NULL && (close == NULL ? strchr(host, ':') == colon : colon > close)) {
		n = (size_t)(colon - target);
		if (snprintf(command->port, sizeof(command->port), "%s", colon + 1) >= (int)sizeof(command->port))
			return error_set(err, ERR_CONFIG, "the port in \"%.100s\" is too long", target);
	}
	if (n >= sizeof(command->host) || target[0] == '-' || n == 0)
		return error_set(err, ERR_CONFIG, "\"%.100s\" is not [user@]host[:port]", target);
	(void)snprintf(command->host, sizeof(command->host), "%.*s", (int)n, target);
	if (*host == '[' && close != NULL) {
		/* ssh takes the address without its brackets. */
		char *open = command->host + (host - target);
		char *end = strrchr(open, ']');

		if (end != NULL)
			*end = '\0';
		memmove(open, open + 1, strlen(open));
	}
	return 0;
}

static void add_strategy(const struct config_vault *vault, struct remote_command *command)
{
	if (vault->strategy == NULL || strcmp(vault->strategy, "auto") == 0)
		return;
	add(command, "--strategy");
	add(command, vault->strategy);
}

int remote_command_ssh(const struct config_vault *vault, struct remote_command *command, struct error *err)
{
	/* ssh takes the first value of an option: what must be so stands before the vault's own, what is only usual behind. */
	static const char *const always[] = {
		"ssh", "-T", "-x", "-a", "-oClearAllForwardings=yes", "-oControlMaster=no", "-oControlPath=none"
	};
	static const char *const usual[] = { "-oServerAliveInterval=15", "-oServerAliveCountMax=4",
		                             "-oConnectTimeout=30", "-oLogLevel=ERROR" };

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		add(command, always[i]);
	add(command, vault->may_ask ? "-oBatchMode=no" : "-oBatchMode=yes");
	if (split_target(vault->ssh, command, err) != 0)
		return -1;
	for (const char *const *option = vault->ssh_options; option != NULL && *option != NULL; option++) {
		add(command, "-o");
		add(command, *option);
	}
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		add(command, usual[i]);
	if (vault->identity != NULL) {
		add(command, "-oIdentitiesOnly=yes");
		add(command, "-i");
		add(command, credential_path(vault->identity, command->identity));
	}
	if (command->port[0] != '\0') {
		add(command, "-p");
		add(command, command->port);
	}
	add(command, "--");
	add(command, command->host);
	return command->n < REMOTE_ARGS_MAX ? 0 : error_set(err, ERR_CONFIG, "too many ssh_options");
}

static int ssh_receiver(const struct config_vault *vault, struct remote_command *command, struct error *err)
{
	if (remote_command_ssh(vault, command, err) != 0)
		return -1;
	command->root = bare_word_shell(vault->root);
	if (command->root == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	add(command, "aob-receiver serve --root");
	add(command, command->root);
	add_strategy(vault, command);
	return 0;
}

/* The receiver of a local vault. */
static void local_command(const struct config_vault *vault, struct remote_command *command)
{
	(void)beside_program("aob-receiver", command->program, sizeof(command->program));
	add(command, command->program);
	add(command, "serve");
	add(command, "--root");
	add(command, vault->root);
	add_strategy(vault, command);
}

int remote_command_make(const struct config_vault *vault, struct remote_command *command, struct error *err)
{
	if (vault->ssh == NULL)
		local_command(vault, command);
	else if (ssh_receiver(vault, command, err) != 0)
		return -1;
	return command->n < REMOTE_ARGS_MAX ? 0 : error_set(err, ERR_CONFIG, "too many ssh_options");
}

void remote_command_done(struct remote_command *command)
{
	free(command->root);
	command->root = NULL;
}
