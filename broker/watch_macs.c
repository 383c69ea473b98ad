#include "broker/watch_macs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"

/* Escaped and cut to the room. */
static int take_text(json_t *object, const char *key, char *out, size_t size, struct error *err)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (text == NULL)
		return error_set(err, ERR_INPUT, "sources[].macs[].%s: want a string", key);
	(void)log_escape(text, out, size);
	return 0;
}

static int take_count(json_t *object, const char *key, int64_t *out, struct error *err)
{
	json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		return error_set(err, ERR_INPUT, "sources[].macs[].%s: want a number", key);
	*out = json_integer_value(value) > 0 ? json_integer_value(value) : 0;
	return 0;
}

static int parse_one(json_t *object, struct watch_macs_one *one, struct error *err)
{
	one->finished = json_is_true(json_object_get(object, "finished"));
	one->attached = json_is_true(json_object_get(object, "attached"));
	one->verification_failed = json_is_true(json_object_get(object, "verification_failed"));
	if (take_text(object, "bundle", one->bundle, sizeof(one->bundle), err) != 0 ||
	    take_text(object, "name", one->name, sizeof(one->name), err) != 0 ||
	    take_text(object, "state", one->state, sizeof(one->state), err) != 0 ||
	    take_text(object, "trouble", one->trouble, sizeof(one->trouble), err) != 0 ||
	    take_count(object, "completed_at", &one->completed_at, err) != 0 ||
	    take_count(object, "used_at", &one->used_at, err) != 0 ||
	    take_count(object, "wrote_at", &one->wrote_at, err) != 0 ||
	    take_count(object, "handles", &one->handles, err) != 0)
		return -1;
	return 0;
}

int watch_macs_parse(json_t *list, struct watch_macs *macs, struct error *err)
{
	size_t n = json_array_size(list);

	*macs = (struct watch_macs){ .n = 0 };
	if (list == NULL || json_is_null(list))
		return 0;
	if (!json_is_array(list) || n > HISTORY_MACS_MAX)
		return error_set(err, ERR_INPUT, "sources[].macs: want a list of at most %d", HISTORY_MACS_MAX);
	macs->list = calloc(n + 1, sizeof(*macs->list));
	if (macs->list == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	for (; macs->n < n; macs->n++)
		if (parse_one(json_array_get(list, macs->n), &macs->list[macs->n], err) != 0) {
			watch_macs_done(macs);
			return -1;
		}
	return 0;
}

void watch_macs_done(struct watch_macs *macs)
{
	free(macs->list);
	*macs = (struct watch_macs){ .n = 0 };
}

json_t *watch_macs_json(const struct watch_macs *macs)
{
	json_t *list = json_array();

	for (size_t i = 0; i < macs->n; i++) {
		const struct watch_macs_one *one = &macs->list[i];

		(void)json_array_append_new(
		        list,
		        json_pack("{s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:b, s:b, s:s}", "bundle", one->bundle, "name",
		                  one->name, "state", one->state, "finished", (int)one->finished, "completed_at",
		                  (json_int_t)one->completed_at, "wrote_at", (json_int_t)one->wrote_at, "handles",
		                  (json_int_t)one->handles, "attached", (int)one->attached, "verification_failed",
		                  (int)one->verification_failed, "trouble", one->trouble));
	}
	return list;
}

json_t *watch_macs_rest_json(const struct watch_macs *macs)
{
	json_t *list = json_array();

	for (size_t i = 0; i < macs->n; i++)
		(void)json_array_append_new(list, json_pack("{s:s, s:b, s:I}", "bundle", macs->list[i].bundle,
		                                            "finished", (int)macs->list[i].finished, "completed_at",
		                                            (json_int_t)macs->list[i].completed_at));
	return list;
}

int watch_macs_remember(struct broker *broker, const char *pipeline, const struct watch_macs *now, struct error *err)
{
	/* Of a source that is away nothing is told; what is known of it stays. Else those that are gone go: names come from the share. */
	if (now->n > 0 && history_macs_used_forget(broker->store, pipeline, err) != 0)
		return -1;
	for (size_t i = 0; i < now->n; i++)
		if (history_macs_used_save(broker->store, pipeline, now->list[i].bundle, now->list[i].used_at, err) !=
		    0)
			return -1;
	return 0;
}

static json_t *past_of(json_t *list, const char *bundle)
{
	json_t *one = NULL;
	size_t i;

	json_array_foreach(list, i, one)
	{
		if (strcmp(json_string_value(json_object_get(one, "bundle")), bundle) == 0)
			return one;
	}
	one = json_pack("{s:s}", "bundle", bundle);
	return json_array_append_new(list, one) == 0 ? one : NULL;
}

static void add_used(void *list, const char *bundle, int64_t used_at)
{
	(void)json_object_set_new(past_of(list, bundle), "used_at", json_integer(used_at));
}

static void add_clean(void *list, const struct history_macs_row *mac)
{
	(void)json_object_set_new(past_of(list, mac->bundle), "clean_at", json_integer(mac->completed_at));
}

int watch_macs_past(struct broker *broker, const char *pipeline, json_t **list, struct history_generation *clean,
                    struct error *err)
{
	int found;

	*clean = (struct history_generation){ .ctransid = 0 };
	*list = json_array();
	if (*list == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	found = history_macs_last_clean(broker->store, pipeline, clean, err);
	if (found < 0 || history_macs_used_each(broker->store, pipeline, add_used, *list, err) != 0 ||
	    (found == 1 && history_macs_each(broker->store, pipeline, clean->generation, add_clean, *list, err) != 0)) {
		json_decref(*list);
		*list = NULL;
		return -1;
	}
	return 0;
}
