#include "cli/restore_options.h"

#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

static int usage(FILE *out, int status)
{
	(void)fputs(
	        "usage: aob restore PIPELINE [--generation G] [--path P] --to DIR [--keep-special] [--dry-run] "
	        "[--json]\n"
	        "\n"
	        "Brings a generation (the newest without --generation), or the file or folder P of it, back into DIR,\n"
	        "which must be empty or not exist yet. Every file is checked against its SHA-256. After any cut the "
	        "same\n"
	        "command goes on: what is there and right does not cross again.\n"
	        "\n"
	        "  --keep-special   devices, pipes, and setuid and setgid bits too\n"
	        "  --dry-run        only say what would come, and whether it fits\n",
	        out);
	return status;
}

int restore_options_read(int argc, char **argv, struct restore_options *options)
{
	static const struct option table[] = { { "generation", required_argument, NULL, 'g' },
		                               { "path", required_argument, NULL, 'p' },
		                               { "to", required_argument, NULL, 't' },
		                               { "keep-special", no_argument, NULL, 's' },
		                               { "dry-run", no_argument, NULL, 'n' },
		                               { "json", no_argument, NULL, 'j' },
		                               { "help", no_argument, NULL, 'h' },
		                               { NULL, 0, NULL, 0 } };
	int option;

	*options = (struct restore_options){ .path = "" };
	optind = 0;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
		switch (option) {
		case 'g':
			options->generation = optarg;
			break;
		case 'p':
			options->path = optarg;
			break;
		case 't':
			options->to = optarg;
			break;
		case 's':
			options->keep_special = true;
			break;
		case 'n':
			options->dry_run = true;
			break;
		case 'j':
			options->json = true;
			break;
		case 'h':
			return usage(stdout, EX_OK);
		default:
			return usage(stderr, EX_USAGE);
		}
	}
	if (optind + 1 != argc || options->to == NULL)
		return usage(stderr, EX_USAGE);
	options->pipeline = argv[optind];
	return -1;
}
