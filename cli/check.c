#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "cli/ask.h"
#include "cli/verbs.h"

static int usage(FILE *out, int status)
{
	(void)fputs("usage: aob check [FILE]\n\n"
	            "Reads a configuration and says everything that is wrong in it, as FILE:LINE:COLUMN: MESSAGE.\n"
	            "Exit status 0, or 78.\n",
	            out);
	return status;
}

int check_main(int argc, char **argv, const char *config_path)
{
	static const struct option options[] = { { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	struct error err = { .class = ERR_NONE };
	struct config *config;
	int option;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		return usage(option == 'h' ? stdout : stderr, option == 'h' ? EX_OK : EX_USAGE);
	if (argc - optind > 1)
		return usage(stderr, EX_USAGE);
	if (config_load(optind < argc ? argv[optind] : config_path, &config, stderr, &err) != 0)
		return err.class == ERR_CONFIG ? EX_CONFIG : ask_failed("check", &err);
	(void)printf("%s is right: %zu pipeline%s, %zu vault%s\n", config->path, config->n_pipelines,
	             config->n_pipelines == 1 ? "" : "s", config->n_vaults, config->n_vaults == 1 ? "" : "s");
	config_destroy(&config);
	return EX_OK;
}
