#include "monitor/notify_book.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/duration.h"
#include "lib/log.h"
#include "lib/reason.h"

/* The JSON is: {"v": 1, "pipelines": {NAME: {"seen": {WHAT: event ID}, "last_success_at": N,
 *   "alarms": {KEY: {"detail", "told": bool, "at": N}}, "ended": {KIND: N}}}, "broker_down": {"since": N} | absent};
 * KEY is a kind, or "damaged:GENERATION". */
struct notify_book {
	json_t *root;
	int64_t anew_s; /* begun anew at; 0: taken up. Never later than the clock now is */
};

struct telling { /* one event or status, on its way into the book */
	struct notify_book *book;
	json_t *entry; /* of the pipeline */
	const char *pipeline;
	const char *id;
	const json_t *data;
	int64_t at_s, now_s;
	void (*tell)(void *cookie, const struct notify_notice *notice);
	void *cookie;
	bool changed;
};

int notify_book_new(const json_t *kept, int64_t now_s, struct notify_book **book, struct error *err)
{
	struct notify_book *made = calloc(1, sizeof(*made));

	*book = NULL;
	if (made == NULL)
		return error_sys(err, ENOMEM, "the book of notices");
	if (kept != NULL) {
		if (json_integer_value(json_object_get(kept, "v")) != 1 ||
		    !json_is_object(json_object_get(kept, "pipelines"))) {
			free(made);
			return error_set(err, ERR_DAMAGED, "it holds no book of version 1");
		}
		made->root = json_deep_copy(kept);
	} else {
		made->root = json_pack("{s:i, s:{}}", "v", 1, "pipelines");
		made->anew_s = now_s;
	}
	if (made->root == NULL) {
		free(made);
		return error_sys(err, ENOMEM, "the book of notices");
	}
	*book = made;
	return 0;
}

void notify_book_destroy(struct notify_book **book)
{
	if (*book == NULL)
		return;
	json_decref((*book)->root);
	free(*book);
	*book = NULL;
}

const json_t *notify_book_json(const struct notify_book *book)
{
	return book->root;
}

/* An object of this name in another; made if there is none. */
static json_t *child_of(json_t *object, const char *key)
{
	json_t *child = json_object_get(object, key);

	if (!json_is_object(child)) {
		child = json_object();
		if (json_object_set_new(object, key, child) != 0)
			return NULL;
	}
	return child;
}

static json_t *entry_of(struct notify_book *book, const char *pipeline)
{
	json_t *all = json_object_get(book->root, "pipelines");

	if (strlen(pipeline) > CONFIG_NAME_MAX ||
	    (json_object_get(all, pipeline) == NULL && json_object_size(all) >= NOTIFY_BOOK_PIPELINES_MAX))
		return NULL;
	return child_of(all, pipeline);
}

static void say(struct telling *t, enum config_notice kind, const json_t *data)
{
	struct notify_notice notice = { .kind = kind, .at_s = t->at_s };

	(void)snprintf(notice.id, sizeof(notice.id), "%.100s-%s", t->id, config_notify_notice(kind));
	for (char *c = notice.id; *c != '\0'; c++) /* it goes into headers */
		if (*c <= 0x20 || *c >= 0x7f || strchr("<>\"\\", *c) != NULL)
			*c = '_';
	(void)snprintf(notice.pipeline, sizeof(notice.pipeline), "%s", t->pipeline);
	notify_notice_fill(&notice, data);
	t->tell(t->cookie, &notice);
}

/* A clock that ran ahead when the book began, and was set back since, makes nothing past that happens now. */
static void heed_clock(struct notify_book *book, int64_t now_s)
{
	if (book->anew_s > now_s)
		book->anew_s = now_s;
}

/* Past before the book began: a status will tell if it still is so. */
static bool is_past(const struct telling *t)
{
	return t->book->anew_s != 0 && t->at_s < t->book->anew_s - NOTIFY_BOOK_SETTLE_S;
}

