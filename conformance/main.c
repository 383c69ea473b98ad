/* aob-stage-test: plays the broker against a stage, in any language, and tells what it does not do as docs/protocol.md wants it. */
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conformance/checks.h"
#include "conformance/program.h"
#include "lib/duration.h"
#include "lib/json_text.h"
#include "lib/log.h"
#include "lib/version.h"

#define PROGRAM "aob-stage-test"
#define SOCKET_FOLDER_MAX 60
#define PROGRAM_MARK "{program}"

struct test {
	struct bench bench;
	const char *request_path;
	const char *only;
	bool json;
	bool list;
	char *request;
	char **words;   /* the command, */
	size_t n_words; /* of which so many are ours */
	char endpoint[108];
	char program[108];                   /* of ours, for the stage to start */
	char folder[SOCKET_FOLDER_MAX + 24]; /* of these two; "": none */
};

static void help(void)
{
	(void)puts("usage: aob-stage-test [OPTION…] --endpoint URL | [--] COMMAND [ARGUMENT…]\n"
	           "Plays the broker against a stage and tells what it does not do as docs/protocol.md wants it: jobs "
	           "and their\n"
	           "replies, heartbeats, rubbish, cancelling, a broker that is silent, gone and back, being killed and "
	           "told to end.\n\n"
	           "COMMAND is started by it, again and again; {endpoint} and {service} in its words are replaced:\n"
	           "    aob-stage-test -- aob-stage --broker {endpoint} --service {service} -- ./my-program\n"
	           "and {program} by programs of ours, for a stage of yours that starts one, as aob-stage does.\n"
	           "With --endpoint it binds that, and waits for a stage that somebody else starts.\n\n"
	           "  --request FILE   the job that is given (JSON, docs/protocol.md; default: one of a source at "
	           "/nowhere);\n"
	           "                   `job`, `run` and `attempt` are put in anew each time. One that takes 6 s or "
	           "more shows more\n"
	           "  --service NAME   the service that it must be of (default: any, and \"test\" for {service})\n"
	           "  --timeout TIME   one job takes at most so long (default 60s)\n"
	           "  --only NAME      that check alone; --list tells them\n"
	           "  --json           a line of JSON for each check\n"
	           "  --trace TOPICS   mdp: every message; stage: what the stage writes\n"
	           "  --version, --help\n\n"
	           "Exit status: 0 it passed, 1 it did not, else as in sysexits.h.");
}

static int usage(const char *why)
{
	fprintf(stderr, "%s: %s\nTry '%s --help'.\n", PROGRAM, why, PROGRAM);
	return EX_USAGE;
}

/* -1: go on; else the exit status. */
static int read_command_line(int argc, char **argv, struct test *t, const char **trace)
{
	static const struct option options[] = { { "endpoint", required_argument, NULL, 'e' },
		                                 { "request", required_argument, NULL, 'r' },
		                                 { "service", required_argument, NULL, 's' },
		                                 { "timeout", required_argument, NULL, 'T' },
		                                 { "only", required_argument, NULL, 'o' },
		                                 { "list", no_argument, NULL, 'l' },
		                                 { "json", no_argument, NULL, 'j' },
		                                 { "trace", required_argument, NULL, 't' },
		                                 { "version", no_argument, NULL, 'V' },
		                                 { "help", no_argument, NULL, 'h' },
		                                 { NULL, 0, NULL, 0 } };
	struct error err = { .class = ERR_NONE };
	int option = 0;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no other threads yet */
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (option) {
		case 'e':
			t->bench.endpoint = optarg;
			break;
		case 'r':
			t->request_path = optarg;
			break;
		case 's':
			t->bench.service = optarg;
			break;
		case 'T':
			if (duration_parse(optarg, &t->bench.job_ms, &err) != 0)
				return usage(err.text);
			break;
		case 'o':
			t->only = optarg;
			break;
		case 'l':
			t->list = true;
			break;
		case 'j':
			t->json = true;
			break;
		case 't':
			*trace = optarg;
			break;
		case 'V':
			printf("%s %s\n", PROGRAM, AOB_VERSION);
			return EX_OK;
		case 'h':
			help();
			return EX_OK;
		default:
			fprintf(stderr, "Try '%s --help'.\n", PROGRAM);
			return EX_USAGE;
		}
	}
	if (!t->list && (optind == argc) == (t->bench.endpoint == NULL))
		return usage(optind == argc ? "which stage? name a COMMAND, or --endpoint URL"
		                            : "with --endpoint somebody else starts the stage: no COMMAND, please");
	return -1;
}

