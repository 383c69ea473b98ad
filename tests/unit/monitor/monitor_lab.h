/* monitor_lab: a broker's answers and events as the monitor gets them. */
#ifndef AOB_TEST_MONITOR_LAB_H
#define AOB_TEST_MONITOR_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/event.h"
#include "monitor/state.h"
#include "monitor/text.h"

#define LAB_NOW 1795633766 /* 25 Nov 2026, 19:09:26 UTC; a Wednesday */
#define LAB_GENERATION(name, at, more)                                                                                 \
	"{\"pipeline\":\"photos\",\"generation\":\"" name "\",\"run\":\"r1\",\"state\":\"quiet\",\"taken_at\":" at     \
	",\"published_at\":" at                                                                                        \
	",\"files\":1234,\"bytes\":2000000,\"literal_bytes\":1000000,\"wire_sent\":500000,\"vault\":\"dad\"" more "}"
#define LAB_GOOD LAB_GENERATION("2026-11-25T18-09-26Z", "1795630166", "")

/* A status with one pipeline, photos; pipeline: its further members, beginning with a comma, or "". */
static inline char *lab_status(const char *pipeline)
{
	static char text[16384];

	(void)snprintf(
	        text, sizeof(text),
	        "{\"status\":\"ok\",\"result\":{\"broker\":{\"version\":\"9.9\",\"started_at\":1795630000,\"workers\":["
	        "{\"service\":\"transfer\",\"worker\":\"w\",\"host\":\"nas\",\"version\":\"9.9\",\"busy_job\":\"j\"}]},"
	        "\"pipelines\":[{\"name\":\"photos\",\"source\":\"/volume1/photos\",\"vault\":\"dad\"%s}]}}",
	        pipeline);
	return text;
}

static inline struct view *lab_view(const char *pipeline)
{
	const char *text = lab_status(pipeline);
	struct error err = { .class = ERR_NONE };
	struct view *view = NULL;

	if (view_parse(text, strlen(text), &view, &err) != 0)
		fail_msg("%s", err.text);
	return view;
}

/* What run-info tells of a transfer; result: its JSON. */
static inline struct view_detail *lab_detail(const char *result)
{
	struct error err = { .class = ERR_NONE };
	struct view_detail *detail = NULL;
	char text[16384];

	(void)snprintf(text, sizeof(text),
	               "{\"status\":\"ok\",\"result\":{\"steps\":[{\"service\":\"snapshot\",\"result\":{}},"
	               "{\"service\":\"transfer\",\"result\":%s}]}}",
	               result);
	if (view_detail_parse(text, strlen(text), &detail, &err) != 0)
		fail_msg("%s", err.text);
	return detail;
}

/* An event of the broker "b", with its number; data: the members of the object. */
static inline struct event lab_event(unsigned number, const char *what, const char *pipeline, const char *time,
                                     const char *data)
{
	struct error err = { .class = ERR_NONE };
	struct event event;
	char text[2048];

	(void)snprintf(text, sizeof(text),
	               "{\"specversion\":\"1.0\",\"id\":\"b-%u\",\"source\":\"aob://"
	               "nas\",\"type\":\"aob.%s\",\"subject\":\"%s\","
	               "\"time\":\"%s\",\"data\":{%s}}",
	               number, what, pipeline, time, data);
	if (event_parse(text, strlen(text), &event, &err) != 0)
		fail_msg("%s", err.text);
	return event;
}

static inline void assert_holds(const struct text *text, const char *words)
{
	assert_false(text_failed(text));
	if (text->data == NULL || strstr(text->data, words) == NULL)
		fail_msg("no '%s' in: %s", words, text->data != NULL ? text->data : "");
}

static inline void assert_lacks(const struct text *text, const char *words)
{
	assert_false(text_failed(text));
	if (text->data != NULL && strstr(text->data, words) != NULL)
		fail_msg("'%s' in: %s", words, text->data);
}

#endif
