/* What a command says, line by line, and how its end is judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "stage/answer.h"

static enum answer_line take(struct answer *answer, const char *line, struct stage_progress *progress)
{
	return answer_take(answer, line, strlen(line), progress);
}

#define EXITED(code) ((code) << 8)

static void progress_is_read_and_what_it_does_not_tell_is_not_known(void **state)
{
	struct answer answer = { 0 };
	struct stage_progress p;

	(void)state;
	assert_int_equal(take(&answer, "{\"done\":10,\"total\":20.7,\"note\":\"a\\u0007b\"}", &p), ANSWER_PROGRESS);
	assert_int_equal(p.done_bytes, 10);
	assert_int_equal(p.total_bytes, 20);
	assert_int_equal(p.files, 0);
	assert_int_equal(p.eta_s, -1);
	assert_string_equal(p.note, "a\\x07b");
	assert_int_equal(take(&answer, "{\"note\":\"reading status, \\\"status\\\": 3\"}", &p), ANSWER_PROGRESS);
	assert_string_equal(p.note, "reading status, \"status\": 3");
	assert_false(answer.unreadable);
	assert_int_equal(take(&answer, "{\"eta_s\":5,\"done\":-3,\"rate\":1e300,\"files\":\"many\"}", &p),
	                 ANSWER_PROGRESS);
	assert_int_equal(p.eta_s, 5);
	assert_int_equal(p.done_bytes + p.rate_bps + p.files, 0);
}

static void what_is_neither_is_passed_over(void **state)
{
	static const char *const lines[] = { "",
		                             "hello",
		                             "[1]",
		                             "{}",
		                             "{\"result\":1}",
		                             "{\"done\":1",
		                             "{\"a\":1,\"a\":2}",
		                             "\"done\"",
		                             "null",
		                             "{\"done\":\xff}",
		                             "exit_status 0",
		                             "statuses: 3" };
	struct answer answer = { 0 };
	struct stage_progress p;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(take(&answer, lines[i], &p), ANSWER_NEITHER);
	assert_null(answer.reply);
}

/* A name that is not quoted, or otherwise, or not UTF-8, must not turn "stop" into "go on". */
static void a_reply_that_can_not_be_read_is_no_ok(void **state)
{
	static const char *const lines[] = { "{\"status\":\"fail\",\"error\":{\"message\":\"caf\xe9\"}}",
		                             "{\"status\":\"fail\",\"error\":{\"message\":\"a \"b\"\"}}",
		                             "{\"status\":\"ok\",\"status\":\"fail\"}",
		                             "{status:fail,error:{code:refused,message:no}}", /* a shell's echo */
		                             "{'status': 'fail'}",                            /* Python's print */
		                             "\"{\\\"status\\\": \\\"fail\\\"}\"",            /* JSON within JSON */
		                             "[{\"status\":\"fail\"}]",                       /* something around it */
		                             "{\"reply\":{\"status\":\"fail\"}}",
		                             "{\"note\":\"done\",\"reply\":{\"status\" : \"fail\"}}",
		                             "{\"result\":\"status fail\"}",
		                             "  status: fail",
		                             "my_status status" };
	struct stage_progress p;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct answer answer = { 0 };
		struct error err = { .class = ERR_NONE };

		assert_int_equal(take(&answer, "{\"status\":\"ok\"}", &p), ANSWER_REPLY);
		assert_int_equal(take(&answer, lines[i], &p), ANSWER_NEITHER);
		assert_int_equal(answer_judge(&answer, EXITED(0), "", "gate", *state, &err), -1);
		assert_int_equal(err.class, ERR_PROTOCOL);
		/* its exit status says why; and the last reply counts */
		assert_int_equal(answer_judge(&answer, EXITED(77), "", "gate", *state, &err), -1);
		assert_int_equal(take(&answer, "{\"status\":\"fail\",\"error\":{\"message\":\"no\"}}", &p),
		                 ANSWER_REPLY);
		assert_int_equal(answer_judge(&answer, EXITED(0), "", "gate", *state, &err), -1);
		assert_int_equal(err.class, ERR_REFUSED);
		answer_done(&answer);
	}
}

/* The line (NULL: none), the status that it ended with, and what is to come of it. */
struct end {
	const char *line;
	int status;
	enum error_class class;
	const char *text; /* a part of it */
};