/* key may be in force already: then only another detail is news. */
static void begin(struct telling *t, enum config_notice kind, const char *key, const char *detail)
{
	json_t *alarms = child_of(t->entry, "alarms");
	const json_t *known = json_object_get(alarms, key);
	const char *was = json_string_value(json_object_get(known, "detail"));
	bool told = json_is_true(json_object_get(known, "told"));

	/* A status does not tell details, so that it may have begun without one. */
	if (told && was != NULL && (*was == '\0' || *detail == '\0' || strcmp(was, detail) == 0)) {
		if (*was == '\0' && *detail != '\0')
			(void)json_object_set_new(json_object_get(alarms, key), "detail", json_string(detail));
		return;
	}
	if (known == NULL && json_object_size(alarms) >= NOTIFY_BOOK_ALARMS_MAX)
		return;
	told = !is_past(t);
	if (told)
		say(t, kind, t->data);
	(void)json_object_set_new(
	        alarms, key,
	        json_pack("{s:s, s:b, s:I}", "detail", detail, "told", (int)told, "at", (json_int_t)t->now_s));
	t->changed = true;
}

/* The kind of a key, which may name more. */
static void kind_of(const char *key, char kind[static 32])
{
	(void)snprintf(kind, 32, "%.*s", (int)strcspn(key, ":"), key);
}

static bool holds(const json_t *list, const char *word)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i,
	                   item) if (json_is_string(item) && strcmp(json_string_value(item), word) == 0) return true;
	return false;
}

static bool is_fresh(const json_t *at, int64_t now_s)
{
	int64_t age_s = now_s - json_integer_value(at);

	return json_is_integer(at) && age_s > -NOTIFY_BOOK_SETTLE_S && age_s < NOTIFY_BOOK_SETTLE_S;
}

/* What `ends` says is over; one notice tells of all. */
static void end(struct telling *t, bool (*ends)(const struct telling *t, const char *kind, const json_t *alarm),
                const char *generation)
{
	json_t *alarms = child_of(t->entry, "alarms");
	json_t *ended = child_of(t->entry, "ended");
	json_t *cleared = json_array();
	json_t *still = json_array();
	json_t *data = NULL;
	const char *key;
	json_t *alarm;
	void *next;

	json_object_foreach_safe(alarms, next, key, alarm)
	{
		json_t *list = still;
		char kind[32];

		kind_of(key, kind);
		if (ends(t, kind, alarm)) {
			list = json_is_true(json_object_get(alarm, "told")) ? cleared : NULL;
			(void)json_object_set_new(ended, kind, json_integer(t->now_s));
			(void)json_object_del(alarms, key);
			t->changed = true;
		}
		if (list != NULL && !holds(list, kind))
			(void)json_array_append_new(list, json_string(kind));
	}
	if (json_array_size(cleared) > 0) {
		data = json_pack("{s:O, s:O, s:s?}", "cleared", cleared, "still", still, "generation", generation);
		say(t, CONFIG_NOTICE_RECOVERED, data);
	}
	json_decref(data);
	json_decref(cleared);
	json_decref(still);
}

static const struct known {
	const char *kind;
	enum config_notice notice;
} known[] = { { "failed", CONFIG_NOTICE_FAILED },   { "overdue", CONFIG_NOTICE_OVERDUE },
	      { "damaged", CONFIG_NOTICE_DAMAGED }, { "not-restorable", CONFIG_NOTICE_NOT_RESTORABLE },
	      { "braked", CONFIG_NOTICE_BRAKED },   { "forecast", CONFIG_NOTICE_FORECAST } };

/* NULL: one that only a status tells, such as `store`. */
static const struct known *notice_of(const char *kind)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].kind, kind) == 0)
			return &known[i];
	return NULL;
}

/* ---- events */

static bool ends_by_event(const struct telling *t, const char *kind, const json_t *alarm)
{
	const json_t *still = json_object_get(t->data, "still");

	(void)alarm;
	if (strcmp(kind, "forecast") == 0 || notice_of(kind) == NULL)
		return false; /* it has an event of its own; or none at all, so that the status alone tells */
	if (still != NULL)
		return !holds(still, kind);
	return strcmp(kind, json_string_value(json_object_get(t->data, "was"))) == 0;
}

static bool ends_forecast(const struct telling *t, const char *kind, const json_t *alarm)
{
	(void)t;
	(void)alarm;
	return strcmp(kind, "forecast") == 0;
}

