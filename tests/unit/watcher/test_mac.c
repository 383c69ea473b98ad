/* One Mac's bundle: scripts of what happens to it, and what is made of it. Times are in seconds here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "watcher/mac.h"

static const struct mac_quiet quiet = { .finished_ms = 60000, .attached_ms = 120000, .unfinished_ms = 1200000 };

enum what {
	END,
	WRITE,     /* something is written */
	STIR,      /* the open handles change */
	COMPLETES, /* a date comes */
	STARTS,    /* Results.plist: Running */
	STOPS,
	GARBLED,  /* the history can't be read */
	READABLE, /* again */
	HANDLES,  /* so many are open (date) */
	LOOK,     /* nothing but a look */
};

struct event {
	int64_t at_s;
	enum what what;
	int64_t date;
};

static void play(struct mac *mac, const struct event *event, struct mac_marks *marks)
{
	int64_t now_ms = event->at_s * 1000;

	switch (event->what) {
	case WRITE:
		mac_wrote(mac, &quiet, now_ms);
		break;
	case STIR:
		mac_handles(mac, mac->handles, mac->attached, true, now_ms);
		break;
	case HANDLES:
		mac_handles(mac, (size_t)event->date, event->date > 0, false, now_ms);
		break;
	case COMPLETES:
		marks->completed_at_s = event->date;
		mac_wrote(mac, &quiet, now_ms);
		mac_read(mac, marks, now_ms);
		break;
	case STARTS:
	case STOPS:
		marks->running = event->what == STARTS;
		mac_wrote(mac, &quiet, now_ms);
		mac_read(mac, marks, now_ms);
		break;
	case GARBLED:
	case READABLE:
		marks->readable = event->what == READABLE;
		mac_wrote(mac, &quiet, now_ms);
		mac_read(mac, marks, now_ms);
		break;
	case LOOK:
	case END:
		break;
	}
	(void)mac_decide(mac, &quiet, now_ms);
}

