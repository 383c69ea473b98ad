#include "broker/run_config.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/history_seed.h"
#include "lib/own_host.h"
#include "lib/snapshots_option.h"

static const char *const when_words[] = {
	[WHEN_SUCCESS] = "success", [WHEN_FAILURE] = "failure", [WHEN_ALWAYS] = "always"
};

static const char *const trigger_words[] = {
	[TRIGGER_IDLE] = "idle", [TRIGGER_MAX_WAIT] = "max-wait", [TRIGGER_MANUAL] = "manual"
};

/* json_*_set_new and _append_new refuse NULL and consume the value in any case, so failures need one look at the end. */
static json_t *vault_json(const struct config_vault *vault)
{
	json_t *out = json_pack("{s:s, s:s, s:s, s:s}", "name", vault->name, "root", vault->root, "strategy",
	                        vault->strategy, "compression", vault->plain ? "off" : "auto");
	json_t *options = json_array();
	json_t *rates = json_array();
	int failed = out == NULL;

	if (vault->ssh != NULL)
		failed |= json_object_set_new(out, "ssh", json_string(vault->ssh));
	if (vault->identity != NULL)
		failed |= json_object_set_new(out, "identity", json_string(vault->identity));
	for (const char *const *option = vault->ssh_options; option != NULL && *option != NULL; option++)
		failed |= json_array_append_new(options, json_string(*option));
	for (size_t i = 0; i < vault->n_rates; i++)
		failed |= json_array_append_new(rates, json_pack("{s:i, s:i, s:I}", "from", vault->rates[i].from_minute,
		                                                 "to", vault->rates[i].to_minute, "bytes_per_s",
		                                                 (json_int_t)vault->rates[i].bytes_per_s));
	if (vault->contact != NULL)
		failed |= json_object_set_new(out, "contact",
		                              json_pack("{s:s, s:s, s:s, s:s}", "language", vault->contact->language,
		                                        "name", vault->contact->name, "phone", vault->contact->phone,
		                                        "mail", vault->contact->mail));
	if (vault->bare)
		failed |= json_object_set_new(out, "engine", json_string("rsync"));
	failed |= json_object_set_new(out, "ssh_options", options);
	failed |= json_object_set_new(out, "rates", rates);
	if (!failed)
		return out;
	json_decref(out);
	return NULL;
}

/* A disk that is carried is another vault for this one run: here, at full speed, and whose pages speak to the same people. */
static json_t *seed_vault_json(const struct config_vault *vault, const char *seed)
{
	const struct config_vault disk = { .name = RUN_CONFIG_SEED_VAULT,
		                           .root = seed,
		                           .strategy = "auto",
		                           .contact = vault->contact,
		                           .plain = true };

	return vault_json(&disk);
}

static bool is_of_a_seed(const struct config_stage *stage)
{
	return strcmp(stage->service, "snapshot") == 0 || strcmp(stage->service, "transfer") == 0;
}

/* Where its snapshots lie, if the configuration says so: whoever removes or reads them on another machine has no other way to know. NULL: it does not. A new reference. */
static json_t *snapshots_dir_json(const struct config_pipeline *pipeline)
{
	char *dir = snapshots_option(pipeline);
	json_t *json = dir != NULL ? json_string(dir) : NULL;

	free(dir);
	return json;
}

static json_t *stages_json(const struct config_pipeline *pipeline, const char *service, bool seeds)
{
	json_t *out = json_array();

	for (size_t i = 0; i < pipeline->n_stages; i++) {
		const struct config_stage *stage = &pipeline->stages[i];
		/* A step asked for by hand runs whatever its `on:` says. */
		enum config_when when = service == NULL ? stage->when : WHEN_ALWAYS;

		if ((service != NULL && strcmp(service, stage->service) != 0) || (seeds && !is_of_a_seed(stage)))
			continue;
		if (json_array_append_new(out, json_pack("{s:s, s:s, s:o}", "service", stage->service, "when",
		                                         when_words[when], "with",
		                                         json_loads(stage->with_json, 0, NULL))) != 0) {
			json_decref(out);
			return NULL;
		}
	}
	return out;
}