static void on_failed(struct telling *t)
{
	begin(t, CONFIG_NOTICE_FAILED, "failed", "");
}

static void on_overdue(struct telling *t)
{
	begin(t, CONFIG_NOTICE_OVERDUE, "overdue", "");
}

static void on_braked(struct telling *t)
{
	begin(t, CONFIG_NOTICE_BRAKED, "braked", "");
}

static void on_damaged(struct telling *t)
{
	const char *generation = json_string_value(json_object_get(t->data, "generation"));
	char key[160];

	(void)snprintf(key, sizeof(key), "damaged:%.100s", generation != NULL ? generation : "");
	begin(t, CONFIG_NOTICE_DAMAGED, key, "");
}

/* A good one ends it by a recovery. */
static void on_rehearsed(struct telling *t)
{
	if (json_is_false(json_object_get(t->data, "restorable")))
		begin(t, CONFIG_NOTICE_NOT_RESTORABLE, "not-restorable", "");
}

static void on_recovered(struct telling *t)
{
	if (json_is_array(json_object_get(t->data, "still")) || json_is_string(json_object_get(t->data, "was")))
		end(t, ends_by_event, json_string_value(json_object_get(t->data, "generation")));
}

static void on_forecast(struct telling *t)
{
	char words[128] = "";
	size_t i;
	json_t *word;

	json_array_foreach(json_object_get(t->data, "warnings"), i, word)
	{
		if (json_is_string(word))
			reason_add(words, sizeof(words), "%s", json_string_value(word));
	}
	if (words[0] == '\0')
		end(t, ends_forecast, NULL);
	else
		begin(t, CONFIG_NOTICE_FORECAST, "forecast", words);
}

static void tell_passing(struct telling *t, enum config_notice kind)
{
	if (!is_past(t) && t->now_s - t->at_s < NOTIFY_BOOK_PASSING_S)
		say(t, kind, t->data);
}

static void succeeded(struct telling *t)
{
	int64_t last_s = json_integer_value(json_object_get(t->entry, "last_success_at"));

	if (t->at_s > last_s || last_s > t->now_s + NOTIFY_BOOK_SETTLE_S) /* the clock ran ahead then */
		(void)json_object_set_new(t->entry, "last_success_at", json_integer(t->at_s));
}

static void on_started(struct telling *t)
{
	tell_passing(t, CONFIG_NOTICE_STARTED);
}

/* Of a pipeline, those alarms in force that were told; only: of these kinds alone, or NULL. */
static void list_told(const json_t *entry, const char *const *only, json_t *list)
{
	const char *key;
	json_t *alarm;

	json_object_foreach(json_object_get(entry, "alarms"), key, alarm)
	{
		char kind[32];
		bool wanted = only == NULL;

		kind_of(key, kind);
		for (size_t i = 0; only != NULL && only[i] != NULL; i++)
			wanted = wanted || strcmp(only[i], kind) == 0;
		if (wanted && json_is_true(json_object_get(alarm, "told")) && !holds(list, kind))
			(void)json_array_append_new(list, json_string(kind));
	}
}

/* With what a run that ended well does not end. */
static void on_finished(struct telling *t)
{
	static const char *const lasting[] = { "braked", "damaged", "not-restorable", NULL };
	const json_t *data = t->data;
	json_t *copy = json_deep_copy(data);
	json_t *still = json_array();

	succeeded(t);
	list_told(t->entry, lasting, still);
	if (json_array_size(still) > 0 && json_object_set(copy, "still", still) == 0)
		t->data = copy;
	tell_passing(t, CONFIG_NOTICE_FINISHED);
	t->data = data;
	json_decref(still);
	json_decref(copy);
}

static const struct {
	const char *type;
	bool of_whole_runs; /* those of single steps and dry runs are nobody's business */
	void (*take)(struct telling *t);
} events[] = {
	{ "aob.run.started", true, on_started },         { "aob.run.finished", true, on_finished },
	{ "aob.run.failed", true, on_failed },           { "aob.generation.published", false, succeeded },
	{ "aob.generation.damaged", false, on_damaged }, { "aob.generation.rehearsed", false, on_rehearsed },
	{ "aob.pipeline.overdue", false, on_overdue },   { "aob.pipeline.braked", false, on_braked },
	{ "aob.pipeline.forecast", false, on_forecast }, { "aob.pipeline.recovered", false, on_recovered },
};

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static bool is_whole_run(const json_t *data)
{
	return strcmp(text_of(data, "kind"), "whole") == 0 && !json_is_true(json_object_get(data, "dry_run"));
}

