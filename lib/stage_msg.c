#include "lib/stage_msg.h"

#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/brake_percent.h"
#include "lib/language.h"
#include "lib/log.h"

#define DEPTH_MAX 32 /* of nested lists and objects */
#define SSH_OPTIONS_MAX 64
#define RATES_MAX 64
#define JOB_MAX 127
#define RUN_MAX 64
#define LOCAL_MAX 100000

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

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
	struct config_vault vault;
	struct config_contact contact;
	const char **ssh_options;
	const char **others;
	struct config_rate *rates;
	json_t *with;
	json_t *results;
	struct strings *lists;
	size_t n_lists;
};

/* jansson recurses; so the depth is bounded before it sees the text. */
static bool too_deep(const char *text, size_t len)
{
	unsigned depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		if (in_string) {
			if (text[i] == '\\')
				i++;
			else if (text[i] == '"')
				in_string = false;
		} else if (text[i] == '"') {
			in_string = true;
		} else if (text[i] == '{' || text[i] == '[') {
			if (++depth > DEPTH_MAX)
				return true;
		} else if ((text[i] == '}' || text[i] == ']') && depth > 0) {
			depth--;
		}
	}
	return false;
}

static int want_string(json_t *object, const char *where, const char *key, bool required, const char **value,
                       struct error *err)
{
	json_t *member = json_object_get(object, key);

	*value = NULL;
	if (!required && (member == NULL || json_is_null(member)))
		return 0;
	if (!json_is_string(member)) {
		(void)error_set(err, ERR_INPUT, "%s%s: %s", where, key, member == NULL ? "missing" : "want a string");
		return -1;
	}
	*value = json_string_value(member);
	return 0;
}

static int want_name(json_t *object, const char *where, const char *key, const char *allowed, size_t max,
                     const char **value, struct error *err)
{
	if (want_string(object, where, key, true, value, err) != 0)
		return -1;
	size_t len = strlen(*value);

	if (len == 0 || len > max || strspn(*value, allowed) != len || strchr("._-/", **value) != NULL)
		return error_set(err, ERR_INPUT, "%s%s: want 1 to %zu of letters, digits, and inside of \"%s\"", where,
		                 key, max,
		                 allowed + strlen("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"));
	return 0;
}

static int want_path(json_t *object, const char *where, const char *key, bool required, const char **value,
                     struct error *err)
{
	if (want_string(object, where, key, required, value, err) != 0)
		return -1;
	if (*value != NULL && (**value != '/' || strlen(*value) >= PATH_MAX))
		return error_set(err, ERR_INPUT, "%s%s: want an absolute path of less than %d bytes", where, key,
		                 PATH_MAX);
	return 0;
}

static int want_integer(json_t *object, const char *where, const char *key, json_int_t low, json_int_t high,
                        json_int_t *value, struct error *err)
{
	json_t *member = json_object_get(object, key);

	if (!json_is_integer(member) || json_integer_value(member) < low || json_integer_value(member) > high)
		return error_set(err, ERR_INPUT, "%s%s: want an integer from %lld to %lld", where, key, (long long)low,
		                 (long long)high);
	*value = json_integer_value(member);
	return 0;
}

static int want_object(json_t *root, const char *key, bool required, json_t **value, struct error *err)
{
	*value = json_object_get(root, key);
	if (*value == NULL && !required)
		return 0;
	return json_is_object(*value) ? 0 : error_set(err, ERR_INPUT, "%s: want an object", key);
}

/* A list of strings as a NULL-terminated array. */
static int copy_strings(json_t *list, const char *where, const char ***strings, struct error *err)
{
	size_t n = json_array_size(list);
	const char **copy = calloc(n + 1, sizeof(*copy));

	if (copy == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		copy[i] = json_string_value(json_array_get(list, i));
		if (copy[i] == NULL) {
			free(copy);
			return error_set(err, ERR_INPUT, "%s[%zu]: want a string", where, i);
		}
	}
	*strings = copy;
	return 0;
}

static int decode_rates(struct stage_request *request, json_t *vault, struct error *err)
{
	json_t *list = json_object_get(vault, "rates");
	size_t n = json_array_size(list);

	if (list == NULL || json_is_null(list))
		return 0;
	if (!json_is_array(list) || n > RATES_MAX)
		return error_set(err, ERR_INPUT, "vault.rates: want a list of at most %d", RATES_MAX);
	request->rates = calloc(n + 1, sizeof(*request->rates));
	if (request->rates == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		json_t *rate = json_array_get(list, i);
		json_int_t from = 0;
		json_int_t to = 0;
		json_int_t bytes_per_s = 0;
		char where[40];

		(void)snprintf(where, sizeof(where), "vault.rates[%zu].", i);
		if (want_integer(rate, where, "from", 0, 1439, &from, err) != 0 ||
		    want_integer(rate, where, "to", 0, 1439, &to, err) != 0 ||
		    want_integer(rate, where, "bytes_per_s", 0, INT64_MAX, &bytes_per_s, err) != 0)
			return -1;
		request->rates[i] = (struct config_rate){ (uint16_t)from, (uint16_t)to, (uint64_t)bytes_per_s };
	}
	request->vault.rates = request->rates;
	request->vault.n_rates = n;
	return 0;
}

