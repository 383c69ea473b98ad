#include "cli/health.h"

#include <getopt.h>
#include <stdbool.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/verbs.h"
#include "lib/duration.h"
#include "lib/json_text.h"
#include "lib/log.h"

#define TEXT_SIZE 512
#define PATIENCE_MS 5000 /* NRPE and the like give a plugin 10 s in all */

static const char usage[] = "usage: aob health [PIPELINE] [--max-age AGE] [--json]\n"
                            "\n"
                            "For Nagios, Icinga and the like: one line, performance data, exit status 0 (OK), 1 "
                            "(WARNING), 2 (CRITICAL) or 3 (UNKNOWN).\n"
                            "\n"
                            "  --max-age AGE   CRITICAL if what lies in the vault is older, such as 26h; default: the "
                            "pipeline's own `max_age`\n"
                            "  --json          an object instead\n";

static const char *const words[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

struct finding { /* about one pipeline */
	const char *name;
	enum health health;
	char text[TEXT_SIZE];
};

/* The graver one is told; of two alike the first. */
static void find(struct finding *finding, enum health health, const char *what, const char *why)
{
	if (finding->text[0] != '\0' && finding->health >= health)
		return;
	finding->health = health;
	(void)snprintf(finding->text, sizeof(finding->text), "%s%s%s", what, *why != '\0' ? ": " : "", why);
}

static void judge_age(const json_t *pipeline, int64_t max_age_s, struct finding *finding)
{
	const json_t *age = json_object_get(pipeline, "age_s");
	const json_t *overdue = json_object_get(pipeline, "overdue");
	char old[DURATION_TEXT_SIZE];
	char text[96];

	if (json_is_integer(age))
		(void)snprintf(text, sizeof(text), "the state in the vault is %s old",
		               duration_text((uint64_t)json_integer_value(age) * 1000, old, sizeof(old)));
	else
		(void)snprintf(text, sizeof(text), "nothing lies in the vault");
	if (max_age_s > 0 && (!json_is_integer(age) || json_integer_value(age) > max_age_s))
		find(finding, HEALTH_CRITICAL, text, ask_text(pipeline, "waits_for"));
	else if (max_age_s == 0 && json_is_object(overdue))
		find(finding, HEALTH_CRITICAL, text, ask_text(overdue, "reason"));
	else if (!json_is_integer(age))
		find(finding, HEALTH_WARNING, "nothing lies in the vault yet", ask_text(pipeline, "waits_for"));
}

static void judge_alarms(const json_t *pipeline, struct finding *finding)
{
	size_t i;
	json_t *alarm;

	json_array_foreach(json_object_get(pipeline, "alarms"), i, alarm)
	{
		const char *kind = ask_text(alarm, "kind");

		if (strcmp(kind, "overdue") == 0)
			continue; /* by its age */
		if (strcmp(kind, "failed") == 0 || strcmp(kind, "damaged") == 0 ||
		    strcmp(kind, "not-restorable") == 0 || strcmp(kind, "braked") == 0 || strcmp(kind, "store") == 0 ||
		    strcmp(kind, "process") == 0)
			find(finding, HEALTH_CRITICAL, kind, ask_text(alarm, "reason"));
		else
			find(finding, HEALTH_WARNING, kind, ask_text(alarm, "reason"));
	}
}

static void judge(const json_t *pipeline, int64_t max_age_s, struct finding *finding)
{
	const json_t *watch = json_object_get(pipeline, "watch");
	char old[DURATION_TEXT_SIZE];

	*finding = (struct finding){ .name = ask_text(pipeline, "name"), .health = HEALTH_OK };
	judge_age(pipeline, max_age_s, finding);
	judge_alarms(pipeline, finding);
	if (json_is_true(json_object_get(pipeline, "paused")))
		find(finding, HEALTH_WARNING, "paused", "`aob resume` lets it go on");
	if (strcmp(ask_text(watch, "state"), "unknown") == 0)
		find(finding, HEALTH_WARNING, "its source is not watched", ask_text(watch, "reason"));
	if (finding->text[0] == '\0')
		(void)snprintf(finding->text, sizeof(finding->text), "safe, %s old",
		               duration_text((uint64_t)ask_number(pipeline, "age_s") * 1000, old, sizeof(old)));
}

/* A '|' would begin the performance data. */
static void put_text(FILE *out, const char *text)
{
	char safe[2 * TEXT_SIZE];

	(void)log_escape(text, safe, sizeof(safe));
	for (const char *s = safe; *s != '\0'; s++)
		(void)fputc(*s == '|' ? '/' : *s, out);
}

static void put_performance(FILE *out, const json_t *pipeline, int64_t max_age_s)
{
	const json_t *space = json_object_get(pipeline, "space");
	const char *name = ask_text(pipeline, "name");
	int64_t most_s = max_age_s > 0 ? max_age_s : ask_number(pipeline, "max_age_s");

	if (json_is_integer(json_object_get(pipeline, "age_s"))) {
		(void)fprintf(out, " '%s_age'=%llds;;", name, (long long)ask_number(pipeline, "age_s"));
		if (most_s > 0)
			(void)fprintf(out, "%lld", (long long)most_s);
		(void)fputs(";0;", out);
	}
	if (json_is_integer(json_object_get(space, "vault_free_bytes")))
		(void)fprintf(out, " '%s_vault_free'=%lldB;;;0;%lld", name,
		              (long long)ask_number(space, "vault_free_bytes"),
		              (long long)ask_number(space, "vault_total_bytes"));
}

struct report {
	const json_t *status;
	const char *pipeline;
	int64_t max_age_s;
	enum health worst;
	struct finding first; /* of the worst */
	size_t n, well;
};

/* The next pipeline that is meant, from number *at on, and what is found of it; false: there is none. */
static bool next_finding(const struct report *report, size_t *at, const json_t **pipeline, struct finding *finding)
{
	const json_t *list = json_object_get(report->status, "pipelines");

	while (*at < json_array_size(list)) {
		*pipeline = json_array_get(list, (*at)++);
		if (report->pipeline == NULL || strcmp(report->pipeline, ask_text(*pipeline, "name")) == 0) {
			judge(*pipeline, report->max_age_s, finding);
			return true;
		}
	}
	return false;
}

static void look(struct report *report)
{
	const json_t *pipeline = NULL;
	struct finding finding;

	for (size_t at = 0; next_finding(report, &at, &pipeline, &finding);) {
		report->n++;
		report->well += finding.health == HEALTH_OK;
		if (report->n == 1 || finding.health > report->worst) {
			report->worst = finding.health;
			report->first = finding;
		}
	}
	if (report->n == 0)
		report->worst = HEALTH_UNKNOWN;
}

static void put_lines(const struct report *report, FILE *out)
{
	const json_t *pipeline = NULL;
	struct finding finding;

	(void)fprintf(out, "AOB %s - ", words[report->worst]);
	if (report->n == 0)
		(void)fprintf(out, "there is no pipeline%s%s", report->pipeline != NULL ? " " : "",
		              report->pipeline != NULL ? report->pipeline : "");
	else if (report->worst == HEALTH_OK && report->n > 1)
		(void)fprintf(out, "%zu pipelines are safe", report->n);
	else
		(void)fprintf(out, "%s ", report->first.name);
	if (report->n > 0 && (report->worst != HEALTH_OK || report->n == 1))
		put_text(out, report->first.text);
	if (report->worst != HEALTH_OK && report->n > 1)
		(void)fprintf(out, " (%zu of %zu are well)", report->well, report->n);
	if (report->n > 0)
		(void)fputs(" |", out);
	for (size_t at = 0; next_finding(report, &at, &pipeline, &finding);)
		put_performance(out, pipeline, report->max_age_s);
	(void)fputc('\n', out);
	for (size_t at = 0; report->n > 1 && next_finding(report, &at, &pipeline, &finding);) {
		(void)fprintf(out, "%s %s: ", words[finding.health], finding.name);
		put_text(out, finding.text);
		(void)fputc('\n', out);
	}
}

static void put_json(const struct report *report, FILE *out)
{
	json_t *list = json_array();
	json_t *all = NULL;
	const json_t *pipeline = NULL;
	struct finding finding;

	for (size_t at = 0; next_finding(report, &at, &pipeline, &finding);)
		(void)json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:O?}", "pipeline", finding.name, "health",
		                                            words[finding.health], "text", json_text(finding.text),
		                                            "age_s", json_object_get(pipeline, "age_s")));
	all = json_pack("{s:s, s:o}", "health", words[report->worst], "pipelines", list);
	(void)json_dumpf(all, out, JSON_INDENT(2));
	(void)fputc('\n', out);
	json_decref(all);
}

