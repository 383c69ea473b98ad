#include "transfer/known_vault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "lib/durable.h"
#include "lib/durable_json.h"
#include "lib/log.h"
#include "transfer/beside_state.h"

#define BYTES_MOST 16384u

struct memory {
	char folder[4096];
	char file[128];
	json_t *json; /* NULL: there is none */
};

struct known_vault known_vault_of(const struct stage_job *job, const struct stage_request *request)
{
	return (struct known_vault){ .state = stage_job_config(job)->state,
		                     .pipeline = stage_request_pipeline(request),
		                     .vault = stage_request_vault(request) };
}

static json_t *text_json(const char *text)
{
	return json_string(text != NULL ? text : "");
}

static bool is(const json_t *json, const char *key, const char *text)
{
	const char *has = json_string_value(json_object_get(json, key));

	return has != NULL && strcmp(has, text != NULL ? text : "") == 0;
}

static bool is_of(const json_t *json, const struct config_vault *vault)
{
	return is(json, "ssh", vault->ssh) && is(json, "root", vault->root);
}

/* 1: there is a place for it, and m->json is what it says; 0: there is no place; -1. */
static int recall(const struct known_vault *known, struct memory *m, int *folder_fd, struct error *err)
{
	char *text = NULL;
	size_t len = 0;
	int rc;

	*folder_fd = -1;
	m->json = NULL;
	(void)snprintf(m->file, sizeof(m->file), "%.100s.vault.json", known->pipeline);
	if (beside_state(known->state, BESIDE_STATE_LEDGERS, m->folder, sizeof(m->folder)) != 0)
		return 0;
	(void)mkdir(m->folder, 0700);
	*folder_fd = open(m->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*folder_fd < 0)
		return errno == ENOENT ? 0 : error_sys(err, errno, "opening %s", m->folder);
	rc = durable_read(*folder_fd, m->file, BYTES_MOST, &text, &len, err);
	if (rc == 0 && (m->json = json_loads(text, 0, NULL)) == NULL)
		log_line(LOG_WARNING, "%s/%s is damaged: it is written anew", m->folder, m->file);
	else if (rc != 0 && error_forgive(err, ERR_NOT_FOUND))
		rc = 0;
	free(text);
	if (rc == 0)
		return 1;
	(void)close(*folder_fd);
	*folder_fd = -1;
	return error_prefix(err, "which vault %s goes to", known->pipeline);
}

static void forget(struct memory *m, int folder_fd)
{
	json_decref(m->json);
	if (folder_fd >= 0)
		(void)close(folder_fd);
}

int known_vault_check(const struct known_vault *known, const char *vault_id, struct error *err)
{
	const struct config_vault *vault = known->vault;
	struct memory m;
	int folder_fd;
	int rc = recall(known, &m, &folder_fd, err);

	if (rc == 1 && m.json != NULL && is_of(m.json, vault) && !is(m.json, "vault_id", vault_id))
		rc = error_set(err, ERR_LINK,
		               "%s%s%s has another vault of %s, or none, than the last generation went to: is its disk "
		               "mounted there? It is waited for. If a new one is meant: rm %s/%s",
		               vault->ssh != NULL ? vault->ssh : "", vault->ssh != NULL ? ":" : "", vault->root,
		               known->pipeline, m.folder, m.file);
	forget(&m, folder_fd);
	return rc < 0 ? -1 : 0;
}

static int write_it(const struct known_vault *known, const struct memory *m, int folder_fd, const char *vault_id,
                    struct error *err)
{
	json_t *json = json_pack("{s:o, s:o, s:s}", "ssh", text_json(known->vault->ssh), "root",
	                         text_json(known->vault->root), "vault_id", vault_id);
	int rc = durable_json_write(folder_fd, m->file, DURABLE_PRIVATE, json, JSON_COMPACT, err);

	return rc == 0 ? 0 : error_prefix(err, "remembering which vault %s goes to", known->pipeline);
}

void known_vault_note(const struct known_vault *known, const char *vault_id)
{
	struct error err = { .class = ERR_NONE };
	struct memory m;
	int folder_fd;
	int rc;

	if (*vault_id == '\0')
		return;
	rc = recall(known, &m, &folder_fd, &err);
	if (rc == 1 && (m.json == NULL || !is_of(m.json, known->vault) || !is(m.json, "vault_id", vault_id)))
		rc = write_it(known, &m, folder_fd, vault_id, &err);
	if (rc < 0)
		log_error(LOG_WARNING, &err, "another vault in its place would not be noticed");
	forget(&m, folder_fd);
}
