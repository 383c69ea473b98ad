#include "broker/broker.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "broker/alarms.h"
#include "broker/care.h"
#include "broker/client_verbs.h"
#include "broker/dispatch.h"
#include "broker/dying.h"
#include "broker/history.h"
#include "broker/holds.h"
#include "broker/reload.h"
#include "broker/runs.h"
#include "broker/watch_state.h"
#include "lib/crash_point.h"
#include "lib/log.h"
#include "lib/mdp.h"
#include "lib/sdnotify.h"

#define TRIM_PASS_MS ((int64_t)3600 * 1000) /* between two passes over what is remembered */
#define TRIM_PORTION_MS 1000                /* between two portions of one */
#define GIVE_BACK_MS 15000
#define WAIT_MAX_MS 2000

static const struct mdp_broker_hooks hooks = {
	.ready = dispatch_ready,
	.partial = dispatch_partial,
	.final = dispatch_final,
	.gone = dispatch_gone,
	.ask = client_verbs_answer,
};

int64_t broker_wall(void)
{
	return (int64_t)time(NULL);
}

int broker_begin(struct broker *broker, struct error *err)
{
	if (run_store_begin(broker->store, err) == 0)
		return 0;
	broker_undo(broker, err);
	return -1;
}

int broker_event(struct broker *broker, const char *pipeline, const char *what, json_t **data, struct error *err)
{
	const char *topic = NULL;
	const char *body = NULL;

	if (events_stage(broker->events, pipeline, what, data, &topic, &body, err) != 0)
		return -1;
	return run_store_event(broker->store, topic, body, err);
}

int broker_commit(struct broker *broker, struct error *err)
{
	crash_point("change-made"); /* killed here: the change has not happened, and nobody was told of it */
	if (run_store_commit(broker->store, err) != 0) {
		broker_undo(broker, err);
		return -1;
	}
	crash_point("change-stored"); /* from here on: it has; who waits for an answer asks again */
	events_flush(broker->events);
	crash_point("change-told");
	if (broker->store_trouble)
		log_line(LOG_NOTICE, "the run store can be written again; going on");
	broker->store_trouble = false;
	broker->store_retry_ms = 0;
	return 0;
}

void broker_drop(struct broker *broker)
{
	run_store_rollback(broker->store);
	events_drop(broker->events);
}

void broker_undo(struct broker *broker, const struct error *err)
{
	broker_drop(broker);
	broker->store_retry_ms = broker->now_ms + BROKER_STORE_RETRY_MS;
	if (broker->store_trouble)
		return;
	log_error(LOG_ERR, err, "a change could not be stored; nothing new begins until it can (tried every %d s)",
	          BROKER_STORE_RETRY_MS / 1000);
	broker->store_trouble = true;
	broker->store_trouble_ms = broker->now_ms;
	broker->store_error = *err;
}

static int restore_event(void *cookie, const char *topic, const char *body, struct error *err)
{
	return events_restore(cookie, topic, body, err);
}

/* Blocked before any thread of ZeroMQ exists, so that none of them takes a signal. */
static int open_signals(struct broker *broker, struct error *err)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
		return error_sys(err, errno, "blocking signals");
	(void)signal(SIGPIPE, SIG_IGN);
	broker->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return broker->signal_fd >= 0 ? 0 : error_sys(err, errno, "signalfd");
}

/* In the order in which each can refuse: configuration, lock and store, then the sockets that others see. */
static int open_parts(struct broker *broker, struct error *err)
{
	if (open_signals(broker, err) != 0 || config_load(broker->path, &broker->config, stderr, err) != 0 ||
	    config_for_broker(broker->config, err) != 0)
		return -1;
	if (run_store_open(broker->config->state, &broker->store, err) != 0)
		return -1;
	mdp_start();
	if (security_new(broker->config, &broker->security, err) != 0 ||
	    events_new(broker->config->events, broker->security, &broker->events, err) != 0 ||
	    run_store_events(broker->store, restore_event, broker->events, err) != 0 || dying_open(broker, err) != 0 ||
	    watch_state_load(broker, err) != 0 || alarms_load(broker, err) != 0 || runs_load(broker, err) != 0 ||
	    mdp_broker_new(broker->config->endpoint, broker->security, &hooks, broker, &broker->mdp, err) != 0)
		return -1;
	reload_loaded(broker);
	return 0;
}

