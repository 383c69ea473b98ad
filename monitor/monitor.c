#include "monitor/monitor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mdp.h"
#include "lib/mdp_client.h"
#include "lib/sdnotify.h"
#include "monitor/ask_pace.h"
#include "monitor/http.h"
#include "monitor/notify.h"
#include "monitor/sse.h"
#include "monitor/state.h"
#include "monitor/textfile.h"

#define ANSWER_MS 3000
#define TURN_MS 1000
#define NOTIFY_FIRST_MS 3000 /* the events that the broker keeps come first */
#define NOTIFY_MS 15000      /* between two looks of what is told at the status */
#define NOTIFY_AGAIN_MS 60000
#define TURN_EVENTS_MAX 256 /* then the broker is asked and the watchdog told, whatever else waits */

struct monitor {
	const struct config *config;
	struct state *state;
	struct http *http;
	struct notify *notify;
	int64_t notify_ms; /* when it looks at the status next; or, if there is none, is tried again */
	struct mdp_client *client;
	zsock_t *events;
	int signal_fd;
	struct stat file; /* of the configuration */
	bool reload;      /* the broker has a new configuration */
	struct ask_pace pace;
	bool broker_lost;  /* and said so */
	int64_t silent_ms; /* when the first question was asked that it has not answered; 0: it answers */
	int64_t beat_ms;   /* when streams get a sign of life next */
	int64_t textfile_ms;
	bool textfile_told;
};

static int64_t wall_s(void)
{
	return (int64_t)time(NULL);
}