static void judge(const struct end *end, struct stage_result *result)
{
	struct answer answer = { 0 };
	struct stage_progress p;
	struct error err = { .class = ERR_NONE };
	int rc;

	if (end->line != NULL)
		assert_int_equal(take(&answer, end->line, &p), ANSWER_REPLY);
	rc = answer_judge(&answer, end->status, "its last words", "gate", result, &err);
	assert_int_equal(rc, end->class == ERR_NONE ? 0 : -1);
	assert_int_equal(err.class, end->class);
	if (end->text != NULL && strstr(err.text, end->text) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", end->text, err.text);
	answer_done(&answer);
	assert_null(answer.reply);
}

static void a_reply_counts_and_else_the_exit_status(void **state)
{
	static const struct end ends[] = {
		{ NULL, EXITED(0), ERR_NONE, NULL },
		{ NULL, EXITED(75), ERR_LOCKED, "status 75: its last words" },
		{ NULL, EXITED(69), ERR_LINK, NULL },
		{ NULL, EXITED(73), ERR_SPACE, NULL },
		{ NULL, EXITED(74), ERR_IO, NULL },
		{ NULL, EXITED(78), ERR_CONFIG, NULL },
		{ NULL, EXITED(1), ERR_INTERNAL, "status 1" },
		{ NULL, EXITED(126), ERR_PERMISSION, NULL },
		{ NULL, EXITED(127), ERR_NOT_FOUND, NULL },
		{ NULL, 9, ERR_SYSTEM, "signal 9" },
		{ "{\"status\":\"ok\"}", EXITED(0), ERR_NONE, NULL },
		{ "{\"status\":\"ok\"}", EXITED(3), ERR_PROTOCOL, "said \"ok\", and ended with status 3" },
		{ "{\"status\":\"ok\"}", 15, ERR_SYSTEM, "signal 15" },
		{ "{\"status\":\"ok\",\"result\":[]}", EXITED(0), ERR_PROTOCOL, "no object" },
		{ "{\"status\":\"well\"}", EXITED(0), ERR_PROTOCOL, "none of" },
		{ "{\"status\":7}", EXITED(0), ERR_PROTOCOL, "none of" },
		{ "{\"status\":\"retry\",\"error\":{\"code\":\"space\",\"message\":\"full\"}}", EXITED(75), ERR_SPACE,
		  "full" },
		{ "{\"status\":\"retry\",\"error\":{\"code\":\"config\",\"message\":\"x\"}}", EXITED(0), ERR_INTERNAL,
		  "x" },
		{ "{\"status\":\"fail\",\"error\":{\"code\":\"config\",\"message\":\"x\"}}", EXITED(0), ERR_CONFIG,
		  "x" },
		{ "{\"status\":\"fail\",\"error\":{\"code\":\"link\",\"message\":\"x\"}}", EXITED(0), ERR_REFUSED,
		  "x" },
		{ "{\"status\":\"fail\",\"error\":{\"message\":\"a\\nb\"}}", EXITED(0), ERR_REFUSED, "a\\x0ab" },
		{ "{\"status\":\"fail\"}", EXITED(0), ERR_PROTOCOL, "error.message is missing" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct stage_result *result = stage_result_new();

		judge(&ends[i], result);
		stage_result_destroy(&result);
	}
}

static void the_last_reply_counts_and_its_values_go_on(void **state)
{
	struct answer answer = { 0 };
	struct stage_result *result = stage_result_new();
	struct stage_progress p;
	struct error err = { .class = ERR_NONE };

	(void)state;
	(void)take(&answer, "{\"status\":\"ok\",\"result\":{\"a\":1}}", &p);
	(void)take(&answer, "{\"status\":\"ok\",\"result\":{\"b\":[2]}}", &p);
	assert_int_equal(answer_judge(&answer, 0, "", "gate", result, &err), 0);
	assert_null(json_object_get(stage_result_json(result), "a"));
	assert_int_equal(json_array_size(json_object_get(stage_result_json(result), "b")), 1);
	stage_result_destroy(&result);
	answer_done(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(progress_is_read_and_what_it_does_not_tell_is_not_known),
		                            cmocka_unit_test(what_is_neither_is_passed_over),
		                            cmocka_unit_test(a_reply_that_can_not_be_read_is_no_ok),
		                            cmocka_unit_test(a_reply_counts_and_else_the_exit_status),
		                            cmocka_unit_test(the_last_reply_counts_and_its_values_go_on) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
