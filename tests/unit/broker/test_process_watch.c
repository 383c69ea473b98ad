/* Which processes keep dying: what is told of them, and when it begins and is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "broker/process_watch.h"

#define WINDOW_MS 1000

static const struct {
	const char *what;
	const char *tells; /* at each step: d died, D down, u up, `.` nothing, then 300 ms pass */
	const char *want;  /* what changed: b begins, e ends, over by time: o; `.` nothing */
} rows[] = {
	{ "dies now and then", "d....d....d....d", "................" },
	{ "twice is no habit", "dd....", "......" },
	{ "again and again", "ddd.....", "..b...o." },
	{ "goes on dying", "ddd.d.d.....", "..b.......o." },
	{ "runs again between its deaths", "dudd....", "...b...o" },
	{ "not often enough", "dududu......", "............" },
	{ "given up, and started by a person", "D..u..", "b..e.." },
	{ "given up, and no more told of it", "DD......", "b....o.." },
	{ "died, was given up for it, and started", "dD.u..", ".b.e.." },
	{ "given up, started while it dies all the time", "Ddddu....", "b......o." },
	{ "given up after many deaths, which is told too, started", "dddD.u......", "..bb.e......" },
	{ "started, nothing was wrong", "u.du.", "....." },
};

static char step(struct process_watch *watch, char tell, int64_t now_ms)
{
	const struct process *process = NULL;

	if (tell != '.') {
		enum process_news news = tell == 'd' ? PROCESS_DIED : tell == 'D' ? PROCESS_DOWN : PROCESS_UP;

		switch (process_watch_hear(watch, "aob-x", news, "why", now_ms, 7, &process)) {
		case PROCESS_BEGINS:
			assert_string_equal(process->name, "aob-x");
			return 'b';
		case PROCESS_ENDS:
			return 'e';
		case PROCESS_SAME:
			break;
		}
	}
	return process_watch_over(watch, now_ms, &process) ? 'o' : '.';
}

static void it_is_told_when_it_begins_and_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct process_watch watch;
		char got[32] = "";

		process_watch_init(&watch, WINDOW_MS);
		for (size_t k = 0; rows[i].tells[k] != '\0'; k++)
			got[k] = step(&watch, rows[i].tells[k], 5000 + (int64_t)k * 300);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s: %s, not %s", rows[i].what, got, rows[i].want);
	}
}

static void it_is_said_in_words(void **state)
{
	struct process_watch watch;
	const struct process *process = NULL;
	char text[256];
	char little[12];

	(void)state;
	process_watch_init(&watch, WINDOW_MS);
	assert_int_equal(process_watch_text(&watch, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	(void)process_watch_hear(&watch, "aob-a", PROCESS_DOWN, "exit status 78\n", 1, 9, &process);
	for (int i = 0; i < PROCESS_WATCH_DEATHS; i++)
		(void)process_watch_hear(&watch, "aob-b", PROCESS_DIED, "", 2, 8, &process);
	(void)process_watch_hear(&watch, "aob-c", PROCESS_DIED, "once", 2, 1, &process);
	assert_int_equal(process_watch_text(&watch, text, sizeof(text)), 8);
	assert_string_equal(text, "aob-a is down (exit status 78\\x0a), aob-b keeps dying");
	assert_int_equal(process_watch_text(&watch, little, sizeof(little)), 9); /* no more than there is room for */
	assert_string_equal(little, "aob-a is do");
}

static void there_is_an_end_to_names(void **state)
{
	struct process_watch watch;
	const struct process *process = NULL;
	char name[32];

	(void)state;
	process_watch_init(&watch, WINDOW_MS);
	for (int i = 0; i < PROCESS_WATCH_MAX; i++) {
		(void)snprintf(name, sizeof(name), "aob-%d", i);
		(void)process_watch_hear(&watch, name, i == 0 ? PROCESS_DOWN : PROCESS_DIED, "", 1, 1, &process);
		assert_non_null(process);
	}
	(void)process_watch_hear(&watch, "one-more", PROCESS_DOWN, "", 2, 1, &process);
	assert_null(process);
	/* What is past makes room; what is wrong until it was told to be over does not. */
	(void)process_watch_hear(&watch, "one-more", PROCESS_DOWN, "", WINDOW_MS + 5, 1, &process);
	assert_non_null(process);
	assert_int_equal(watch.n, 2);
}

static void names(void **state)
{
	char name[PROCESS_WATCH_NAME_SIZE + 1];

	(void)state;
	assert_true(process_watch_name_valid("aob-transfer@2"));
	assert_true(process_watch_name_valid("my.stage_1"));
	assert_false(process_watch_name_valid(""));
	assert_false(process_watch_name_valid("a b"));
	assert_false(process_watch_name_valid("a\n"));
	memset(name, 'a', sizeof(name));
	name[PROCESS_WATCH_NAME_SIZE - 1] = '\0';
	assert_true(process_watch_name_valid(name));
	name[PROCESS_WATCH_NAME_SIZE - 1] = 'a';
	name[PROCESS_WATCH_NAME_SIZE] = '\0';
	assert_false(process_watch_name_valid(name));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_told_when_it_begins_and_ends),
		cmocka_unit_test(it_is_said_in_words),
		cmocka_unit_test(there_is_an_end_to_names),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
