/* aob-stage: any program becomes a stage of a pipeline. It takes the jobs of a service from the broker, as every stage does (lib/stage_main.h), and for each starts
 * COMMAND, which needs no ZeroMQ: docs/stages.md. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "lib/config_value.h"
#include "lib/duration.h"
#include "lib/stage_main.h"
#include "lib/version.h"
#include "stage/command.h"

#define PROGRAM "aob-stage"

static struct command command = { .grace_ms = 10000 };
static const char *service;

static int run(struct stage_job *job, const struct stage_request *request, struct stage_result *result,
               struct error *err)
{
	return command_run(&command, job, request, result, err);
}

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
	           "in one\n"
	           "  --config FILE  --endpoint URL  --worker NAME  --host NAME  --once FILE  --trace TOPICS  "
	           "--version  --help\n"
	           "                      as every stage has them (aob-stage(8))\n\n"
	           "COMMAND finds $AOB_RUN, $AOB_PIPELINE, $AOB_SOURCE, $AOB_SNAPSHOT, $AOB_ATTEMPT and $AOB_DRY_RUN.");
}

static int wrong(const char *option, const char *why)
{
	fprintf(stderr, "%s: %s: %s\nTry '%s --help'.\n", PROGRAM, option, why, PROGRAM);
	return EX_USAGE;
}

static int take_time(const char *option, uint64_t *ms)
{
	struct error err = { .class = ERR_NONE };

	return duration_parse(optarg, ms, &err) == 0 ? -1 : wrong(option, err.text);
}

static int take_service(void)
{
	if (!config_value_is_name(optarg))
		return wrong("--service", "use letters, digits, '.', '_' and '-', a letter or digit first");
	service = optarg;
	return -1;
}

/* What every stage has. */
static char *passed_on(int option)
{
	static char names[][16] = { "--config", "--trace", "--endpoint", "--worker", "--host", "--once" };

	return names[option == 'c'   ? 0
	             : option == 't' ? 1
	             : option == 'e' ? 2
	             : option == 'w' ? 3
	             : option == 'H' ? 4
	                             : 5];
}

/* Its own options are taken; what every stage has is put into given, with room for argc words. Returns -1: go on; else the exit status. */
static int read_command_line(int argc, char **argv, char **given, int *n)
{
	static const struct option options[] = {
		{ "service", required_argument, NULL, 'S' }, { "timeout", required_argument, NULL, 'T' },
		{ "silence", required_argument, NULL, 'L' }, { "grace", required_argument, NULL, 'G' },
		{ "dry-run", no_argument, NULL, 'D' },       { "config", required_argument, NULL, 'c' },
		{ "trace", required_argument, NULL, 't' },   { "endpoint", required_argument, NULL, 'e' },
		{ "worker", required_argument, NULL, 'w' },  { "host", required_argument, NULL, 'H' },
		{ "once", required_argument, NULL, 'o' },    { "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },          { NULL, 0, NULL, 0 }
	};
	int status = -1;
	int option = 0;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no other threads yet */
	while (status < 0 && (option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (option) {
		case 'S':
			status = take_service();
			break;
		case 'T':
			status = take_time("--timeout", &command.timeout_ms);
			break;
		case 'L':
			status = take_time("--silence", &command.silence_ms);
			break;
		case 'G':
			status = take_time("--grace", &command.grace_ms);
			break;
		case 'D':
			command.dry_run = true;
			break;
		case 'V':
			printf("%s %s\n", PROGRAM, AOB_VERSION);
			return EX_OK;
		case 'h':
			help();
			return EX_OK;
		case '?':
			fprintf(stderr, "Try '%s --help'.\n", PROGRAM);
			return EX_USAGE;
		default:
			given[(*n)++] = passed_on(option);
			given[(*n)++] = optarg;
			break;
		}
	}
	if (status < 0 && service == NULL)
		status = wrong("--service", "it is missing: under which name do pipelines know this stage?");
	if (status < 0 && optind == argc)
		status = wrong("COMMAND", "it is missing: which program is the stage?");
	command.argv = (const char *const *)&argv[optind];
	return status;
}

int main(int argc, char **argv)
{
	struct stage_ops ops = { .program = PROGRAM, .summary = "Makes any program a stage.", .run = run };
	char **given = calloc((size_t)argc + 1, sizeof(*given));
	int n = 1;
	int status;

	if (given == NULL)
		return EX_OSERR;
	given[0] = argv[0];
	status = read_command_line(argc, argv, given, &n);
	ops.service = service;
	if (status < 0)
		status = stage_main(n, given, &ops);
	free(given);
	return status;
}