static int decode_compression(struct config_vault *vault, json_t *object, struct error *err)
{
	const char *word;

	if (want_string(object, "vault.", "compression", false, &word, err) != 0)
		return -1;
	vault->plain = word != NULL && strcmp(word, "off") == 0;
	if (word != NULL && !vault->plain && strcmp(word, "auto") != 0)
		return error_set(err, ERR_INPUT, "vault.compression: want auto or off");
	return 0;
}

static int decode_engine(struct config_vault *vault, json_t *object, struct error *err)
{
	const char *word;

	if (want_string(object, "vault.", "engine", false, &word, err) != 0)
		return -1;
	vault->bare = word != NULL && strcmp(word, "rsync") == 0;
	if (word != NULL && !vault->bare && strcmp(word, "native") != 0)
		return error_set(err, ERR_INPUT, "vault.engine: want native or rsync");
	return 0;
}

/* Becomes a frame of its own, which bounds each text. */
static int decode_contact(struct stage_request *request, json_t *vault, struct error *err)
{
	struct config_contact *contact = &request->contact;
	const struct {
		const char *key;
		const char **text;
	} texts[] = { { "language", &contact->language },
		      { "name", &contact->name },
		      { "phone", &contact->phone },
		      { "mail", &contact->mail } };
	json_t *object = json_object_get(vault, "contact");

	if (object == NULL || json_is_null(object))
		return 0;
	if (!json_is_object(object))
		return error_set(err, ERR_INPUT, "vault.contact: want an object");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (want_string(object, "vault.contact.", texts[i].key, false, texts[i].text, err) != 0)
			return -1;
		if (*texts[i].text == NULL)
			*texts[i].text = "";
		if (strlen(*texts[i].text) > CONFIG_CONTACT_MAX)
			return error_set(err, ERR_INPUT, "vault.contact.%s: want at most %d bytes", texts[i].key,
			                 CONFIG_CONTACT_MAX);
	}
	if (!language_is_code(contact->language))
		return error_set(err, ERR_INPUT, "vault.contact.language: want a code such as de");
	request->vault.contact = contact;
	return 0;
}

static int decode_vault(struct stage_request *request, struct error *err)
{
	struct config_vault *vault = &request->vault;
	json_t *object = NULL;
	json_t *options = NULL;

	if (want_object(request->root, "vault", true, &object, err) != 0 ||
	    want_name(object, "vault.", "name", NAME_CHARACTERS, CONFIG_NAME_MAX, &vault->name, err) != 0 ||
	    want_string(object, "vault.", "ssh", false, &vault->ssh, err) != 0 ||
	    want_path(object, "vault.", "identity", false, &vault->identity, err) != 0 ||
	    want_path(object, "vault.", "root", true, &vault->root, err) != 0 ||
	    want_string(object, "vault.", "strategy", false, &vault->strategy, err) != 0)
		return -1;
	/* Becomes an argument of the receiver, through a shell. */
	if (vault->strategy == NULL)
		vault->strategy = "auto";
	if (strspn(vault->strategy, "abcdefghijklmnopqrstuvwxyz") != strlen(vault->strategy) ||
	    *vault->strategy == '\0')
		return error_set(err, ERR_INPUT, "vault.strategy: want auto, snapshot, reflink or hardlink");
	/* Becomes an argument of ssh: one that looks like an option must not get there. */
	if (vault->ssh != NULL && (*vault->ssh == '\0' || *vault->ssh == '-' || strpbrk(vault->ssh, " \t\r\n") != NULL))
		return error_set(err, ERR_INPUT, "vault.ssh: want [user@]host[:port]");
	options = json_object_get(object, "ssh_options");
	if (options != NULL && !json_is_null(options) &&
	    (!json_is_array(options) || json_array_size(options) > SSH_OPTIONS_MAX))
		return error_set(err, ERR_INPUT, "vault.ssh_options: want a list of at most %d", SSH_OPTIONS_MAX);
	if (copy_strings(options, "vault.ssh_options", &request->ssh_options, err) != 0)
		return -1;
	vault->ssh_options = request->ssh_options;
	if (decode_compression(vault, object, err) != 0 || decode_engine(vault, object, err) != 0 ||
	    decode_contact(request, object, err) != 0)
		return -1;
	return decode_rates(request, object, err);
}