bool notify_book_event(struct notify_book *book, const json_t *event, int64_t now_s,
                       void (*tell)(void *cookie, const struct notify_notice *notice), void *cookie)
{
	const char *type = text_of(event, "type");
	struct telling t = { .book = book,
		             .pipeline = text_of(event, "subject"),
		             .id = text_of(event, "id"),
		             .data = json_object_get(event, "data"),
		             .at_s = notify_notice_time_of(text_of(event, "time")),
		             .now_s = now_s,
		             .tell = tell,
		             .cookie = cookie };
	json_t *seen = NULL;
	size_t i = 0;

	heed_clock(book, now_s);
	while (i < sizeof(events) / sizeof(events[0]) && strcmp(events[i].type, type) != 0)
		i++;
	if (i == sizeof(events) / sizeof(events[0]) || *t.id == '\0' || *t.pipeline == '\0' ||
	    strcmp(t.pipeline, "-") == 0 || (events[i].of_whole_runs && !is_whole_run(t.data)))
		return false;
	t.entry = entry_of(book, t.pipeline);
	seen = t.entry != NULL ? child_of(t.entry, "seen") : NULL;
	if (seen == NULL || strcmp(text_of(seen, type), t.id) == 0)
		return false;
	events[i].take(&t);
	(void)json_object_set_new(seen, type, json_string(t.id));
	return true;
}

/* ---- status */

static void begin_missing(struct telling *t, const json_t *alarm)
{
	const struct known *told_by_events = notice_of(text_of(alarm, "kind"));
	json_t *alarms = child_of(t->entry, "alarms");
	const char *kind = text_of(alarm, "kind");
	const char *key;
	json_t *open;
	struct telling one;
	char own[32];
	char id[160];

	json_object_foreach(alarms, key, open)
	{
		kind_of(key, own);
		if (strcmp(own, kind) == 0 && json_is_true(json_object_get(open, "told")))
			return;
	}
	if (is_fresh(json_object_get(json_object_get(t->entry, "ended"), kind), t->now_s))
		return; /* the status is older than the event that ended it */
	(void)snprintf(id, sizeof(id), "status-%s-%.32s-%lld", t->pipeline, kind,
	               (long long)json_integer_value(json_object_get(alarm, "since")));
	one = *t;
	one.id = id;
	one.data = alarm;
	one.at_s = t->now_s;
	/* What is not known here is told as a failure: nobody would hear of it else. */
	if (*kind != '\0' && strlen(kind) < sizeof(own))
		begin(&one, told_by_events != NULL ? told_by_events->notice : CONFIG_NOTICE_FAILED, kind, "");
	t->changed = t->changed || one.changed;
}

static bool ends_by_status(const struct telling *t, const char *kind, const json_t *alarm)
{
	size_t i;
	json_t *item;

	json_array_foreach(t->data, i, item) if (strcmp(text_of(item, "kind"), kind) == 0) return false;
	return !is_fresh(json_object_get(alarm, "at"), t->now_s);
}

/* Returns whether there is such a pipeline in the status. */
static bool is_in(const json_t *pipelines, const char *name)
{
	size_t i;
	json_t *item;

	json_array_foreach(pipelines, i, item) if (strcmp(text_of(item, "name"), name) == 0) return true;
	return false;
}

