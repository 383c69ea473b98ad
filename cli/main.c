#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/restore.h"
#include "cli/verbs.h"
#include "lib/config.h"
#include "lib/log.h"
#include "lib/suggest.h"
#include "lib/version.h"

struct verb {
	const char *name;
	int (*run)(int argc, char **argv, const char *config_path);
	const char *help;
};

static const struct verb verbs[] = {
	{ "status", status_main, "what is safe, since when, what runs now, what waits for what" },
	{ "health", health_main, "the same for Nagios, Icinga and the like" },
	{ "run", run_main, "start a run now; --wait shows it" },
	{ "list", list_main, "the generations" },
	{ "ls", ls_main, "what is in a generation" },
	{ "find", find_main, "in which generations something is" },
	{ "diff", diff_main, "what changed between two generations" },
	{ "cat", cat_main, "one file of a generation" },
	{ "restore", restore_main, "bring a generation, a folder or a file back" },
	{ "verify", verify_main, "read the vault again, and mend what is damaged; --proof: by root hashes" },
	{ "rehearse", rehearse_main, "would a restore give everything back, and in what time?" },
	{ "prune", prune_main, "remove what the policy does not keep; --dry-run only says what" },
	{ "release", release_main, "let go of what the brake holds, after you have looked" },
	{ "seed", seed_main, "write a first generation on a disk that somebody carries to the vault" },
	{ "adopt", adopt_main, "this machine takes the place of the one whose backups lie there" },
	{ "pause", order_main, "start no runs of a pipeline by itself" },
	{ "resume", order_main, "start them again" },
	{ "cancel", order_main, "stop the run in flight" },
	{ "doctor", doctor_main, "how are the machines? security updates, disks, clocks, keys" },
	{ "link", link_main, "is the vault to be reached, and how fast is the way there?" },
	{ "check", check_main, "is a configuration right?" },
	{ "keygen", keygen_main, "a pair of keys for a broker or workers on other machines" },
	{ "reload", order_main, "read the configuration again" },
	{ "events", events_main, "what happens, as CloudEvents" },
	{ "died", died_main, "for service managers: a process of ours died" },
};
#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void print_usage(FILE *out)
{
	(void)fputs("usage: aob [--config FILE] VERB [OPTIONS]\n\n", out);
	for (size_t i = 0; i < N_VERBS; i++)
		(void)fprintf(out, "  %-9s %s\n", verbs[i].name, verbs[i].help);
	(void)fputs("\n  --config FILE   the configuration (default $AOB_CONFIG, else " CONFIG_DEFAULT_PATH ")\n"
	            "  --trace TOPICS  mdp, wire or all: show on stderr what goes on inside\n"
	            "  --version, --help\n\n"
	            "`aob VERB --help` tells more, aob(1) all.\n",
	            out);
}

static int unknown(const char *word)
{
	const char *names[N_VERBS];
	const char *nearest;

	for (size_t i = 0; i < N_VERBS; i++)
		names[i] = verbs[i].name;
	nearest = suggest_nearest(word, names, N_VERBS);
	(void)fprintf(stderr, "aob: no verb `%s`", word);
	(void)fprintf(stderr, nearest != NULL ? "; did you mean `%s`?\n" : "; `aob --help` lists them\n", nearest);
	return EX_USAGE;
}

/* Takes --NAME VALUE or --NAME=VALUE out of argv, wherever it stands. Returns the new argc, or -1: the value is missing. */
static int take_out(int argc, char **argv, const char *name, const char **value)
{
	size_t n = strlen(name);

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		int words = 0;

		if (strncmp(argv[i], name, n) == 0 && argv[i][n] == '=') {
			*value = argv[i] + n + 1;
			words = 1;
		} else if (strcmp(argv[i], name) == 0) {
			if (i + 1 == argc)
				return -1;
			*value = argv[i + 1];
			words = 2;
		}
		if (words == 0)
			continue;
		for (int k = i; k + words <= argc; k++)
			argv[k] = argv[k + words];
		argc -= words;
		i--;
	}
	return argc;
}

/* What was printed has arrived: a full disk is no success. */
static int flushed(int status)
{
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return status;
	(void)fputs("aob: standard output cannot be written\n", stderr);
	return status == EX_OK ? EX_IOERR : status;
}

/* --version may stand behind the verb too. */
static bool wants_version(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--version") == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	const char *config = NULL;
	const char *trace = NULL;

	argc = take_out(argc, argv, "--config", &config);
	if (argc > 0)
		argc = take_out(argc, argv, "--trace", &trace);
	if (argc < 2) {
		print_usage(stderr);
		return EX_USAGE;
	}
	log_open("aob", trace);
	if (wants_version(argc, argv)) {
		(void)puts("aob " AOB_VERSION);
		return EX_OK;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		print_usage(stdout);
		return EX_OK;
	}
	for (size_t i = 0; i < N_VERBS; i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return flushed(verbs[i].run(argc - 1, argv + 1, config_path(config)));
	return unknown(argv[1]);
}
