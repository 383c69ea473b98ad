#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "lib/config.h"
#include "lib/daemon_line.h"
#include "lib/log.h"
#include "lib/mdp.h"
#include "lib/mdp_client.h"
#include "lib/own_host.h"
#include "lib/sdnotify.h"
#include "watcher/report.h"
#include "watcher/source.h"

#define TICK_MS 1000
#define ANSWER_MS 3000
#define AFTER_EVENT_MS 200 /* events come in swarms: one look for all of them */
#define AT_REST_MS 3000    /* while nothing happens, the broker hears only so often that nothing does */

struct watcher {
	char host[OWN_HOST_SIZE];
	struct mdp_client *client;
	struct signal_openfiles *files;
	struct source *sources[REPORT_SOURCES_MAX];
	size_t n;
	bool broker_lost; /* and said so */
	/* What the broker was told last: */
	int64_t told_ms;
	size_t n_told_at_rest; /* sources, if all of them were */
	uint64_t told_ctransid[REPORT_SOURCES_MAX];
};

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now); /* a machine that sleeps rests too */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct source *find(const struct watcher *w, const char *pipeline)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(source_pipeline(w->sources[i]), pipeline) == 0)
			return w->sources[i];
	return NULL;
}

/* The broker's list is the list: new ones are watched, others dropped. */
static int follow_orders(struct watcher *w, struct source_order *orders, size_t n, struct error *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->n; i++) {
		bool wanted = false;

		for (size_t k = 0; k < n; k++)
			wanted = wanted || strcmp(orders[k].pipeline, source_pipeline(w->sources[i])) == 0;
		if (wanted)
			w->sources[kept++] = w->sources[i];
		else
			source_destroy(&w->sources[i]);
	}
	w->n = kept;
	for (size_t k = 0; k < n; k++) {
		struct source *source = find(w, orders[k].pipeline);

		if (source != NULL) {
			source_update(source, &orders[k]);
			continue;
		}
		if (w->n == REPORT_SOURCES_MAX || (w->sources[w->n] = source_new()) == NULL)
			return error_set(err, ERR_SYSTEM, "out of memory for another source");
		log_line(LOG_INFO, "pipeline=%s watching %s", orders[k].pipeline, orders[k].path);
		source_update(w->sources[w->n++], &orders[k]);
	}
	return 0;
}

/* One message; out: how many of the sources were told, and the orders of the answer. */
static int tell(struct watcher *w, const struct source_report *reports, size_t n, size_t *told,
                struct source_order **orders, size_t *n_orders, struct error *err)
{
	char *text = report_text(w->host, reports, n, told);
	char *reply = NULL;
	size_t reply_bytes;
	int rc;