/* Blocked before any thread exists, so that none of them takes a signal. */
static int open_signals(struct monitor *monitor, struct error *err)
{
	sigset_t stops;

	(void)sigemptyset(&stops);
	(void)sigaddset(&stops, SIGTERM);
	(void)sigaddset(&stops, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &stops, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	monitor->signal_fd = signalfd(-1, &stops, SFD_CLOEXEC | SFD_NONBLOCK);
	return monitor->signal_fd >= 0 ? 0 : error_sys(err, errno, "signalfd");
}

/* Without alarms the page is still of use, and says so; its disk may come later than we. */
static void open_notify(struct monitor *monitor)
{
	struct error err = { .class = ERR_NONE };
	int rc = notify_new(monitor->config, NULL, &monitor->notify, &err);

	monitor->notify_ms = clock_now_ms() + (rc == 0 ? NOTIFY_FIRST_MS : NOTIFY_AGAIN_MS);
	state_lock(monitor->state);
	if (rc != 0 && monitor->state->no_alarms[0] == '\0')
		log_error(LOG_ERR, &err, "no alarms are sent; tried again each minute");
	if (rc == 0 && monitor->state->no_alarms[0] != '\0')
		log_line(LOG_NOTICE, "alarms are sent again");
	(void)snprintf(monitor->state->no_alarms, sizeof(monitor->state->no_alarms), "%s", rc != 0 ? err.text : "");
	state_unlock(monitor->state);
}

int monitor_open(const struct config *config, const struct stat *file, struct monitor **monitor, struct error *err)
{
	struct monitor *made = calloc(1, sizeof(*made));

	*monitor = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->config = config;
	made->signal_fd = -1;
	made->file = *file;
	if (open_signals(made, err) != 0)
		goto out;
	mdp_start();
	made->state = state_new(wall_s(), clock_now_ms());
	if (made->state == NULL) {
		(void)error_set(err, ERR_SYSTEM, "out of memory");
		goto out;
	}
	if (http_open(config, made->state, &made->http, err) != 0 || mdp_client_new(config, &made->client, err) != 0 ||
	    mdp_connect(ZMQ_SUB, config->events, &config->curve, MDP_MESSAGE_MAX, &made->events, err) != 0)
		goto out;
	mdp_client_meanwhile(made->client, sdnotify_alive);
	open_notify(made);
	zsock_set_subscribe(made->events, "aob.");
	log_line(LOG_NOTICE, "serving http://%s%s%s:%u/", config->monitor.is_ipv6 ? "[" : "", config->monitor.address,
	         config->monitor.is_ipv6 ? "]" : "", config->monitor.port);
	*monitor = made;
	return 0;
out:
	monitor_close(&made);
	return -1;
}

void monitor_close(struct monitor **monitor)
{
	struct monitor *m = *monitor;

	if (m == NULL)
		return;
	http_close(&m->http);
	notify_destroy(&m->notify);
	mdp_client_destroy(&m->client);
	zsock_destroy(&m->events);
	state_destroy(&m->state);
	if (m->signal_fd >= 0)
		(void)close(m->signal_fd);
	free(m);
	*monitor = NULL;
}

/* What only moves a bar does not make the broker be asked. */
static bool is_worth_asking(const struct event *event)
{
	return strcmp(event->what, "step.progress") != 0;
}

static bool is_another_file(const struct monitor *monitor)
{
	const struct stat *was = &monitor->file;
	struct stat now;

	return stat(monitor->config->path, &now) == 0 &&
	       (now.st_dev != was->st_dev || now.st_ino != was->st_ino || now.st_size != was->st_size ||
	        now.st_mtim.tv_sec != was->st_mtim.tv_sec || now.st_mtim.tv_nsec != was->st_mtim.tv_nsec);
}

static void take_event(struct monitor *monitor, zframe_t *frame)
{
	struct event event;
	struct error err;
	char *line = NULL;
	bool is_new;

	if (event_parse((const char *)zframe_data(frame), zframe_size(frame), &event, &err) != 0) {
		log_trace("mdp", "%s", err.text);
		state_refused(monitor->state);
		return;
	}
	line = json_dumps(event.object, JSON_COMPACT); /* one line, whatever it came as */
	is_new = line != NULL && state_event(monitor->state, &event, line);
	/* The last one comes again with each newcomer: it says nothing of a file that was changed since. */
	if (is_new && strcmp(event.what, "config.loaded") == 0 && is_another_file(monitor))
		monitor->reload = true;
	if (is_new && is_worth_asking(&event) && monitor->pace.event_ms == 0)
		monitor->pace.event_ms = clock_now_ms();
	if (monitor->notify != NULL)
		notify_event(monitor->notify, event.object);
	free(line);
	event_done(&event);
}

static int hear_events(struct monitor *monitor, bool *any, struct error *err)
{

	for (int n = 0; n < TURN_EVENTS_MAX; n++) {
		zmsg_t *msg = NULL;

		if (mdp_receive(monitor->events, false, &msg, err) != 0)
			return -1;
		if (msg == NULL)
			break;
		if (zmsg_size(msg) == 2)
			take_event(monitor, zmsg_last(msg));
		zmsg_destroy(&msg);
		*any = true;
	}
	return 0;
}

static int take_events(struct monitor *monitor, struct error *err)
{
	bool any = false;
	int rc;

	if (monitor->notify != NULL)
		notify_begin(monitor->notify);
	rc = hear_events(monitor, &any, err);
	if (monitor->notify != NULL)
		notify_end(monitor->notify);
	if (any)
		http_wake(monitor->http, false);
	return rc;
}

/* For the page and the metrics. */
static void count_notifiers(struct monitor *monitor)
{
	struct state *state = monitor->state;
	struct notify_count count;
	size_t n = 0;

	state_lock(state);
	while (monitor->notify != NULL && n < STATE_NOTIFIERS_MAX && notify_counts(monitor->notify, n, &count) == 1) {
		struct state_notifier *row = &state->notifiers[n++];

		*row = (struct state_notifier){ .delivered = count.delivered,
			                        .failed_attempts = count.failed_attempts,
			                        .dropped = count.dropped,
			                        .waiting = count.waiting };
		(void)snprintf(row->name, sizeof(row->name), "%.64s", count.name);
		(void)snprintf(row->driver, sizeof(row->driver), "%.15s", count.driver);
		(void)snprintf(row->last_error, sizeof(row->last_error), "%.255s", count.last_error);
	}
	state->n_notifiers = n;
	state_unlock(state);
}

static int ask(struct monitor *monitor, const char *question, char **reply, size_t *reply_bytes, struct error *err)
{
	return mdp_client_ask(monitor->client, MDP_SERVICE_BROKER, question, ANSWER_MS, reply, reply_bytes, err);
}

/* A broker that is away is said once. */
static void tell_broker(struct monitor *monitor, const struct error *err, bool lost, int64_t asked_ms)
{
	if (lost && !monitor->broker_lost)
		log_error(LOG_WARNING, err, "asking the broker; trying on");
	if (!lost && monitor->broker_lost) {
		log_line(LOG_NOTICE, "the broker is back");
		monitor->notify_ms = clock_now_ms() + NOTIFY_FIRST_MS;
	}
	monitor->broker_lost = lost;
	if (!lost)
		monitor->silent_ms = 0;
	else if (monitor->silent_ms == 0)
		monitor->silent_ms = asked_ms;
	if (monitor->notify != NULL)
		notify_broker(monitor->notify, lost ? 1 + (clock_now_ms() - monitor->silent_ms) / 1000 : 0, err->text);
}

/* What lost events would have told. */
static void notice_status(struct monitor *monitor, const char *reply, size_t reply_bytes)
{
	json_t *json = NULL;

	if (monitor->notify == NULL || clock_now_ms() < monitor->notify_ms)
		return;
	monitor->notify_ms = clock_now_ms() + NOTIFY_MS;
	json = json_loadb(reply, reply_bytes, 0, NULL);
	notify_status(monitor->notify, json_object_get(json, "result"));
	json_decref(json);
}

static void ask_status(struct monitor *monitor)
{
	int64_t began_ms = clock_now_ms();
	struct error err = { .class = ERR_NONE };
	char *reply = NULL;
	size_t reply_bytes = 0;
	int rc = ask(monitor, "{\"v\":1,\"verb\":\"status\"}", &reply, &reply_bytes, &err);

	if (rc == 0)
		rc = state_answer(monitor->state, reply, reply_bytes, wall_s(), clock_now_ms(), &err);
	if (rc == 0)
		notice_status(monitor, reply, reply_bytes);
	free(reply);
	if (rc != 0 && err.class == ERR_CANCELLED)
		return; /* a signal: the loop looks */
	if (rc != 0)
		state_no_answer(monitor->state, &err);
	tell_broker(monitor, &err, rc != 0, began_ms);
	monitor->pace = (struct ask_pace){ .asked_ms = clock_now_ms(),
		                           .took_ms = clock_now_ms() - began_ms,
		                           .answered = rc == 0,
		                           .busy = state_runs(monitor->state) };
}

/* One pipeline's at a time, so that events are heard in between. */
static void ask_history(struct monitor *monitor, const char *pipeline)
{
	struct view_history *history = NULL;
	struct error err = { .class = ERR_NONE };
	char question[160];
	char *reply = NULL;
	size_t reply_bytes = 0;

	/* A pipeline's name needs no escaping: the configuration allows letters, digits and ._- alone. */
	(void)snprintf(question, sizeof(question), "{\"v\":1,\"verb\":\"generations\",\"pipeline\":\"%s\"}", pipeline);
	if (ask(monitor, question, &reply, &reply_bytes, &err) != 0 ||
	    view_history_parse(reply, reply_bytes, wall_s(), &history, &err) != 0)
		log_trace("mdp", "generations of %s: %s", pipeline, err.text);
	free(reply);
	state_history(monitor->state, pipeline, &history, clock_now_ms());
}

/* What somebody looks at just now. */
static void ask_detail(struct monitor *monitor, const char *run)
{
	struct view_detail *detail = NULL;
	struct error err = { .class = ERR_NONE };
	char question[160];
	char *reply = NULL;
	size_t reply_bytes = 0;
	int rc;

	/* A run's ID needs no escaping: details.c lets letters, digits and - through. */
	(void)snprintf(question, sizeof(question), "{\"v\":1,\"verb\":\"run-info\",\"run\":\"%s\"}", run);
	rc = ask(monitor, question, &reply, &reply_bytes, &err);
	if (rc == 0)
		rc = view_detail_parse(reply, reply_bytes, &detail, &err);
	if (rc != 0)
		log_trace("mdp", "run %s: %s", run, err.text);
	free(reply);
	state_lock(monitor->state);
	details_put(&monitor->state->details, run, &detail);
	state_unlock(monitor->state);
}

static bool wants_detail(struct monitor *monitor, char run[DETAILS_RUN_SIZE])
{
	bool wants;

	state_lock(monitor->state);
	wants = details_next(&monitor->state->details, run);
	state_unlock(monitor->state);
	return wants;
}

static void tend_broker(struct monitor *monitor)
{
	char pipeline[CONFIG_NAME_MAX + 1];
	char run[DETAILS_RUN_SIZE];

	if (clock_now_ms() >= ask_pace_next_ms(&monitor->pace))
		ask_status(monitor);
	if (monitor->pace.answered && state_wants_history(monitor->state, clock_now_ms(), pipeline))
		ask_history(monitor, pipeline);
	if (monitor->pace.answered && wants_detail(monitor, run))
		ask_detail(monitor, run);
}

/* A file that can't be written is said once, and tried again. */
static void write_textfile(struct monitor *monitor)
{
	const char *path = monitor->config->monitor.textfile;
	struct error err = { .class = ERR_NONE };
	struct text text;

	if (path == NULL || clock_now_ms() < monitor->textfile_ms)
		return;
	monitor->textfile_ms = clock_now_ms() + TEXTFILE_MS;
	text_init(&text);
	http_textfile(monitor->http, &text);
	if (text_failed(&text))
		(void)error_set(&err, ERR_SYSTEM, "out of memory");
	else
		(void)textfile_write(path, text.data, text.len_bytes, &err);
	if (err.class != ERR_NONE && !monitor->textfile_told)
		log_error(LOG_WARNING, &err, "writing the textfile; trying on");
	monitor->textfile_told = err.class != ERR_NONE;
	text_done(&text);
}

static void tell_manager(struct monitor *monitor)
{
	char words[200];

	state_words(monitor->state, words, sizeof(words));
	sdnotify_status("%s", words);
}

static int64_t wait_ms(struct monitor *monitor)
{
	char pipeline[CONFIG_NAME_MAX + 1];
	char run[DETAILS_RUN_SIZE];
	int64_t left_ms = ask_pace_next_ms(&monitor->pace) - clock_now_ms();

	if (left_ms < 0 || (monitor->pace.answered && (state_wants_history(monitor->state, clock_now_ms(), pipeline) ||
	                                               wants_detail(monitor, run))))
		left_ms = 0;
	return sdnotify_alive(left_ms < TURN_MS ? left_ms : TURN_MS);
}

int monitor_loop(struct monitor *monitor, bool *reload, struct error *err)
{
	*reload = false;
	sdnotify_send("READY=1");
	for (;;) {
		zmq_pollitem_t items[] = {
			{ .socket = zsock_resolve(monitor->events), .events = ZMQ_POLLIN },
			{ .fd = monitor->signal_fd, .events = ZMQ_POLLIN },
			{ .fd = monitor->state->wake_fd, .events = ZMQ_POLLIN },
		};
		eventfd_t woken;

		if (zmq_poll(items, 3, (long)wait_ms(monitor)) < 0 && zmq_errno() != EINTR)
			return error_sys(err, zmq_errno(), "zmq_poll");
		if ((items[1].revents & ZMQ_POLLIN) != 0)
			break;
		(void)eventfd_read(monitor->state->wake_fd, &woken);
		if (take_events(monitor, err) != 0)
			return -1;
		if (monitor->reload) {
			log_line(LOG_NOTICE, "the broker has a new configuration; taking it over");
			sdnotify_reloading();
			*reload = true;
			return 0;
		}
		if (monitor->notify == NULL && clock_now_ms() >= monitor->notify_ms)
			open_notify(monitor);
		tend_broker(monitor);
		if (clock_now_ms() >= monitor->beat_ms) {
			http_wake(monitor->http, true);
			monitor->beat_ms = clock_now_ms() + SSE_BEAT_MS;
		}
		count_notifiers(monitor);
		write_textfile(monitor);
		state_turned(monitor->state, clock_now_ms());
		tell_manager(monitor);
	}
	log_line(LOG_NOTICE, "stopping");
	sdnotify_send("STOPPING=1");
	return 0;
}
