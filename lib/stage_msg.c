#include "lib/stage_msg.h"

#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/brake_percent.h"
#include "lib/json_want.h"
#include "lib/stage_vault.h"

#define JOB_MAX 127
#define RUN_MAX 64
#define LOCAL_MAX 100000

struct strings { /* a list of `with`, as C strings */
	const char *key;
	const char **values;
};

struct stage_request {
	json_t *root; /* owns every string below */
	const char *job;
	const char *run;
	const char *pipeline;
	const char *source;
	unsigned attempt;
	enum stage_trigger trigger;
	bool dry_run;
	unsigned brake;
	struct stage_seed seed;
	struct stage_snapshots snapshots;
	struct stage_rest rest;
	struct stage_vault vault;
	const char **others;
	json_t *with;
	json_t *results;
	struct strings *lists;
	size_t n_lists;
};

static int decode_trigger(struct stage_request *request, struct error *err)
{
	static const struct {
		const char *text;
		enum stage_trigger trigger;
	} triggers[] = { { "idle", TRIGGER_IDLE }, { "max-wait", TRIGGER_MAX_WAIT }, { "manual", TRIGGER_MANUAL } };
	const char *text = NULL;

	if (json_want_string(request->root, "", "trigger", true, &text, err) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(triggers) / sizeof(triggers[0]); i++) {
		if (strcmp(text, triggers[i].text) == 0) {
			request->trigger = triggers[i].trigger;
			return 0;
		}
	}
	return error_set(err, ERR_INPUT, "trigger: want idle, max-wait or manual");
}

