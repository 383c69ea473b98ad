#include "cli/list_vault.h"

#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "wire/bare_list.h"
#include "wire/remote.h"
#include "wire/remote_list.h"

/* A text from the far end. */
static json_t *text_of(const char *text)
{
	char safe[512];

	return json_string(log_escape(text, safe, sizeof(safe)));
}

/* By the generation's name, until all are there. */
static void take_macs(void *cookie, const struct generation_info *generation, const struct wire_macs *macs)
{
	json_t *list = json_array();

	for (size_t i = 0; i < macs->n; i++) {
		const struct wire_mac *mac = &macs->list[i];

		(void)json_array_append_new(
		        list, json_pack("{s:o, s:s, s:o, s:b}", "name", text_of(mac->name), "state", mac->state,
		                        "completed_at",
		                        mac->completed_at_s != 0 ? json_integer(mac->completed_at_s) : json_null(),
		                        "verification_failed", (int)mac->verification_failed));
	}
	(void)json_object_set_new(cookie, generation->name, list);
}

static json_t *row_of(const char *pipeline, const char *vault, const struct generation_info *g, json_t *macs)
{
	json_t *of_this = json_object_get(macs, g->name);

	return json_pack("{s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:s, s:I, s:o, s:b, s:b, s:b, s:b, s:s*, s:o}",
	                 "pipeline", pipeline, "generation", text_of(g->name), "run", text_of(g->run), "state",
	                 text_of(g->state), "taken_at", (json_int_t)g->taken_at_s, "published_at",
	                 (json_int_t)g->published_at_s, "files", (json_int_t)g->files, "bytes", (json_int_t)g->bytes,
	                 "literal_bytes", (json_int_t)g->new_bytes, "vault", vault, "ctransid", (json_int_t)g->ctransid,
	                 "snapshot_uuid", text_of(g->snapshot_uuid), "pruned", 0, "current", (int)g->current, "pinned",
	                 (int)g->pinned, "held", (int)g->held, "root", g->root[0] != '\0' ? g->root : NULL, "macs",
	                 of_this != NULL ? json_incref(of_this) : json_array());
}

static int ask_receiver(const struct config_pipeline *pipeline, struct generation_info **found, size_t *n, json_t *macs,
                        struct error *err)
{
	struct wire_hooks hooks = { .context = NULL };
	struct remote *remote = NULL;
	int rc = remote_open(pipeline->vault, pipeline->name, "list", &hooks, &remote, err);

	if (rc == 0) {
		rc = remote_list_macs(remote, found, n, take_macs, macs, err);
		if (rc != 0)
			remote_explain(remote, err);
	}
	remote_close(&remote);
	return rc;
}

static int ask_bare(const struct config_pipeline *pipeline, struct generation_info **found, size_t *n, json_t *macs,
                    struct error *err)
{
	struct bare *bare = NULL;
	int rc = bare_open(pipeline->vault, pipeline->name, BARE_READS, NULL, &bare, err);

	if (rc == 0)
		rc = bare_list_read_macs(bare, found, n, take_macs, macs, err);
	bare_close(&bare);
	return rc;
}

static int add_pipeline(const struct config_pipeline *pipeline, json_t *list, struct error *err)
{
	struct generation_info *found = NULL;
	json_t *macs = json_object();
	size_t n = 0;
	int rc = pipeline->vault->bare ? ask_bare(pipeline, &found, &n, macs, err)
	                               : ask_receiver(pipeline, &found, &n, macs, err);

	for (size_t i = n; rc == 0 && i > 0; i--)
		if (json_array_append_new(list, row_of(pipeline->name, pipeline->vault->name, &found[i - 1], macs)) !=
		    0)
			rc = error_set(err, ERR_SYSTEM, "out of memory");
	free(found);
	json_decref(macs);
	return rc == 0 ? 0 : error_prefix(err, "the vault of %s", pipeline->name);
}

json_t *list_vault(const struct config *config, const char *pipeline, struct error *err)
{
	json_t *list = NULL;
	json_t *result = NULL;

	if (pipeline != NULL && config_pipeline_asked(config, pipeline, err) == NULL)
		return NULL;
	list = json_array();
	for (size_t i = 0; i < config->n_pipelines; i++) {
		if (pipeline != NULL && strcmp(config->pipelines[i].name, pipeline) != 0)
			continue;
		if (add_pipeline(&config->pipelines[i], list, err) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	result = json_pack("{s:o}", "generations", list);
	if (result == NULL)
		(void)error_set(err, ERR_SYSTEM, "out of memory");
	return result;
}
