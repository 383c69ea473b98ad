#include "monitor/notify.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mosquitto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/durable.h"
#include "lib/durable_json.h"
#include "lib/chance.h"
#include "lib/log.h"
#include "lib/quiet_thread.h"
#include "monitor/notify_book.h"
#include "monitor/notify_driver.h"
#include "monitor/notify_queue.h"
#include "monitor/notify_retry.h"

#define STATE_NAME "notify.json"
#define STATE_MAX (64u << 20)

struct notifier {
	struct notify *notify;
	const struct config_notify *config;
	const struct notify_driver *driver;
	void *self;
	pthread_t thread;
	bool running;
	struct notify_queue queue;
	bool show; /* the driver shows how pipelines are, and that has changed */
	int64_t show_ms;
	unsigned show_failures;
	struct notify_count count;
};

struct notify {
	const struct config *config;
	int folder_fd;
	char name[256];
	atomic_bool stop;
	pthread_mutex_t lock; /* guards book, queues and counts */
	pthread_cond_t changed;
	struct notify_book *book;
	bool dirty;         /* between notify_begin and notify_end: the book has changed */
	int64_t patience_s; /* with a silent broker */
	bool save_failed;   /* and said so */
	size_t n;
	struct notifier notifiers[];
};

static const struct notify_driver *driver_of(const struct config_notify *config)
{
	switch (config->driver) {
	case CONFIG_NOTIFY_COMMAND:
		return &notify_command_driver;
	case CONFIG_NOTIFY_MAIL:
		return &notify_mail_driver;
	case CONFIG_NOTIFY_WEBHOOK:
		return &notify_webhook_driver;
	case CONFIG_NOTIFY_MQTT:
		return &notify_mqtt_driver;
	}
	return NULL;
}

static bool wants(const struct config_notify *config, const struct notify_notice *notice)
{
	if ((config->on & 1u << notice->kind) == 0)
		return false;
	if (config->pipelines == NULL || config->pipelines[0] == NULL ||
	    strcmp(notice->pipeline, NOTIFY_NOTICE_ALL) == 0)
		return true;
	for (size_t i = 0; config->pipelines[i] != NULL; i++)
		if (strcmp(config->pipelines[i], notice->pipeline) == 0)
			return true;
	return false;
}

/* ---- queues; under the lock */

static void append(struct notifier *notifier, const struct notify_notice *notice)
{
	struct notify_notice pushed_out;
	int rc = notify_queue_add(&notifier->queue, notice, clock_now_ms(), &pushed_out);

	if (rc < 0)
		log_line(LOG_ERR, "notifier=%s out of memory: \"%s\" is not told", notifier->config->name,
		         notice->title);
	if (rc <= 0)
		return;
	log_line(LOG_ERR, "notifier=%s more than %zu notices wait: \"%s\" is not told any more", notifier->config->name,
	         notifier->queue.n, pushed_out.title);
	notifier->count.dropped++;
}

static void tell_all(void *cookie, const struct notify_notice *notice)
{
	struct notify *notify = cookie;

	for (size_t i = 0; i < notify->n; i++)
		if (wants(notify->notifiers[i].config, notice))
			append(&notify->notifiers[i], notice);
}

/* ---- the file */

static json_t *state_json(const struct notify *notify)
{
	json_t *waiting = json_object();

	for (size_t i = 0; i < notify->n; i++) {
		json_t *list = json_array();

		for (const struct notify_item *item = notify->notifiers[i].queue.first; item != NULL; item = item->next)
			(void)json_array_append_new(list, notify_notice_json(&item->notice));
		(void)json_object_set_new(waiting, notify->notifiers[i].config->name, list);
	}
	return json_pack("{s:i, s:o, s:O}", "v", 1, "waiting", waiting, "book", notify_book_json(notify->book));
}

/* Killed before: the change has not happened, and its event comes again. Killed behind: it is known, and what waits is sent. */
static void save(struct notify *notify)
{
	struct error err = { .class = ERR_NONE };

	(void)durable_json_write(notify->folder_fd, notify->name, DURABLE_PRIVATE, state_json(notify), JSON_COMPACT,
	                         &err);
	if (err.class != ERR_NONE && !notify->save_failed)
		log_error(LOG_ERR, &err, "what was told can't be kept, so a restart may tell it again");
	notify->save_failed = err.class != ERR_NONE;
}

static bool is_notifier(const struct notify *notify, const char *name)
{
	for (size_t i = 0; i < notify->n; i++)
		if (strcmp(notify->notifiers[i].config->name, name) == 0)
			return true;
	return false;
}

