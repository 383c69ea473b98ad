/* The command line of aob-stage: what is taken, what is passed on, what is refused and with which remedy. */
#include "tests/unit/completion_lab.h"

#include "stage/command_line.h"

#define ARGS_MAX 24

/* Of words with blanks between; argv[0] comes in front. */
static int read_line(const char *words_of, struct command_line *line, struct error *err)
{
	static char words[512];
	static char program[] = "aob-stage";
	static char *argv[ARGS_MAX + 1];
	int argc = 0;
	char *rest = words;

	assert_true(strlen(words_of) < sizeof(words));
	strcpy(words, words_of);
	argv[argc++] = program;
	for (char *word = strsep(&rest, " "); word != NULL && argc < ARGS_MAX; word = strsep(&rest, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	*err = (struct error){ .class = ERR_NONE };
	return command_line_read(argc, argv, line, err);
}

static void its_own_are_taken_and_the_others_passed_on(void **state)
{
	static const char *const want[] = { "aob-stage", "--config", "/c", "--host", "nas" };
	struct command_line line;
	struct error err;

	(void)state;
	assert_int_equal(read_line("--service gate --config /c --timeout 90s --silence 1m --grace 2s --dry-run "
	                           "--host=nas -- cmd --service other",
	                           &line, &err),
	                 0);
	assert_string_equal(line.service, "gate");
	assert_int_equal(line.command.timeout_ms, 90000);
	assert_int_equal(line.command.silence_ms, 60000);
	assert_int_equal(line.command.grace_ms, 2000);
	assert_true(line.command.dry_run);
	assert_string_equal(line.command.argv[0], "cmd");
	assert_string_equal(line.command.argv[2], "other");
	assert_null(line.command.argv[3]);
	assert_int_equal(line.n_passed, sizeof(want) / sizeof(want[0]));
	for (int i = 0; i < line.n_passed; i++)
		assert_string_equal(line.passed[i], want[i]);
	assert_false(line.without_file);
	assert_false(line.told);
	command_line_done(&line);
	assert_int_equal(read_line("--service gate cmd", &line, &err), 0);
	assert_int_equal(line.command.grace_ms, 10000);
	assert_int_equal(line.n_passed, 1);
	command_line_done(&line);
}

static void a_broker_is_enough_without_a_file(void **state)
{
	struct command_line line;
	struct error err;

	(void)state;
	assert_int_equal(read_line("--service gate --broker ipc:///run/aob/broker cmd", &line, &err), 0);
	assert_true(line.without_file);
	assert_string_equal(line.config.endpoint, "ipc:///run/aob/broker");
	assert_null(line.config.curve.server_certificate);
	command_line_done(&line);
	assert_int_equal(read_line("--service gate --broker tcp://10.0.0.1:5555 --server-certificate /k/broker "
	                           "--own-certificate /k/own --worker w cmd",
	                           &line, &err),
	                 0);
	assert_true(line.without_file);
	assert_string_equal(line.config.curve.server_certificate, "/k/broker");
	assert_string_equal(line.config.curve.own_certificate, "/k/own");
	assert_int_equal(line.n_passed, 3);
	command_line_done(&line);
}

static void one_request_of_a_file_needs_none_but_may_have_one(void **state)
{
	struct command_line line;
	struct error err;

	(void)state;
	assert_int_equal(read_line("--service gate --once r.json cmd", &line, &err), 0);
	assert_true(line.without_file);
	command_line_done(&line);
	assert_int_equal(read_line("--service gate --once r.json --config /c cmd", &line, &err), 0);
	assert_false(line.without_file);
	command_line_done(&line);
}

static void what_makes_no_sense_is_refused_with_the_remedy(void **state)
{
	static const struct {
		const char *line;
		const char *want;
	} cases[] = {
		{ "cmd", "--service: it is missing" },
		{ "--service gate", "COMMAND: it is missing" },
		{ "--service gate --", "COMMAND: it is missing" },
		{ "--service -gate cmd", "--service: use letters" },
		{ "--service gate --timeout long cmd", "--timeout: " },
		{ "--service gate --silence 5 cmd", "--silence: " },
		{ "--service gate --grace 1x cmd", "--grace: " },
		{ "--service gate --broker /run/aob/broker cmd", "want ipc:///path or tcp://host:port" },
		{ "--service gate --broker ipc://broker cmd", "--broker: want an absolute path" },
		{ "--service gate --broker tcp://10.0.0.1:5555 cmd",
		  "tcp:// wants --server-certificate and --own-certificate" },
		{ "--service gate --broker tcp://10.0.0.1:5555 --own-certificate k cmd",
		  "tcp:// wants --server-certificate and --own-certificate" },
		{ "--service gate --broker ipc:///b --own-certificate k cmd", "they are for tcp:// alone" },
		{ "--service gate --server-certificate k cmd", "they go with --broker" },
		{ "--service gate --config /c --broker ipc:///b cmd", "in place of --config and --endpoint" },
		{ "--service gate --endpoint ipc:///e --broker ipc:///b cmd", "in place of --config and --endpoint" },
		{ "--service gate --no-such cmd", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct command_line line;
		struct error err;

		assert_int_equal(read_line(cases[i].line, &line, &err), -1);
		assert_int_equal(err.class, ERR_USAGE);
		if (strstr(err.text, cases[i].want) == NULL)
			fail_msg("%s: %s\nwant %s", cases[i].line, err.text, cases[i].want);
		command_line_done(&line);
	}
}

static void the_shells_know_its_options(void **state)
{
	static const struct completion_row completions[] = {
		{ "aob-stage --se", " --service  --server-certificate " },
		{ "aob-stage --service gate --own-certificate tests/uni", " tests/unit " },
		{ "aob-stage --service gate --trace wi", " wire " },
		{ "aob-stage --service gate tests/uni", " tests/unit " },
		{ "aob-stage --service gate tests/unit tests/uni", "  " },
	};
	struct command_line line;
	struct error err;
	char rows[LAB_OPTIONS];

	(void)state;
	assert_int_equal(read_line("--service gate cmd", &line, &err), 0);
	command_line_done(&line);
	assert_true(completion_lab_row("aob-stage", "-", rows, sizeof(rows)));
	completion_lab_within("aob-stage", lab_options, rows, "");
	completion_lab_within("aob-stage", rows, lab_options, "");
	completion_lab_rows("aob-stage", ".", completions, sizeof(completions) / sizeof(completions[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_own_are_taken_and_the_others_passed_on),
		cmocka_unit_test(a_broker_is_enough_without_a_file),
		cmocka_unit_test(one_request_of_a_file_needs_none_but_may_have_one),
		cmocka_unit_test(what_makes_no_sense_is_refused_with_the_remedy),
		cmocka_unit_test(the_shells_know_its_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
