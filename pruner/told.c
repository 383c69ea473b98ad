#include "pruner/told.h"

#include <jansson.h>
#include <string.h>

#define ROW_BYTES 64 /* of a row, beside its texts */

/* As JSON, at most. */
static size_t text_bytes(const char *text)
{
	size_t n = 2;

	for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
		n += *c < ' ' || *c >= 0x7f || *c == '"' || *c == '\\' ? 6 : 1;
	return n;
}

size_t told_name(const char *name)
{
	return text_bytes(name) + 1;
}

static size_t row_bytes(const struct told *told, const char *name, const char *reason)
{
	return ROW_BYTES + strlen(told->key) + text_bytes(name) + text_bytes(reason);
}

void told_begin(struct told *told, struct stage_result *result, const char *list, const char *key, size_t room,
                size_t names_bytes)
{
	*told = (struct told){ .result = result, .list = list, .key = key, .room = room };
	told->kept_free = names_bytes <= room ? names_bytes : 0;
}

bool told_has_room(const struct told *told, const char *name, const char *reason)
{
	size_t own = told_name(name);
	size_t others = told->kept_free > own ? told->kept_free - own : 0;

	return row_bytes(told, name, reason) + others <= told->room;
}

static void take_room(struct told *told, const char *name, size_t bytes)
{
	size_t own = told_name(name);

	told->room -= bytes < told->room ? bytes : told->room;
	told->kept_free -= own < told->kept_free ? own : told->kept_free;
}

static void name_alone(struct told *told, const char *name)
{
	json_t *root = stage_result_json(told->result);
	json_t *names = NULL;

	told->n_cut++;
	if (told->kept_free < told_name(name)) {
		told->n_lost++;
		return;
	}
	take_room(told, name, told_name(name));
	if (root != NULL && json_object_get(root, "unlisted") == NULL)
		(void)json_object_set_new(root, "unlisted", json_array());
	names = json_object_get(root, "unlisted");
	if (json_array_append_new(names, json_string(name)) != 0)
		told->n_lost++;
}

void told_row(struct told *told, const char *name, const char *action, const char *reason)
{
	struct stage_result *row = NULL;

	if (!told_has_room(told, name, reason)) {
		name_alone(told, name);
		return;
	}
	take_room(told, name, row_bytes(told, name, reason));
	row = stage_result_row(told->result, told->list);
	if (row == NULL)
		return;
	stage_result_string(row, told->key, name);
	stage_result_string(row, "action", action);
	stage_result_string(row, "reason", reason);
}