static int decode_trigger(struct stage_request *request, struct error *err)
{
	static const struct {
		const char *text;
		enum stage_trigger trigger;
	} triggers[] = { { "idle", TRIGGER_IDLE }, { "max-wait", TRIGGER_MAX_WAIT }, { "manual", TRIGGER_MANUAL } };
	const char *text = NULL;

	if (want_string(request->root, "", "trigger", true, &text, err) != 0)
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
		if (copy_strings(value, key, &list->values, &other) == 0) {
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

	if (want_string(request->root, "", "anchor", false, &snapshots->anchor, err) != 0 ||
	    (json_object_get(request->root, "local") != NULL &&
	     want_integer(request->root, "", "local", 0, LOCAL_MAX, &local, err) != 0))
		return -1;
	if (release != NULL && !json_is_boolean(release))
		return error_set(err, ERR_INPUT, "release: want true or false");
	snapshots->local = local;
	snapshots->release = json_is_true(release);
	if (want_path(request->root, "", "snapshots_dir", false, &snapshots->dir, err) != 0 ||
	    (others != NULL && copy_strings(others, "others", &request->others, err) != 0))
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
	if (want_object(request->root, "seed", false, &object, err) != 0)
		return -1;
	if (object == NULL)
		return 0;
	if (want_string(object, "seed.", "run", true, &seed->run, err) != 0 ||
	    want_string(object, "seed.", "snapshot_uuid", true, &seed->snapshot_uuid, err) != 0 ||
	    want_integer(object, "seed.", "taken_at", INT64_MIN, INT64_MAX, &taken_at, err) != 0 ||
	    want_string(object, "seed.", "root", false, &seed->root, err) != 0)
		return -1;
	seed->taken_at = taken_at;
	return 0;
}

static int decode_brake(struct stage_request *request, struct error *err)
{
	json_int_t percent = BRAKE_PERCENT_DEFAULT;

	if (json_object_get(request->root, "brake") != NULL &&
	    want_integer(request->root, "", "brake", BRAKE_PERCENT_OFF, BRAKE_PERCENT_MOST, &percent, err) != 0)
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

	if (want_string(request->root, "", "kind", false, &kind, err) != 0 ||
	    want_object(request->root, "rest", false, &object, err) != 0)
		return -1;
	if (kind != NULL && config_kind_of(kind) < 0)
		return error_set(err, ERR_INPUT, "kind: want auto, time-machine or generic");
	rest->kind = kind != NULL ? (enum config_kind)config_kind_of(kind) : CONFIG_KIND_AUTO;
	if (object == NULL)
		return 0;
	if (want_integer(object, "rest.", "ctransid", 0, INT64_MAX, &ctransid, err) != 0 ||
	    want_string(object, "rest.", "source_uuid", false, &rest->source_uuid, err) != 0)
		return -1;
	if (json_array_size(json_object_get(object, "macs")) > STAGE_MACS_MAX)
		return error_set(err, ERR_INPUT, "rest.macs: want a list of at most %d", STAGE_MACS_MAX);
	json_array_foreach(json_object_get(object, "macs"), i, mac)
	{
		json_int_t completed_at = 0;

		if (want_string(mac, "rest.macs[].", "bundle", true, &rest->macs[i].bundle, err) != 0 ||
		    want_integer(mac, "rest.macs[].", "completed_at", 0, INT64_MAX, &completed_at, err) != 0)
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

	if (!json_is_object(root))
		return error_set(err, ERR_INPUT, "want an object");
	if (want_integer(root, "", "v", 1, 1, &version, err) != 0 ||
	    want_name(root, "", "job", NAME_CHARACTERS "/", JOB_MAX, &request->job, err) != 0 ||
	    want_name(root, "", "run", NAME_CHARACTERS, RUN_MAX, &request->run, err) != 0 ||
	    want_name(root, "", "pipeline", NAME_CHARACTERS, CONFIG_NAME_MAX, &request->pipeline, err) != 0 ||
	    want_integer(root, "", "attempt", 1, 999999999, &attempt, err) != 0 || decode_trigger(request, err) != 0 ||
	    want_path(root, "", "source", true, &request->source, err) != 0 || decode_vault(request, err) != 0 ||
	    want_object(root, "with", false, &request->with, err) != 0 ||
	    want_object(root, "results", false, &request->results, err) != 0)
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
	json_error_t fault;

	*request = NULL;
	if (len_bytes > STAGE_MESSAGE_MAX)
		return error_set(err, ERR_INPUT, "request: %zu bytes, at most %d are taken", len_bytes,
		                 STAGE_MESSAGE_MAX);
	if (len_bytes == 0 || too_deep(json, len_bytes))
		return error_set(err, ERR_INPUT, len_bytes == 0 ? "request: empty" : "request: nested deeper than %d",
		                 DEPTH_MAX);
	made = calloc(1, sizeof(*made));
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->root = json_loadb(json, len_bytes, JSON_REJECT_DUPLICATES, &fault);
	if (made->root == NULL) {
		(void)error_set(err, ERR_INPUT, "request: no JSON: %s (at byte %d)", fault.text, fault.position);
	} else if (decode_request(made, err) == 0) {
		*request = made;
		return 0;
	} else {
		(void)error_prefix(err, "request");
	}
	stage_request_destroy(&made);
	return -1;
}

bool stage_cancel_parse(const void *json, size_t len_bytes, char *job, size_t size)
{
	json_t *root = NULL;
	const char *text = NULL;
	bool is = false;

	if (len_bytes == 0 || len_bytes > STAGE_MESSAGE_MAX || too_deep(json, len_bytes))
		return false;
	root = json_loadb(json, len_bytes, JSON_REJECT_DUPLICATES, NULL);
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
	free(r->ssh_options);
	free(r->others);
	free(r->rates);
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
	return &request->vault;
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
