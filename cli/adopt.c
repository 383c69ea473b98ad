#include <stdio.h>

#include "cli/ask.h"
#include "cli/options.h"
#include "cli/style.h"
#include "cli/verbs.h"
#include "wire/bare.h"
#include "wire/remote.h"

static const char usage[] =
        "usage: aob adopt PIPELINE [--json]\n"
        "\n"
        "A vault takes the backups of a pipeline from one machine alone: the first that wrote there. If that one is "
        "gone and this one takes its\n"
        "place (a new NAS, a new installation), this says so to the vault; what lies there is gone on with.\n";

static int ask_vault(const struct config_pipeline *pipeline, struct remote_owner *before, struct error *err)
{
	struct remote *remote = NULL;
	int rc;

	if (pipeline->vault->bare)
		return bare_adopt(pipeline->vault, pipeline->name, before, err);
	rc = remote_open(pipeline->vault, pipeline->name, "adopt", NULL, &remote, err);
	if (rc != 0)
		return -1;
	rc = remote_adopt(remote, before, err);
	if (rc != 0)
		remote_explain(remote, err);
	remote_close(&remote);
	return rc;
}

static void print_text(const char *pipeline, const struct remote_owner *before)
{
	char when[32];

	if (before->was_ours)
		(void)printf("%s: was this machine's already\n", pipeline);
	else if (before->host[0] == '\0')
		(void)printf("%s: was nobody's; it is this machine's now\n", pipeline);
	else
		(void)printf("%s: was %s's since %s; it is this machine's now\n", pipeline, before->host,
		             style_when(before->since_s, when, sizeof(when)));
}

static int work(struct ask *ask, const struct options *options, struct error *err)
{
	const struct config_pipeline *pipeline = config_pipeline_asked(ask_config(ask), options->word, err);
	struct remote_owner before = { .was_ours = false };
	json_t *json = NULL;

	if (pipeline == NULL)
		return -1;
	if (ask_vault(pipeline, &before, err) != 0)
		return -1;
	if (!options->json) {
		print_text(options->word, &before);
		return 0;
	}
	json = json_pack("{s:s, s:b, s:s, s:I}", "pipeline", options->word, "was_ours", (int)before.was_ours, "was_of",
	                 before.host, "since", (json_int_t)before.since_s);
	ask_print(json);
	json_decref(json);
	return 0;
}

int adopt_main(int argc, char **argv, const char *config_path)
{
	static const struct ask_command command = { "json ", OPTIONS_WANT_WORD, usage, work };

	return ask_main(&command, argc, argv, config_path);
}
