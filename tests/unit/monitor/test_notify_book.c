/* What is told, once: as a script of events and statuses, each with what has to be told then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/notify_book.h"

#define T 1795316400 /* 2026-11-22T03:00:00Z */

static char told[4000];
static struct notify_notice last;

static void note(void *cookie, const struct notify_notice *notice)
{
	size_t used = strlen(told);

	(void)cookie;
	last = *notice;
	(void)snprintf(told + used, sizeof(told) - used, "%s%s:%s", used > 0 ? " " : "", notice->pipeline,
	               config_notify_notice(notice->kind));
}

struct script {
	struct notify_book *book;
	unsigned n; /* events so far */
};

static struct script begin(int64_t now_s)
{
	struct script script = { .n = 0 };

	assert_int_equal(notify_book_new(NULL, now_s, &script.book, NULL), 0);
	return script;
}

/* An event of this age; expected: all that is told. */
static void happens_of(struct script *s, const char *id, int64_t at_s, int64_t now_s, const char *what,
                       const char *data, const char *expected)
{
	char stamp[32];
	char text[1500];
	json_t *event = NULL;

	told[0] = '\0';
	(void)snprintf(text, sizeof(text),
	               "{\"id\":\"%s\",\"type\":\"aob.%s\",\"subject\":\"photos\",\"time\":\"%s\",\"data\":%s}", id,
	               what, notify_notice_time(at_s, stamp), data);
	event = json_loads(text, 0, NULL);
	assert_non_null(event);
	(void)notify_book_event(s->book, event, now_s, note, NULL);
	json_decref(event);
	if (strcmp(told, expected) != 0)
		fail_msg("%s %s: told \"%s\", not \"%s\"", what, data, told, expected);
}

static void happens(struct script *s, int64_t at_s, const char *what, const char *data, const char *expected)
{
	char id[32];

	(void)snprintf(id, sizeof(id), "boot-%u", ++s->n);
	happens_of(s, id, at_s, at_s, what, data, expected);
	happens_of(s, id, at_s, at_s, what, data, ""); /* it comes again, as to each subscriber */
}

static void status_is(struct script *s, int64_t now_s, const char *alarms, const char *expected)
{
	char text[1500];
	json_t *status = NULL;

	told[0] = '\0';
	(void)snprintf(text, sizeof(text),
	               "{\"pipelines\":[{\"name\":\"photos\",\"last_good\":{\"generation\":\"g7\"},\"alarms\":%s}]}",
	               alarms);
	status = json_loads(text, 0, NULL);
	assert_non_null(status);
	(void)notify_book_status(s->book, status, now_s, note, NULL);
	json_decref(status);
	if (strcmp(told, expected) != 0)
		fail_msg("status %s: told \"%s\", not \"%s\"", alarms, told, expected);
}

/* As after a restart. */
static void kept(struct script *s)
{
	struct notify_book *again = NULL;
	char *text = json_dumps(notify_book_json(s->book), 0);
	json_t *json = json_loads(text, 0, NULL);

	assert_int_equal(notify_book_new(json, T, &again, NULL), 0);
	notify_book_destroy(&s->book);
	s->book = again;
	json_decref(json);
	free(text);
}

#define WHOLE(more) "{\"kind\":\"whole\",\"dry_run\":false" more "}"
#define FAILED WHOLE(",\"error\":{\"code\":\"space\",\"message\":\"no room\"}")

static void an_alarm_is_told_when_it_begins_and_when_it_ends(void **state)
{
	struct script s = begin(T);

	(void)state;
	happens(&s, T + 10, "run.failed", FAILED, "photos:failed");
	assert_string_equal(last.title, "photos: the backup failed");
	assert_string_equal(last.text, "no room");
	assert_int_equal(last.at_s, T + 10);
	happens(&s, T + 20, "run.failed", FAILED, ""); /* the next one, too */
	kept(&s);
	happens(&s, T + 30, "run.failed", FAILED, "");
	happens(&s, T + 40, "pipeline.overdue",
	        "{\"max_age_s\":93600,\"age_s\":93700,\"last_good_at\":1,\"reason\":\"why\"}", "photos:overdue");
	assert_string_equal(last.text, "The state in the vault is as old as 1 d 2 h, and max_age is 1 d 2 h.\nwhy");
	happens(&s, T + 50, "pipeline.recovered",
	        "{\"was\":\"failed\",\"cleared\":[\"failed\"],\"still\":[\"overdue\"],\"generation\":\"g1\"}",
	        "photos:recovered");
	assert_string_equal(last.text, "It is over: failed\nBut still: overdue\nThe newest generation is g1.");
	kept(&s);
	happens(&s, T + 60, "pipeline.recovered", "{\"was\":\"overdue\",\"cleared\":[\"overdue\"],\"still\":[]}",
	        "photos:recovered");
	happens(&s, T + 70, "pipeline.recovered", "{\"was\":\"overdue\",\"cleared\":[\"overdue\"],\"still\":[]}", "");
	happens(&s, T + 80, "run.failed", FAILED, "photos:failed");
	/* Of a broker that does not say what remains. */
	happens(&s, T + 90, "pipeline.recovered", "{\"was\":\"failed\"}", "photos:recovered");
	notify_book_destroy(&s.book);
}

