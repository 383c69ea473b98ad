#include <string.h>

#include "lib/brake_percent.h"
#include "lib/config_build.h"
#include "lib/config_schema.h"
#include "lib/config_value.h"
#include "lib/duration.h"
#include "lib/suggest.h"

#define DAY_MS 86400000ULL
#define IDLE_MS 600000
#define MAX_WAIT_MS DAY_MS
#define MAX_AGE_MS (3 * DAY_MS)
#define REHEARSE_WEEKLY_MS ((uint64_t)7 * 24 * 3600 * 1000)
#define REHEARSE_MONTHLY_MS ((uint64_t)30 * 24 * 3600 * 1000)
#define VERIFY_EVERY_MS ((uint64_t)30 * 24 * 3600 * 1000)
#define SPAN_MOST (3650 * DAY_MS)
#define FINISHED_MS 60000
#define ATTACHED_MS 120000
#define UNFINISHED_MS 1200000 /* macOS may take a durable handle up again after 16 minutes */
#define APART_MS 900000

static const struct config_vault *find_vault(struct config_build *b, const struct yaml_pos *value)
{
	const struct config *config = b->config;
	const char **names = arena_array(b->arena, config->n_vaults, sizeof(*names));
	const char *near = NULL;

	if (names == NULL)
		return NULL;
	for (size_t i = 0; i < config->n_vaults; i++) {
		names[i] = config->vaults[i].name;
		if (strcmp(names[i], value->text) == 0)
			return &config->vaults[i];
	}
	near = suggest_nearest(value->text, names, config->n_vaults);
	if (near != NULL)
		faults_add(b->faults, value->line, value->column, "there is no vault '%.64s'; did you mean '%s'?",
		           value->text, near);
	else
		faults_add(b->faults, value->line, value->column, "there is no vault '%.64s'; add it under 'vaults'",
		           value->text);
	return NULL;
}

/* A duration, or `never`: 0. otherwise: if there is none, or a wrong one. */
static uint64_t read_span(struct config_build *b, const struct yaml_pos *value, const struct schema_key *key,
                          uint64_t otherwise_ms)
{
	uint64_t ms = 0;

	if (value == NULL)
		return otherwise_ms;
	if (value->kind == YAML_POS_TEXT && strcmp(value->text, "never") == 0)
		return 0;
	if (value->kind == YAML_POS_TEXT && strcmp(value->text, "0") == 0) {
		faults_add(b->faults, value->line, value->column, "'%s: 0': for no limit, write never", key->name);
		return otherwise_ms;
	}
	/* An empty one was told by the schema. */
	if (yaml_pos_null(value) || !config_value_check(value, key, b->faults) ||
	    duration_parse(value->text, &ms, NULL) != 0)
		return otherwise_ms;
	return ms;
}

static uint64_t read_max_wait(struct config_build *b, const struct yaml_pos *value, uint64_t idle_ms)
{
	static const struct schema_key key = { "max_wait",
		                               SCHEMA_DURATION,
		                               false,
		                               1000,
		                               SPAN_MOST,
		                               NULL,
		                               "how long a changed source waits at most, such as 24h, or never" };
	uint64_t usual_ms = MAX_WAIT_MS > idle_ms ? MAX_WAIT_MS : idle_ms;
	uint64_t ms = read_span(b, value, &key, usual_ms);
	char idle[DURATION_TEXT_SIZE];

	if (ms != 0 && ms < idle_ms)
		faults_add(b->faults, value->line, value->column,
		           "'max_wait' is shorter than 'idle' (%s); make it longer",
		           duration_text(idle_ms, idle, sizeof(idle)));
	return ms;
}

/* A source that changes is in the vault after max_wait and a run: without a word about it, three times that is too long. */
static uint64_t read_max_age(struct config_build *b, const struct yaml_pos *value,
                             const struct config_pipeline *pipeline)
{
	static const struct schema_key key = { "max_age",
		                               SCHEMA_DURATION,
		                               false,
		                               1000,
		                               SPAN_MOST,
		                               NULL,
		                               "how old the state in the vault may get, such as 26h, or never" };
	uint64_t usual_ms = MAX_AGE_MS;

	if (pipeline->watch.max_wait_ms > MAX_AGE_MS / 3)
		usual_ms = 3 * pipeline->watch.max_wait_ms;
	return read_span(b, value, &key, pipeline->watched ? usual_ms : 0);
}

static uint64_t read_verify_every(struct config_build *b, const struct yaml_pos *value)
{
	static const struct schema_key key = {
		"verify_every",
		SCHEMA_DURATION,
		false,
		1000,
		SPAN_MOST,
		NULL,
		"how often all that lies in the vault is read again, such as 30d, or never"
	};

	return read_span(b, value, &key, VERIFY_EVERY_MS);
}

/* As a duration, or by the words that people have for it. */
static uint64_t read_rehearse(struct config_build *b, const struct yaml_pos *value)
{
	static const struct schema_key key = {
		"rehearse",
		SCHEMA_DURATION,
		false,
		1000,
		SPAN_MOST,
		NULL,
		"how often a restore is rehearsed: monthly, weekly, a time such as 14d, or never"
	};
	bool is_text = value != NULL && value->kind == YAML_POS_TEXT;

	if (is_text && strcmp(value->text, "monthly") == 0)
		return REHEARSE_MONTHLY_MS;
	if (is_text && strcmp(value->text, "weekly") == 0)
		return REHEARSE_WEEKLY_MS;
	return read_span(b, value, &key, REHEARSE_MONTHLY_MS);
}

