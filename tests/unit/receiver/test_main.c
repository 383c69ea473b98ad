/* The shells complete what `aob-receiver` takes: deploy/completions has the options of its own table, no other, and its verbs. */
#include "tests/unit/completion_lab.h"

int receiver_main(int argc, char **argv);
#define main receiver_main
#include "receiver/main.c"
#undef main

static const char *const verbs_here[] = { "serve", "list", "release", "adopt", "root", "verify" };
#define N_VERBS_HERE (sizeof(verbs_here) / sizeof(verbs_here[0]))

static void its_options(void **state)
{
	char program[] = "aob-receiver";
	char help[] = "--help";
	char *words[] = { program, help, NULL };
	char rows[LAB_OPTIONS] = "";
	int out = dup(STDOUT_FILENO);

	(void)state;
	(void)fflush(stdout);
	assert_non_null(freopen("/dev/null", "w", stdout));
	optind = 0;
	(void)read_command_line(2, words);
	(void)fflush(stdout);
	assert_true(dup2(out, STDOUT_FILENO) >= 0);
	(void)close(out);
	assert_true(completion_lab_row("aob-receiver", "-", rows, sizeof(rows)));
	for (size_t i = 0; i < N_VERBS_HERE; i++)
		assert_true(completion_lab_row("aob-receiver", verbs_here[i], rows + strlen(rows),
		                               sizeof(rows) - strlen(rows)));
	completion_lab_within("aob-receiver", lab_options, rows, "");
	completion_lab_within("aob-receiver", rows, lab_options, "");
}

static void its_verbs(void **state)
{
	char word[] = "x";

	(void)state;
	for (size_t i = 0; i < N_VERBS_HERE; i++) {
		char verb[32];
		char *words[] = { verb, word, NULL };

		(void)snprintf(verb, sizeof(verb), "%s", verbs_here[i]);
		assert_true(is_verb(1, words) || is_verb(2, words));
	}
}

static const struct completion_row completions[] = {
	{ "aob-receiver ''", " serve  list  release  adopt  root  verify " },
	{ "aob-receiver serve --strategy re", " reflink " },
	{ "aob-receiver adopt --root tests/unit --from X --lea", " --leave-out-damaged " },
	{ "aob-receiver release --root tests/unit rec", " receiver " },
	{ "aob-receiver root tests/un", " tests/unit " },
};

static void bash_completes(void **state)
{
	(void)state;
	completion_lab_rows("aob-receiver", ".", completions, sizeof(completions) / sizeof(completions[0]));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_options),
		cmocka_unit_test(its_verbs),
		cmocka_unit_test(bash_completes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