	if (text == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	rc = mdp_client_ask(w->client, MDP_SERVICE_BROKER, text, ANSWER_MS, &reply, &reply_bytes, err);
	if (rc == 0)
		rc = report_read(reply, reply_bytes, orders, n_orders, err);
	free(text);
	free(reply);
	return rc;
}

static bool all_at_rest(const struct source_report *reports, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (reports[i].verdict.state != IDLE_UNCHANGED)
			return false;
	return n > 0;
}

/* A look costs little; to tell of it, and to hear the broker's orders, is most of what a second at rest costs. */
static bool knows_already(const struct watcher *w, const struct source_report *reports)
{
	if (w->broker_lost || w->n != w->n_told_at_rest || now_ms() - w->told_ms >= AT_REST_MS ||
	    !all_at_rest(reports, w->n))
		return false;
	for (size_t i = 0; i < w->n; i++)
		if (reports[i].ctransid != w->told_ctransid[i])
			return false;
	return true;
}

static void keep_told(struct watcher *w, const struct source_report *reports)
{
	w->told_ms = now_ms();
	w->n_told_at_rest = all_at_rest(reports, w->n) ? w->n : 0;
	for (size_t i = 0; i < w->n; i++)
		w->told_ctransid[i] = reports[i].ctransid;
}

static int look_and_tell(struct watcher *w, struct error *err)
{
	struct source_report reports[REPORT_SOURCES_MAX];
	struct source_order *orders = NULL;
	size_t n = 0;
	size_t done = 0;
	int rc;

	for (size_t i = 0; i < w->n; i++)
		reports[i] = source_look(w->sources[i], w->files, now_ms(), time(NULL));
	if (knows_already(w, reports))
		return 0;
	do {
		size_t told = 0;

		report_orders_free(orders, n); /* the last answer is the newest */
		orders = NULL;
		n = 0;
		rc = tell(w, reports + done, w->n - done, &told, &orders, &n, err);
		done += told;
	} while (rc == 0 && done < w->n);
	if (rc == 0) {
		keep_told(w, reports);
		rc = follow_orders(w, orders, n, err);
	}
	report_orders_free(orders, n);
	return rc;
}

/* A broker that is away is said once; the watch goes on, as nothing is lost: the counter remembers. */
static void tick(struct watcher *w)
{
	struct error err = { .class = ERR_NONE };
	bool lost = look_and_tell(w, &err) != 0;

	if (lost && !w->broker_lost && err.class != ERR_CANCELLED)
		log_error(LOG_WARNING, &err, "telling the broker; trying on");
	if (!lost && w->broker_lost)
		log_line(LOG_INFO, "the broker is back");
	if (err.class != ERR_CANCELLED)
		w->broker_lost = lost;
}

/* True: stop. Otherwise a second is over, or something was written. */
static bool wait_for_something(const struct watcher *w, int signal_fd)
{
	struct pollfd fds[REPORT_SOURCES_MAX + 1] = { { .fd = signal_fd, .events = POLLIN } };
	struct pollfd stop = { .fd = signal_fd, .events = POLLIN };
	int64_t until_ms = now_ms() + TICK_MS;
	int64_t left_ms = TICK_MS;
	int n = 0;

	for (size_t i = 0; i < w->n; i++)
		fds[i + 1] = (struct pollfd){ .fd = source_fd(w->sources[i]), .events = POLLIN };
	while (n == 0 && left_ms > 0) {
		n = poll(fds, w->n + 1, (int)sdnotify_alive(left_ms));
		left_ms = until_ms - now_ms();
	}
	if (n > 0 && (fds[0].revents & POLLIN) == 0)
		return poll(&stop, 1, AFTER_EVENT_MS) > 0;
	return n > 0 && (fds[0].revents & POLLIN) != 0;
}

static int watch(const struct config *config, struct error *err)
{
	struct watcher w = { 0 };
	sigset_t stops;
	int signal_fd;

	(void)sigemptyset(&stops);
	(void)sigaddset(&stops, SIGTERM);
	(void)sigaddset(&stops, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &stops, NULL);
	signal_fd = signalfd(-1, &stops, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0)
		return error_set(err, ERR_SYSTEM, "setting up signals");
	own_host(NULL, config, w.host);
	mdp_start();
	w.files = signal_openfiles_new();
	if (w.files == NULL || mdp_client_new(config, &w.client, err) != 0) {
		if (w.files == NULL)
			(void)error_set(err, ERR_SYSTEM, "out of memory");
		signal_openfiles_destroy(&w.files);
		(void)close(signal_fd);
		return -1;
	}
	mdp_client_meanwhile(w.client, sdnotify_alive);
	sdnotify_send("READY=1");
	do {
		tick(&w);
		sdnotify_status("%zu sources watched%s", w.n, w.broker_lost ? "; the broker does not answer" : "");
	} while (!wait_for_something(&w, signal_fd));
	sdnotify_send("STOPPING=1");
	for (size_t i = 0; i < w.n; i++)
		source_destroy(&w.sources[i]);
	mdp_client_destroy(&w.client);
	signal_openfiles_destroy(&w.files);
	(void)close(signal_fd);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct daemon_about about = {
		.program = "aob-watcher",
		.does = "Tells the broker when a source has changed and come to rest.",
		.topics = "mdp, idle",
		.signals = "SIGTERM stops."
	};
	struct error err = { .class = ERR_NONE };
	struct config *config = NULL;
	struct daemon_line line;
	int status = daemon_line_read(argc, argv, &about, &line);
	int rc;

	if (status >= 0)
		return status;
	log_open(about.program, line.trace);
	rc = config_load(config_path(line.config), &config, stderr, &err);
	if (rc == 0)
		rc = watch(config, &err);
	config_destroy(&config);
	if (rc == 0)
		return EX_OK;
	log_error(LOG_ERR, &err, "cannot go on");
	return error_exit(err.class);
}
