#include "lib/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/config_build.h"
#include "lib/config_schema.h"
#include "lib/config_value.h"
#include "lib/duration.h"
#include "lib/mdp.h"

#define DEFAULT_EVENTS "ipc:///run/aob/events"
#define DEFAULT_STATE "/var/lib/aob/state.db"
#define DEFAULT_HISTORY_MS (400 * 86400000ULL)
#define MEMORY_MAX_BYTES (64u << 20)

/* out: *text, free(3); NULL with a fault if the file is none that can be looked at. */
static int read_file(const char *path, char **text, size_t *len, struct faults *faults, struct error *err)
{
	int rc = -1;
	char *data = NULL;
	size_t used = 0;
	struct stat status;
	/* Non-blocking, so that a fifo does not hang us before it is refused. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return error_sys(err, errno, "opening %s", path);
	if (fstat(fd, &status) != 0) {
		(void)error_sys(err, errno, "reading %s", path);
		goto out;
	}
	rc = 0;
	if (!S_ISREG(status.st_mode))
		faults_add(faults, 1, 1, "this is no regular file; give the file itself");
	else if ((status.st_mode & S_IWOTH) != 0)
		faults_add(faults, 1, 1, "everybody may write this file, and so decide what is run; use chmod o-w");
	else if (status.st_size > (off_t)YAML_POS_BYTES_MAX)
		faults_add(faults, 1, 1, "the file is larger than %u bytes; this can't be a configuration",
		           YAML_POS_BYTES_MAX);
	else if ((data = malloc(YAML_POS_BYTES_MAX + 1)) == NULL)
		rc = error_set(err, ERR_SYSTEM, "out of memory for %s", path);
	if (data == NULL)
		goto out;
	for (;;) {
		ssize_t n = read(fd, data + used, YAML_POS_BYTES_MAX + 1 - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			rc = error_sys(err, errno, "reading %s", path);
			goto out;
		}
		used += (size_t)n;
		/* One byte over the limit: it grew meanwhile, and the parser refuses it. */
		if (n == 0 || used > YAML_POS_BYTES_MAX)
			break;
	}
	*text = data;
	*len = used;
	data = NULL;
out:
	free(data);
	(void)close(fd);
	return rc;
}

static bool is_tcp(const char *endpoint)
{
	return strncmp(endpoint, "tcp://", 6) == 0;
}

static const char *read_endpoint(struct config_build *b, const struct yaml_pos *broker, const char *key,
                                 const char *otherwise)
{
	const struct yaml_pos *value = yaml_pos_get(broker, key);
	const char *endpoint = config_value_text(broker, key, otherwise);
	struct error err = { 0 };

	if (value == NULL || endpoint == otherwise)
		return endpoint;
	if (mdp_endpoint_check(endpoint, &err) != 0)
		faults_add(b->faults, value->line, value->column, "'%s': %s", key, err.text);
	else if (!is_tcp(endpoint) && endpoint[6] != '/')
		faults_add(b->faults, value->line, value->column, "'%s: %.100s' is no absolute path; write ipc:///…",
		           key, endpoint);
	else if (is_tcp(endpoint) && yaml_pos_get(broker, "curve") == NULL)
		faults_add(b->faults, value->line, value->column,
		           "'%s: %.100s' is open to the network and wants CURVE keys; add 'curve' with "
		           "server_certificate, "
		           "client_certificates and own_certificate, or use ipc://",
		           key, endpoint);
	return endpoint;
}

/* Whom the broker lets in is the broker's alone to know. */
static void check_clients(struct config_build *b, const struct yaml_pos *curve)
{
	if (curve != NULL && curve->kind == YAML_POS_MAP && yaml_pos_get(curve, "client_certificates") == NULL)
		faults_add(b->faults, yaml_pos_place(curve)->line, yaml_pos_place(curve)->column,
		           "'client_certificates' is missing; want the folder of those that may connect, such as "
		           "/etc/aob/curve/clients");
}

static void build_broker(struct config_build *b, bool elsewhere)
{
	const struct yaml_pos *broker = yaml_pos_get(b->root, "broker");
	const struct yaml_pos *curve = yaml_pos_get(broker, "curve");
	const char *history = config_value_text(broker, "history", NULL);
	struct config *config = b->config;

	if (broker != NULL && broker->kind == YAML_POS_MAP)
		(void)config_schema_check(broker, &config_schema_broker, b->faults);
	if (curve != NULL && curve->kind == YAML_POS_MAP)
		(void)config_schema_check(curve, &config_schema_curve, b->faults);
	if (!elsewhere)
		check_clients(b, curve);
	config->endpoint = read_endpoint(b, broker, "endpoint", CONFIG_DEFAULT_ENDPOINT);
	config->events = read_endpoint(b, broker, "events", DEFAULT_EVENTS);
	config->state = config_value_path(broker, "state", DEFAULT_STATE, b->arena);
	config->history_ms = DEFAULT_HISTORY_MS;
	if (history != NULL)
		(void)duration_parse(history, &config->history_ms, NULL); /* a wrong one was told by the schema */
	config->curve.server_certificate = config_value_path(curve, "server_certificate", NULL, b->arena);
	config->curve.client_certificates = config_value_path(curve, "client_certificates", NULL, b->arena);
	config->curve.own_certificate = config_value_path(curve, "own_certificate", NULL, b->arena);
	if (strcmp(config->endpoint, config->events) == 0) {
		const struct yaml_pos *place = yaml_pos_get(broker, "events");

		place = place != NULL ? place : yaml_pos_get(broker, "endpoint");
		faults_add(b->faults, place->line, place->column,
		           "'endpoint' and 'events' are the same; give each its own");
	}
}

