#include "lib/daemon_line.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <sysexits.h>

#include "lib/config.h"
#include "lib/version.h"

static int usage(FILE *out, const struct daemon_about *about, int status)
{
	(void)fprintf(out,
	              "usage: %s [--config FILE] [--trace TOPICS] [--version] [--help]\n"
	              "\n"
	              "%s\n"
	              "\n"
	              "  --config FILE    the configuration (default $AOB_CONFIG, else " CONFIG_DEFAULT_PATH ")\n"
	              "  --trace TOPICS   %s or all: show on stderr what goes on inside\n"
	              "\n"
	              "%s See %s(8).\n",
	              about->program, about->does, about->topics, about->signals, about->program);
	return status;
}

int daemon_line_read(int argc, char **argv, const struct daemon_about *about, struct daemon_line *line)
{
	static const struct option options[] = { { "config", required_argument, NULL, 'c' },
		                                 { "trace", required_argument, NULL, 't' },
		                                 { "version", no_argument, NULL, 'V' },
		                                 { "help", no_argument, NULL, 'h' },
		                                 { NULL, 0, NULL, 0 } };
	int option;

	*line = (struct daemon_line){ .config = NULL };
	optind = 0; /* from the start, also if it was called before */
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads yet */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			line->config = optarg;
			break;
		case 't':
			line->trace = optarg;
			break;
		case 'V':
			(void)printf("%s " AOB_VERSION "\n", about->program);
			return EX_OK;
		case 'h':
			return usage(stdout, about, EX_OK);
		default:
			return usage(stderr, about, EX_USAGE);
		}
	}
	return optind == argc ? -1 : usage(stderr, about, EX_USAGE);
}
