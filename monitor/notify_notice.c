#include "monitor/notify_notice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/duration.h"
#include "lib/log.h"
#include "lib/reason.h"

static const struct {
	const char *title;
	int urgency;
} kinds[CONFIG_NOTICES] = {
	[CONFIG_NOTICE_FAILED] = { "the backup failed", 4 },
	[CONFIG_NOTICE_OVERDUE] = { "the backup is overdue", 4 },
	[CONFIG_NOTICE_DAMAGED] = { "the copy is damaged", 5 },
	[CONFIG_NOTICE_NOT_RESTORABLE] = { "a restore would not give everything back", 5 },
	[CONFIG_NOTICE_BRAKED] = { "too much changed at once, please look", 4 },
	[CONFIG_NOTICE_FORECAST] = { "this will not go well for long", 3 },
	[CONFIG_NOTICE_BROKER] = { "nothing is backed up: the broker does not answer", 4 },
	[CONFIG_NOTICE_RECOVERED] = { "all is well again", 3 },
	[CONFIG_NOTICE_STARTED] = { "a backup began", 1 },
	[CONFIG_NOTICE_FINISHED] = { "a backup is done", 1 },
};

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

/* What comes from outside may hold anything. */
static void add(struct notify_notice *notice, const char *text)
{
	size_t used = strlen(notice->text);

	if (*text == '\0')
		return;
	if (used > 0 && used + 2 < sizeof(notice->text)) {
		notice->text[used++] = '\n';
		notice->text[used] = '\0';
	}
	(void)log_escape(text, notice->text + used, sizeof(notice->text) - used);
}

static void add_list(struct notify_notice *notice, const char *before, const json_t *list)
{
	char text[256] = "";
	char line[300];
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
	        reason_add(text, sizeof(text), "%s", json_is_string(item) ? json_string_value(item) : "?");
	(void)snprintf(line, sizeof(line), "%s%s", before, text);
	if (text[0] != '\0')
		add(notice, line);
}

static void tell_overdue(struct notify_notice *notice, const json_t *data)
{
	char age[DURATION_TEXT_SIZE];
	char most[DURATION_TEXT_SIZE];
	char line[256];
	int64_t age_s = json_integer_value(json_object_get(data, "age_s"));
	int64_t max_age_s = json_integer_value(json_object_get(data, "max_age_s"));

	if (max_age_s > 0) {
		bool nothing = json_is_null(json_object_get(data, "last_good_at"));

		(void)snprintf(line, sizeof(line), "%s %s, and max_age is %s.",
		               nothing ? "Nothing lies in the vault since" : "The state in the vault is as old as",
		               duration_text((uint64_t)age_s * 1000, age, sizeof(age)),
		               duration_text((uint64_t)max_age_s * 1000, most, sizeof(most)));
		add(notice, line);
	}
	add(notice, text_of(data, "reason"));
}

static void tell_recovered(struct notify_notice *notice, const json_t *data)
{
	char line[256];

	add_list(notice, "It is over: ", json_object_get(data, "cleared"));
	add_list(notice, "But still: ", json_object_get(data, "still"));
	(void)snprintf(line, sizeof(line), "The newest generation is %.100s.", text_of(data, "generation"));
	if (*text_of(data, "generation") != '\0')
		add(notice, line);
}

static void tell_damaged(struct notify_notice *notice, const json_t *data)
{
	char line[256];

	(void)snprintf(line, sizeof(line), "Generation %.100s does not hold what it should.",
	               text_of(data, "generation"));
	add(notice, line);
	add(notice, text_of(data, "reason"));
}

static bool is_of_all(const struct notify_notice *notice)
{
	return strcmp(notice->pipeline, NOTIFY_NOTICE_ALL) == 0;
}