bool notify_book_status(struct notify_book *book, const json_t *status, int64_t now_s,
                        void (*tell)(void *cookie, const struct notify_notice *notice), void *cookie)
{
	json_t *all = json_object_get(book->root, "pipelines");
	const json_t *pipelines = json_object_get(status, "pipelines");
	bool changed = false;
	const char *name;
	json_t *entry;
	json_t *pipeline;
	void *next;
	size_t i;

	if (!json_is_array(pipelines))
		return false;
	heed_clock(book, now_s);
	json_array_foreach(pipelines, i, pipeline)
	{
		const json_t *alarms = json_object_get(pipeline, "alarms");
		char id[160];
		struct telling t = { .book = book,
			             .pipeline = text_of(pipeline, "name"),
			             .now_s = now_s,
			             .tell = tell,
			             .cookie = cookie };
		size_t k;
		json_t *alarm;

		t.entry = *t.pipeline != '\0' ? entry_of(book, t.pipeline) : NULL;
		if (t.entry == NULL || !json_is_array(alarms))
			continue; /* a broker that does not tell */
		json_array_foreach(alarms, k, alarm) begin_missing(&t, alarm);
		(void)snprintf(id, sizeof(id), "status-%s-%lld", t.pipeline, (long long)now_s);
		t.id = id;
		t.data = alarms;
		t.at_s = now_s;
		end(&t, ends_by_status, text_of(json_object_get(pipeline, "last_good"), "generation"));
		changed = changed || t.changed;
	}
	json_object_foreach_safe(all, next, name, entry)
	{
		if (is_in(pipelines, name))
			continue;
		(void)json_object_del(all, name);
		changed = true;
	}
	return changed;
}

/* ---- the broker itself */

static json_t *broker_down_data(int64_t lost_s, const char *why)
{
	char span[DURATION_TEXT_SIZE];
	char safe[201];
	char reason[400];

	(void)snprintf(reason, sizeof(reason),
	               "aob-broker has not answered for %s, so no run begins and nobody knows what is overdue: %s",
	               duration_text((uint64_t)lost_s * 1000, span, sizeof(span)), log_escape(why, safe, sizeof(safe)));
	return json_pack("{s:I, s:s}", "silent_s", (json_int_t)lost_s, "reason", reason);
}

bool notify_book_broker(struct notify_book *book, int64_t lost_s, int64_t patience_s, const char *why, int64_t now_s,
                        void (*tell)(void *cookie, const struct notify_notice *notice), void *cookie)
{
	const json_t *down = json_object_get(book->root, "broker_down");
	int64_t since = down != NULL ? json_integer_value(json_object_get(down, "since")) : now_s - lost_s;
	char id[64];
	struct telling t = { .book = book,
		             .pipeline = NOTIFY_NOTICE_ALL,
		             .id = id,
		             .at_s = now_s,
		             .now_s = now_s,
		             .tell = tell,
		             .cookie = cookie };
	json_t *data = NULL;

	(void)snprintf(id, sizeof(id), "broker-%lld", (long long)since);
	if (down == NULL && lost_s >= patience_s) {
		data = broker_down_data(lost_s, why);
		say(&t, CONFIG_NOTICE_BROKER, data);
		(void)json_object_set_new(book->root, "broker_down", json_pack("{s:I}", "since", (json_int_t)since));
	} else if (down != NULL && lost_s == 0) {
		json_t *still = json_array();
		const char *name;
		json_t *entry;

		json_object_foreach(json_object_get(book->root, "pipelines"), name, entry)
		        list_told(entry, NULL, still);
		data = json_pack("{s:[s], s:o}", "cleared", config_notify_notice(CONFIG_NOTICE_BROKER), "still", still);
		say(&t, CONFIG_NOTICE_RECOVERED, data);
		(void)json_object_del(book->root, "broker_down");
	} else {
		return false;
	}
	json_decref(data);
	return true;
}

void notify_book_view(const struct notify_book *book, const char *pipeline, struct notify_view *view)
{
	const json_t *entry = json_object_get(json_object_get(book->root, "pipelines"), pipeline);
	const char *key;
	json_t *alarm;

	*view = (struct notify_view){ .last_success_at =
		                              json_integer_value(json_object_get(entry, "last_success_at")) };
	(void)snprintf(view->pipeline, sizeof(view->pipeline), "%s", pipeline);
	json_object_foreach(json_object_get(entry, "alarms"), key, alarm)
	        reason_add(view->alarms, sizeof(view->alarms), "%s", key);
	if (json_object_get(book->root, "broker_down") != NULL)
		reason_add(view->alarms, sizeof(view->alarms), "%s", config_notify_notice(CONFIG_NOTICE_BROKER));
}
