#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config_build.h"
#include "lib/config_schema.h"
#include "lib/config_value.h"
#include "lib/room.h"

#define STAGES_MAX 64

/* A number with a point or an exponent, as YAML's core schema and JSON both know it. */
static bool is_real(const char *text, double *number)
{
	char *end = NULL;

	if (strspn(text, "+-.0123456789eE") != strlen(text) || strpbrk(text, "0123456789") == NULL)
		return false;
	*number = strtod(text, &end);
	return *end == '\0';
}

static json_t *text_json(const struct yaml_pos *value, bool as_text)
{
	int64_t integer = 0;
	double real = 0;

	if (as_text || value->quoted)
		return json_string(value->text);
	if (yaml_pos_null(value))
		return json_null();
	if (strcmp(value->text, "true") == 0 || strcmp(value->text, "false") == 0)
		return json_boolean(value->text[0] == 't');
	if (config_value_integer(value, &integer) == 0)
		return json_integer(integer);
	if (is_real(value->text, &real))
		return json_real(real); /* NULL for what JSON can't say */
	return json_string(value->text);
}

/* Depth is bounded by yaml_pos. as_text: nothing becomes a number or a bool. NULL: out of memory, or no UTF-8. */
static json_t *value_json(const struct yaml_pos *value, bool as_text)
{
	json_t *json = NULL;
	int failed = 0;

	if (value->kind == YAML_POS_TEXT)
		return text_json(value, as_text);
	json = value->kind == YAML_POS_LIST ? json_array() : json_object();
	for (const struct yaml_pos *item = value->first; item != NULL && failed == 0; item = item->next)
		failed = value->kind == YAML_POS_LIST
		                 ? json_array_append_new(json, value_json(item, as_text))
		                 : json_object_set_new(json, item->key->text, value_json(item, as_text));
	if (failed != 0) {
		json_decref(json);
		return NULL;
	}
	return json;
}

/* The options of a service as JSON: what the schema says is a text stays one, whatever it looks like. */
static const char *with_json(struct config_build *b, const struct yaml_pos *options, const struct schema *schema)
{
	json_t *json = json_object();
	char *dump = NULL;
	const char *text = NULL;
	int failed = json == NULL;

	for (const struct yaml_pos *item = options->kind == YAML_POS_MAP ? options->first : NULL;
	     item != NULL && !failed; item = item->next) {
		bool as_text = false;

		if (strcmp(item->key->text, "on") == 0)
			continue;
		for (size_t i = 0; schema != NULL && i < schema->n_keys; i++)
			if (strcmp(schema->keys[i].name, item->key->text) == 0)
				as_text = schema->keys[i].type != SCHEMA_INTEGER;
		failed = json_object_set_new(json, item->key->text, value_json(item, as_text));
	}
	dump = failed ? NULL : json_dumps(json, JSON_COMPACT);
	if (dump != NULL)
		text = arena_text(b->arena, dump, strlen(dump));
	else
		faults_add(b->faults, options->line, options->column,
		           "the options can't be handed on; look for odd numbers");
	free(dump);
	json_decref(json);
	return text;
}

static enum config_when read_when(struct config_build *b, const struct yaml_pos *options)
{
	static const char *const words[] = { "success", "failure", "always", NULL };
	static const struct schema_key on = {
		"on", SCHEMA_CHOICE, false, 0, 0, words, "one of success, failure, always"
	};
	const struct yaml_pos *value = yaml_pos_get(options, "on");

	if (value == NULL || !config_value_check(value, &on, b->faults))
		return WHEN_SUCCESS;
	return strcmp(value->text, "failure") == 0  ? WHEN_FAILURE
	       : strcmp(value->text, "always") == 0 ? WHEN_ALWAYS
	                                            : WHEN_SUCCESS;
}

/* `on` is known everywhere, so the schemas need not name it. */
static struct yaml_pos without_on(const struct yaml_pos *options, struct arena *arena)
{
	struct yaml_pos copy = *options;

	copy.first = copy.last = NULL;
	for (const struct yaml_pos *item = options->first; item != NULL; item = item->next) {
		struct yaml_pos *twin = NULL;

		if (options->kind != YAML_POS_MAP || strcmp(item->key->text, "on") == 0)
			continue;
		twin = arena_array(arena, 1, sizeof(*twin));
		if (twin == NULL)
			break;
		*twin = *item;
		twin->next = NULL;
		if (copy.last != NULL)
			copy.last->next = twin;
		else
			copy.first = twin;
		copy.last = twin;
	}
	return copy;
}

static void check_prune(struct config_build *b, const struct yaml_pos *options)
{
	static const char *const rules[] = { "last", "hourly", "daily", "weekly", "monthly", "yearly" };
	bool any = false;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct yaml_pos *value = yaml_pos_get(options, rules[i]);
		int64_t n = 0;

		if (value == NULL)
			continue;
		any = true;
		if (config_value_integer(value, &n) != 0 || n != 0)
			return; /* told already, or something is kept */
	}
	if (any)
		faults_add(b->faults, yaml_pos_place(options)->line, yaml_pos_place(options)->column,
		           "every rule is 0; give at least one above, such as last: 3, or leave all out to keep "
		           "everything");
}

static void check_min_free(struct config_build *b, const struct yaml_pos *value)
{
	struct room_min min;
	struct error err = { 0 };

	if (value != NULL && value->kind == YAML_POS_TEXT && room_min_parse(value->text, &min, &err) != 0)
		faults_add(b->faults, value->line, value->column, "'min_free': %s", err.text);
}

/* NULL, or no map: no options, so the default driver. */
static bool freezes(const struct yaml_pos *options)
{
	const struct yaml_pos *driver =
	        options != NULL && options->kind == YAML_POS_MAP ? yaml_pos_get(options, "driver") : NULL;

	return driver == NULL || driver->kind != YAML_POS_TEXT || strcmp(driver->text, "none") != 0;
}

