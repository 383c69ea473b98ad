#include "cli/restore_options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "lib/bytes.h"
#include "lib/inside.h"
#include "lib/log.h"

static int usage(FILE *out, int status)
{
	(void)fputs(
	        "usage: aob restore PIPELINE [--generation G] [--path P]... [--glob PATTERN]... --to DIR [OPTIONS]\n"
	        "       aob restore [PIPELINE] --from WHERE [--identity FILE] [--ssh-option OPTION]... --to DIR ...\n"
	        "\n"
	        "Brings a generation (the newest without --generation), or files and folders of it, back into DIR,\n"
	        "which must be empty or not exist yet, but for --over. Every file is checked against its SHA-256. "
	        "After any cut the "
	        "same\n"
	        "command goes on: what is there and right does not cross again.\n"
	        "\n"
	        "  --path P         only this file or folder\n"
	        "  --glob PATTERN   only what matches: '2019/*.jpg'; '*.jpg' in every folder; '2019/**/*.jpg' below "
	        "one\n"
	        "  --from WHERE     ssh://[user@]host[:port]/folder/of/the/vault, or a folder of this machine (a disk "
	        "in\n"
	        "                   hand): no configuration is needed then\n"
	        "  --compression off  with --from: nothing is compressed on its way, where the far end is too weak for "
	        "it\n"
	        "  --over           DIR holds something, and becomes as it was then: only what differs crosses. What "
	        "is "
	        "replaced\n"
	        "                   or was not there then is kept in DIR/.aob-replaced-<date>\n"
	        "  --discard        … but of files that are replaced nothing is kept\n"
	        "  --keep-new       … but what was not there then stays where it is\n"
	        "  --rate RATE      no faster than so: '1.6 Mbit/s', '200 kB/s'\n"
	        "  --keep-special   devices, pipes, and setuid and setgid bits too\n"
	        "  --dry-run        only say what would come, and whether it fits\n"
	        "  --json           the result as JSON\n",
	        out);
	return status;
}

/* list: NULL-terminated, with room for most. */
static int add(const char **list, size_t most, const char *word)
{
	size_t n = 0;

	while (list[n] != NULL)
		n++;
	if (n == most) {
		(void)fprintf(stderr, "aob restore: more than %zu of one option\n", most);
		return -1;
	}
	list[n] = word;
	return 0;
}

/* In place: by the same path the same restore is known again, however it was written. */
static const char *read_path(char *word)
{
	size_t n;
	size_t from = (size_t)(inside_trim(word, &n) - word);

	word[from + n] = '\0';
	return word + from;
}

static int read_rate(const char *text, struct restore_options *options)
{
	struct error err = { .class = ERR_NONE };

	if (bytes_rate_parse(text, &options->rate_bps, &err) == 0)
		return 0;
	(void)fprintf(stderr, "aob restore: --rate: %s\n", err.text);
	return -1;
}

/* As the configuration's key of a vault. */
static int read_compression(const char *word, struct restore_options *options)
{
	options->plain = strcmp(word, "off") == 0;
	if (options->plain || strcmp(word, "auto") == 0)
		return 0;
	(void)fprintf(stderr, "aob restore: --compression: want auto or off\n");
	return -1;
}

int restore_options_read(int argc, char **argv, struct restore_options *options)
{
	static const struct option table[] = { { "generation", required_argument, NULL, 'g' },
		                               { "path", required_argument, NULL, 'p' },
		                               { "glob", required_argument, NULL, 'b' },
		                               { "to", required_argument, NULL, 't' },
		                               { "from", required_argument, NULL, 'f' },
		                               { "identity", required_argument, NULL, 'i' },
		                               { "ssh-option", required_argument, NULL, 'o' },
		                               { "compression", required_argument, NULL, 'c' },
		                               { "over", no_argument, NULL, 'O' },
		                               { "discard", no_argument, NULL, 'D' },
		                               { "keep-new", no_argument, NULL, 'N' },
		                               { "rate", required_argument, NULL, 'r' },
		                               { "keep-special", no_argument, NULL, 's' },
		                               { "dry-run", no_argument, NULL, 'n' },
		                               { "json", no_argument, NULL, 'j' },
		                               { "help", no_argument, NULL, 'h' },
		                               { NULL, 0, NULL, 0 } };
	bool bad = false;
	int option;

	*options = (struct restore_options){ .pipeline = NULL };
	optind = 0;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
		switch (option) {
		case 'g':
			options->generation = optarg;
			break;
		case 'p':
			bad = bad || add(options->paths, RESTORE_PICK_MOST, read_path(optarg)) != 0;
			break;
		case 'b':
			bad = bad || add(options->globs, RESTORE_PICK_MOST, optarg) != 0;
			break;
		case 't':
			options->to = optarg;
			break;
		case 'f':
			options->from = optarg;
			break;
		case 'i':
			options->identity = optarg;
			break;
		case 'o':
			bad = bad || add(options->ssh_options, RESTORE_FROM_SSH_OPTIONS, optarg) != 0;
			break;
		case 'c':
			bad = bad || read_compression(optarg, options) != 0;
			break;
		case 'r':
			bad = bad || read_rate(optarg, options) != 0;
			break;
		case 'O':
			options->over = true;
			break;
		case 'D':
			options->discards = true;
			break;
		case 'N':
			options->keep_new = true;
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
	if (bad || options->to == NULL || argc > optind + 1 || (argc == optind && options->from == NULL) ||
	    (!options->over && (options->discards || options->keep_new)) ||
	    (options->from == NULL && (options->identity != NULL || options->ssh_options[0] != NULL || options->plain)))
		return usage(stderr, EX_USAGE);
	options->pipeline = argv[optind]; /* NULL at the end */
	return -1;
}

void restore_options_wanted(const struct restore_options *options, char *wanted, size_t size)
{
	const char *const *const lists[] = { options->paths, options->globs };
	size_t used;

	(void)snprintf(wanted, size, "%s%s%s", options->over ? "--over" : "", options->discards ? " --discard" : "",
	               options->keep_new ? " --keep-new" : "");
	used = strlen(wanted);
	for (size_t i = 0; i < 2; i++)
		for (const char *const *word = lists[i]; *word != NULL && used < size - 1; word++) {
			char safe[1024];

			(void)snprintf(wanted + used, size - used, "%s%s %s", used != 0 ? " " : "",
			               i == 0 ? "--path" : "--glob", log_escape(*word, safe, sizeof(safe)));
			used = strlen(wanted);
		}
}
