#include "cli/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "lib/mdp_client.h"

#define TIMEOUT_MS 10000
#define PATIENCE_MS 2000 /* of who only tells something */

struct ask {
	struct config *config;
	struct mdp_client *client;
	uint64_t timeout_ms;
};

int ask_open(const char *config_path, struct ask **ask, struct error *err)
{
	struct ask *made = calloc(1, sizeof(*made));

	*ask = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->timeout_ms = TIMEOUT_MS;
	if (config_load(config_path, &made->config, stderr, err) != 0 ||
	    mdp_client_new(made->config, &made->client, err) != 0) {
		ask_close(&made);
		return -1;
	}
	*ask = made;
	return 0;
}

int ask_open_anyway(const char *config_path, struct ask **ask, struct error *err)
{
	static const struct config by_default = { .endpoint = CONFIG_DEFAULT_ENDPOINT };
	struct ask *made = NULL;

	if (ask_open(config_path, ask, err) == 0)
		return 0;
	if (err->class != ERR_CONFIG)
		return -1;
	error_clear(err);
	made = calloc(1, sizeof(*made));
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->timeout_ms = TIMEOUT_MS;
	if (mdp_client_new(&by_default, &made->client, err) != 0) {
		ask_close(&made);
		return -1;
	}
	*ask = made;
	return 0;
}

void ask_close(struct ask **ask)
{
	if (*ask == NULL)
		return;
	mdp_client_destroy(&(*ask)->client);
	config_destroy(&(*ask)->config);
	free(*ask);
	*ask = NULL;
}

void ask_patience(struct ask *ask, uint64_t timeout_ms)
{
	ask->timeout_ms = timeout_ms;
}

const struct config *ask_config(const struct ask *ask)
{
	return ask->config;
}

int ask_tell(const char *config_path, const char *verb, const char *pipeline, json_t *result, struct error *err)
{
	struct ask *ask = NULL;
	int rc;

	if (result == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	if (ask_open(config_path, &ask, err) != 0 || ask == NULL)
		return -1;
	ask_patience(ask, PATIENCE_MS);
	rc = ask_verb(ask, verb, json_pack("{s:s, s:O}", "pipeline", pipeline, "result", result), NULL, err);
	ask_close(&ask);
	return rc;
}

const char *ask_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

int64_t ask_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static int decode(const char *reply, size_t len_bytes, json_t **result, struct error *err)
{
	json_t *json = json_loadb(reply, len_bytes, 0, NULL);
	const json_t *fault = json_object_get(json, "error");
	int rc = 0;

	if (json_is_object(fault))
		rc = error_set(err, error_class_of(ask_text(fault, "code")), "%s", ask_text(fault, "message"));
	else if (strcmp(ask_text(json, "status"), "ok") != 0 || !json_is_object(json_object_get(json, "result")))
		rc = error_set(err, ERR_PROTOCOL, "the broker's answer can't be read");
	else if (result != NULL)
		*result = json_incref(json_object_get(json, "result"));
	json_decref(json);
	return rc;
}

int ask_verb(struct ask *ask, const char *verb, json_t *body, json_t **result, struct error *err)
{
	char *text = NULL;
	char *reply = NULL;
	size_t reply_bytes = 0;
	int rc = -1;

	if (body != NULL && json_object_set_new(body, "v", json_integer(1)) == 0 &&
	    json_object_set_new(body, "verb", json_string(verb)) == 0)
		text = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	if (text == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	if (mdp_client_ask(ask->client, MDP_SERVICE_BROKER, text, ask->timeout_ms, &reply, &reply_bytes, err) == 0)
		rc = decode(reply, reply_bytes, result, err);
	free(text);
	free(reply);
	return rc;
}

void ask_print(const json_t *result)
{
	(void)json_dumpf(result, stdout, JSON_INDENT(2));
	(void)fputc('\n', stdout);
}

int ask_failed(const char *verb, const struct error *err)
{
	(void)fprintf(stderr, "aob %s: %s\n", verb, err->text);
	return error_exit(err->class);
}

int ask_main(const struct ask_command *command, int argc, char **argv, const char *config_path)
{
	struct error err = { .class = ERR_NONE };
	struct ask *ask = NULL;
	struct options options;
	int status = options_read(argc, argv, command->known, command->word, command->usage, &options);

	if (status >= 0)
		return status;
	if (ask_open(config_path, &ask, &err) != 0)
		return ask_failed(argv[0], &err);
	status = command->work(ask, &options, &err) == 0 ? EX_OK : ask_failed(argv[0], &err);
	ask_close(&ask);
	return status;
}