/* What waits for a notifier that is not there any more has nobody to go to. */
static void tell_orphans(const struct notify *notify, json_t *waiting)
{
	const char *name;
	json_t *list;

	json_object_foreach(waiting, name, list)
	{
		if (json_array_size(list) > 0 && !is_notifier(notify, name))
			log_line(LOG_WARNING,
			         "%zu notices waited for notifier %s, which is not configured any more: they are not "
			         "told",
			         json_array_size(list), name);
	}
}

static void take_up(struct notify *notify, const json_t *waiting)
{
	for (size_t i = 0; i < notify->n; i++) {
		struct notify_notice notice;
		size_t k;
		json_t *item;

		json_array_foreach(json_object_get(waiting, notify->notifiers[i].config->name), k, item)
		{
			if (notify_notice_read(item, &notice))
				append(&notify->notifiers[i], &notice);
		}
	}
}

static int read_state(struct notify *notify, struct error *err)
{
	char *text = NULL;
	size_t len = 0;
	json_t *json = NULL;
	int rc;

	if (durable_read(notify->folder_fd, notify->name, STATE_MAX, &text, &len, err) != 0)
		return -1;
	json = json_loadb(text, len, 0, NULL);
	free(text);
	if (json_integer_value(json_object_get(json, "v")) != 1)
		rc = error_set(err, ERR_DAMAGED, "this is no file of notices");
	else
		rc = notify_book_new(json_object_get(json, "book"), time(NULL), &notify->book, err);
	if (rc == 0) {
		take_up(notify, json_object_get(json, "waiting"));
		tell_orphans(notify, json_object_get(json, "waiting"));
	}
	json_decref(json);
	return rc;
}

/* What is wrong now is told once more then: better than nothing at all. */
static int begin_anew(struct notify *notify, const char *path, struct error *err)
{
	char aside[300];

	if (err->class == ERR_DAMAGED) {
		(void)snprintf(aside, sizeof(aside), "%s.damaged", notify->name);
		log_error(LOG_ERR, err, "%s is damaged and put aside as %s; what is wrong now may be told once more",
		          path, aside);
		if (renameat(notify->folder_fd, notify->name, notify->folder_fd, aside) != 0)
			return error_sys(err, errno, "putting %s aside", path);
	}
	error_clear(err);
	return notify_book_new(NULL, time(NULL), &notify->book, err);
}

static int load(struct notify *notify, const char *path, struct error *err)
{
	if (read_state(notify, err) == 0)
		return 0;
	if (err->class != ERR_NOT_FOUND && err->class != ERR_DAMAGED)
		return error_prefix(err, "reading %s", path);
	return begin_anew(notify, path, err);
}

/* ---- a notifier's thread */

static void done_with(struct notifier *notifier, const struct notify_item *item)
{
	notify_queue_remove(&notifier->queue, item);
	save(notifier->notify);
}

static enum notify_put_off how_failed(const struct notifier *notifier, const struct error *err)
{
	if (err->class != ERR_LINK)
		return NOTIFY_REFUSED;
	return notifier->driver->keeps ? NOTIFY_HALFWAY : NOTIFY_UNREACHED;
}

/* Under the lock. An item was tried. */
static void settle(struct notifier *notifier, struct notify_item *item, int rc, const struct error *err)
{
	const char *name = notifier->config->name;
	bool passes = notify_queue_passes(&item->notice);
	int64_t age_s;

	notifier->queue.in_hand = NULL;
	notifier->count.last_error[0] = '\0';
	if (rc == 0) {
		log_line(LOG_INFO, "notifier=%s pipeline=%s told: %s", name, item->notice.pipeline, item->notice.title);
		notifier->count.delivered++;
		notify_queue_reached(&notifier->queue);
		done_with(notifier, item);
		return;
	}
	if (err->class == ERR_CANCELLED)
		return;
	notifier->count.failed_attempts++;
	(void)log_escape(err->text, notifier->count.last_error, sizeof(notifier->count.last_error));
	item->attempts++;
	/* How long it was tried, not what the clock says: that may have been set meanwhile, and the machine may have been off. */
	age_s = passes ? time(NULL) - item->notice.at_s : (clock_now_ms() - item->taken_ms) / 1000;
	if (notify_retry_gives_up(passes, age_s, item->attempts)) {
		log_error(LOG_ERR, err, "notifier=%s given up: \"%s\" was not told", name, item->notice.title);
		notifier->count.dropped++;
		done_with(notifier, item);
		return;
	}
	notify_queue_put_off(&notifier->queue, item, how_failed(notifier, err), clock_now_ms(), chance());
	log_error(item->attempts == 1 ? LOG_WARNING : LOG_INFO, err, "notifier=%s attempt %u to tell \"%s\" failed",
	          name, item->attempts, item->notice.title);
}