int run_config_text(const struct config_pipeline *pipeline, const char *service, bool release, const char *seed,
                    json_t *rest, char **json, struct error *err)
{
	json_t *stages = stages_json(pipeline, service, seed != NULL);
	size_t n_stages = json_array_size(stages);
	json_t *root = NULL;

	*json = NULL;
	if (stages != NULL && n_stages == 0) {
		json_decref(stages);
		return error_set(err, ERR_NOT_FOUND, "pipeline %s has no stage %s", pipeline->name,
		                 service != NULL ? service : "at all");
	}
	if (n_stages > PIPELINE_STEPS_MAX) {
		json_decref(stages);
		return error_set(err, ERR_CONFIG, "pipeline %s has more than %d stages", pipeline->name,
		                 PIPELINE_STEPS_MAX);
	}
	root = json_pack("{s:s, s:s, s:o, s:o, s:b, s:I, s:O*, s:s*, s:s*, s:o*}", "source", pipeline->source, "kind",
	                 config_kind_name(pipeline->kind), "vault",
	                 seed != NULL ? seed_vault_json(pipeline->vault, seed) : vault_json(pipeline->vault), "stages",
	                 stages, "release", (int)release, "brake", (json_int_t)pipeline->brake, "rest", rest, "seed",
	                 seed, "host", pipeline->host, "snapshots_dir", snapshots_dir_json(pipeline));
	*json = root != NULL ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	return *json != NULL ? 0 : error_sys(err, ENOMEM, "pipeline %s", pipeline->name);
}

int run_config_care(const struct config_pipeline *pipeline, const char *service, json_t *with, char **json,
                    struct error *err)
{
	json_t *root = json_pack("{s:s, s:s, s:o, s:[{s:s, s:s, s:o}], s:b, s:s*, s:o*}", "source", pipeline->source,
	                         "kind", config_kind_name(pipeline->kind), "vault", vault_json(pipeline->vault),
	                         "stages", "service", service, "when", when_words[WHEN_ALWAYS], "with", with, "release",
	                         0, "host", pipeline->host, "snapshots_dir", snapshots_dir_json(pipeline));

	*json = root != NULL ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	return *json != NULL ? 0 : error_sys(err, ENOMEM, "pipeline %s", pipeline->name);
}

static int parse_stages(json_t *list, struct run_config *config)
{
	json_t *value = NULL;
	size_t i;

	if (json_array_size(list) == 0 || json_array_size(list) > PIPELINE_STEPS_MAX)
		return -1;
	json_array_foreach(list, i, value)
	{
		const char *when = json_string_value(json_object_get(value, "when"));

		config->stages[i].service = json_string_value(json_object_get(value, "service"));
		if (config->stages[i].service == NULL || when == NULL)
			return -1;
		for (int w = WHEN_SUCCESS; w <= WHEN_ALWAYS; w++)
			if (strcmp(when, when_words[w]) == 0)
				config->stages[i].when = (enum config_when)w;
		config->n_stages++;
	}
	return 0;
}

int run_config_parse(const char *json, struct run_config **config, struct error *err)
{
	struct run_config *made = calloc(1, sizeof(*made));
	json_t *root = json_loads(json, 0, NULL);

	*config = NULL;
	if (made == NULL) {
		json_decref(root);
		return error_sys(err, ENOMEM, "a run's configuration");
	}
	made->memory = root;
	made->source = json_string_value(json_object_get(root, "source"));
	made->vault = json_string_value(json_object_get(json_object_get(root, "vault"), "name"));
	made->host = json_string_value(json_object_get(root, "host"));
	made->seed = json_string_value(json_object_get(root, "seed"));
	made->release = json_is_true(json_object_get(root, "release"));
	made->rest_ctransid = json_integer_value(json_object_get(json_object_get(root, "rest"), "ctransid"));
	made->rest_source_uuid = json_string_value(json_object_get(json_object_get(root, "rest"), "source_uuid"));
	if (made->rest_source_uuid == NULL)
		made->rest_source_uuid = "";
	if (made->source == NULL || made->vault == NULL || parse_stages(json_object_get(root, "stages"), made) != 0) {
		run_config_destroy(&made);
		return error_set(err, ERR_DAMAGED, "runs.config is not readable");
	}
	*config = made;
	return 0;
}

