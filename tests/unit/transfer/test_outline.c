/* What a plan changes is told in a bounded list: each kind has its place in it, names are escaped, what another item tells is not told twice, and the
 * counts are of all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "transfer/outline.h"

struct row {
	enum plan_list list;
	struct plan_item item;
};

#define ITEM(l, o, p, ...)                                                                                             \
	{                                                                                                              \
		.list = (l), .item = {.op = (o), .path = (p), __VA_ARGS__ }                                            \
	}

static struct plan *begin(void)
{
	struct error err = { .class = ERR_NONE };
	struct plan *plan = NULL;

	assert_int_equal(plan_new(&plan, &err), 0);
	return plan;
}

static void add(struct plan *plan, enum plan_list list, const struct plan_item *item)
{
	struct error err = { .class = ERR_NONE };
	struct plan_item copy = *item;

	if (copy.existing == NULL)
		copy.existing = "";
	assert_int_equal(plan_add(plan, list, &copy, &err), 0);
}

static char *reply_of(struct plan *plan, bool whole)
{
	struct stage_result *result = stage_result_new();
	struct error err = { .class = ERR_NONE };
	struct outline *outline = NULL;
	char *reply;

	assert_int_equal(outline_new(plan, whole, &outline, &err), 0);
	outline_fill(outline, result);
	outline_destroy(&outline);
	reply = stage_reply_ok(result);
	stage_result_destroy(&result);
	plan_destroy(&plan);
	assert_non_null(reply);
	return reply;
}

static json_t *changes_of(struct plan *plan, bool whole)
{
	char *reply = reply_of(plan, whole);
	json_t *root = json_loads(reply, 0, NULL);
	json_t *changes = json_incref(json_object_get(json_object_get(root, "result"), "changes"));

	assert_non_null(changes);
	json_decref(root);
	free(reply);
	return changes;
}

/* "kind path[>to][:bytes], …" */
static const char *entries_of(const json_t *changes)
{
	static char text[16384];
	size_t used = 0;
	size_t i;
	json_t *entry;

	text[0] = '\0';
	json_array_foreach(json_object_get(changes, "entries"), i, entry)
	{
		const char *to = json_string_value(json_object_get(entry, "to"));
		const json_t *bytes = json_object_get(entry, "bytes");

		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s %s%s%s", i > 0 ? ", " : "",
		                         json_string_value(json_object_get(entry, "kind")),
		                         json_string_value(json_object_get(entry, "path")), to != NULL ? ">" : "",
		                         to != NULL ? to : "");
		if (bytes != NULL)
			used += (size_t)snprintf(text + used, sizeof(text) - used, ":%lld",
			                         (long long)json_integer_value(bytes));
	}
	return text;
}