static const struct {
	const char *name;
	struct event events[12];
	int64_t at_s;
	enum mac_state state;
	bool at_rest;
} scripts[] = {
	{ "a backup that runs", { { 10, WRITE, 0 }, { 20, WRITE, 0 } }, 50, MAC_RUNNING, false },
	{ "a pause of nineteen minutes in it", { { 10, WRITE, 0 } }, 10 + 1199, MAC_RUNNING, false },
	{ "twenty minutes: it is interrupted", { { 10, WRITE, 0 } }, 10 + 1200, MAC_INTERRUPTED, true },
	{ "it completes, and settles", { { 10, WRITE, 0 }, { 20, COMPLETES, 500 } }, 20 + 59, MAC_FINISHED, false },
	{ "it completes, and rests", { { 10, WRITE, 0 }, { 20, COMPLETES, 500 } }, 20 + 60, MAC_FINISHED, true },
	{ "what is written at its end belongs to it",
	  { { 20, COMPLETES, 500 }, { 50, WRITE, 0 } },
	  50 + 60,
	  MAC_FINISHED,
	  true },
	{ "still attached: two minutes",
	  { { 20, COMPLETES, 500 }, { 21, HANDLES, 128 } },
	  20 + 119,
	  MAC_FINISHED,
	  false },
	{ "… and no more, however long they stay open",
	  { { 20, COMPLETES, 500 }, { 21, HANDLES, 128 } },
	  20 + 120,
	  MAC_FINISHED,
	  true },
	{ "a set of handles that changes is a sign of life",
	  { { 20, COMPLETES, 500 }, { 21, HANDLES, 128 }, { 100, STIR, 0 } },
	  150,
	  MAC_FINISHED,
	  false },
	{ "… but begins no other backup",
	  { { 20, COMPLETES, 500 }, { 21, HANDLES, 128 }, { 300, LOOK, 0 }, { 400, STIR, 0 } },
	  520,
	  MAC_FINISHED,
	  true },
	{ "written to after it rested: the next one has begun",
	  { { 20, COMPLETES, 500 }, { 90, LOOK, 0 }, { 100, WRITE, 0 } },
	  100 + 61,
	  MAC_RUNNING,
	  false },
	{ "… which completes, too",
	  { { 20, COMPLETES, 500 }, { 90, LOOK, 0 }, { 100, WRITE, 0 }, { 200, COMPLETES, 600 } },
	  200 + 60,
	  MAC_FINISHED,
	  true },
	{ "… or is cut off",
	  { { 20, COMPLETES, 500 }, { 90, LOOK, 0 }, { 100, WRITE, 0 } },
	  100 + 1200,
	  MAC_INTERRUPTED,
	  true },
	{ "the same date again is no completion",
	  { { 20, COMPLETES, 500 }, { 90, LOOK, 0 }, { 100, COMPLETES, 500 } },
	  100 + 61,
	  MAC_RUNNING,
	  false },
	{ "never at rest in between: what comes more than two minutes behind the date is another backup",
	  { { 20, COMPLETES, 500 }, { 70, WRITE, 0 }, { 120, WRITE, 0 }, { 150, WRITE, 0 } },
	  150 + 61,
	  MAC_RUNNING,
	  false },
	{ "the next one begins at once, and says so",
	  { { 10, STOPS, 0 }, { 20, COMPLETES, 500 }, { 25, STARTS, 0 }, { 26, WRITE, 0 } },
	  26 + 61,
	  MAC_RUNNING,
	  false },
	{ "Running that sticks says nothing",
	  { { 10, STARTS, 0 }, { 20, COMPLETES, 500 }, { 25, WRITE, 0 } },
	  25 + 60,
	  MAC_FINISHED,
	  true },
	{ "a Mac whose clock was years ahead once: what it completes with a right one counts",
	  { { 20, COMPLETES, 4000000 }, { 90, LOOK, 0 }, { 100, WRITE, 0 }, { 200, COMPLETES, 600 } },
	  200 + 60,
	  MAC_FINISHED,
	  true },
	{ "a date that goes back completes nothing",
	  { { 20, COMPLETES, 500 }, { 90, LOOK, 0 }, { 100, COMPLETES, 400 } },
	  100 + 61,
	  MAC_RUNNING,
	  false },
	{ "a history that can't be read completes nothing",
	  { { 20, COMPLETES, 500 }, { 30, GARBLED, 0 } },
	  30 + 200,
	  MAC_RUNNING,
	  false },
	{ "… until it can be read again",
	  { { 20, COMPLETES, 500 }, { 30, GARBLED, 0 }, { 40, READABLE, 0 } },
	  40 + 60,
	  MAC_FINISHED,
	  true },
};

static void what_is_made_of_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		struct mac_marks marks = { .readable = true, .running = -1, .horizon_s = 1000000 };
		struct mac_verdict verdict;
		struct mac mac;

		mac_begin(&mac, &marks, 0);
		for (const struct event *event = scripts[i].events; event->what != END; event++)
			play(&mac, event, &marks);
		verdict = mac_decide(&mac, &quiet, scripts[i].at_s * 1000);
		if (verdict.state != scripts[i].state || verdict.at_rest != scripts[i].at_rest)
			fail_msg("%s: %s, %s, %lld ms more", scripts[i].name, mac_state_name(verdict.state),
			         verdict.at_rest ? "at rest" : "not at rest", (long long)verdict.left_ms);
	}
}

