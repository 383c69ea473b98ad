/* What ntfy, Gotify, healthchecks and CloudEvents receivers are sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/notify_webhook.h"

static struct notify_notice notice_of(enum config_notice kind)
{
	struct notify_notice notice = { .id = "b-1-x", .kind = kind, .pipeline = "photos", .at_s = 1795316400 };
	json_t *data = json_pack("{s:{s:s}, s:s}", "error", "message", "no \"room\"", "reason", "");

	notify_notice_fill(&notice, data);
	json_decref(data);
	return notice;
}

static const struct {
	const char *name;
	struct config_notify config;
	enum config_notice kind;
	const char *token;
	const char *url;
	const char *headers[4];
	const char *body; /* NULL: looked at elsewhere */
} rows[] = {
	{ "ntfy",
	  { .url = "https://ntfy.sh/x", .webhook = CONFIG_WEBHOOK_NTFY },
	  CONFIG_NOTICE_FAILED,
	  "t",
	  "https://ntfy.sh/x",
	  { "Title: photos: the backup failed", "Priority: 4", "Tags: rotating_light", "Authorization: Bearer t" },
	  "no \"room\"" },
	{ "ntfy, without a token",
	  { .url = "https://ntfy.sh/x", .webhook = CONFIG_WEBHOOK_NTFY },
	  CONFIG_NOTICE_RECOVERED,
	  NULL,
	  "https://ntfy.sh/x",
	  { "Title: photos: all is well again", "Priority: 3", "Tags: white_check_mark", "" },
	  NULL },
	{ "gotify",
	  { .url = "https://g.example.net/", .webhook = CONFIG_WEBHOOK_GOTIFY },
	  CONFIG_NOTICE_FAILED,
	  "t",
	  "https://g.example.net/message",
	  { "Content-Type: application/json", "X-Gotify-Key: t" },
	  "{\"title\":\"photos: the backup failed\",\"message\":\"no \\\"room\\\"\",\"priority\":8}" },
	{ "a ping: began",
	  { .url = "https://hc-ping.com/u", .webhook = CONFIG_WEBHOOK_HEALTHCHECKS },
	  CONFIG_NOTICE_STARTED,
	  NULL,
	  "https://hc-ping.com/u/start",
	  { "Content-Type: text/plain; charset=utf-8", "" },
	  NULL },
	{ "a ping: done",
	  { .url = "https://hc-ping.com/u", .webhook = CONFIG_WEBHOOK_HEALTHCHECKS },
	  CONFIG_NOTICE_FINISHED,
	  NULL,
	  "https://hc-ping.com/u",
	  { NULL },
	  NULL },
	{ "a ping: failed",
	  { .url = "https://hc-ping.com/u/", .webhook = CONFIG_WEBHOOK_HEALTHCHECKS },
	  CONFIG_NOTICE_FAILED,
	  NULL,
	  "https://hc-ping.com/u/fail",
	  { NULL },
	  "no \"room\"" },
	{ "a ping: only said",
	  { .url = "https://hc-ping.com/u", .webhook = CONFIG_WEBHOOK_HEALTHCHECKS },
	  CONFIG_NOTICE_FORECAST,
	  NULL,
	  "https://hc-ping.com/u/log",
	  { NULL },
	  NULL },
	{ "CloudEvents",
	  { .url = "http://[::1]/x/", .webhook = CONFIG_WEBHOOK_CLOUDEVENTS },
	  CONFIG_NOTICE_DAMAGED,
	  "t",
	  "http://[::1]/x/",
	  { "Content-Type: application/cloudevents+json; charset=utf-8", "Authorization: Bearer t" },
	  NULL },
};

static void the_table_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct notify_notice notice = notice_of(rows[i].kind);
		struct notify_webhook_request request;

		assert_int_equal(notify_webhook_fill(&rows[i].config, &notice, rows[i].token, &request, NULL), 0);
		assert_string_equal(request.url, rows[i].url);
		for (size_t k = 0; k < 4 && rows[i].headers[k] != NULL; k++)
			assert_string_equal(request.headers[k], rows[i].headers[k]);
		if (rows[i].body != NULL)
			assert_string_equal(request.body, rows[i].body);
		free(request.body);
	}
}