static void damage_is_told_for_each_generation_and_other_kinds_once(void **state)
{
	struct script s = begin(T);

	(void)state;
	happens(&s, T + 1, "generation.damaged", "{\"generation\":\"g1\",\"reason\":\"a hash differs\"}",
	        "photos:damaged");
	assert_string_equal(last.text, "Generation g1 does not hold what it should.\na hash differs");
	happens(&s, T + 2, "generation.damaged", "{\"generation\":\"g1\"}", "");
	happens(&s, T + 3, "generation.damaged", "{\"generation\":\"g2\"}", "photos:damaged");
	happens(&s, T + 4, "pipeline.braked", "{\"reason\":\"9000 files would go\"}", "photos:braked");
	happens(&s, T + 5, "pipeline.braked", "{\"reason\":\"9001 files would go\"}", "");
	happens(&s, T + 6, "pipeline.recovered", "{\"was\":\"damaged\",\"still\":[]}", "photos:recovered");
	assert_string_equal(last.text, "It is over: damaged, braked");
	notify_book_destroy(&s.book);
}

static void a_forecast_is_told_when_its_warnings_change(void **state)
{
	struct script s = begin(T);

	(void)state;
	happens(&s, T + 1, "pipeline.forecast", "{\"warnings\":[],\"reason\":\"\"}", "");
	happens(&s, T + 2, "pipeline.forecast", "{\"warnings\":[\"vault-full\"],\"reason\":\"soon\"}",
	        "photos:forecast");
	happens(&s, T + 3, "pipeline.forecast", "{\"warnings\":[\"vault-full\"],\"reason\":\"sooner\"}", "");
	happens(&s, T + 4, "pipeline.forecast", "{\"warnings\":[\"vault-full\",\"source-full\"],\"reason\":\"both\"}",
	        "photos:forecast");
	happens(&s, T + 5, "pipeline.recovered", "{\"was\":\"failed\",\"still\":[]}", ""); /* another matter */
	happens(&s, T + 6, "pipeline.forecast", "{\"warnings\":[],\"reason\":\"\"}", "photos:recovered");
	assert_string_equal(last.text, "It is over: forecast");
	notify_book_destroy(&s.book);
}

static void runs_are_told_while_they_are_news(void **state)
{
	struct script s = begin(T);

	(void)state;
	happens(&s, T + 1, "run.started", WHOLE(""), "photos:started");
	happens(&s, T + 2, "run.finished", WHOLE(""), "photos:finished");
	happens_of(&s, "late", T + 3, T + 4000, "run.finished", WHOLE(""), "");
	happens(&s, T + 4, "run.started", "{\"kind\":\"stage\",\"dry_run\":false}", "");
	happens(&s, T + 5, "run.failed", "{\"kind\":\"stage\",\"dry_run\":false}", "");
	happens(&s, T + 6, "run.failed", "{\"kind\":\"whole\",\"dry_run\":true}", "");
	happens(&s, T + 7, "step.progress", "{}", "");
	notify_book_destroy(&s.book);
}

static void what_is_past_at_the_first_start_is_left_to_the_status(void **state)
{
	struct script s = begin(T);

	(void)state;
	/* The cache's last events of each kind: it failed in spring, and recovered; it is overdue since yesterday. */
	happens_of(&s, "1", T - 9000000, T, "run.failed", FAILED, "");
	happens_of(&s, "2", T - 8000000, T, "pipeline.recovered", "{\"was\":\"failed\",\"still\":[]}", "");
	happens_of(&s, "3", T - 86400, T, "pipeline.overdue", "{}", "");
	happens_of(&s, "4", T - 80000, T, "run.finished", WHOLE(""), "");
	status_is(&s, T + 1, "[{\"kind\":\"overdue\",\"since\":5,\"reason\":\"why\"}]", "photos:overdue");
	status_is(&s, T + 2, "[{\"kind\":\"overdue\",\"since\":5,\"reason\":\"why\"}]", "");
	kept(&s);
	happens(&s, T + 3, "pipeline.recovered", "{\"was\":\"overdue\",\"still\":[]}", "photos:recovered");
	notify_book_destroy(&s.book);
}

