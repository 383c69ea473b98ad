#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json_text.h"
#include "lib/stage_msg.h"

struct stage_result {
	json_t *object;
	struct stage_result *parent; /* of a row; failures are kept in the outermost one */
	struct stage_result *rows;   /* all rows of this result, newest first */
	struct stage_result *next;
	bool failed;
};

static struct stage_result *result_new(struct stage_result *parent)
{
	struct stage_result *result = calloc(1, sizeof(*result));

	if (result == NULL)
		return NULL;
	result->parent = parent;
	result->object = json_object();
	if (result->object == NULL) {
		free(result);
		return NULL;
	}
	return result;
}

struct stage_result *stage_result_new(void)
{
	return result_new(NULL);
}

void stage_result_destroy(struct stage_result **result)
{
	struct stage_result *r = *result;

	if (r == NULL)
		return;
	*result = NULL;
	while (r->rows != NULL) {
		struct stage_result *row = r->rows;

		r->rows = row->next;
		stage_result_destroy(&row);
	}
	json_decref(r->object);
	free(r);
}

static void fail(struct stage_result *result)
{
	while (result->parent != NULL)
		result = result->parent;
	result->failed = true;
}

/* json_object_set_new fails for a NULL value, and has taken the value in any case. */
static void set(struct stage_result *result, const char *key, json_t *value)
{
	if (json_object_set_new(result->object, key, value) != 0)
		fail(result);
}

void stage_result_string(struct stage_result *result, const char *key, const char *value)
{
	set(result, key, value != NULL ? json_text(value) : json_null());
}

void stage_result_integer(struct stage_result *result, const char *key, int64_t value)
{
	set(result, key, json_integer(value));
}

void stage_result_bool(struct stage_result *result, const char *key, bool value)
{
	set(result, key, json_boolean(value));
}

/* Takes row into what result owns, if it has found its place there. */
static struct stage_result *keep(struct stage_result *result, struct stage_result *row, bool placed)
{
	if (!placed) {
		fail(result);
		stage_result_destroy(&row);
		return NULL;
	}
	row->next = result->rows;
	result->rows = row;
	return row;
}

struct stage_result *stage_result_row(struct stage_result *result, const char *key)
{
	json_t *list = json_object_get(result->object, key);
	struct stage_result *row = result_new(result);

	if (!json_is_array(list)) {
		list = json_array();
		set(result, key, list);
	}
	return keep(result, row, row != NULL && json_array_append(list, row->object) == 0);
}

struct stage_result *stage_result_part(struct stage_result *result, const char *key)
{
	struct stage_result *part = result_new(result);

	return keep(result, part, part != NULL && json_object_set(result->object, key, part->object) == 0);
}

static char *dump(json_t *root)
{
	char *text = root != NULL ? json_dumps(root, JSON_COMPACT) : NULL;

	json_decref(root);
	return text;
}

json_t *stage_result_json(const struct stage_result *result)
{
	return result->failed ? NULL : result->object;
}

char *stage_reply_ok(const struct stage_result *result)
{
	if (result->failed)
		return NULL;
	return dump(json_pack("{s:s, s:O}", "status", "ok", "result", result->object));
}

char *stage_reply_error(const struct error *err)
{
	bool final = error_retry_of(err->class) == RETRY_NEVER || err->class == ERR_BUSY;

	return dump(json_pack("{s:s, s:{s:s, s:o}}", "status", final ? "fail" : "retry", "error", "code",
	                      error_code(err->class), "message", json_text(err->text)));
}

char *stage_ready_json(const char *worker, const char *host, const char *version, const char *tag)
{
	json_t *jobs = tag != NULL ? json_pack("[o]", json_text(tag)) : json_array();

	return dump(json_pack("{s:o, s:o, s:s, s:[s, s], s:o}", "worker", json_text(worker), "host", json_text(host),
	                      "version", version, "features", "cancel", "reattach", "jobs", jobs));
}

static json_t *count_json(uint64_t count)
{
	return json_integer(count < INT64_MAX ? (json_int_t)count : INT64_MAX);
}

char *stage_progress_json(const struct stage_progress *progress)
{
	return dump(json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "done", count_json(progress->done_bytes), "total",
	                      count_json(progress->total_bytes), "files", count_json(progress->files), "rate",
	                      count_json(progress->rate_bps), "eta_s",
	                      progress->eta_s >= 0 ? json_integer(progress->eta_s) : json_null(), "note",
	                      json_text(progress->note)));
}