/* A dead man's switch does not turn green, and nobody is shown a white check mark, while something else is wrong. */
static void what_is_over_is_not_green_while_something_is_wrong_still(void **state)
{
	struct config_notify ping = { .url = "https://hc-ping.com/u", .webhook = CONFIG_WEBHOOK_HEALTHCHECKS };
	struct config_notify ntfy = { .url = "https://ntfy.sh/x", .webhook = CONFIG_WEBHOOK_NTFY };
	static const enum config_notice kinds[] = { CONFIG_NOTICE_FINISHED, CONFIG_NOTICE_RECOVERED };
	struct notify_webhook_request request;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct notify_notice notice = notice_of(kinds[i]);

		notice.still = true;
		assert_int_equal(notify_webhook_fill(&ping, &notice, NULL, &request, NULL), 0);
		assert_string_equal(request.url, "https://hc-ping.com/u/log");
		free(request.body);
		assert_int_equal(notify_webhook_fill(&ntfy, &notice, NULL, &request, NULL), 0);
		assert_string_equal(request.headers[2], "Tags: warning");
		free(request.body);
	}
}

static void a_notice_is_a_cloud_event(void **state)
{
	struct notify_notice notice = notice_of(CONFIG_NOTICE_FAILED);
	char *text = notify_notice_event(&notice);
	json_t *event = json_loads(text, 0, NULL);
	json_t *data = json_object_get(event, "data");

	(void)state;
	assert_string_equal(json_string_value(json_object_get(event, "specversion")), "1.0");
	assert_string_equal(json_string_value(json_object_get(event, "id")), "b-1-x");
	assert_string_equal(json_string_value(json_object_get(event, "type")), "aob.notice.failed");
	assert_string_equal(json_string_value(json_object_get(event, "subject")), "photos");
	assert_string_equal(json_string_value(json_object_get(event, "time")), "2026-11-22T03:00:00Z");
	assert_string_equal(json_string_value(json_object_get(data, "kind")), "failed");
	assert_string_equal(json_string_value(json_object_get(data, "text")), "no \"room\"");
	assert_non_null(json_object_get(json_object_get(data, "event"), "error"));
	json_decref(event);
	free(text);
}

static void a_notice_comes_back_from_the_file(void **state)
{
	struct notify_notice notice = notice_of(CONFIG_NOTICE_FAILED);
	struct notify_notice again;
	json_t *json = notify_notice_json(&notice);
	static const char *const keys[] = { "id", "kind", "pipeline", "title", "text", "data" };

	(void)state;
	assert_true(notify_notice_read(json, &again));
	assert_memory_equal(&notice, &again, sizeof(notice));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		json_t *less = json_copy(json);

		(void)json_object_del(less, keys[i]);
		assert_false(notify_notice_read(less, &again));
		(void)json_object_set_new(less, keys[i], json_integer(1));
		assert_false(notify_notice_read(less, &again));
		json_decref(less);
	}
	(void)json_object_set_new(json, "kind", json_string("odd"));
	assert_false(notify_notice_read(json, &again));
	json_decref(json);
}

static void an_address_that_is_too_long_is_refused(void **state)
{
	char url[3000];
	struct config_notify config = { .url = url, .webhook = CONFIG_WEBHOOK_NTFY };
	struct notify_notice notice = notice_of(CONFIG_NOTICE_FAILED);
	struct notify_webhook_request request;
	struct error err = { 0 };

	(void)state;
	memset(url, 'x', sizeof(url) - 1);
	url[sizeof(url) - 1] = '\0';
	assert_int_equal(notify_webhook_fill(&config, &notice, NULL, &request, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_holds),
		cmocka_unit_test(what_is_over_is_not_green_while_something_is_wrong_still),
		cmocka_unit_test(a_notice_is_a_cloud_event),
		cmocka_unit_test(a_notice_comes_back_from_the_file),
		cmocka_unit_test(an_address_that_is_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