static int by_name(const void *a, const void *b)
{
	const struct config_pipeline *const *left = a;
	const struct config_pipeline *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

/* Out of memory: the arena has failed. */
static void sort_names(struct config_build *b)
{
	struct config *config = b->config;
	const struct config_pipeline **names = arena_array(b->arena, config->n_pipelines, sizeof(void *));

	for (size_t i = 0; names != NULL && i < config->n_pipelines; i++)
		names[i] = &config->pipelines[i];
	if (names != NULL && config->n_pipelines > 0)
		qsort((void *)names, config->n_pipelines, sizeof(void *), by_name);
	config->by_name = names;
}

/* A machine that works for a broker elsewhere needs to know how to reach it, and no more: each job brings along what is to be done. */
static bool works_elsewhere(const struct yaml_pos *root)
{
	const struct yaml_pos *endpoint = yaml_pos_get(yaml_pos_get(root, "broker"), "endpoint");

	return yaml_pos_get(root, "vaults") == NULL && yaml_pos_get(root, "pipelines") == NULL && endpoint != NULL &&
	       endpoint->kind == YAML_POS_TEXT && is_tcp(endpoint->text);
}

static void build(struct config_build *b)
{
	const struct yaml_pos *host = yaml_pos_get(b->root, "host");
	bool elsewhere = works_elsewhere(b->root);

	if (!config_schema_check(b->root, elsewhere ? &config_schema_elsewhere : &config_schema_root, b->faults))
		return;
	b->config->host = config_value_host(host, b->faults);
	build_broker(b, elsewhere);
	config_vault_build(b);
	config_contact_build(b);
	config_pipeline_build(b);
	config_monitor_build(b);
	config_notify_build(b);
	sort_names(b);
	config_cross_check(b);
}

int config_load(const char *path, struct config **config, FILE *faults, struct error *err)
{
	struct faults found;
	struct config_build b = { .faults = &found };
	char *text = NULL;
	size_t len = 0;
	int rc = -1;

	*config = NULL;
	faults_init(&found);
	b.arena = arena_new(MEMORY_MAX_BYTES);
	b.config = b.arena != NULL ? arena_array(b.arena, 1, sizeof(*b.config)) : NULL;
	if (b.config == NULL) {
		(void)error_set(err, ERR_SYSTEM, "out of memory for %s", path);
		goto out;
	}
	if (read_file(path, &text, &len, &found, err) != 0)
		goto out;
	b.config->path = arena_text(b.arena, path, strlen(path));
	b.root = text != NULL ? yaml_pos_parse(text, len, b.arena, &found) : NULL;
	if (b.root != NULL)
		build(&b);
	if (faults_tell(&found, path, faults, err) != 0)
		goto out;
	if (arena_failed(b.arena)) {
		(void)error_set(err, ERR_SYSTEM, "out of memory for %s", path);
		goto out;
	}
	b.config->memory = b.arena;
	*config = b.config;
	b.arena = NULL;
	rc = 0;
out:
	free(text);
	faults_done(&found);
	arena_destroy(&b.arena);
	return rc;
}

void config_destroy(struct config **config)
{
	struct arena *memory = NULL;

	if (*config == NULL)
		return;
	memory = (*config)->memory; /* the configuration itself lies in there */
	arena_destroy(&memory);
	*config = NULL;
}

int config_for_broker(const struct config *config, struct error *err)
{
	if (config->n_pipelines > 0)
		return 0;
	return error_set(
	        err, ERR_CONFIG,
	        "%s has no 'pipelines', so it is one for a machine that works for the broker at %s; the broker "
	        "runs where the pipelines are",
	        config->path, config->endpoint);
}

const struct config_pipeline *config_pipeline(const struct config *config, const char *name)
{
	const struct config_pipeline asked = { .name = name };
	const struct config_pipeline *key = &asked;

	if (config->by_name != NULL) {
		const struct config_pipeline *const *found = bsearch((const void *)&key, (const void *)config->by_name,
		                                                     config->n_pipelines, sizeof(void *), by_name);

		return found != NULL ? *found : NULL;
	}
	for (size_t i = 0; i < config->n_pipelines; i++)
		if (strcmp(config->pipelines[i].name, name) == 0)
			return &config->pipelines[i];
	return NULL;
}

const struct config_pipeline *config_pipeline_asked(const struct config *config, const char *name, struct error *err)
{
	const struct config_pipeline *pipeline = config_pipeline(config, name);

	if (pipeline == NULL)
		(void)error_set(err, ERR_NOT_FOUND, "%s has no pipeline %s", config->path, name);
	return pipeline;
}

static const char *const kinds[] = { "auto", "time-machine", "generic" };

const char *config_kind_name(enum config_kind kind)
{
	return kinds[kind];
}

int config_kind_of(const char *name)
{
	for (int i = 0; i < (int)(sizeof(kinds) / sizeof(kinds[0])); i++)
		if (strcmp(kinds[i], name) == 0)
			return i;
	return -1;
}

const char *config_path(const char *option)
{
	const char *environment = NULL;

	if (option != NULL)
		return option;
	environment = getenv("AOB_CONFIG"); /* NOLINT(concurrency-mt-unsafe): no process of ours calls setenv */
	return environment != NULL && *environment != '\0' ? environment : CONFIG_DEFAULT_PATH;
}
