#include "monitor/view_read.h"

#define MEMORY_MAX (64u << 20)

const char *view_read_text(struct arena *arena, const json_t *object, const char *key)
{
	const json_t *found = json_object_get(object, key);
	const char *copy =
	        json_is_string(found) ? arena_text(arena, json_string_value(found), json_string_length(found)) : NULL;

	return copy != NULL ? copy : "";
}

int64_t view_read_amount(const json_t *object, const char *key)
{
	const json_t *found = json_object_get(object, key);
	int64_t number = json_is_real(found) ? (int64_t)json_real_value(found) : json_integer_value(found);

	return number > 0 ? number : 0;
}

bool view_read_flag(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

struct view_generation view_read_generation(struct arena *arena, const json_t *g)
{
	return (struct view_generation){
		.name = view_read_text(arena, g, "generation"),
		.run = view_read_text(arena, g, "run"),
		.state = view_read_text(arena, g, "state"),
		.taken_at = view_read_amount(g, "taken_at"),
		.published_at = view_read_amount(g, "published_at"),
		.files = view_read_amount(g, "files"),
		.bytes = view_read_amount(g, "bytes"),
		.literal_bytes = view_read_amount(g, "literal_bytes"),
		.wire_sent = view_read_amount(g, "wire_sent"),
		.pruned = view_read_flag(g, "pruned"),
	};
}

/* out: the answer's `result`, borrowed from *root, which is the caller's, json_decref. NULL with *err. */
static const json_t *open_reply(const char *reply, size_t len_bytes, json_t **root, struct error *err)
{
	json_error_t fault;
	const json_t *told = NULL;
	const json_t *result = NULL;

	*root = json_loadb(reply, len_bytes, 0, &fault);
	told = json_object_get(*root, "error");
	result = json_object_get(*root, "result");
	if (json_is_object(told)) {
		const char *code = json_string_value(json_object_get(told, "code"));
		const char *message = json_string_value(json_object_get(told, "message"));

		(void)error_set(err, error_class_of(code != NULL ? code : ""), "the broker: %.500s",
		                message != NULL ? message : "");
		return NULL;
	}
	if (!json_is_object(result))
		(void)error_set(err, ERR_PROTOCOL, "the broker's answer can't be read: %.200s",
		                *root == NULL ? fault.text : "no result");
	return json_is_object(result) ? result : NULL;
}

void *view_read_reply(const char *reply, size_t len_bytes, size_t size, view_read_into *into, const void *context,
                      void **memory, struct error *err)
{
	struct arena *arena = arena_new(MEMORY_MAX);
	void *made = arena != NULL ? arena_array(arena, 1, size) : NULL;
	json_t *root = NULL;
	const json_t *result = open_reply(reply, len_bytes, &root, err);
	int rc = -1;

	if (made == NULL)
		(void)error_set(err, ERR_SYSTEM, "out of memory");
	else if (result != NULL)
		rc = into(made, arena, result, context, err);
	if (rc == 0 && arena_failed(arena))
		rc = error_set(err, ERR_SYSTEM, "out of memory for the broker's answer");
	json_decref(root);
	*memory = arena;
	if (rc == 0)
		return made;
	view_read_free(arena);
	*memory = NULL;
	return NULL;
}

void view_read_free(void *memory)
{
	struct arena *arena = memory;

	arena_destroy(&arena);
}
