#include "cli/options.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define HELP 1000

struct flag {
	const char *name;
	size_t at; /* in struct options */
};

static const struct flag flags[] = {
	{ "json", offsetof(struct options, json) },     { "now", offsetof(struct options, now) },
	{ "wait", offsetof(struct options, wait) },     { "watch", offsetof(struct options, watch) },
	{ "follow", offsetof(struct options, follow) }, { "dry-run", offsetof(struct options, dry_run) },
	{ "vault", offsetof(struct options, vault) },   { "force", offsetof(struct options, force) },
	{ "forget", offsetof(struct options, forget) }, { "pipelines", offsetof(struct options, pipelines) },
	{ "down", offsetof(struct options, down) },     { "up", offsetof(struct options, up) },
	{ "record", offsetof(struct options, record) },
};
#define N_FLAGS (sizeof(flags) / sizeof(flags[0]))

static const struct flag texts[] = { { "to", offsetof(struct options, to) },
	                             { "reason", offsetof(struct options, reason) } }; /* with a text behind */
#define N_TEXTS (sizeof(texts) / sizeof(texts[0]))

static bool has(const char *known, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = known; *at != '\0'; at += strcspn(at, " ") + 1)
		if (strncmp(at, name, n) == 0 && at[n] == ' ')
			return true;
	return false;
}

static int end(const char *usage, FILE *out, int status)
{
	(void)fputs(usage, out);
	return status;
}

int options_read(int argc, char **argv, const char *known, enum options_word word, const char *usage,
                 struct options *options)
{
	struct option table[N_FLAGS + N_TEXTS + 2] = { 0 };
	size_t n = 0;
	int words;
	int option;

	*options = (struct options){ 0 };
	for (size_t i = 0; i < N_FLAGS; i++)
		if (has(known, flags[i].name))
			table[n++] = (struct option){ flags[i].name, no_argument, NULL, (int)i + 1 };
	for (size_t i = 0; i < N_TEXTS; i++)
		if (has(known, texts[i].name))
			table[n++] = (struct option){ texts[i].name, required_argument, NULL, (int)(N_FLAGS + i) + 1 };
	table[n] = (struct option){ "help", no_argument, NULL, HELP };
	optind = 0;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (option == HELP)
			return end(usage, stdout, EX_OK);
		if (option == '?')
			return end(usage, stderr, EX_USAGE);
		if ((size_t)option > N_FLAGS)
			*(const char **)((char *)options + texts[(size_t)option - N_FLAGS - 1].at) = optarg;
		else
			*(bool *)((char *)options + flags[option - 1].at) = true;
	}
	words = argc - optind;
	if (words > (word == OPTIONS_NO_WORD ? 0 : 1) || words < (word == OPTIONS_WANT_WORD ? 1 : 0))
		return end(usage, stderr, EX_USAGE);
	options->word = words == 1 ? argv[optind] : NULL;
	return -1;
}