/* The lists are made now, so that reading a request later changes nothing in it. */
static int decode_lists(struct stage_request *request, struct error *err)
{
	const char *key = NULL;
	json_t *value = NULL;

	request->lists = calloc(json_object_size(request->with) + 1, sizeof(*request->lists));
	if (request->lists == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	json_object_foreach(request->with, key, value)
	{
		struct strings *list = &request->lists[request->n_lists];
		struct error other;

		if (!json_is_array(value))
			continue;
		if (json_want_strings(value, key, &list->values, &other) == 0) {
			list->key = key;
			request->n_lists++;
		} else if (other.class != ERR_INPUT) { /* a list of something else is an error only for who asks */
			return error_set(err, other.class, "%s", other.text);
		}
	}
	return 0;
}

static int decode_snapshots(struct stage_request *request, struct error *err)
{
	struct stage_snapshots *snapshots = &request->snapshots;
	json_t *release = json_object_get(request->root, "release");
	json_t *others = json_object_get(request->root, "others");
	json_int_t local = 0;

	if (json_want_string(request->root, "", "anchor", false, &snapshots->anchor, err) != 0 ||
	    (json_object_get(request->root, "local") != NULL &&
	     json_want_integer(request->root, "", "local", 0, LOCAL_MAX, &local, err) != 0))
		return -1;
	if (release != NULL && !json_is_boolean(release))
		return error_set(err, ERR_INPUT, "release: want true or false");
	snapshots->local = local;
	snapshots->release = json_is_true(release);
	if (json_want_path(request->root, "", "snapshots_dir", false, &snapshots->dir, err) != 0 ||
	    (others != NULL && json_want_strings(others, "others", &request->others, err) != 0))
		return -1;
	snapshots->others = request->others;
	return 0;
}

static int decode_seed(struct stage_request *request, struct error *err)
{
	struct stage_seed *seed = &request->seed;
	json_t *seeding = json_object_get(request->root, "seeding");
	json_t *object = NULL;
	json_int_t taken_at = 0;

	if (seeding != NULL && !json_is_boolean(seeding))
		return error_set(err, ERR_INPUT, "seeding: want true or false");
	seed->writes = json_is_true(seeding);
	if (json_want_object(request->root, "seed", false, &object, err) != 0)
		return -1;
	if (object == NULL)
		return 0;
	if (json_want_string(object, "seed.", "run", true, &seed->run, err) != 0 ||
	    json_want_string(object, "seed.", "snapshot_uuid", true, &seed->snapshot_uuid, err) != 0 ||
	    json_want_integer(object, "seed.", "taken_at", INT64_MIN, INT64_MAX, &taken_at, err) != 0 ||
	    json_want_string(object, "seed.", "root", false, &seed->root, err) != 0)
		return -1;
	seed->taken_at = taken_at;
	return 0;
}

static int decode_brake(struct stage_request *request, struct error *err)
{
	json_int_t percent = BRAKE_PERCENT_DEFAULT;

	if (json_object_get(request->root, "brake") != NULL &&
	    json_want_integer(request->root, "", "brake", BRAKE_PERCENT_OFF, BRAKE_PERCENT_MOST, &percent, err) != 0)
		return -1;
	request->brake = (unsigned)percent;
	return 0;
}

static int decode_rest(struct stage_request *request, struct error *err)
{
	struct stage_rest *rest = &request->rest;
	const char *kind = NULL;
	json_t *object = NULL;
	json_t *mac = NULL;
	json_int_t ctransid = 0;
	size_t i;

	if (json_want_string(request->root, "", "kind", false, &kind, err) != 0 ||
	    json_want_object(request->root, "rest", false, &object, err) != 0)
		return -1;
	if (kind != NULL && config_kind_of(kind) < 0)
		return error_set(err, ERR_INPUT, "kind: want auto, time-machine or generic");
	rest->kind = kind != NULL ? (enum config_kind)config_kind_of(kind) : CONFIG_KIND_AUTO;
	if (object == NULL)
		return 0;
	if (json_want_integer(object, "rest.", "ctransid", 0, INT64_MAX, &ctransid, err) != 0 ||
	    json_want_string(object, "rest.", "source_uuid", false, &rest->source_uuid, err) != 0)
		return -1;
	if (json_array_size(json_object_get(object, "macs")) > STAGE_MACS_MAX)
		return error_set(err, ERR_INPUT, "rest.macs: want a list of at most %d", STAGE_MACS_MAX);
	json_array_foreach(json_object_get(object, "macs"), i, mac)
	{
		json_int_t completed_at = 0;

		if (json_want_string(mac, "rest.macs[].", "bundle", true, &rest->macs[i].bundle, err) != 0 ||
		    json_want_integer(mac, "rest.macs[].", "completed_at", 0, INT64_MAX, &completed_at, err) != 0)
			return -1;
		rest->macs[i].completed_at = completed_at;
		rest->macs[i].finished = json_is_true(json_object_get(mac, "finished"));
		rest->n_macs++;
	}
	rest->ctransid = (uint64_t)ctransid;
	rest->known = true;
	return 0;
}

static int decode_request(struct stage_request *request, struct error *err)
{
	json_t *root = request->root;
	json_t *dry_run = json_object_get(root, "dry_run");
	json_int_t version = 0;
	json_int_t attempt = 0;
	const char *stage = NULL;
	json_t *result = NULL;

	if (json_want_integer(root, "", "v", 1, 1, &version, err) != 0 ||
	    json_want_name(root, "", "job", JSON_WANT_NAME "/", JOB_MAX, &request->job, err) != 0 ||
	    json_want_name(root, "", "run", JSON_WANT_NAME, RUN_MAX, &request->run, err) != 0 ||
	    json_want_name(root, "", "pipeline", JSON_WANT_NAME, CONFIG_NAME_MAX, &request->pipeline, err) != 0 ||
	    json_want_integer(root, "", "attempt", 1, 999999999, &attempt, err) != 0 ||
	    decode_trigger(request, err) != 0 || json_want_path(root, "", "source", true, &request->source, err) != 0 ||
	    stage_vault_decode(&request->vault, request->root, err) != 0 ||
	    json_want_object(root, "with", false, &request->with, err) != 0 ||
	    json_want_object(root, "results", false, &request->results, err) != 0)
		return -1;
	request->attempt = (unsigned)attempt;
	if (dry_run != NULL && !json_is_boolean(dry_run))
		return error_set(err, ERR_INPUT, "dry_run: want true or false");
	request->dry_run = json_is_true(dry_run);
	json_object_foreach(request->results, stage, result)
	{
		if (!json_is_object(result))
			return error_set(err, ERR_INPUT, "results.%.64s: want an object", stage);
	}
	if (decode_snapshots(request, err) != 0 || decode_rest(request, err) != 0 || decode_brake(request, err) != 0 ||
	    decode_seed(request, err) != 0)
		return -1;
	return decode_lists(request, err);
}

int stage_request_parse(const void *json, size_t len_bytes, struct stage_request **request, struct error *err)
{
	struct stage_request *made = NULL;

	*request = NULL;
	if (len_bytes > STAGE_MESSAGE_MAX)
		return error_set(err, ERR_INPUT, "request: %zu bytes, at most %d are taken", len_bytes,
		                 STAGE_MESSAGE_MAX);
	made = calloc(1, sizeof(*made));
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->root = json_want_load(json, len_bytes, ERR_INPUT, err);
	if (made->root != NULL && decode_request(made, err) == 0) {
		*request = made;
		return 0;
	}
	stage_request_destroy(&made);
	return error_prefix(err, "request");
}

bool stage_cancel_parse(const void *json, size_t len_bytes, char *job, size_t size)
{
	json_t *root = NULL;
	const char *text = NULL;
	bool is = false;

	if (len_bytes > STAGE_MESSAGE_MAX)
		return false;
	root = json_want_load(json, len_bytes, ERR_INPUT, NULL);
	text = json_string_value(json_object_get(root, "cancel"));
	if (text != NULL && json_integer_value(json_object_get(root, "v")) == 1 && strlen(text) < size) {
		memcpy(job, text, strlen(text) + 1);
		is = true;
	}
	json_decref(root);
	return is;
}

void stage_request_destroy(struct stage_request **request)
{
	struct stage_request *r = *request;

	if (r == NULL)
		return;
	*request = NULL;
	for (size_t i = 0; i < r->n_lists; i++)
		free(r->lists[i].values);
	free(r->lists);
	stage_vault_done(&r->vault);
	free(r->others);
	json_decref(r->root);
	free(r);
}

char *stage_request_text(const struct stage_request *request)
{
	return json_dumps(request->root, JSON_COMPACT);
}

const char *stage_request_job(const struct stage_request *request)
{
	return request->job;
}

const char *stage_request_run(const struct stage_request *request)
{
	return request->run;
}

const char *stage_request_pipeline(const struct stage_request *request)
{
	return request->pipeline;
}

const char *stage_request_source(const struct stage_request *request)
{
	return request->source;
}

unsigned stage_request_attempt(const struct stage_request *request)
{
	return request->attempt;
}

enum stage_trigger stage_request_trigger(const struct stage_request *request)
{
	return request->trigger;
}

bool stage_request_dry_run(const struct stage_request *request)
{
	return request->dry_run;
}

const struct stage_seed *stage_request_seed(const struct stage_request *request)
{
	return &request->seed;
}

unsigned stage_request_brake(const struct stage_request *request)
{
	return request->brake;
}

const struct stage_snapshots *stage_request_snapshots(const struct stage_request *request)
{
	return &request->snapshots;
}

const struct stage_rest *stage_request_rest(const struct stage_request *request)
{
	return &request->rest;
}

const struct config_vault *stage_request_vault(const struct stage_request *request)
{
	return &request->vault.vault;
}

int stage_request_with_string(const struct stage_request *request, const char *key, const char **value,
                              struct error *err)
{
	json_t *member = json_object_get(request->with, key);

	if (member == NULL)
		return 0;
	if (!json_is_string(member))
		return error_set(err, ERR_INPUT, "with.%s: want a string", key);
	*value = json_string_value(member);
	return 0;
}

int stage_request_with_integer(const struct stage_request *request, const char *key, int64_t *value, struct error *err)
{
	json_t *member = json_object_get(request->with, key);

	if (member == NULL)
		return 0;
	if (!json_is_integer(member))
		return error_set(err, ERR_INPUT, "with.%s: want an integer", key);
	*value = json_integer_value(member);
	return 0;
}

int stage_request_with_bool(const struct stage_request *request, const char *key, bool *value, struct error *err)
{
	json_t *member = json_object_get(request->with, key);

	if (member == NULL)
		return 0;
	if (!json_is_boolean(member))
		return error_set(err, ERR_INPUT, "with.%s: want true or false", key);
	*value = json_is_true(member);
	return 0;
}

int stage_request_with_strings(const struct stage_request *request, const char *key, const char *const **values,
                               struct error *err)
{
	if (json_object_get(request->with, key) == NULL)
		return 0;
	for (size_t i = 0; i < request->n_lists; i++) {
		if (strcmp(request->lists[i].key, key) == 0) {
			*values = (const char *const *)request->lists[i].values;
			return 0;
		}
	}
	return error_set(err, ERR_INPUT, "with.%s: want a list of strings", key);
}

const char *stage_request_result_string(const struct stage_request *request, const char *stage, const char *key)
{
	return json_string_value(json_object_get(json_object_get(request->results, stage), key));
}

size_t stage_request_macs(const struct stage_request *request, struct stage_mac macs[STAGE_MACS_MAX])
{
	const json_t *list = json_object_get(json_object_get(request->results, "snapshot"), "macs");
	json_t *row;
	size_t n = 0;
	size_t i;

	json_array_foreach(list, i, row)
	{
		const char *name = json_string_value(json_object_get(row, "name"));
		const char *state = json_string_value(json_object_get(row, "state"));

		if (n == STAGE_MACS_MAX)
			break;
		macs[n++] =
		        (struct stage_mac){ .name = name != NULL ? name : "",
			                    .state = state != NULL ? state : "",
			                    .completed_at = json_integer_value(json_object_get(row, "completed_at")),
			                    .verification_failed =
			                            json_is_true(json_object_get(row, "verification_failed")) };
	}
	return n;
}

int stage_request_result_integer(const struct stage_request *request, const char *stage, const char *key,
                                 int64_t *value)
{
	json_t *member = json_object_get(json_object_get(request->results, stage), key);

	if (!json_is_integer(member))
		return -1;
	*value = json_integer_value(member);
	return 0;
}
