#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/brake_percent.h"
#include "lib/duration.h"
#include "lib/entry.h"
#include "lib/log.h"
#include "lib/priority.h"
#include "lib/version.h"
#include "receiver/adopt.h"
#include "receiver/confine.h"
#include "receiver/doctor.h"
#include "receiver/inventory.h"
#include "receiver/owner.h"
#include "receiver/proving.h"
#include "receiver/release.h"
#include "receiver/serve.h"
#include "receiver/verify_here.h"

#define GENERATIONS_MOST 100000u

struct command_line {
	const char *verb;
	struct vault_options options;
	const char *pipeline; /* of `release`, `adopt` and `verify`; the folder of `root` */
	struct adopt adopt;
	bool mends; /* of `verify` */
	const char *trace;
	int status; /* to end with at once; -1: go on */
};

static void print_usage(FILE *out)
{
	(void)fputs(
	        "usage: aob-receiver serve --root DIR [--strategy WAY] [--append-only] [--keep-at-least N] [--keep-for "
	        "TIME]\n"
	        "                    [--brake SHARE] [--release-here-only]\n"
	        "       aob-receiver list --root DIR\n"
	        "       aob-receiver release --root DIR PIPELINE\n"
	        "       aob-receiver adopt --root DIR --from DISK [--leave-out-damaged] PIPELINE\n"
	        "       aob-receiver adopt --root DIR --tree FOLDER [--move] [--leave-out-damaged] PIPELINE\n"
	        "       aob-receiver adopt --root DIR PIPELINE\n"
	        "       aob-receiver root FOLDER\n"
	        "       aob-receiver verify --root DIR [--mend] PIPELINE\n"
	        "       aob-receiver --version | --help\n"
	        "\n"
	        "The far end of AutoOffsiteBackup. sshd starts `serve` for a key, by a line in "
	        "~/.ssh/authorized_keys:\n"
	        "\n"
	        "  restrict,command=\"aob-receiver serve --root /volume1/offsite\" ssh-ed25519 AAAA... vault_key\n"
	        "\n"
	        "  --root DIR          where the vault lies; must exist, so that an empty mount point is not filled\n"
	        "  --strategy WAY      how a generation begins as the last one: snapshot, reflink, hardlink; else the "
	        "best that works\n"
	        "  --append-only       never remove a generation, whoever asks\n"
	        "  --keep-at-least N   never leave fewer than N generations\n"
	        "  --keep-for TIME     never remove one that was published less than TIME (30d) ago\n"
	        "  --brake SHARE       a run that removes or rewrites more than this share (50%) of the last "
	        "generation "
	        "holds\n"
	        "                      those before it, even if the client wants a larger share, or off\n"
	        "  --release-here-only no client takes the brake off, only `release` does, here\n"
	        "  --from DISK         adopt: take up what `aob seed` wrote on a disk that somebody carried here\n"
	        "  --tree FOLDER       adopt: take up a copy that rsync, btrbk, btrfs receive or cp made; what differs "
	        "comes with the\n"
	        "                      first run. Without either: forget which machine's backups these are, so that "
	        "the next that\n"
	        "                      writes is taken\n"
	        "  --move              where blocks can't be shared, take the files out of FOLDER rather than copy "
	        "them\n"
	        "  --leave-out-damaged take up the rest, and let the first run bring what is damaged\n"
	        "  --mend              of `verify`, which reads all of it again: damaged files get their content back "
	        "from "
	        "others\n"
	        "                      here that have the same\n"
	        "  --trace TOPICS      wire, confine or all: show frames, and what was given up, on stderr\n"
	        "\n"
	        "See aob-receiver(8).\n",
	        out);
}

static int wrong(struct command_line *line, const char *what, const char *value)
{
	(void)fprintf(stderr, "aob-receiver: %s: %s\n", what, value);
	line->status = EX_USAGE;
	return -1;
}

static int take_option(struct command_line *line, int option)
{
	uint64_t number = 0;
	char *end;

	switch (option) {
	case 'r':
		line->options.root = optarg;
		return 0;
	case 's':
		return strategy_named(optarg, &line->options.strategy, NULL) == 0
		               ? 0
		               : wrong(line, "--strategy wants auto, snapshot, reflink or hardlink", optarg);
	case 'a':
		line->options.append_only = true;
		return 0;
	case 'n':
		number = strtoul(optarg, &end, 10);
		if (*optarg < '0' || *optarg > '9' || *end != '\0' || number > GENERATIONS_MOST)
			return wrong(line, "--keep-at-least wants a number of generations", optarg);
		line->options.keep_at_least = (unsigned)number;
		return 0;
	case 'f':
		if (duration_parse(optarg, &number, NULL) != 0)
			return wrong(line, "--keep-for wants a time like 30d", optarg);
		line->options.keep_for_s = (int64_t)(number / 1000);
		return 0;
	case 'b':
		if (brake_percent_parse(optarg, &line->options.brake_percent, NULL) != 0 ||
		    line->options.brake_percent == BRAKE_PERCENT_OFF)
			return wrong(line, "--brake wants a percentage like 50%", optarg);
		return 0;
	case 'F':
		line->adopt.from = optarg;
		return 0;
	case 'T':
		line->adopt.tree = optarg;
		return 0;
	case 'M':
		line->adopt.move = true;
		return 0;
	case 'L':
		line->adopt.leave_out_damaged = true;
		return 0;
	case 'o':
		line->options.release_here_only = true;
		return 0;
	case 'm':
		line->mends = true;
		return 0;
	case 't':
		line->trace = optarg;
		return 0;
	case 'V':
		(void)puts("aob-receiver " AOB_VERSION);
		line->status = EX_OK;
		return -1;
	case 'h':
		print_usage(stdout);
		line->status = EX_OK;
		return -1;
	default:
		print_usage(stderr);
		line->status = EX_USAGE;
		return -1;
	}
}

