/* What a transfer told of its run is decoded whole, bounded, with defaults for what an older one does not tell. */
#include "monitor/view_detail.h"
#include "tests/unit/monitor/monitor_lab.h"

static void the_transfer_of_a_run(void **state)
{
	static const struct {
		const char *reply;
		int rc;
		bool known;
	} rows[] = {
		{ "{\"status\":\"ok\",\"result\":{\"steps\":[{\"service\":\"snapshot\",\"result\":{}},{\"service\":"
		  "\"transfer\",\"result\":{\"changed_files\":3,\"matched_bytes\":4}}]}}",
		  0, true },
		{ "{\"status\":\"ok\",\"result\":{\"steps\":[{\"service\":\"transfer\",\"result\":null}]}}", 0, false },
		{ "{\"status\":\"fail\",\"error\":{\"code\":\"not-found\",\"message\":\"no run\"}}", 0, false },
		{ "nonsense", -1, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = { .class = ERR_NONE };
		struct view_detail *detail = NULL;

		assert_int_equal(view_detail_parse(rows[i].reply, strlen(rows[i].reply), &detail, &err), rows[i].rc);
		assert_int_equal(detail != NULL, rows[i].rc == 0);
		if (detail == NULL)
			continue;
		assert_int_equal(detail->known, rows[i].known);
		assert_int_equal(detail->changed_files, rows[i].known ? 3 : 0);
		assert_false(detail->has_changes || detail->first);
		view_detail_destroy(&detail);
	}
}

static void what_changed(void **state)
{
	struct view_detail *detail = lab_detail(
	        "{\"base\":\"\",\"changes\":{\"whole\":true,\"new\":2,\"moved\":1,\"in_new_folders\":9,\"left_out\":1,"
	        "\"entries\":[{\"kind\":\"moved\",\"path\":\"a\",\"to\":\"b\"},{\"kind\":\"new\",\"path\":\"c\","
	        "\"bytes\":0},7]}}");

	(void)state;
	assert_true(detail->known && detail->first && detail->has_changes && detail->whole);
	assert_int_equal(detail->fresh, 2);
	assert_int_equal(detail->moved, 1);
	assert_int_equal(detail->removed, 0);
	assert_int_equal(detail->in_new_folders, 9);
	assert_int_equal(detail->left_out, 1);
	assert_int_equal(detail->n_changes, 3);
	assert_string_equal(detail->changes[0].to, "b");
	assert_int_equal(detail->changes[0].bytes, -1);
	assert_string_equal(detail->changes[1].kind, "new");
	assert_int_equal(detail->changes[1].bytes, 0);
	assert_string_equal(detail->changes[2].path, "");
	view_detail_destroy(&detail);
}

static void bounded(void **state)
{
	char text[8192] = "{\"changes\":{\"left_out\":5,\"entries\":[{}";
	struct view_detail *detail = NULL;

	(void)state;
	for (int i = 0; i < 199; i++)
		(void)strcat(text, ",{\"kind\":\"new\"}");
	(void)strcat(text, "]}}");
	detail = lab_detail(text);
	assert_int_equal(detail->n_changes, VIEW_CHANGES_MAX);
	assert_int_equal(detail->left_out, 105);
	view_detail_destroy(&detail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_transfer_of_a_run),
		cmocka_unit_test(what_changed),
		cmocka_unit_test(bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