static void deliver(struct notifier *notifier, struct notify_item *item)
{
	struct notify_notice notice = item->notice;
	struct notify *notify = notifier->notify;
	struct error err = { .class = ERR_NONE };
	int rc;

	notifier->queue.in_hand = item;
	(void)pthread_mutex_unlock(&notify->lock);
	rc = notifier->driver->deliver(notifier->self, &notice, &err);
	(void)pthread_mutex_lock(&notify->lock);
	settle(notifier, item, rc, &err);
}

static void show_all(struct notifier *notifier)
{
	struct notify *notify = notifier->notify;
	size_t n = notify->config->n_pipelines;
	struct notify_view *views = calloc(n + 1, sizeof(*views));
	struct error err = { .class = ERR_NONE };
	int rc;

	notifier->show = false;
	for (size_t i = 0; views != NULL && i < n; i++)
		notify_book_view(notify->book, notify->config->pipelines[i].name, &views[i]);
	(void)pthread_mutex_unlock(&notify->lock);
	rc = views != NULL ? notifier->driver->show(notifier->self, views, n, &err) : -1;
	free(views);
	(void)pthread_mutex_lock(&notify->lock);
	if (rc == 0) {
		notifier->show_failures = 0;
		return;
	}
	notifier->show = true;
	notifier->show_failures++;
	notifier->show_ms = clock_now_ms() + notify_retry_delay_ms(notifier->show_failures, chance());
	if (notifier->show_failures == 1)
		log_error(LOG_WARNING, &err, "notifier=%s can't show how pipelines are", notifier->config->name);
}

/* When there is something to do next; INT64_MAX: when something changes. */
static int64_t due_ms(const struct notifier *notifier, const struct notify_item *next, int64_t now_ms)
{
	int64_t at_ms = next != NULL ? notify_queue_ready_ms(&notifier->queue, next, now_ms) : INT64_MAX;

	return notifier->show && notifier->show_ms < at_ms ? notifier->show_ms : at_ms;
}

static void *serve(void *cookie)
{
	struct notifier *notifier = cookie;
	struct notify *notify = notifier->notify;

	(void)pthread_mutex_lock(&notify->lock);
	while (!atomic_load(&notify->stop)) {
		int64_t now_ms = clock_now_ms();
		struct notify_item *next = notify_queue_next(&notifier->queue, now_ms);
		int64_t at_ms = due_ms(notifier, next, now_ms);
		struct timespec until = { .tv_sec = at_ms / 1000, .tv_nsec = at_ms % 1000 * 1000000L };

		if (at_ms == INT64_MAX)
			(void)pthread_cond_wait(&notify->changed, &notify->lock);
		else if (at_ms > now_ms)
			(void)pthread_cond_timedwait(&notify->changed, &notify->lock, &until);
		else if (notifier->show && notifier->show_ms <= now_ms)
			show_all(notifier);
		else
			deliver(notifier, next);
	}
	(void)pthread_mutex_unlock(&notify->lock);
	return NULL;
}

/* ---- life */

static int open_folder(struct notify *notify, const char *path, struct error *err)
{
	char folder[PATH_MAX];
	char *slash = NULL;

	if ((size_t)snprintf(folder, sizeof(folder), "%s", path) >= sizeof(folder) ||
	    (slash = strrchr(folder, '/')) == NULL || strlen(slash + 1) >= sizeof(notify->name))
		return error_set(err, ERR_CONFIG, "%s is no path for a file", path);
	(void)snprintf(notify->name, sizeof(notify->name), "%s", slash + 1);
	slash[slash == folder ? 1 : 0] = '\0';
	notify->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return notify->folder_fd >= 0 ? 0 : error_sys(err, errno, "opening %s", folder);
}

static int start_notifiers(struct notify *notify, struct error *err)
{
	for (size_t i = 0; i < notify->n; i++) {
		struct notifier *notifier = &notify->notifiers[i];
		struct notify_context context = { notifier->config, &notify->stop };

		if (notifier->driver->open(&context, &notifier->self, err) != 0 ||
		    quiet_thread_start(&notifier->thread, serve, notifier, err) != 0)
			return error_prefix(err, "notifier %s", notifier->config->name);
		notifier->running = true;
	}
	return 0;
}

static struct notify *make(const struct config *config)
{
	struct notify *made = calloc(1, sizeof(*made) + config->n_notifiers * sizeof(made->notifiers[0]));
	const char *patience = secure_getenv("AOB_BROKER_DOWN_S");
	pthread_condattr_t monotonic;

