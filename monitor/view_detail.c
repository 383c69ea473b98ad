#include "monitor/view_detail.h"

#include <stdlib.h>
#include <string.h>

#include "monitor/view_read.h"

static void read_changes(struct view_detail *detail, struct arena *arena, const json_t *told)
{
	const json_t *list = json_object_get(told, "entries");
	size_t n = json_array_size(list);
	struct view_change *changes = NULL;

	if (!json_is_object(told))
		return;
	if (n > VIEW_CHANGES_MAX)
		n = VIEW_CHANGES_MAX;
	changes = arena_array(arena, n, sizeof(*changes));
	if (changes == NULL)
		return; /* told by the arena */
	for (size_t i = 0; i < n; i++) {
		const json_t *entry = json_array_get(list, i);

		changes[i] = (struct view_change){
			view_read_text(arena, entry, "kind"), view_read_text(arena, entry, "path"),
			view_read_text(arena, entry, "to"),
			json_is_integer(json_object_get(entry, "bytes")) ? view_read_amount(entry, "bytes") : -1
		};
	}
	detail->has_changes = true;
	detail->whole = view_read_flag(told, "whole");
	detail->removed = view_read_amount(told, "removed");
	detail->moved = view_read_amount(told, "moved");
	detail->fresh = view_read_amount(told, "new");
	detail->changed = view_read_amount(told, "changed");
	detail->metadata = view_read_amount(told, "metadata");
	detail->in_new_folders = view_read_amount(told, "in_new_folders");
	detail->left_out = view_read_amount(told, "left_out") + (int64_t)(json_array_size(list) - n);
	detail->changes = changes;
	detail->n_changes = n;
}

static int read_detail(void *made, struct arena *arena, const json_t *result, const void *context, struct error *err)
{
	struct view_detail *detail = made;
	size_t i;
	json_t *step;

	(void)context;
	(void)err;
	json_array_foreach(json_object_get(result, "steps"), i, step)
	{
		const char *service = json_string_value(json_object_get(step, "service"));
		const json_t *told = json_object_get(step, "result");
		const char *base = json_string_value(json_object_get(told, "base"));

		if (service == NULL || strcmp(service, "transfer") != 0 || !json_is_object(told))
			continue;
		detail->known = true;
		detail->first = base != NULL && *base == '\0';
		detail->changed_files = view_read_amount(told, "changed_files");
		detail->matched_bytes = view_read_amount(told, "matched_bytes");
		detail->wire_received = view_read_amount(told, "wire_received");
		detail->seconds = view_read_amount(told, "seconds");
		read_changes(detail, arena, json_object_get(told, "changes"));
	}
	return 0;
}

int view_detail_parse(const char *reply, size_t len_bytes, struct view_detail **detail, struct error *err)
{
	static const char nothing[] = "{\"result\":{}}";
	void *memory = NULL;

	*detail = view_read_reply(reply, len_bytes, sizeof(**detail), read_detail, NULL, &memory, err);
	if (*detail == NULL && err->class == ERR_NOT_FOUND)
		*detail = view_read_reply(nothing, strlen(nothing), sizeof(**detail), read_detail, NULL, &memory, err);
	if (*detail == NULL)
		return -1;
	(*detail)->memory = memory;
	return 0;
}

void view_detail_destroy(struct view_detail **detail)
{
	view_read_free(*detail != NULL ? (*detail)->memory : NULL);
	*detail = NULL;
}