static void check_snapshot(struct config_build *b, const struct yaml_pos *options, const char *source)
{
	const struct yaml_pos *dir = yaml_pos_get(options, "dir");
	const char *path = config_value_path(options, "dir", NULL, b->arena);
	size_t len = source != NULL ? strlen(source) : 0;

	check_min_free(b, yaml_pos_get(options, "min_free"));
	if (!freezes(options) && (dir != NULL || yaml_pos_get(options, "min_free") != NULL))
		faults_add(b->faults, yaml_pos_place(options)->line, yaml_pos_place(options)->column,
		           "'dir' and 'min_free' are about snapshots, and 'driver: none' makes none; leave them out");
	if (path != NULL && source != NULL && strncmp(path, source, len) == 0 &&
	    (path[len] == '/' || path[len] == '\0'))
		faults_add(b->faults, dir->line, dir->column,
		           "'dir' lies inside the source, so each snapshot would change it; choose a folder beside it");
}

static void check_options(struct config_build *b, const char *service, const struct yaml_pos *options,
                          const char *source)
{
	const struct schema *schema = config_schema_stage(service);
	struct yaml_pos rest = without_on(options, b->arena);

	if (yaml_pos_null(options))
		return;
	if (options->kind != YAML_POS_MAP) {
		faults_add(b->faults, options->line, options->column,
		           "the options of '%.64s' must be a map: { key: value }", service);
		return;
	}
	if (schema == NULL || !config_schema_check(&rest, schema, b->faults))
		return;
	if (strcmp(service, "prune") == 0)
		check_prune(b, options);
	if (strcmp(service, "snapshot") == 0)
		check_snapshot(b, options, source);
}

static void read_item(struct config_build *b, const struct yaml_pos *item, const char *source,
                      struct config_stage *stage)
{
	const struct yaml_pos *name = item->kind == YAML_POS_MAP ? item->first->key : item;
	const struct yaml_pos *options = item->kind == YAML_POS_MAP ? item->first : item;

	stage->service = name->text;
	stage->with_json = "{}";
	if (config_value_name(name, "stage", b->faults) && config_schema_misspelt(name->text) != NULL)
		faults_add(b->faults, name->line, name->column, "unknown stage '%s'; did you mean '%s'?", name->text,
		           config_schema_misspelt(name->text));
	if (item->kind != YAML_POS_MAP)
		return; /* `- snapshot`: no options */
	for (const struct yaml_pos *second = item->first->next; second != NULL; second = second->next)
		faults_add(b->faults, second->key->line, second->key->column,
		           "'%.64s' stands beside the stage '%.64s'; indent it deeper if it is its option, or begin it "
		           "with '- '",
		           second->key->text, name->text);
	check_options(b, name->text, options, source);
	stage->when = read_when(b, options);
	stage->with_json = with_json(b, options, config_schema_stage(name->text));
}

/* A misspelt one counts as what it was meant to be: one fault is enough. */
static bool has(const struct config_pipeline *pipeline, const char *service)
{
	for (size_t i = 0; i < pipeline->n_stages; i++) {
		const char *name = pipeline->stages[i].service;
		const char *meant = config_schema_misspelt(name);

		if (strcmp(meant != NULL ? meant : name, service) == 0)
			return true;
	}
	return false;
}

/* Against the stages that stand before it. */
static void check_order(struct config_build *b, const struct yaml_pos *item, const char *service,
                        const struct config_pipeline *before)
{
	const struct yaml_pos *place = item->kind == YAML_POS_MAP ? item->first->key : item;

	if (config_schema_stage(service) != NULL && has(before, service))
		faults_add(b->faults, place->line, place->column, "the stage '%s' is there twice; keep one of them",
		           service);
	if (strcmp(service, "transfer") == 0 && !has(before, "snapshot"))
		faults_add(b->faults, place->line, place->column,
		           "'transfer' reads a snapshot; put '- snapshot: { driver: btrfs }' before it");
	if (strcmp(service, "transfer") == 0 && has(before, "prune"))
		faults_add(b->faults, place->line, place->column,
		           "'prune' stands before 'transfer'; put it behind, so that nothing goes before the new "
		           "generation is there");
}

void config_stage_read(struct config_build *build, const struct yaml_pos *list, struct config_pipeline *pipeline)
{
	struct config_stage *stages = NULL;

	if (list == NULL || list->kind != YAML_POS_LIST)
		return;
	if (list->n_items == 0 || list->n_items > STAGES_MAX) {
		faults_add(build->faults, list->line, list->column,
		           "'stages' wants 1 to %d stages, such as - snapshot: { driver: btrfs }", STAGES_MAX);
		return;
	}
	stages = arena_array(build->arena, list->n_items, sizeof(*stages));
	if (stages == NULL)
		return;
	pipeline->stages = stages;
	for (const struct yaml_pos *item = list->first; item != NULL; item = item->next) {
		struct config_stage *stage = &stages[pipeline->n_stages];

		if (item->kind == YAML_POS_LIST || yaml_pos_null(item) ||
		    (item->kind == YAML_POS_MAP && item->first == NULL)) {
			faults_add(build->faults, item->line, item->column,
			           "a stage wants a name and its options, such as - snapshot: { driver: btrfs }");
			continue;
		}
		read_item(build, item, pipeline->source, stage);
		check_order(build, item, stage->service, pipeline);
		if (strcmp(stage->service, "snapshot") == 0)
			pipeline->frozen = freezes(item->kind == YAML_POS_MAP ? item->first : NULL);
		pipeline->n_stages++;
	}
}