static bool is_verb(int n, char *const *words)
{
	if (n == 2)
		return strcmp(words[0], "release") == 0 || strcmp(words[0], "adopt") == 0 ||
		       strcmp(words[0], "root") == 0 || strcmp(words[0], "verify") == 0;
	return n == 1 && (strcmp(words[0], "serve") == 0 || strcmp(words[0], "list") == 0);
}

static void check_adopt(struct command_line *line)
{
	const struct adopt *adopt = &line->adopt;
	bool takes = adopt->from != NULL || adopt->tree != NULL;

	if ((takes || adopt->move || adopt->leave_out_damaged) && strcmp(line->verb, "adopt") != 0)
		(void)wrong(line, "--from, --tree, --move and --leave-out-damaged are for", "adopt");
	else if (adopt->from != NULL && adopt->tree != NULL)
		(void)wrong(line, "one of the two, please", "--from, --tree");
	else if (adopt->move && adopt->tree == NULL)
		(void)wrong(line, "--move is for", "--tree");
	else if (adopt->leave_out_damaged && !takes)
		(void)wrong(line, "--leave-out-damaged is for", "--from, --tree");
}

static struct command_line read_command_line(int argc, char **argv)
{
	static const struct option options[] = { { "root", required_argument, NULL, 'r' },
		                                 { "strategy", required_argument, NULL, 's' },
		                                 { "append-only", no_argument, NULL, 'a' },
		                                 { "keep-at-least", required_argument, NULL, 'n' },
		                                 { "keep-for", required_argument, NULL, 'f' },
		                                 { "brake", required_argument, NULL, 'b' },
		                                 { "release-here-only", no_argument, NULL, 'o' },
		                                 { "from", required_argument, NULL, 'F' },
		                                 { "tree", required_argument, NULL, 'T' },
		                                 { "move", no_argument, NULL, 'M' },
		                                 { "leave-out-damaged", no_argument, NULL, 'L' },
		                                 { "mend", no_argument, NULL, 'm' },
		                                 { "trace", required_argument, NULL, 't' },
		                                 { "version", no_argument, NULL, 'V' },
		                                 { "help", no_argument, NULL, 'h' },
		                                 { NULL, 0, NULL, 0 } };
	struct command_line line = { .status = -1 };
	int option;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (take_option(&line, option) != 0)
			return line;
	if (is_verb(argc - optind, argv + optind)) {
		line.verb = argv[optind];
		line.pipeline = argv[optind + 1];
		if (line.options.root == NULL && strcmp(line.verb, "root") != 0)
			(void)wrong(&line, "missing", "--root DIR");
		else
			check_adopt(&line);
	} else {
		print_usage(stderr);
		line.status = EX_USAGE;
	}
	return line;
}

/* What comes next is read from a stranger. */
static struct confined give_up_rights(const char *root)
{
	struct confined done = confine_process(root, NULL, false);

	log_trace("confine", "no_new_privs %s, Landlock %d, seccomp %s", done.no_new_privs ? "yes" : "no",
	          done.landlock, done.seccomp ? "yes" : "no");
	return done;
}

static int serve(const struct vault_options *options, struct error *err)
{
	struct doctor doctor;
	int rc;

	doctor_start(options->root, &doctor);
	doctor.confined = give_up_rights(options->root);
	rc = serve_run(options, &doctor, STDIN_FILENO, STDOUT_FILENO, err);
	doctor_end(&doctor);
	return rc;
}

static int perform(const struct command_line *line, struct error *err)
{
	if (strcmp(line->verb, "list") == 0)
		return inventory_print(&line->options, stdout, err);
	if (strcmp(line->verb, "release") == 0)
		return release_run(&line->options, line->pipeline, stdout, err);
	if (strcmp(line->verb, "root") == 0)
		return proving_print(line->pipeline, stdout, err);
	if (line->adopt.from != NULL || line->adopt.tree != NULL)
		return adopt_run(&line->options, line->pipeline, &line->adopt, stdout, err);
	if (strcmp(line->verb, "adopt") == 0)
		return owner_adopt_run(&line->options, line->pipeline, stdout, err);
	/* Others who use this machine come first. */
	priority_stand_back();
	if (strcmp(line->verb, "verify") == 0)
		return verify_here_run(&line->options, line->pipeline, line->mends, stdout, err);
	return serve(&line->options, err);
}

int main(int argc, char **argv)
{
	struct command_line line = read_command_line(argc, argv);
	struct error err = { .class = ERR_NONE };
	int rc;

	if (line.status >= 0)
		return line.status;
	log_open("aob-receiver", line.trace);
	/* The vault's files get the modes of the source's; what is ours is for its owner, and readable. */
	(void)umask(022);
	entry_mark_lacks();
	vault_know_kind(line.options.root);
	rc = perform(&line, &err);
	if (rc == 0)
		return EX_OK;
	/* A client that goes away is everyday life, and not this end's to tell; it goes on with the run when it is back. */
	log_error(err.class == ERR_LINK ? LOG_INFO : LOG_ERR, &err, "%s", line.verb);
	return error_exit(err.class);
}