int broker_open(const char *path, int64_t lease_ms, struct broker **broker, struct error *err)
{
	struct broker *made = calloc(1, sizeof(*made));

	*broker = NULL;
	if (made == NULL)
		return error_sys(err, ENOMEM, "opening the broker");
	made->path = path;
	made->lease_ms = lease_ms;
	made->signal_fd = -1;
	made->now_ms = zclock_mono();
	made->started_at = broker_wall();
	if (open_parts(made, err) != 0) {
		broker_close(&made);
		return -1;
	}
	*broker = made;
	return 0;
}

void broker_close(struct broker **broker)
{
	struct broker *b = *broker;

	if (b == NULL)
		return;
	alarms_free(b);
	mdp_broker_destroy(&b->mdp);
	events_destroy(&b->events);
	security_destroy(&b->security);
	runs_free(b);
	watch_state_free(b);
	holds_free(b);
	dying_close(b);
	run_store_close(&b->store);
	config_destroy(&b->config);
	if (b->signal_fd >= 0)
		(void)close(b->signal_fd);
	free(b);
	*broker = NULL;
}

/* Returns true if the broker shall end. */
static bool take_signals(struct broker *broker)
{
	struct signalfd_siginfo info;
	struct error err;

	while (read(broker->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo != SIGHUP) {
			log_line(LOG_NOTICE, "stopping; workers keep the jobs that they have in hand");
			return true;
		}
		sdnotify_reloading();
		(void)reload_config(broker, &err);
		sdnotify_send("READY=1");
	}
	return false;
}

static void trim(struct broker *broker)
{
	struct history_trim_keep keep;
	struct error err;
	int rc;

	if (broker->now_ms < broker->trim_at_ms || broker->now_ms < broker->store_retry_ms)
		return;
	keep = history_trim_keep((int64_t)(broker->config->history_ms / 1000), broker->config->n_pipelines);
	rc = history_trim(broker->store, broker_wall(), &keep, &broker->trim, &err);
	broker->trim_at_ms = broker->now_ms + (rc == 1 ? TRIM_PORTION_MS : TRIM_PASS_MS);
	if (rc < 0)
		log_error(LOG_WARNING, &err, "trimming the history");
}

/* What thousands of strangers took in libzmq lies free when they have gone, and would stay this process's: twenty kilobytes for each. */
static void give_back(struct broker *broker)
{
	if (broker->now_ms < broker->give_back_at_ms)
		return;
	broker->give_back_at_ms = broker->now_ms + GIVE_BACK_MS;
	(void)malloc_trim(0);
}

static void tell_manager(struct broker *broker)
{
	size_t n_runs = 0;
	size_t n_overdue = alarms_overdue(broker);

	for (const struct run *run = broker->runs; run != NULL; run = run->next)
		n_runs++;
	sdnotify_status("%zu pipelines, %zu runs in flight, %zu overdue%s", broker->config->n_pipelines, n_runs,
	                n_overdue, broker->store_trouble ? "; the run store can't be written" : "");
}

static long next_wait_ms(struct broker *broker)
{
	int64_t wait_ms = WAIT_MAX_MS;
	int64_t mdp_ms = mdp_broker_wait_ms(broker->mdp, broker->now_ms);
	int64_t dispatch_ms = dispatch_wait_ms(broker);

	if (mdp_ms < wait_ms)
		wait_ms = mdp_ms;
	if (dispatch_ms < wait_ms)
		wait_ms = dispatch_ms;
	return (long)sdnotify_alive(wait_ms);
}

int broker_loop(struct broker *broker, struct error *err)
{
	sdnotify_send("READY=1");
	for (;;) {
		zmq_pollitem_t items[] = {
			{ .socket = mdp_broker_handle(broker->mdp), .events = ZMQ_POLLIN },
			{ .socket = events_handle(broker->events), .events = ZMQ_POLLIN },
			{ .fd = broker->signal_fd, .events = ZMQ_POLLIN },
		};

		if (zmq_poll(items, 3, next_wait_ms(broker)) < 0 && zmq_errno() != EINTR)
			return error_sys(err, zmq_errno(), "zmq_poll");
		broker->now_ms = zclock_mono();
		if (take_signals(broker))
			break;
		if (mdp_broker_turn(broker->mdp, broker->now_ms, err) != 0)
			return -1;
		events_turn(broker->events);
		dispatch_pending(broker);
		holds_turn(broker);
		dispatch_turn(broker);
		alarms_turn(broker);
		care_turn(broker);
		dying_turn(broker);
		trim(broker);
		give_back(broker);
		tell_manager(broker);
	}
	sdnotify_send("STOPPING=1");
	return 0;
}