/* A quiet time of Macs: as written, else the default, or `idle` if that was written and is longer. */
static uint64_t read_quiet(const struct yaml_pos *value, const char *key, uint64_t usual_ms, uint64_t idle_ms)
{
	const char *text = config_value_text(value, key, NULL);
	uint64_t ms = 0;

	if (text != NULL && duration_parse(text, &ms, NULL) == 0)
		return ms;
	return idle_ms > usual_ms ? idle_ms : usual_ms;
}

static void read_quiets(const struct yaml_pos *value, uint64_t idle_ms, struct config_watch *watch)
{
	watch->finished_ms = read_quiet(value, "idle_finished", FINISHED_MS, idle_ms);
	watch->attached_ms = read_quiet(value, "idle_attached", ATTACHED_MS, idle_ms);
	watch->unfinished_ms = read_quiet(value, "idle_unfinished", UNFINISHED_MS, idle_ms);
	watch->apart_ms = read_quiet(value, "apart", APART_MS, 0);
}

static void read_watch(struct config_build *b, const struct yaml_pos *value, struct config_pipeline *pipeline)
{
	const char *idle = NULL;

	pipeline->watched = true;
	pipeline->watch = (struct config_watch){ .idle_ms = IDLE_MS,
		                                 .max_wait_ms = MAX_WAIT_MS,
		                                 .finished_ms = FINISHED_MS,
		                                 .attached_ms = ATTACHED_MS,
		                                 .unfinished_ms = UNFINISHED_MS,
		                                 .apart_ms = APART_MS };
	if (value == NULL || yaml_pos_null(value))
		return;
	if (value->kind == YAML_POS_TEXT && strcmp(value->text, "off") == 0) {
		pipeline->watched = false;
		return;
	}
	if (value->kind != YAML_POS_MAP) {
		faults_add(b->faults, value->line, value->column,
		           "'watch' wants { idle: 10m, max_wait: 24h }, or off to run only when asked");
		return;
	}
	(void)config_schema_check(value, &config_schema_watch, b->faults);
	idle = config_value_text(value, "idle", NULL);
	/* 0 for one that is none: then max_wait is not held against it. */
	if (idle != NULL && duration_parse(idle, &pipeline->watch.idle_ms, NULL) != 0)
		pipeline->watch.idle_ms = 0;
	read_quiets(value, idle != NULL ? pipeline->watch.idle_ms : 0, &pipeline->watch);
	pipeline->watch.max_wait_ms = read_max_wait(b, yaml_pos_get(value, "max_wait"), pipeline->watch.idle_ms);
}

static unsigned read_brake(struct config_build *b, const struct yaml_pos *value)
{
	unsigned percent = BRAKE_PERCENT_DEFAULT;
	struct error err = { .class = ERR_NONE };

	/* One that is no text was told by the schema. */
	if (value == NULL || value->kind != YAML_POS_TEXT || yaml_pos_null(value))
		return percent;
	if (brake_percent_parse(value->text, &percent, &err) != 0)
		faults_add(b->faults, value->line, value->column, "'brake': %s", err.text);
	return percent;
}

static void read_pipeline(struct config_build *b, const struct yaml_pos *value, struct config_pipeline *pipeline)
{
	const struct yaml_pos *vault = yaml_pos_get(value, "vault");
	int kind;

	pipeline->name = value->key->text;
	(void)config_value_name(value->key, "pipeline", b->faults);
	if (!config_schema_check(value, &config_schema_pipeline, b->faults))
		return;
	kind = config_kind_of(config_value_text(value, "kind", "auto"));
	pipeline->kind =
	        kind >= 0 ? (enum config_kind)kind : CONFIG_KIND_AUTO; /* another word was told by the schema */
	pipeline->source = config_value_path(value, "source", NULL, b->arena);
	pipeline->host = config_value_host(yaml_pos_get(value, "host"), b->faults);
	if (vault != NULL && vault->kind == YAML_POS_TEXT && !yaml_pos_null(vault))
		pipeline->vault = find_vault(b, vault);
	read_watch(b, yaml_pos_get(value, "watch"), pipeline);
	pipeline->max_age_ms = read_max_age(b, yaml_pos_get(value, "max_age"), pipeline);
	pipeline->verify_every_ms = read_verify_every(b, yaml_pos_get(value, "verify_every"));
	pipeline->rehearse_ms = read_rehearse(b, yaml_pos_get(value, "rehearse"));
	pipeline->brake = read_brake(b, yaml_pos_get(value, "brake"));
	config_stage_read(b, yaml_pos_get(value, "stages"), pipeline);
}

void config_pipeline_build(struct config_build *build)
{
	const struct yaml_pos *map = yaml_pos_get(build->root, "pipelines");
	size_t n = 0;

	if (map == NULL || map->kind != YAML_POS_MAP)
		return;
	if (map->n_items == 0)
		faults_add(build->faults, map->line, map->column, "'pipelines' is empty; want at least one");
	build->pipelines = arena_array(build->arena, map->n_items, sizeof(*build->pipelines));
	build->pipeline_values = arena_array(build->arena, map->n_items, sizeof(const struct yaml_pos *));
	if (build->pipelines == NULL || build->pipeline_values == NULL)
		return;
	for (const struct yaml_pos *item = map->first; item != NULL; item = item->next) {
		if (n == CONFIG_PIPELINES_MAX) {
			faults_add(build->faults, item->key->line, item->key->column,
			           "more than %d pipelines; leave the others out", CONFIG_PIPELINES_MAX);
			break;
		}
		build->pipeline_values[n] = item;
		read_pipeline(build, item, &build->pipelines[n++]);
	}
	build->config->pipelines = build->pipelines;
	build->config->n_pipelines = n;
}
