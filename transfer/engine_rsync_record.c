#include "transfer/engine_rsync_record.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"
#include "wire/macs_json.h"

/* NULL: there are none, or memory is out. */
static json_t *list_macs(const struct stage_request *request)
{
	struct wire_macs *macs = calloc(1, sizeof(*macs));
	json_t *list = NULL;

	if (macs != NULL)
		asked_macs(request, macs);
	if (macs != NULL && macs->n > 0)
		list = macs_json(macs);
	free(macs);
	return list;
}

char *engine_rsync_record_text(const struct stage_request *request, const struct unfrozen *unfrozen, const char *name,
                               const char *view, const struct engine_rsync_source *source, uint64_t new_bytes,
                               int64_t published_at_s)
{
	int64_t taken_at_s = published_at_s;
	int64_t ctransid = 0;
	char host[256] = "";
	json_t *json;
	json_t *macs = list_macs(request);
	char *text;

	(void)gethostname(host, sizeof(host) - 1);
	(void)stage_request_result_integer(request, "snapshot", "taken_at", &taken_at_s);
	(void)stage_request_result_integer(request, "snapshot", "ctransid", &ctransid);
	/* Source and host are for people; a name that is not UTF-8 is left out rather than the record. */
	json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:s, s:s, s:o*, s:o*, s:I, "
	                 "s:I, s:b}",
	                 "generation", name, "run", stage_request_run(request), "state", unfrozen->state,
	                 "snapshot_uuid", asked_uuid(request), "view", view, "ctransid", (json_int_t)ctransid,
	                 "taken_at", (json_int_t)taken_at_s, "published_at", (json_int_t)published_at_s, "files",
	                 (json_int_t)source->files, "bytes", (json_int_t)source->bytes, "new_bytes",
	                 (json_int_t)new_bytes, "pinned", 0, "entries", (json_int_t)source->entries, "top", source->top,
	                 "engine", "rsync", "source", json_string(stage_request_source(request)), "host",
	                 json_string(host), "linked_names", (json_int_t)source->linked_names, "linked_groups",
	                 (json_int_t)source->linked_groups, "frozen", !unfrozen->is);
	if (json != NULL && (!unfrozen->macs || unfrozen->pass == 1) && macs != NULL)
		(void)json_object_set(json, "macs", macs);
	text = json != NULL ? json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	json_decref(macs);
	json_decref(json);
	return text;
}

char *engine_rsync_record_readme(const struct stage_request *request)
{
	char host[256] = "";
	char safe_host[512];
	char source[2048];
	char *text = NULL;

	(void)gethostname(host, sizeof(host) - 1);
	if (asprintf(&text,
	             "These are backups of %s of the machine %s, made by AutoOffsiteBackup.\n"
	             "\n"
	             "The folder \"generations\" has one folder for each day and time (UTC) that something was backed "
	             "up. Each\n"
	             "holds all files as they were then: ordinary files, to be opened and copied with any program.\n"
	             "\"current\" leads to the newest one.\n"
	             "\n"
	             "To take files out, copy them from there. Change and remove nothing here: files that did not "
	             "change\n"
	             "are shared between these folders.\n"
	             "\n"
	             "All of it, with owners and attributes: rsync -aHAX --numeric-ids current/ /where/to/\n"
	             "(rsync --fake-super, if the files here belong to a user who is not root).\n"
	             "The folder \".aob\" is AutoOffsiteBackup's own.\n",
	             log_escape(stage_request_source(request), source, sizeof(source)),
	             log_escape(host, safe_host, sizeof(safe_host))) < 0)
		return NULL;
	return text;
}
