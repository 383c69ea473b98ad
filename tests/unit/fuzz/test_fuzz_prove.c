#include "tests/fuzz/fuzz_prove.c"
#include "tests/fuzz/replay.h"

static void the_corpus_is_parsed_or_refused(void **state)
{
	(void)state;
	assert_true(replay("tests/fuzz/corpus/fuzz_prove") >= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_corpus_is_parsed_or_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