enum health health_report(const json_t *status, const char *pipeline, int64_t max_age_s, int as_json, FILE *out)
{
	struct report report = { .status = status, .pipeline = pipeline, .max_age_s = max_age_s };

	look(&report);
	if (as_json)
		put_json(&report, out);
	else
		put_lines(&report, out);
	return report.worst;
}

struct command_line {
	const char *pipeline;
	int64_t max_age_s;
	int as_json;
};

/* -1: go on; else the exit status. */
static int read_command_line(int argc, char **argv, struct command_line *line)
{
	static const struct option options[] = { { "max-age", required_argument, NULL, 'm' },
		                                 { "json", no_argument, NULL, 'j' },
		                                 { "help", no_argument, NULL, 'h' },
		                                 { NULL, 0, NULL, 0 } };
	struct error err = { .class = ERR_NONE };
	uint64_t ms = 0;
	int option;

	optind = 0;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'h') {
			(void)fputs(usage, stdout);
			return HEALTH_UNKNOWN; /* as the guidelines want: who asks for help has checked nothing */
		}
		if (option == 'j')
			line->as_json = 1;
		else if (option != 'm')
			goto wrong;
		else if (duration_parse(optarg, &ms, &err) != 0 || ms < 1000) {
			(void)printf("AOB UNKNOWN - --max-age: %s\n",
			             err.class != ERR_NONE ? err.text : "want at least 1s");
			return HEALTH_UNKNOWN;
		} else
			line->max_age_s = (int64_t)(ms / 1000);
	}
	if (argc - optind > 1)
		goto wrong;
	line->pipeline = optind < argc ? argv[optind] : NULL;
	return -1;