/* A word of the command with its marks replaced; the caller's, free(3). */
static char *fill_in(const char *word, const struct test *t)
{
	const char *const marks[] = { "{endpoint}", "{service}", PROGRAM_MARK };
	const char *const values[] = { t->bench.endpoint, t->bench.service != NULL ? t->bench.service : "test",
		                       t->program };
	char *text = strdup(word);

	for (size_t i = 0; text != NULL && i < 3; i++) {
		char *at = strstr(text, marks[i]);
		char *longer = NULL;

		if (at == NULL)
			continue;
		if (asprintf(&longer, "%.*s%s%s", (int)(at - text), text, values[i], at + strlen(marks[i])) < 0)
			longer = NULL;
		free(text);
		text = longer;
	}
	return text;
}

static int read_request(struct test *t, struct error *err)
{
	static const char plain[] = "{\"v\":1,\"pipeline\":\"conformance\",\"trigger\":\"manual\",\"dry_run\":false,"
	                            "\"source\":\"/nowhere\",\"vault\":{\"name\":\"v\",\"root\":\"/nowhere-else\"},"
	                            "\"with\":{},\"results\":{}}";
	json_t *request = NULL;
	json_error_t why;

	if (t->request_path == NULL) {
		t->request = strdup(plain);
		t->bench.request = t->request;
		return t->request != NULL ? 0 : error_set(err, ERR_SYSTEM, "out of memory");
	}
	request = json_load_file(t->request_path, JSON_REJECT_DUPLICATES, &why);
	if (!json_is_object(request)) {
		json_decref(request);
		return error_set(err, ERR_INPUT, "%s:%d: want a request as one JSON object: %s", t->request_path,
		                 why.line, why.text);
	}
	t->request = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	t->bench.request = t->request;
	return t->request != NULL ? 0 : error_set(err, ERR_SYSTEM, "out of memory");
}

static int prepare(struct test *t, char **words, struct error *err)
{
	const char *tmp = secure_getenv("TMPDIR");

	if (read_request(t, err) != 0)
		return -1;
	if (t->bench.endpoint != NULL)
		return mdp_endpoint_check(t->bench.endpoint, err);
	/* A socket's path is short: what is longer goes to /tmp. */
	(void)snprintf(t->folder, sizeof(t->folder), "%s/aob-stage-test.XXXXXX",
	               tmp != NULL && *tmp == '/' && strlen(tmp) < SOCKET_FOLDER_MAX ? tmp : "/tmp");
	if (mkdtemp(t->folder) == NULL) {
		t->folder[0] = '\0';
		return error_sys(err, errno, "making a folder for the socket");
	}
	(void)snprintf(t->endpoint, sizeof(t->endpoint), "ipc://%s/broker", t->folder);
	t->bench.endpoint = t->endpoint;
	(void)snprintf(t->program, sizeof(t->program), "%s/program", t->folder);
	if (program_write_plain(t->program, err) != 0)
		return -1;
	t->words = words;
	for (; words[t->n_words] != NULL; t->n_words++) {
		char *word = fill_in(words[t->n_words], t);

		if (strstr(words[t->n_words], PROGRAM_MARK) != NULL)
			t->bench.program = t->program;
		if (word == NULL)
			return error_set(err, ERR_SYSTEM, "out of memory");
		words[t->n_words] = word;
	}
	t->bench.argv = (const char *const *)words;
	return 0;
}

