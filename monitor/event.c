#include "monitor/event.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define PREFIX "aob."

/* "2026-11-23T05:41:07.123Z", with or without a fraction. 0, or -1. */
static int parse_time(const char *text, int64_t *at_ms)
{
	struct tm utc = { .tm_year = 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);
	int64_t ms = 0;

	if (rest == NULL)
		return -1;
	if (*rest == '.') {
		int scale = 100;

		for (rest++; *rest >= '0' && *rest <= '9'; rest++, scale /= 10)
			ms += (int64_t)(*rest - '0') * scale;
	}
	if (strcmp(rest, "Z") != 0)
		return -1;
	*at_ms = (int64_t)timegm(&utc) * 1000 + ms;
	return 0;
}

int event_parse(const char *body, size_t len_bytes, struct event *event, struct error *err)
{
	json_error_t fault;
	const char *type = NULL;

	*event = (struct event){ .id = NULL };
	if (len_bytes > EVENT_TEXT_MAX)
		return error_set(err, ERR_INPUT, "an event of %zu bytes: at most %d are taken", len_bytes,
		                 EVENT_TEXT_MAX);
	event->object = json_loadb(body, len_bytes, JSON_REJECT_DUPLICATES, &fault);
	event->id = json_string_value(json_object_get(event->object, "id"));
	type = json_string_value(json_object_get(event->object, "type"));
	event->pipeline = json_string_value(json_object_get(event->object, "subject"));
	event->time = json_string_value(json_object_get(event->object, "time"));
	event->data = json_object_get(event->object, "data");
	if (event->id == NULL || type == NULL || event->pipeline == NULL || event->time == NULL ||
	    !json_is_object(event->data) || strncmp(type, PREFIX, strlen(PREFIX)) != 0 ||
	    parse_time(event->time, &event->at_ms) != 0) {
		event_done(event);
		return error_set(err, ERR_INPUT, "this is no event of ours: %.200s", fault.text);
	}
	event->what = type + strlen(PREFIX);
	return 0;
}

void event_done(struct event *event)
{
	json_decref(event->object);
	*event = (struct event){ .id = NULL };
}

const char *event_text(const struct event *event, const char *key)
{
	const char *text = json_string_value(json_object_get(event->data, key));

	return text != NULL ? text : "";
}

int64_t event_number(const struct event *event, const char *key)
{
	return json_integer_value(json_object_get(event->data, key));
}

const char *event_error(const struct event *event)
{
	const char *text = json_string_value(json_object_get(json_object_get(event->data, "error"), "message"));

	return text != NULL ? text : "";
}
