#include "monitor/api.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static json_t *change_json(const struct view_change *change)
{
	json_t *json = json_pack("{s:s, s:s}", "kind", change->kind, "path", change->path);

	if (*change->to != '\0')
		(void)json_object_set_new(json, "to", json_string(change->to));
	if (change->bytes >= 0)
		(void)json_object_set_new(json, "bytes", json_integer(change->bytes));
	return json;
}

static json_t *changes_json(const struct view_detail *d)
{
	json_t *entries = json_array();

	if (!d->has_changes) {
		json_decref(entries);
		return json_null();
	}
	for (size_t i = 0; i < d->n_changes; i++)
		(void)json_array_append_new(entries, change_json(&d->changes[i]));
	return json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "whole", (int)d->whole, "removed",
	                 (json_int_t)d->removed, "moved", (json_int_t)d->moved, "new", (json_int_t)d->fresh, "changed",
	                 (json_int_t)d->changed, "metadata", (json_int_t)d->metadata, "in_new_folders",
	                 (json_int_t)d->in_new_folders, "left_out", (json_int_t)d->left_out, "entries", entries);
}

static json_t *transfer_json(const struct view_detail *d)
{
	if (!d->known)
		return json_null();
	return json_pack("{s:b, s:I, s:I, s:I, s:I, s:o}", "first", (int)d->first, "changed_files",
	                 (json_int_t)d->changed_files, "matched_bytes", (json_int_t)d->matched_bytes, "wire_received",
	                 (json_int_t)d->wire_received, "seconds", (json_int_t)d->seconds, "changes", changes_json(d));
}

int api_generation(struct state *state, const char *pipeline, const char *generation, struct text *text)
{
	const struct view_generation *g = view_history_find(state_history_of(state, pipeline), generation);
	const struct view_detail *detail = g != NULL ? state_detail(state, g->run) : NULL;
	json_t *json = NULL;
	char *out = NULL;

	if (g == NULL)
		return -1;
	if (detail == NULL)
		return 1;
	json = json_pack("{s:i, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:o}", "v", 1, "pipeline",
	                 pipeline, "generation", g->name, "run", g->run, "state", g->state, "taken_at",
	                 (json_int_t)g->taken_at, "published_at", (json_int_t)g->published_at, "files",
	                 (json_int_t)g->files, "bytes", (json_int_t)g->bytes, "literal_bytes",
	                 (json_int_t)g->literal_bytes, "wire_sent", (json_int_t)g->wire_sent, "pruned", (int)g->pruned,
	                 "transfer", transfer_json(detail));
	out = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
	if (out != NULL)
		text_add(text, "%s\n", out);
	else
		text->failed = true;
	free(out);
	json_decref(json);
	return 0;
}