/* The watch begins: what the bundle looks like, and what was known before. */
static const struct {
	const char *name;
	int64_t completed_at;
	struct mac_past past;
	int64_t quiet_s;
	bool finished, at_rest;
} beginnings[] = {
	{ "unchanged since the last clean generation", 500, { .changed = false, .clean_at_s = 500 }, 0, true, true },
	{ "written to since, and no newer date", 500, { .changed = true, .clean_at_s = 500 }, 1200, false, true },
	{ "a newer date, and nothing behind it: at rest after the longest quiet, as nobody saw it end",
	  600,
	  { .changed = true, .clean_at_s = 500, .newest_s = 640, .history_s = 605 },
	  1199,
	  true,
	  false },
	{ "… which is over",
	  600,
	  { .changed = true, .clean_at_s = 500, .newest_s = 640, .history_s = 605 },
	  1200,
	  true,
	  true },
	{ "a newer date, but written to long after it",
	  600,
	  { .changed = true, .clean_at_s = 500, .newest_s = 900, .history_s = 605 },
	  1200,
	  false,
	  true },
	{ "a newer date, but the history was written again: the next one has begun",
	  600,
	  { .changed = true, .clean_at_s = 500, .newest_s = 900, .history_s = 890 },
	  1200,
	  false,
	  true },
	{ "a Mac whose clock is wrong by hours proves nothing",
	  90000,
	  { .changed = true, .newest_s = 640, .history_s = 605 },
	  1200,
	  false,
	  true },
	{ "an earlier watch saw another backup begin behind that date",
	  600,
	  { .changed = true, .clean_at_s = 500, .used_at_s = 600, .newest_s = 640, .history_s = 605 },
	  1200,
	  false,
	  true },
	{ "the last clean one had a date from the future: a right one is newer",
	  600,
	  { .changed = true, .clean_at_s = 4000000, .used_at_s = 4000000, .newest_s = 640, .history_s = 605 },
	  1200,
	  true,
	  true },
	{ "… and is not used up by it, but by itself",
	  600,
	  { .changed = true, .clean_at_s = 600, .used_at_s = 4000000, .newest_s = 640, .history_s = 605 },
	  1200,
	  false,
	  true },
	{ "no generation yet, completed yesterday",
	  600,
	  { .changed = true, .newest_s = 601, .history_s = 600 },
	  1200,
	  true,
	  true },
};

static void what_happened_before_the_watch(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
		struct mac_marks marks = { .readable = true,
			                   .running = -1,
			                   .horizon_s = 1000000,
			                   .completed_at_s = beginnings[i].completed_at };
		struct mac_past past = beginnings[i].past;
		struct mac_verdict verdict;
		struct mac mac;

		past.window_ms = quiet.attached_ms;
		mac_begin(&mac, &marks, 0);
		mac_catch_up(&mac, &past);
		verdict = mac_decide(&mac, &quiet, beginnings[i].quiet_s * 1000);
		if (verdict.finished != beginnings[i].finished || verdict.at_rest != beginnings[i].at_rest)
			fail_msg("%s: %s, %s", beginnings[i].name, verdict.finished ? "finished" : "not finished",
			         verdict.at_rest ? "at rest" : "not at rest");
	}
}

/* A bundle that is found with its completion: what is told of it at once was written before; what is written later is another backup. */
static void a_write_told_just_after_the_bundle_was_found_begins_no_other_backup(void **state)
{
	const struct mac_marks marks = { .readable = true, .completed_at_s = 1000, .running = -1, .horizon_s = 100000 };
	const struct mac_past past = { .changed = true, .newest_s = 1000, .history_s = 1000, .window_ms = 60000 };
	struct mac mac;

	(void)state;
	mac_begin(&mac, &marks, 5000);
	mac_catch_up(&mac, &past);
	mac_wrote(&mac, &quiet, 6500);
	assert_true(mac_decide(&mac, &quiet, 7000).finished);
	mac_wrote(&mac, &quiet, 8000);
	assert_false(mac_decide(&mac, &quiet, 8500).finished);
}

static void the_words_are_those_of_the_protocol(void **state)
{
	(void)state;
	assert_string_equal(mac_state_name(MAC_RUNNING), "running");
	assert_string_equal(mac_state_name(MAC_FINISHED), "finished");
	assert_string_equal(mac_state_name(MAC_INTERRUPTED), "interrupted");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_made_of_it),
		cmocka_unit_test(what_happened_before_the_watch),
		cmocka_unit_test(a_write_told_just_after_the_bundle_was_found_begins_no_other_backup),
		cmocka_unit_test(the_words_are_those_of_the_protocol),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
