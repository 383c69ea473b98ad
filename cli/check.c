#include <stdio.h>
#include <sysexits.h>

#include "cli/ask.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "lib/own_host.h"

static const char usage[] =
        "usage: aob check [FILE] [--pipelines]\n\n"
        "Reads a configuration and says everything that is wrong in it, as FILE:LINE:COLUMN: MESSAGE.\n"
        "Exit status 0, or 78.\n\n"
        "  --pipelines   the names of its pipelines instead, one a line\n";

static void print_summary(const struct config *config)
{
	if (config->n_pipelines == 0) {
		char host[OWN_HOST_SIZE];

		own_host(NULL, config, host);
		(void)printf("%s is right: this machine, %s, works for the broker at %s\n", config->path, host,
		             config->endpoint);
		return;
	}
	(void)printf("%s is right: %zu pipeline%s, %zu vault%s\n", config->path, config->n_pipelines,
	             config->n_pipelines == 1 ? "" : "s", config->n_vaults, config->n_vaults == 1 ? "" : "s");
}

int check_main(int argc, char **argv, const char *config_path)
{
	struct error err = { .class = ERR_NONE };
	struct config *config;
	struct options options;
	int status = options_read(argc, argv, "pipelines ", OPTIONS_MAY_WORD, usage, &options);

	if (status >= 0)
		return status;
	if (config_load(options.word != NULL ? options.word : config_path, &config, stderr, &err) != 0)
		return err.class == ERR_CONFIG ? EX_CONFIG : ask_failed("check", &err);
	for (size_t i = 0; options.pipelines && i < config->n_pipelines; i++)
		(void)puts(config->pipelines[i].name);
	if (!options.pipelines)
		print_summary(config);
	config_destroy(&config);
	return EX_OK;
}
