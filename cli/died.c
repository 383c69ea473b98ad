/* died: what a service manager knows of our processes, told to the broker. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli/ask.h"
#include "cli/options.h"
#include "cli/verbs.h"

#define PATIENCE_MS 3000 /* a manager waits for us before it starts the process again */

static const char usage[] =
        "usage: aob died PROCESS [--reason TEXT] [--down | --up]\n"
        "\n"
        "For service managers: tells the broker that a process of ours died. Of one that does so again and again, or "
        "is\n"
        "down for good, the broker makes an alarm.\n"
        "\n"
        "  --reason TEXT   of what; under systemd's ExecStopPost= it is found out, and nothing told of one that was\n"
        "                  stopped\n"
        "  --down          its manager has given it up; to be told again each minute\n"
        "  --up            it runs again\n";

/* What systemd says in the environment of ExecStopPost= (systemd.exec(5)). Returns false: nothing is to be told. */
static bool reason_of_systemd(char *out, size_t size)
{
	const char *result = secure_getenv("SERVICE_RESULT");
	const char *code = secure_getenv("EXIT_CODE");
	const char *status = secure_getenv("EXIT_STATUS");

	*out = '\0';
	if (result == NULL)
		return true;
	if (strcmp(result, "success") == 0)
		return false;
	if (code == NULL || status == NULL)
		(void)snprintf(out, size, "%s", result);
	else if (strcmp(code, "exited") == 0)
		(void)snprintf(out, size, "exit status %s", status);
	else
		(void)snprintf(out, size, "%s by signal %s%s", code, status,
		               strcmp(result, "watchdog") == 0 ? ", as it did not say that it is alive" : "");
	return true;
}

int died_main(int argc, char **argv, const char *config_path)
{
	struct error err = { .class = ERR_NONE };
	struct ask *ask = NULL;
	struct options options;
	char reason[160];
	int status = options_read(argc, argv, "reason down up ", OPTIONS_WANT_WORD, usage, &options);

	if (status >= 0)
		return status;
	if (options.down && options.up) {
		(void)fputs(usage, stderr);
		return EX_USAGE;
	}
	if (options.reason != NULL)
		(void)snprintf(reason, sizeof(reason), "%s", options.reason);
	else if (!reason_of_systemd(reason, sizeof(reason)))
		return EX_OK;
	if (ask_open_anyway(config_path, &ask, &err) != 0)
		return ask_failed("died", &err);
	ask_patience(ask, PATIENCE_MS);
	(void)ask_verb(ask, "process",
	               json_pack("{s:s, s:s, s:s}", "process", options.word, "what",
	                         options.down ? "down"
	                         : options.up ? "up"
	                                      : "died",
	                         "reason", reason),
	               NULL, &err);
	ask_close(&ask);
	return err.class == ERR_NONE ? EX_OK : ask_failed("died", &err);
}