void notify_notice_fill(struct notify_notice *notice, const json_t *data)
{
	const json_t *still = json_object_get(data, "still");
	const char *title = kinds[notice->kind].title;
	char *dump = NULL;

	notice->still = json_is_array(still) && json_array_size(still) > 0;
	if (notice->kind == CONFIG_NOTICE_RECOVERED && notice->still)
		title = "one thing is over, but not all is well";
	(void)snprintf(notice->title, sizeof(notice->title), "%s: %s",
	               is_of_all(notice) ? "all pipelines" : notice->pipeline, title);
	notice->text[0] = '\0';
	switch (notice->kind) {
	case CONFIG_NOTICE_FAILED:
		add(notice, text_of(json_object_get(data, "error"), "message"));
		add(notice, text_of(data, "reason"));
		break;
	case CONFIG_NOTICE_OVERDUE:
		tell_overdue(notice, data);
		break;
	case CONFIG_NOTICE_RECOVERED:
		tell_recovered(notice, data);
		break;
	case CONFIG_NOTICE_DAMAGED:
		tell_damaged(notice, data);
		break;
	case CONFIG_NOTICE_NOT_RESTORABLE:
	case CONFIG_NOTICE_BRAKED:
	case CONFIG_NOTICE_FORECAST:
	case CONFIG_NOTICE_BROKER:
		add(notice, text_of(data, "reason"));
		break;
	case CONFIG_NOTICE_STARTED:
	case CONFIG_NOTICE_FINISHED:
	case CONFIG_NOTICES:
		break;
	}
	if (notice->text[0] == '\0')
		(void)snprintf(notice->text, sizeof(notice->text), "`aob status` tells more.");
	dump = data != NULL ? json_dumps(data, JSON_COMPACT) : NULL;
	(void)snprintf(notice->data, sizeof(notice->data), "%s",
	               dump != NULL && strlen(dump) < sizeof(notice->data) ? dump : "{}");
	free(dump);
}

int notify_notice_urgency(const struct notify_notice *notice)
{
	return kinds[notice->kind].urgency;
}

const char *notify_notice_time(int64_t at_s, char out[static 32])
{
	time_t seconds = (time_t)at_s;
	struct tm utc;

	if (gmtime_r(&seconds, &utc) == NULL || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
		(void)snprintf(out, 32, "1970-01-01T00:00:00Z");
	return out;
}

int64_t notify_notice_time_of(const char *text)
{
	struct tm utc = { .tm_sec = 0 };
	const char *rest = text != NULL ? strptime(text, "%Y-%m-%dT%H:%M:%S", &utc) : NULL;

	return rest != NULL && (*rest == '.' || *rest == 'Z') ? (int64_t)timegm(&utc) : 0;
}

json_t *notify_notice_json(const struct notify_notice *notice)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:b}", "id", notice->id, "kind",
	                 config_notify_notice(notice->kind), "pipeline", notice->pipeline, "title", notice->title,
	                 "text", notice->text, "data", notice->data, "at", (json_int_t)notice->at_s, "still",
	                 (int)notice->still);
}

static bool take(const json_t *json, const char *key, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text != NULL && (size_t)snprintf(out, size, "%s", text) < size;
}

bool notify_notice_read(const json_t *json, struct notify_notice *notice)
{
	char kind[32];
	int i = 0;

	*notice = (struct notify_notice){ .at_s = json_integer_value(json_object_get(json, "at")),
		                          .still = json_is_true(json_object_get(json, "still")) };
	if (!take(json, "id", notice->id, sizeof(notice->id)) || !take(json, "kind", kind, sizeof(kind)) ||
	    !take(json, "pipeline", notice->pipeline, sizeof(notice->pipeline)) ||
	    !take(json, "title", notice->title, sizeof(notice->title)) ||
	    !take(json, "text", notice->text, sizeof(notice->text)) ||
	    !take(json, "data", notice->data, sizeof(notice->data)))
		return false;
	while (i < CONFIG_NOTICES && strcmp(config_notify_notice((enum config_notice)i), kind) != 0)
		i++;
	notice->kind = (enum config_notice)i;
	return i < CONFIG_NOTICES;
}

char *notify_notice_event(const struct notify_notice *notice)
{
	char host[256] = "localhost";
	char source[300];
	char type[64];
	char stamp[32];
	json_t *data = json_loads(notice->data, 0, NULL);
	json_t *event = NULL;
	char *text = NULL;

	(void)gethostname(host, sizeof(host) - 1);
	(void)snprintf(source, sizeof(source), "aob://%s", host);
	(void)snprintf(type, sizeof(type), "aob.notice.%s", config_notify_notice(notice->kind));
	event = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s, s:s, s:o}}", "specversion", "1.0",
	                  "id", notice->id, "source", source, "type", type, "subject", notice->pipeline, "time",
	                  notify_notice_time(notice->at_s, stamp), "datacontenttype", "application/json", "data",
	                  "kind", config_notify_notice(notice->kind), "pipeline", notice->pipeline, "title",
	                  notice->title, "text", notice->text, "event", data != NULL ? data : json_object());
	if (event != NULL)
		text = json_dumps(event, JSON_COMPACT);
	json_decref(event);
	return text;
}