	if (made == NULL)
		return NULL;
	made->config = config;
	made->folder_fd = -1;
	made->n = config->n_notifiers;
	made->patience_s =
	        patience != NULL && strtol(patience, NULL, 10) > 0 ? strtol(patience, NULL, 10) : NOTIFY_BOOK_BROKER_S;
	(void)pthread_mutex_init(&made->lock, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&made->changed, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	for (size_t i = 0; i < made->n; i++) {
		struct notifier *notifier = &made->notifiers[i];

		notifier->notify = made;
		notifier->config = &config->notifiers[i];
		notifier->driver = driver_of(notifier->config);
		notifier->show = notifier->driver->show != NULL;
		notifier->queue.most =
		        2 * config->n_pipelines > NOTIFY_QUEUE_MAX ? 2 * config->n_pipelines : NOTIFY_QUEUE_MAX;
		notifier->count.name = notifier->config->name;
		notifier->count.driver = notifier->config->driver_word;
	}
	return made;
}

int notify_new(const struct config *config, const char *state, struct notify **notify, struct error *err)
{
	struct notify *made = make(config);
	char path[PATH_MAX];

	*notify = NULL;
	if (made == NULL)
		return error_sys(err, ENOMEM, "notifying");
	if (state == NULL) {
		(void)snprintf(path, sizeof(path), "%.*s/" STATE_NAME,
		               (int)(strrchr(config->state, '/') - config->state), config->state);
		state = path;
	}
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	(void)mosquitto_lib_init();
	if (made->n > 0 &&
	    (open_folder(made, state, err) != 0 || load(made, state, err) != 0 || start_notifiers(made, err) != 0)) {
		notify_destroy(&made);
		return -1;
	}
	*notify = made;
	return 0;
}

void notify_destroy(struct notify **notify)
{
	struct notify *n = *notify;

	if (n == NULL)
		return;
	(void)pthread_mutex_lock(&n->lock);
	atomic_store(&n->stop, true);
	(void)pthread_cond_broadcast(&n->changed);
	(void)pthread_mutex_unlock(&n->lock);
	/* All of them first: the last one to end still writes down what waits for the others. */
	for (size_t i = 0; i < n->n; i++)
		if (n->notifiers[i].running)
			(void)pthread_join(n->notifiers[i].thread, NULL);
	for (size_t i = 0; i < n->n; i++) {
		struct notifier *notifier = &n->notifiers[i];

		if (notifier->self != NULL)
			notifier->driver->close(notifier->self);
		notify_queue_clear(&notifier->queue);
	}
	notify_book_destroy(&n->book);
	if (n->folder_fd >= 0)
		(void)close(n->folder_fd);
	(void)pthread_cond_destroy(&n->changed);
	(void)pthread_mutex_destroy(&n->lock);
	free(n);
	(void)mosquitto_lib_cleanup();
	curl_global_cleanup();
	*notify = NULL;
}

/* Something was told, or how pipelines are has changed. Under the lock. */
static void spread(struct notify *notify)
{
	save(notify);
	for (size_t i = 0; i < notify->n; i++)
		if (notify->notifiers[i].driver->show != NULL)
			notify->notifiers[i].show = true;
	(void)pthread_cond_broadcast(&notify->changed);
}

void notify_begin(struct notify *notify)
{
	(void)pthread_mutex_lock(&notify->lock);
}

void notify_event(struct notify *notify, const json_t *event)
{
	if (notify->n > 0 && notify_book_event(notify->book, event, time(NULL), tell_all, notify))
		notify->dirty = true;
}

void notify_end(struct notify *notify)
{
	if (notify->dirty)
		spread(notify);
	notify->dirty = false;
	(void)pthread_mutex_unlock(&notify->lock);
}

void notify_status(struct notify *notify, const json_t *status)
{
	if (notify->n == 0)
		return;
	(void)pthread_mutex_lock(&notify->lock);
	if (notify_book_status(notify->book, status, time(NULL), tell_all, notify))
		spread(notify);
	(void)pthread_mutex_unlock(&notify->lock);
}

void notify_broker(struct notify *notify, int64_t lost_s, const char *why)
{
	if (notify->n == 0)
		return;
	(void)pthread_mutex_lock(&notify->lock);
	if (notify_book_broker(notify->book, lost_s, notify->patience_s, why, time(NULL), tell_all, notify))
		spread(notify);
	(void)pthread_mutex_unlock(&notify->lock);
}

int notify_counts(struct notify *notify, size_t at, struct notify_count *count)
{
	if (at >= notify->n)
		return 0;
	(void)pthread_mutex_lock(&notify->lock);
	*count = notify->notifiers[at].count;
	count->waiting = notify->notifiers[at].queue.n;
	(void)pthread_mutex_unlock(&notify->lock);
	return 1;
}