int run_config_lost(const struct run_record *record, struct run_config **config, struct error *err)
{
	struct run_config *made = calloc(1, sizeof(*made));

	*config = made;
	if (made == NULL)
		return error_sys(err, ENOMEM, "run %s", record->run);
	made->source = "";
	made->vault = "";
	made->rest_source_uuid = "";
	made->n_stages = record->n_steps;
	for (size_t i = 0; i < record->n_steps; i++)
		made->stages[i].service = record->steps[i].service;
	return 0;
}

void run_config_destroy(struct run_config **config)
{
	if (*config == NULL)
		return;
	json_decref((*config)->memory);
	free(*config);
	*config = NULL;
}

bool run_config_same_vault(const struct run_config *config, const struct config_pipeline *pipeline)
{
	static const char *const keys[] = { "name", "root", "ssh", "identity", "ssh_options", "engine" };
	json_t *then = json_object_get(config->memory, "vault");
	json_t *now = NULL;
	bool same = true;

	if (config->seed != NULL)
		return true;
	now = vault_json(pipeline->vault);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && now != NULL && same; i++) {
		json_t *a = json_object_get(then, keys[i]);
		json_t *b = json_object_get(now, keys[i]);

		same = a == b || json_equal(a, b); /* either may be NULL */
	}
	json_decref(now);
	return same;
}

bool run_config_same_host(const struct run_config *config, const struct config_pipeline *pipeline)
{
	return config->host == NULL || (pipeline->host != NULL && own_host_same(config->host, pipeline->host));
}

static int add_result(void *cookie, const char *service, const char *result_json, struct error *err)
{
	if (json_object_set_new(cookie, service, json_loads(result_json, 0, NULL)) != 0)
		return error_set(err, ERR_DAMAGED, "steps.result of its step %s is not readable", service);
	return 0;
}

bool run_config_min_free(const struct config_pipeline *pipeline, struct room_min *min)
{
	if (!pipeline->frozen)
		return false;
	for (size_t i = 0; i < pipeline->n_stages; i++) {
		json_t *with = NULL;

		if (strcmp(pipeline->stages[i].service, "snapshot") != 0)
			continue;
		with = json_loads(pipeline->stages[i].with_json, 0, NULL);
		/* Checked when the configuration was read. */
		if (room_min_parse(json_string_value(json_object_get(with, "min_free")), min, NULL) != 0)
			(void)room_min_parse(NULL, min, NULL);
		json_decref(with);
		return true;
	}
	return false;
}

/* How many snapshots the pruner is to leave besides the anchor. */
static json_int_t local_of(const json_t *root)
{
	json_t *stage = NULL;
	size_t i;

	json_array_foreach(json_object_get(root, "stages"), i, stage)
	{
		const char *service = json_string_value(json_object_get(stage, "service"));

		if (service != NULL && strcmp(service, "prune") == 0)
			return json_integer_value(json_object_get(json_object_get(stage, "with"), "local"));
	}
	return 0;
}

/* What the watcher saw, for the snapshot to be held against. */
static int add_rest(const struct run_config *config, size_t index, json_t *request)
{
	json_t *kind = json_object_get(config->memory, "kind");
	json_t *rest = json_object_get(config->memory, "rest");
	int failed = 0;

	if (strcmp(config->stages[index].service, "snapshot") != 0)
		return 0;
	if (kind != NULL) /* runs of an older version have none */
		failed |= json_object_set(request, "kind", kind);
	if (rest != NULL)
		failed |= json_object_set(request, "rest", rest);
	return failed;
}

/* How much may change at once, for the receiver to hold older generations by. */
static int add_brake(const struct run_config *config, size_t index, json_t *request)
{
	json_t *brake = json_object_get(config->memory, "brake");

	if (strcmp(config->stages[index].service, "transfer") != 0 || brake == NULL)
		return 0;
	return json_object_set(request, "brake", brake);
}

/* A step of its own, asked for by hand, has nothing to do with other runs' snapshots. */
static int add_snapshots(const struct run_config *config, const struct run_record *record, size_t index,
                         struct run_store *store, json_t *request, struct error *err)
{
	struct history_generation anchor;
	int found;

