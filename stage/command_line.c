#include "stage/command_line.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config_value.h"
#include "lib/duration.h"
#include "lib/mdp.h"
#include "lib/version.h"

#define GRACE_MS 10000

static void help(void)
{
	(void)puts("usage: aob-stage --service NAME [OPTION…] [--] COMMAND [ARGUMENT…]\n"
	           "Makes any program a stage: it takes the jobs of the service from the broker, and starts COMMAND "
	           "for each,\n"
	           "never through a shell. The request is JSON on its standard input, progress and reply are lines of "
	           "JSON on\n"
	           "its standard output, its exit status is one of sysexits.h (75: try again). See docs/stages.md.\n\n"
	           "  --service NAME      the stage's name in a pipeline\n"
	           "  --timeout TIME      one job takes at most so long (default: as long as it takes)\n"
	           "  --silence TIME      at most so long without a line on either stream\n"
	           "  --grace TIME        from SIGTERM to SIGKILL, when it is to stop (default 10s)\n"
	           "  --dry-run           COMMAND knows what \"dry_run\" and $AOB_DRY_RUN are; else it is not started "
	           "in one\n\n"
	           "  --broker URL        where the broker is, such as " CONFIG_DEFAULT_ENDPOINT
	           ": no configuration is read\n"
	           "  --server-certificate FILE  --own-certificate FILE\n"
	           "                      its public key, and the pair of this machine: for a URL that begins with "
	           "tcp://\n"
	           "                      (docs/hosts.md)\n\n"
	           "  --config FILE  --endpoint URL  --worker NAME  --host NAME  --once FILE  --trace TOPICS  "
	           "--version  --help\n"
	           "                      as every stage has them (aob-stage(8)); --once reads a configuration only if "
	           "one is given\n\n"
	           "COMMAND finds $AOB_RUN, $AOB_PIPELINE, $AOB_SOURCE, $AOB_SNAPSHOT, $AOB_ATTEMPT and $AOB_DRY_RUN.");
}

static int wrong(struct error *err, const char *option, const char *why)
{
	return error_set(err, ERR_USAGE, "%s: %s", option, why);
}

static int take_time(const char *option, uint64_t *ms, struct error *err)
{
	struct error why = { .class = ERR_NONE };

	return duration_parse(optarg, ms, &why) == 0 ? 0 : wrong(err, option, why.text);
}

static int take_service(struct command_line *line, struct error *err)
{
	if (!config_value_is_name(optarg))
		return wrong(err, "--service", "use letters, digits, '.', '_' and '-', a letter or digit first");
	line->service = optarg;
	return 0;
}

/* What every stage has is passed on to stage_main: PASSED + its place here. */
#define PASSED 256
static char passed_names[][16] = { "--config", "--trace", "--endpoint", "--worker", "--host", "--once" };
enum { CONFIG, TRACE, ENDPOINT, WORKER, HOST, ONCE };

static bool is_passed(const struct command_line *line, int which)
{
	for (int i = 1; i < line->n_passed; i += 2)
		if (line->passed[i] == passed_names[which])
			return true;
	return false;
}

static int take(struct command_line *line, int option, struct error *err)
{
	switch (option) {
	case 'S':
		return take_service(line, err);
	case 'T':
		return take_time("--timeout", &line->command.timeout_ms, err);
	case 'L':
		return take_time("--silence", &line->command.silence_ms, err);
	case 'G':
		return take_time("--grace", &line->command.grace_ms, err);
	case 'D':
		line->command.dry_run = true;
		return 0;
	case 'B':
		line->config.endpoint = optarg;
		return 0;
	case 'C':
		line->config.curve.server_certificate = optarg;
		return 0;
	case 'O':
		line->config.curve.own_certificate = optarg;
		return 0;
	case 'V':
		printf("%s %s\n", COMMAND_LINE_PROGRAM, AOB_VERSION);
		line->told = true;
		return 0;
	case 'h':
		help();
		line->told = true;
		return 0;
	case '?':
		return error_set(err, ERR_USAGE, "%s", "");
	default:
		line->passed[line->n_passed++] = passed_names[option - PASSED];
		line->passed[line->n_passed++] = optarg;
		return 0;
	}
}