static int64_t number(const json_t *changes, const char *key)
{
	const json_t *value = json_object_get(changes, key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static void each_kind_once(void **state)
{
	static const struct row rows[] = {
		ITEM(PLAN_MOVES, PLAN_MOVE, "old/a", .existing = "new/a"),
		ITEM(PLAN_REMOVALS, PLAN_REMOVE, "gone"),
		ITEM(PLAN_REMOVALS, PLAN_REMOVE, "old/a"), /* a move took it away already */
		ITEM(PLAN_EARLY, PLAN_MAKE, "new", .fresh = true),
		ITEM(PLAN_EARLY, PLAN_MAKE, "new/sub", .fresh = true, .told = true),
		ITEM(PLAN_FILES, PLAN_FILE, "edited", .basis = PLAN_LISTED, .size_bytes = 12),
		ITEM(PLAN_FILES, PLAN_FILE, "new/sub/x", .fresh = true, .told = true, .size_bytes = 7),
		ITEM(PLAN_FILES, PLAN_FILE, "new/a", .told = true), /* the move's own check */
		ITEM(PLAN_FILES, PLAN_FILE, "fresh", .fresh = true, .size_bytes = 3),
		ITEM(PLAN_LATE, PLAN_LINK, "link", .existing = "edited", .fresh = true),
		ITEM(PLAN_LATE, PLAN_META, "mode"),
		ITEM(PLAN_FOLDERS, PLAN_META, ""),
	};
	struct plan *plan = begin();
	json_t *changes;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		add(plan, rows[i].list, &rows[i].item);
	plan_moved_away(plan);
	changes = changes_of(plan, true);
	assert_string_equal(entries_of(changes), "removed gone, moved old/a>new/a, new new/, new fresh:3, new link, "
	                                         "changed edited:12, metadata mode");
	assert_true(json_is_true(json_object_get(changes, "whole")));
	assert_int_equal(number(changes, "removed"), 1);
	assert_int_equal(number(changes, "moved"), 1);
	assert_int_equal(number(changes, "new"), 3);
	assert_int_equal(number(changes, "changed"), 1);
	assert_int_equal(number(changes, "metadata"), 1);
	assert_int_equal(number(changes, "in_new_folders"), 2);
	assert_int_equal(number(changes, "left_out"), 0);
	json_decref(changes);
}

static void many_of_one_kind_hide_nothing(void **state)
{
	struct plan *plan = begin();
	struct plan_item item = { .op = PLAN_FILE, .existing = "", .fresh = true };
	char path[32];
	json_t *changes;

	(void)state;
	for (int i = 0; i < 30000; i++) {
		(void)snprintf(path, sizeof(path), "new%05d", i);
		item.path = path;
		add(plan, PLAN_FILES, &item);
	}
	item = (struct plan_item){ .op = PLAN_REMOVE, .existing = "", .path = "precious" };
	add(plan, PLAN_REMOVALS, &item);
	changes = changes_of(plan, false);
	assert_int_equal(json_array_size(json_object_get(changes, "entries")), OUTLINE_ENTRIES_MAX);
	assert_int_equal(strncmp(entries_of(changes), "removed precious, new new00000:0, ", 34), 0);
	assert_int_equal(number(changes, "new"), 30000);
	assert_int_equal(number(changes, "left_out"), 30001 - OUTLINE_ENTRIES_MAX);
	assert_true(json_is_false(json_object_get(changes, "whole")));
	json_decref(changes);
}

static void long_names_are_cut_and_the_whole_is_bounded(void **state)
{
	struct plan *plan = begin();
	char path[5000];
	char *reply;

	(void)state;
	memset(path, '"', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	for (int i = 0; i < 100; i++) {
		struct plan_item item = { .op = PLAN_FILE, .existing = "", .path = path };

		path[0] = (char)('a' + i % 26);
		add(plan, PLAN_FILES, &item);
	}
	reply = reply_of(plan, true);
	assert_true(strlen(reply) < OUTLINE_BYTES_MAX + 512);
	assert_non_null(strstr(reply, "…"));
	assert_non_null(strstr(reply, "\"left_out\":97"));
	free(reply);
}

static void hostile_names_are_escaped(void **state)
{
	struct plan *plan = begin();
	struct plan_item item = { .op = PLAN_FILE, .existing = "", .path = "a\xff\n\x1b[31m\xc2\x9b/ü<b>" };
	json_t *changes;

	(void)state;
	add(plan, PLAN_FILES, &item);
	changes = changes_of(plan, true);
	assert_string_equal(entries_of(changes), "changed a\\xff\\x0a\\x1b[31m\\xc2\\x9b/ü<b>:0");
	json_decref(changes);
}

static void folders_alone_are_told_where_nothing_else_is(void **state)
{
	struct plan *plan = begin();
	struct plan_item item = { .op = PLAN_META, .existing = "", .path = "a/b" };
	json_t *changes;

	(void)state;
	add(plan, PLAN_FOLDERS, &item);
	item.path = "";
	add(plan, PLAN_FOLDERS, &item);
	changes = changes_of(plan, true);
	assert_string_equal(entries_of(changes), "metadata a/b/, metadata ./");
	assert_int_equal(number(changes, "metadata"), 2);
	json_decref(changes);
	changes = changes_of(begin(), true);
	assert_null(json_object_get(changes, "entries"));
	assert_int_equal(number(changes, "left_out"), 0);
	json_decref(changes);
}

/* More moves than are read: which removals belong to them cannot be told, so none is called one. */
static void among_too_many_moves_no_removal_is_named(void **state)
{
	struct plan *plan = begin();
	char path[32];
	json_t *changes;

	(void)state;
	for (int i = 0; i < OUTLINE_READ_MAX + 10; i++) {
		struct plan_item item = { .op = PLAN_MOVE, .path = path, .existing = "there" };

		(void)snprintf(path, sizeof(path), "m%d", i);
		add(plan, PLAN_MOVES, &item);
		item = (struct plan_item){ .op = PLAN_REMOVE, .path = path, .existing = "" };
		add(plan, PLAN_REMOVALS, &item);
		plan_moved_away(plan);
	}
	changes = changes_of(plan, true);
	assert_int_equal(number(changes, "removed"), 0);
	assert_int_equal(number(changes, "moved"), OUTLINE_READ_MAX + 10);
	assert_null(strstr(entries_of(changes), "removed"));
	json_decref(changes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_once),
		cmocka_unit_test(many_of_one_kind_hide_nothing),
		cmocka_unit_test(long_names_are_cut_and_the_whole_is_bounded),
		cmocka_unit_test(hostile_names_are_escaped),
		cmocka_unit_test(folders_alone_are_told_where_nothing_else_is),
		cmocka_unit_test(among_too_many_moves_no_removal_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