	if (strcmp(config->stages[index].service, "snapshot") != 0 || (!record->whole && !config->release))
		return 0;
	found = history_anchor(store, record->pipeline, &anchor, err);
	if (found < 0)
		return -1;
	if (json_object_set_new(request, "anchor", json_string(found == 1 ? anchor.snapshot_uuid : "")) != 0 ||
	    json_object_set_new(request, "local", json_integer(local_of(config->memory))) != 0 ||
	    json_object_set_new(request, "release", json_boolean(config->release)) != 0)
		return error_sys(err, ENOMEM, "run %s", record->run);
	return 0;
}

/* A seed on its way concerns who removes snapshots, and who writes into the vault that it is on its way to. */
static int add_seed(const struct run_config *config, const struct run_record *record, struct run_store *store,
                    json_t *request, struct error *err)
{
	struct history_seed seed;
	int found;

	if (config->seed != NULL)
		return json_object_set_new(request, "seeding", json_true()) == 0
		               ? 0
		               : error_sys(err, ENOMEM, "run %s", record->run);
	found = history_seed(store, record->pipeline, &seed, err);
	if (found != 1)
		return found;
	return json_object_set_new(request, "seed",
	                           json_pack("{s:s, s:s, s:I, s:s}", "run", seed.run, "snapshot_uuid",
	                                     seed.snapshot_uuid, "taken_at", (json_int_t)seed.taken_at, "root",
	                                     seed.root_hash)) == 0
	               ? 0
	               : error_sys(err, ENOMEM, "run %s", record->run);
}

int run_config_request(const struct run_config *config, const struct run_record *record, size_t index, json_t *others,
                       struct run_store *store, char **body, struct error *err)
{
	const json_t *root = config->memory;
	json_t *stage = json_array_get(json_object_get(root, "stages"), index);
	json_t *results = json_object();
	json_t *request = NULL;
	char job[RUN_ID_SIZE + 16];

	*body = NULL;
	if (run_store_results(store, record->run, add_result, results, err) != 0) {
		json_decref(results);
		return error_prefix(err, "what the broker's store has of run %s", record->run);
	}
	(void)snprintf(job, sizeof(job), "%s/%zu", record->run, index);
	request = json_pack("{s:i, s:s, s:s, s:s, s:I, s:s, s:b, s:s, s:O, s:O, s:o}", "v", 1, "job", job, "run",
	                    record->run, "pipeline", record->pipeline, "attempt",
	                    (json_int_t)record->steps[index].attempt, "trigger", trigger_words[record->trigger],
	                    "dry_run", (int)record->dry_run, "source", config->source, "vault",
	                    json_object_get(root, "vault"), "with", json_object_get(stage, "with"), "results", results);
	if (request != NULL && json_array_size(others) > 0 && json_object_set(request, "others", others) != 0) {
		json_decref(request);
		return error_sys(err, ENOMEM, "job %s", job);
	}
	if (request != NULL && json_object_get(root, "snapshots_dir") != NULL &&
	    json_object_set(request, "snapshots_dir", json_object_get(root, "snapshots_dir")) != 0) {
		json_decref(request);
		return error_sys(err, ENOMEM, "job %s", job);
	}
	if (request != NULL && (add_rest(config, index, request) != 0 || add_brake(config, index, request) != 0)) {
		json_decref(request);
		return error_sys(err, ENOMEM, "job %s", job);
	}
	if (request != NULL && (add_snapshots(config, record, index, store, request, err) != 0 ||
	                        add_seed(config, record, store, request, err) != 0)) {
		json_decref(request);
		return -1;
	}
	*body = request != NULL ? json_dumps(request, JSON_COMPACT) : NULL;
	json_decref(request);
	if (*body == NULL)
		return error_sys(err, ENOMEM, "job %s", job);
	if (strlen(*body) <= STAGE_MESSAGE_MAX)
		return 0;
	free(*body);
	*body = NULL;
	return error_set(err, ERR_INPUT, "job %s: the request is longer than %d bytes", job, STAGE_MESSAGE_MAX);
}