/* Without a file the command line has to say all that one would. */
static int check_broker(struct command_line *line, struct error *err)
{
	const struct config_curve *curve = &line->config.curve;
	const char *url = line->config.endpoint;
	bool keys = curve->server_certificate != NULL && curve->own_certificate != NULL;
	bool tcp = url != NULL && strncmp(url, "tcp://", 6) == 0;
	struct error why = { .class = ERR_NONE };

	line->without_file = url != NULL || (is_passed(line, ONCE) && !is_passed(line, CONFIG));
	if (url == NULL)
		return curve->server_certificate == NULL && curve->own_certificate == NULL
		               ? 0
		               : wrong(err, "--server-certificate, --own-certificate",
		                       "they go with --broker; else the configuration says them, in broker.curve");
	if (is_passed(line, CONFIG) || is_passed(line, ENDPOINT))
		return wrong(err, "--broker",
		             "it stands in place of --config and --endpoint; give the one or the other");
	if (mdp_endpoint_check(url, &why) != 0)
		return wrong(err, "--broker", why.text);
	if (!tcp && url[6] != '/')
		return wrong(err, "--broker", "want an absolute path, ipc:///…");
	if (tcp && !keys)
		return wrong(err, "--broker",
		             "tcp:// wants --server-certificate and --own-certificate; `aob keygen` makes a pair of "
		             "keys (docs/hosts.md)");
	if (!tcp && (curve->server_certificate != NULL || curve->own_certificate != NULL))
		return wrong(err, "--server-certificate, --own-certificate", "they are for tcp:// alone");
	return 0;
}

static int check(struct command_line *line, struct error *err)
{
	if (line->service == NULL)
		return wrong(err, "--service", "it is missing: under which name do pipelines know this stage?");
	if (*line->command.argv == NULL)
		return wrong(err, "COMMAND", "it is missing: which program is the stage?");
	return check_broker(line, err);
}

int command_line_read(int argc, char **argv, struct command_line *line, struct error *err)
{
	static const struct option known[] = { { "service", required_argument, NULL, 'S' },
		                               { "timeout", required_argument, NULL, 'T' },
		                               { "silence", required_argument, NULL, 'L' },
		                               { "grace", required_argument, NULL, 'G' },
		                               { "dry-run", no_argument, NULL, 'D' },
		                               { "broker", required_argument, NULL, 'B' },
		                               { "server-certificate", required_argument, NULL, 'C' },
		                               { "own-certificate", required_argument, NULL, 'O' },
		                               { "config", required_argument, NULL, PASSED + CONFIG },
		                               { "trace", required_argument, NULL, PASSED + TRACE },
		                               { "endpoint", required_argument, NULL, PASSED + ENDPOINT },
		                               { "worker", required_argument, NULL, PASSED + WORKER },
		                               { "host", required_argument, NULL, PASSED + HOST },
		                               { "once", required_argument, NULL, PASSED + ONCE },
		                               { "version", no_argument, NULL, 'V' },
		                               { "help", no_argument, NULL, 'h' },
		                               { NULL, 0, NULL, 0 } };
	int option = 0;

	*line = (struct command_line){ .command = { .grace_ms = GRACE_MS }, .config = { .path = "" }, .n_passed = 1 };
	line->passed = calloc((size_t)argc * 2 + 1, sizeof(*line->passed));
	if (line->passed == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	line->passed[0] = argv[0];
	optind = 1;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no other threads yet */
	while ((option = getopt_long(argc, argv, "+", known, NULL)) != -1) {
		if (take(line, option, err) != 0)
			return -1;
		if (line->told)
			return 0;
	}
	line->command.argv = (const char *const *)&argv[optind];
	return check(line, err);
}

void command_line_done(struct command_line *line)
{
	free(line->passed);
	line->passed = NULL;
}