static void a_status_tells_what_lost_events_would_have(void **state)
{
	struct script s = begin(T);

	(void)state;
	status_is(&s, T + 100, "[{\"kind\":\"failed\",\"since\":7,\"reason\":\"no room\"}]", "photos:failed");
	assert_string_equal(last.text, "no room");
	happens(&s, T + 101, "run.failed", FAILED, ""); /* the event comes after all */
	status_is(&s, T + 110, "[]", "");               /* asked for before that event */
	status_is(&s, T + 200, "[]", "photos:recovered");
	assert_string_equal(last.text, "It is over: failed\nThe newest generation is g7.");
	status_is(&s, T + 210, "[{\"kind\":\"failed\",\"since\":7,\"reason\":\"\"}]", ""); /* likewise */
	status_is(&s, T + 300, "[{\"kind\":\"failed\",\"since\":8,\"reason\":\"\"}]", "photos:failed");
	status_is(&s, T + 310, "[{\"kind\":\"failed\",\"since\":8},{\"kind\":\"something-new\",\"since\":1}]",
	          "photos:failed");         /* that one is not known here: better a word too many */
	status_is(&s, T + 320, "null", ""); /* an older broker */
	notify_book_destroy(&s.book);
}

/* No battery clock: it began in 2030, until the time server was heard. */
static void a_clock_that_ran_ahead_at_the_first_start_silences_nothing(void **state)
{
	struct script s = begin(T + 126230400);
	struct notify_view view;

	(void)state;
	happens(&s, T + 126230410, "run.finished", WHOLE(""), "photos:finished");
	happens(&s, T, "run.failed", FAILED, "photos:failed");
	happens(&s, T + 10, "pipeline.overdue", "{}", "photos:overdue");
	happens(&s, T + 20, "generation.published", "{}", "");
	notify_book_view(s.book, "photos", &view);
	assert_int_equal(view.last_success_at, T + 20);
	notify_book_destroy(&s.book);
	s = begin(T + 126230400);
	status_is(&s, T, "[{\"kind\":\"failed\",\"since\":7,\"reason\":\"no room\"}]", "photos:failed");
	notify_book_destroy(&s.book);
}

static void an_alarm_that_events_do_not_tell_of_is_told_by_the_status(void **state)
{
	struct script s = begin(T);

	(void)state;
	status_is(&s, T + 100, "[{\"kind\":\"store\",\"since\":7,\"reason\":\"it can't be written\"}]",
	          "photos:failed");
	assert_string_equal(last.text, "it can't be written");
	status_is(&s, T + 110, "[{\"kind\":\"store\",\"since\":7,\"reason\":\"it can't be written\"}]", "");
	happens(&s, T + 120, "run.failed", FAILED, "photos:failed"); /* another thing */
	happens(&s, T + 130, "pipeline.recovered", "{\"was\":\"failed\",\"still\":[]}", "photos:recovered");
	assert_true(last.still);
	assert_string_equal(last.title, "photos: one thing is over, but not all is well");
	status_is(&s, T + 200, "[]", "photos:recovered");
	assert_string_equal(last.text, "It is over: store\nThe newest generation is g7.");
	notify_book_destroy(&s.book);
}

/* So that a dead man's switch does not turn green by it. */
static void a_run_that_ends_well_says_what_it_does_not_end(void **state)
{
	struct script s = begin(T);

	(void)state;
	happens(&s, T + 1, "run.failed", FAILED, "photos:failed");
	happens(&s, T + 2, "run.finished", WHOLE(""), "photos:finished");
	assert_false(last.still);
	happens(&s, T + 3, "pipeline.braked", "{\"reason\":\"9000 files would go\"}", "photos:braked");
	happens(&s, T + 4, "run.finished", WHOLE(""), "photos:finished");
	assert_true(last.still);
	notify_book_destroy(&s.book);
}

static void broker_is_silent(struct script *s, int64_t lost_s, int64_t now_s, const char *expected)
{
	told[0] = '\0';
	(void)notify_book_broker(s->book, lost_s, NOTIFY_BOOK_BROKER_S, "no answer within 3 s", now_s, note, NULL);
	if (strcmp(told, expected) != 0)
		fail_msg("silent for %lld s: told \"%s\", not \"%s\"", (long long)lost_s, told, expected);
}

