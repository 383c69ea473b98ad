/* What workers say is taken only if it is of the form; nothing of it can hurt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "broker/reply.h"

static void only_replies_of_the_form_are_taken(void **state)
{
	static const struct {
		const char *json;
		int rc;
		enum reply_status status;
		enum error_class class;
	} rows[] = {
		{ "{\"status\":\"ok\",\"result\":{\"a\":1}}", 0, REPLY_OK, ERR_NONE },
		{ "{\"status\":\"ok\"}", 0, REPLY_OK, ERR_NONE },
		{ "{\"status\":\"retry\",\"error\":{\"code\":\"link\",\"message\":\"m\"}}", 0, REPLY_RETRY, ERR_LINK },
		{ "{\"status\":\"fail\",\"error\":{\"code\":\"space\",\"message\":\"m\"}}", 0, REPLY_FAIL, ERR_SPACE },
		{ "{\"status\":\"fail\",\"error\":{\"code\":\"odd\",\"message\":\"m\"}}", 0, REPLY_FAIL, ERR_INTERNAL },
		{ "{\"status\":\"fail\",\"error\":{\"code\":\"none\",\"message\":\"m\"}}", 0, REPLY_FAIL,
		  ERR_INTERNAL },
		{ "", -1, REPLY_OK, ERR_NONE },
		{ "{", -1, REPLY_OK, ERR_NONE },
		{ "null", -1, REPLY_OK, ERR_NONE },
		{ "[]", -1, REPLY_OK, ERR_NONE },
		{ "{}", -1, REPLY_OK, ERR_NONE },
		{ "{\"status\":1}", -1, REPLY_OK, ERR_NONE },
		{ "{\"status\":\"maybe\"}", -1, REPLY_OK, ERR_NONE },
		{ "{\"status\":\"ok\",\"status\":\"fail\"}", -1, REPLY_OK, ERR_NONE },
		{ "{\"status\":\"ok\",\"result\":[]}", -1, REPLY_OK, ERR_NONE },
		{ "{\"status\":\"retry\"}", -1, REPLY_OK, ERR_NONE },
		{ "{\"status\":\"retry\",\"error\":\"link\"}", -1, REPLY_OK, ERR_NONE },
		{ "{\"status\":\"retry\",\"error\":{\"code\":7,\"message\":\"m\"}}", -1, REPLY_OK, ERR_NONE },
		{ "{\"status\":\"retry\",\"error\":{\"code\":\"link\"}}", -1, REPLY_OK, ERR_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reply_final final;
		struct error err = { .class = ERR_NONE };

		if (reply_final_parse(rows[i].json, strlen(rows[i].json), &final, &err) != rows[i].rc)
			fail_msg("%s: not as expected: %s", rows[i].json, err.text);
		if (rows[i].rc != 0) {
			assert_int_equal(err.class, ERR_PROTOCOL);
			continue;
		}
		assert_int_equal(final.status, rows[i].status);
		assert_int_equal(final.error.class, rows[i].class);
		assert_true((final.result_json != NULL) == (final.status == REPLY_OK));
		free(final.result_json);
	}
}

static void too_long_a_result_is_refused(void **state)
{
	size_t len = REPLY_RESULT_MAX + 100;
	char *json = malloc(len);
	struct reply_final final;
	struct error err;
	int head;

	(void)state;
	assert_non_null(json);
	memset(json, 'x', len);
	head = snprintf(json, len, "{\"status\":\"ok\",\"result\":{\"a\":\"");
	json[head] = 'x';
	for (size_t i = 0; i < 3; i++)
		json[len - 3 + i] = "\"}}"[i];
	assert_int_equal(reply_final_parse(json, len, &final, &err), -1);
	assert_int_equal(err.class, ERR_PROTOCOL);
	free(json);
}

static void an_unchanged_generation_is_of_its_own_snapshot(void **state)
{
	static const char snapshot[] = "{\"uuid\":\"of-this-run\"}";
	struct history_generation generation;

	(void)state;
	assert_int_equal(reply_generation("{\"generation\":\"g\",\"unchanged\":true,"
	                                  "\"base_snapshot_uuid\":\"of-the-seed\"}",
	                                  snapshot, &generation, NULL),
	                 1);
	assert_string_equal(generation.snapshot_uuid, "of-the-seed");
	assert_int_equal(reply_generation("{\"generation\":\"g\",\"unchanged\":false,"
	                                  "\"base_snapshot_uuid\":\"of-the-seed\"}",
	                                  snapshot, &generation, NULL),
	                 1);
	assert_string_equal(generation.snapshot_uuid, "of-this-run");
	assert_int_equal(reply_generation("{\"generation\":\"g\",\"unchanged\":true}", snapshot, &generation, NULL), 1);
	assert_string_equal(generation.snapshot_uuid, "of-this-run");
}

static void what_was_read_as_it_is_has_the_state_that_it_turned_out_to_have(void **state)
{
	static const char snapshot[] = "{\"driver\":\"none\",\"state\":\"quiet\",\"ctransid\":7}";
	struct history_generation generation;

	(void)state;
	assert_int_equal(
	        reply_generation("{\"generation\":\"g\",\"state\":\"in-flight\"}", snapshot, &generation, NULL), 1);
	assert_string_equal(generation.state, "in-flight");
	assert_int_equal(generation.ctransid, 7);
	assert_int_equal(reply_generation("{\"generation\":\"g\"}", snapshot, &generation, NULL), 1);
	assert_string_equal(generation.state, "quiet");
}

static void deep_nesting_is_refused(void **state)
{
	size_t depth = 500000;
	char *json = malloc(depth);
	struct reply_final final;
	struct error err;

	(void)state;
	assert_non_null(json);
	memset(json, '[', depth);
	assert_int_equal(reply_final_parse(json, depth, &final, &err), -1);
	free(json);
}

static void what_the_next_stage_would_not_take_is_refused_at_once(void **state)
{
	char json[200];
	struct reply_final final;
	struct error err;

	(void)state;
	for (int deep = 30; deep <= 31; deep++) {
		(void)snprintf(json, sizeof(json), "{\"status\":\"ok\",\"result\":{\"x\":%.*s%.*s}}", deep,
		               "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", deep, "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
		assert_int_equal(reply_final_parse(json, strlen(json), &final, &err), deep == 30 ? 0 : -1);
		if (deep == 30)
			free(final.result_json);
	}
	assert_non_null(strstr(err.text, "deeper than 32"));
}

static void progress_is_taken_with_sane_values(void **state)
{
	static const char json[] = "{\"done\":-5,\"total\":1e300,\"files\":\"many\",\"rate\":7.9,\"eta_s\":null,"
	                           "\"note\":\"\\u001b[31mred\"}";
	struct stage_progress progress;
	struct error err;

	(void)state;
	assert_int_equal(reply_progress_parse(json, strlen(json), &progress, &err), 0);
	assert_int_equal(progress.done_bytes, 0);
	assert_int_equal(progress.total_bytes, 0);
	assert_int_equal(progress.files, 0);
	assert_int_equal(progress.rate_bps, 7);
	assert_int_equal(progress.eta_s, -1);
	assert_string_equal(progress.note, "\\x1b[31mred");
	assert_int_equal(reply_progress_parse("x", 1, &progress, &err), -1);
}

static void ready_names_the_jobs_in_hand(void **state)
{
	static const char json[] =
	        "{\"worker\":\"w\",\"host\":\"h\",\"version\":\"0.1\",\"features\":[\"reattach\",\"cancel\",7],"
	        "\"jobs\":[\"r/0#1\"],\"more\":true}";
	static const char *const wrong[] = { "", "[]", "{\"jobs\":[1]}", "{\"jobs\":[1,2,3,4,5,6,7,8,9]}" };
	struct reply_ready ready;
	struct error err;

	(void)state;
	assert_int_equal(reply_ready_parse(json, strlen(json), &ready, &err), 0);
	assert_string_equal(ready.worker, "w");
	assert_true(ready.can_cancel);
	assert_int_equal(ready.n_tags, 1);
	assert_string_equal(ready.tags[0], "r/0#1");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(reply_ready_parse(wrong[i], strlen(wrong[i]), &ready, &err), -1);
}

static int count(void *cookie, const char *generation, const char *reason, struct error *err)
{
	unsigned *n = cookie;

	(void)reason;
	(void)err;
	(*n)++;
	return strcmp(generation, "g1") == 0 ? 0 : -1;
}

static void only_what_was_removed_counts_as_pruned(void **state)
{
	static const char real[] = "{\"dry_run\":false,\"generations\":[{\"generation\":\"g0\",\"action\":\"keep\"},"
	                           "{\"generation\":\"g1\",\"action\":\"remove\",\"reason\":\"old\"},"
	                           "{\"generation\":\"g2\",\"action\":\"refused\"},7,{}]}";
	static const char dry[] = "{\"dry_run\":true,\"generations\":[{\"generation\":\"g1\",\"action\":\"remove\"}]}";
	unsigned n = 0;
	struct error err;

	(void)state;
	assert_int_equal(reply_removed(real, count, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(reply_removed(dry, count, &n, &err), 0);
	assert_int_equal(reply_removed("{}", count, &n, &err), 0);
	assert_int_equal(n, 1);
}

static void a_list_counts_only_if_it_is_complete(void **state)
{
	static const struct {
		const char *json, *names;
		int rc;
	} cases[] = {
		{ "{\"dry_run\":false,\"complete\":true,\"generations\":[{\"generation\":\"g0\",\"action\":\"keep\"},"
		  "{\"generation\":\"g1\",\"action\":\"remove\"},{\"generation\":\"g2\",\"action\":\"refused\"},7,{}]}",
		  "[\"g0\",\"g2\"]", 1 },
		{ "{\"complete\":true,\"generations\":[]}", "[]", 1 },
		{ "{\"complete\":false,\"complete_with_unlisted\":true,\"generations\":[{\"generation\":\"g0\","
		  "\"action\":\"keep\"}],\"unlisted\":[\"g1\",7,\"g2\"]}",
		  "[\"g0\",\"g1\",\"g2\"]", 1 },
		{ "{\"complete\":false,\"complete_with_unlisted\":false,\"generations\":[],\"unlisted\":[\"g1\"]}",
		  NULL, 0 },
		{ "{\"complete\":true}", NULL, 0 },
		{ "{\"complete\":true,\"generations\":7}", NULL, 0 },
		{ "{\"complete\":false,\"generations\":[]}", NULL, 0 },
		{ "{\"generations\":[{\"generation\":\"g0\",\"action\":\"keep\"}]}", NULL, 0 },
		{ "{\"dry_run\":true,\"complete\":true,\"generations\":[]}", NULL, 0 },
		{ "[]", NULL, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *names = NULL;
		struct error err;

		assert_int_equal(reply_listed(cases[i].json, &names, &err), cases[i].rc);
		if (cases[i].names != NULL)
			assert_string_equal(names, cases[i].names);
		else
			assert_null(names);
		free(names);
	}
}

static void a_generation_is_made_of_transfer_and_snapshot(void **state)
{
	struct history_generation g;
	struct error err;

	(void)state;
	assert_int_equal(
	        reply_generation("{\"generation\":\"g\",\"files\":2}", "{\"uuid\":\"u\",\"ctransid\":9}", &g, &err), 1);
	assert_string_equal(g.generation, "g");
	assert_string_equal(g.snapshot_uuid, "u");
	assert_int_equal(g.ctransid, 9);
	assert_int_equal(g.files, 2);
	assert_int_equal(reply_generation("{\"generation\":\"g\"}", NULL, &g, &err), 1);
	assert_int_equal(reply_generation("{\"n\":1}", NULL, &g, &err), 0);
}

static void figures_are_taken_with_sane_values(void **state)
{
	struct reply_figures seen;
	struct error err;

	(void)state;
	assert_int_equal(
	        reply_figures(
	                "{\"literal_bytes\":1,\"matched_bytes\":2,\"wire_sent\":3,\"wire_received\":4,\"seconds\":5,"
	                "\"vault_free_bytes\":6,\"vault_total_bytes\":7,\"source_free_bytes\":8,\"source_total_bytes\":"
	                "9}",
	                &seen, &err),
	        0);
	assert_int_equal(seen.literal_bytes, 1);
	assert_int_equal(seen.matched_bytes, 2);
	assert_int_equal(seen.wire_sent, 3);
	assert_int_equal(seen.wire_received, 4);
	assert_int_equal(seen.seconds, 5);
	assert_int_equal(seen.vault.free_bytes, 6);
	assert_int_equal(seen.vault.total_bytes, 7);
	assert_int_equal(seen.source.total_bytes, 9);
	assert_int_equal(
	        reply_figures("{\"wire_sent\":-3,\"seconds\":\"x\",\"vault_free_bytes\":8,\"vault_total_bytes\":7}",
	                      &seen, &err),
	        0);
	assert_int_equal(seen.wire_sent, 0);
	assert_int_equal(seen.seconds, 0);
	assert_int_equal(seen.vault.total_bytes, 0);
	assert_int_equal(seen.source.total_bytes, 0);
	assert_int_equal(reply_figures("[]", &seen, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_replies_of_the_form_are_taken),
		cmocka_unit_test(too_long_a_result_is_refused),
		cmocka_unit_test(an_unchanged_generation_is_of_its_own_snapshot),
		cmocka_unit_test(what_was_read_as_it_is_has_the_state_that_it_turned_out_to_have),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(what_the_next_stage_would_not_take_is_refused_at_once),
		cmocka_unit_test(progress_is_taken_with_sane_values),
		cmocka_unit_test(ready_names_the_jobs_in_hand),
		cmocka_unit_test(only_what_was_removed_counts_as_pruned),
		cmocka_unit_test(a_list_counts_only_if_it_is_complete),
		cmocka_unit_test(a_generation_is_made_of_transfer_and_snapshot),
		cmocka_unit_test(figures_are_taken_with_sane_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