wrong:
	(void)fputs("AOB UNKNOWN - wrong command line; see aob health --help\n", stdout);
	(void)fputs(usage, stderr);
	return HEALTH_UNKNOWN;
}

/* A broker that does not answer is as bad as it gets: nothing is backed up. */
static int fail(const struct error *err)
{
	int health = err->class == ERR_CONFIG || err->class == ERR_NOT_FOUND || err->class == ERR_PERMISSION
	                     ? HEALTH_UNKNOWN
	                     : HEALTH_CRITICAL;

	(void)printf("AOB %s - ", words[health]);
	put_text(stdout, err->text);
	(void)fputc('\n', stdout);
	return health;
}

int health_main(int argc, char **argv, const char *config_path)
{
	struct command_line line = { .pipeline = NULL };
	struct error err = { .class = ERR_NONE };
	struct ask *ask = NULL;
	json_t *result = NULL;
	int status = read_command_line(argc, argv, &line);

	if (status >= 0)
		return status;
	status = ask_open(config_path, &ask, &err);
	if (status == 0) {
		ask_patience(ask, PATIENCE_MS);
		status = ask_verb(ask, "status", json_object(), &result, &err);
	}
	if (status != 0)
		status = fail(&err);
	else
		status = health_report(result, line.pipeline, line.max_age_s, line.as_json, stdout);
	json_decref(result);
	ask_close(&ask);
	return status;
}