static void a_broker_that_does_not_answer_is_told_once(void **state)
{
	struct script s = begin(T);
	struct notify_view view;
	char id[NOTIFY_NOTICE_ID];

	(void)state;
	broker_is_silent(&s, 0, T, "");
	broker_is_silent(&s, NOTIFY_BOOK_BROKER_S - 1, T + 299, ""); /* a restart is no news */
	broker_is_silent(&s, NOTIFY_BOOK_BROKER_S, T + 300, "-:broker-down");
	assert_string_equal(last.title, "all pipelines: nothing is backed up: the broker does not answer");
	assert_non_null(strstr(last.text, "has not answered for 5 min"));
	assert_non_null(strstr(last.text, "no answer within 3 s"));
	(void)snprintf(id, sizeof(id), "%s", last.id);
	broker_is_silent(&s, 4000, T + 4000, "");
	kept(&s);
	broker_is_silent(&s, 1, T + 4100, ""); /* this process has begun anew, it has not */
	broker_is_silent(&s, 600, T + 4700, "");
	notify_book_view(s.book, "photos", &view);
	assert_string_equal(view.alarms, "broker-down");
	broker_is_silent(&s, 0, T + 5000, "-:recovered");
	assert_string_equal(last.text, "It is over: broker-down");
	assert_string_not_equal(last.id, id);
	broker_is_silent(&s, 0, T + 5010, "");
	notify_book_view(s.book, "photos", &view);
	assert_string_equal(view.alarms, "");
	happens(&s, T + 5020, "run.failed", FAILED, "photos:failed");
	broker_is_silent(&s, 400, T + 6000, "-:broker-down");
	broker_is_silent(&s, 0, T + 6500, "-:recovered");
	assert_string_equal(last.title, "all pipelines: one thing is over, but not all is well");
	assert_string_equal(last.text, "It is over: broker-down\nBut still: failed");
	broker_is_silent(&s, 400, T + 9000, "-:broker-down");
	assert_string_not_equal(last.id, id);
	notify_book_destroy(&s.book);
}

static void a_view_has_what_is_wrong_and_the_last_success(void **state)
{
	struct script s = begin(T);
	struct notify_view view;

	(void)state;
	notify_book_view(s.book, "photos", &view);
	assert_string_equal(view.alarms, "");
	assert_int_equal(view.last_success_at, 0);
	happens(&s, T + 1, "generation.published", "{}", "");
	happens(&s, T + 2, "run.failed", FAILED, "photos:failed");
	happens(&s, T + 3, "generation.damaged", "{\"generation\":\"g1\"}", "photos:damaged");
	notify_book_view(s.book, "photos", &view);
	assert_string_equal(view.pipeline, "photos");
	assert_string_equal(view.alarms, "failed, damaged:g1");
	assert_int_equal(view.last_success_at, T + 1);
	notify_book_destroy(&s.book);
}

static void what_comes_from_outside_is_made_harmless(void **state)
{
	struct script s = begin(T);
	json_t *odd = json_loads("{\"v\":2}", 0, NULL);
	struct error err = { 0 };

	(void)state;
	happens_of(&s, "a b\\nc<", T + 1, T + 1, "run.failed", WHOLE(",\"error\":{\"message\":\"x\\u001b[2J\\ny\"}"),
	           "photos:failed");
	assert_string_equal(last.text, "x\\x1b[2J\\x0ay");
	assert_string_equal(last.id, "a_b_c_-failed");
	happens_of(&s, "", T + 1, T + 1, "run.failed", FAILED, "");
	happens_of(&s, "1", T + 1, T + 1, "pipeline.recovered", "{}", "");
	happens_of(&s, "2", T + 1, T + 1, "pipeline.forecast", "{\"warnings\":[1,2]}", "");
	for (int i = 0; i < 3 * NOTIFY_BOOK_ALARMS_MAX; i++) {
		char id[32];
		char data[64];
		size_t before = i;

		(void)snprintf(id, sizeof(id), "many-%d", i);
		(void)snprintf(data, sizeof(data), "{\"generation\":\"g%d\"}", i);
		happens_of(&s, id, T + 1, T + 1, "generation.damaged", data,
		           before + 1 < NOTIFY_BOOK_ALARMS_MAX ? "photos:damaged" : "");
	}
	notify_book_destroy(&s.book);
	assert_int_equal(notify_book_new(odd, T, &s.book, &err), -1);
	assert_int_equal(err.class, ERR_DAMAGED);
	json_decref(odd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alarm_is_told_when_it_begins_and_when_it_ends),
		cmocka_unit_test(damage_is_told_for_each_generation_and_other_kinds_once),
		cmocka_unit_test(a_forecast_is_told_when_its_warnings_change),
		cmocka_unit_test(runs_are_told_while_they_are_news),
		cmocka_unit_test(what_is_past_at_the_first_start_is_left_to_the_status),
		cmocka_unit_test(a_status_tells_what_lost_events_would_have),
		cmocka_unit_test(a_clock_that_ran_ahead_at_the_first_start_silences_nothing),
		cmocka_unit_test(an_alarm_that_events_do_not_tell_of_is_told_by_the_status),
		cmocka_unit_test(a_run_that_ends_well_says_what_it_does_not_end),
		cmocka_unit_test(a_broker_that_does_not_answer_is_told_once),
		cmocka_unit_test(a_view_has_what_is_wrong_and_the_last_success),
		cmocka_unit_test(what_comes_from_outside_is_made_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