static void tell(const struct test *t, const struct check *check, enum check_outcome outcome, const struct error *err)
{
	static const char *const words[] = { "ok", "FAILED", "not tried" };
	static const char *const codes[] = { "ok", "failed", "not-tried" };

	if (t->json) {
		json_t *row =
		        json_pack("{s:s, s:s, s:s, s:o}", "check", check->name, "promise", check->promise, "outcome",
		                  codes[outcome], "reason", json_text(outcome == CHECK_OK ? "" : err->text));
		char *text = row != NULL ? json_dumps(row, JSON_COMPACT) : NULL;

		(void)puts(text != NULL ? text : "{}");
		free(text);
		json_decref(row);
	} else {
		printf("  %-10s %-26s %s\n", words[outcome], check->name, check->promise);
		if (outcome != CHECK_OK)
			printf("  %-10s %-26s   %s\n", "", "", err->text);
	}
	(void)fflush(stdout);
}

/* Each at a stage that is there and has nothing in hand; after one that failed, or ended it, at a fresh one. */
static int run_checks(struct test *t, struct error *err)
{
	size_t n = 0;
	const struct check *checks = checks_all(&n);
	unsigned counts[3] = { 0, 0, 0 };
	bool fresh = false;

	for (size_t i = 0; i < n; i++) {
		enum check_outcome outcome = CHECK_FAILED;

		if (t->only != NULL && strcmp(t->only, checks[i].name) != 0)
			continue;
		error_clear(err);
		if (fresh || checks_fresh(&t->bench, err) == 0)
			outcome = checks[i].run(&t->bench, err);
		if (counts[CHECK_OK] + counts[CHECK_FAILED] + counts[CHECK_NOT_TRIED] == 0 && !fresh &&
		    err->class != ERR_NONE && t->bench.readies == 0)
			return error_prefix(err, "the stage cannot be looked at");
		fresh = outcome != CHECK_FAILED && !checks[i].ends;
		counts[outcome]++;
		tell(t, &checks[i], outcome, err);
	}
	error_clear(err);
	if (counts[0] + counts[1] + counts[2] == 0)
		return error_set(err, ERR_USAGE, "no check is called \"%s\"; --list tells them", t->only);
	if (!t->json)
		printf("%u ok, %u failed, %u not tried\n", counts[CHECK_OK], counts[CHECK_FAILED],
		       counts[CHECK_NOT_TRIED]);
	return counts[CHECK_FAILED] == 0 ? 0 : 1;
}

static void clean_up(struct test *t)
{
	int status;

	if (t->bench.child.pid > 0)
		bench_stop(&t->bench, SIGKILL, 5000, &status);
	bench_close(&t->bench);
	if (t->folder[0] != '\0') {
		(void)unlink(t->endpoint + strlen("ipc://"));
		(void)unlink(t->program);
		(void)rmdir(t->folder);
	}
	for (size_t i = 0; i < t->n_words; i++)
		free(t->words[i]);
	free(t->request);
}

int main(int argc, char **argv)
{
	struct test t = { .bench = { .job_ms = 60000, .child = { .in_fd = -1, .out_fd = -1, .err_fd = -1 } } };
	struct error err = { .class = ERR_NONE };
	const char *trace = NULL;
	int status = read_command_line(argc, argv, &t, &trace);

	if (status >= 0)
		return status;
	if (t.list) {
		size_t n = 0;
		const struct check *checks = checks_all(&n);

		for (size_t i = 0; i < n; i++)
			printf("  %-26s %s\n", checks[i].name, checks[i].promise);
		return EX_OK;
	}
	log_open(PROGRAM, trace);
	mdp_start();
	status = prepare(&t, argv + optind, &err) == 0 ? run_checks(&t, &err) : -1;
	clean_up(&t);
	if (status >= 0 && err.class == ERR_NONE)
		return status;
	fprintf(stderr, "%s: %s\n", PROGRAM, err.text);
	return error_exit(err.class);
}
