/* pause, resume, cancel, reload: one question to the broker each. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/ask.h"
#include "cli/options.h"
#include "cli/verbs.h"

struct order {
	const char *verb;
	bool wants_pipeline;
	const char *help;
	const char *done; /* what to say afterwards: "photos is …" */
};

static const struct order orders[] = {
	{ "pause", true,
	  "No run of this pipeline is started by itself any more; one in flight goes on. Outlives restarts.",
	  "paused" },
	{ "resume", true, "Runs are started again.", "resumed" },
	{ "cancel", true, "Stops the run in flight. What has arrived at the vault is used by the next one.",
	  "being cancelled" },
	{ "reload", false, "Reads the configuration again; if anything in it is wrong, nothing changes.", "reloaded" },
};

/* A reload's faults are one a line, each with its place. */
static int refused(const struct order *order, const struct error *err)
{
	if (err->class != ERR_CONFIG)
		return ask_failed(order->verb, err);
	(void)fprintf(stderr, "%s%s", err->text, strchr(err->text, '\n') != NULL ? "" : "\n");
	(void)fprintf(stderr, "aob %s: the old configuration stays in force\n", order->verb);
	return EX_CONFIG;
}

int order_main(int argc, char **argv, const char *config_path)
{
	const struct order *order = &orders[0];
	struct error err = { .class = ERR_NONE };
	struct ask *ask = NULL;
	struct options options;
	char usage[256];
	int status;

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		if (strcmp(orders[i].verb, argv[0]) == 0)
			order = &orders[i];
	(void)snprintf(usage, sizeof(usage), "usage: aob %s%s\n\n%s\n", order->verb,
	               order->wants_pipeline ? " PIPELINE" : "", order->help);
	status = options_read(argc, argv, "", order->wants_pipeline ? OPTIONS_WANT_WORD : OPTIONS_NO_WORD, usage,
	                      &options);
	if (status >= 0)
		return status;
	if (ask_open(config_path, &ask, &err) != 0)
		return ask_failed(order->verb, &err);
	if (ask_verb(ask, order->verb,
	             options.word != NULL ? json_pack("{s:s}", "pipeline", options.word) : json_object(), NULL,
	             &err) == 0)
		(void)printf("%s is %s\n", options.word != NULL ? options.word : "the configuration", order->done);
	ask_close(&ask);
	return err.class == ERR_NONE ? EX_OK : refused(order, &err);
}
