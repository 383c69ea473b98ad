#include "lib/stage_main.h"

#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/mdp.h"
#include "lib/mdp_worker.h"
#include "lib/own_host.h"
#include "lib/sdnotify.h"
#include "lib/version.h"

#define PROGRESS_MS 500 /* between two PARTIALs */
#define STOP_MS 5000    /* for a job to stop in, when the process is to end, where the stage does not say */
#define NAME_SIZE 128

struct stage_job {
	const struct stage_ops *ops;
	const struct config *config;
	struct stage_request *request;
	int wake_fd; /* of the main thread */
	atomic_bool cancelled;
	pthread_t thread;
	pthread_mutex_t lock; /* guards what follows */
	struct stage_progress progress;
	bool progressed; /* progress is newer than what was sent */
	bool done;
	bool ok;
	char *reply;
};

struct stage {
	const struct stage_ops *ops;
	const struct config *config;
	struct mdp_worker *worker;
	struct stage_job *job; /* NULL: idle */
	int wake_fd;
	int64_t progress_at; /* no PARTIAL before */
	int64_t stop_at;     /* 0: go on; else the end, job or not */
};

struct command_line {
	const char *config;
	const char *trace;
	const char *endpoint;
	const char *worker;
	const char *host;
	const char *once;
};

static int signal_fd = -1;     /* the wake_fd, for the handler */
static atomic_bool stop_asked; /* set by the handler, read by the work thread too */

static void wake(int fd)
{
	uint64_t one = 1;

	/* Fails only if so many wake-ups wait that the counter is full: awake enough. */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

static void on_signal(int number)
{
	int kept = errno;

	(void)number;
	atomic_store(&stop_asked, true);
	wake(signal_fd);
	errno = kept;
}

/* A handler, and not a blocked mask: children of the work thread start with the usual dispositions after exec.
 * SIGPIPE is ignored, so that a write to a child that is gone is an error of that write. */
static void catch_signals(int wake_fd)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	signal_fd = wake_fd;
	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);
}

bool stage_job_cancelled(const struct stage_job *job)
{
	/* The main thread may not have come to say so yet, and the job's own children may have got the same signal. */
	return atomic_load(&job->cancelled) || atomic_load(&stop_asked);
}

const struct config *stage_job_config(const struct stage_job *job)
{
	return job->config;
}

void stage_job_progress(struct stage_job *job, const struct stage_progress *progress)
{
	bool first;

	(void)pthread_mutex_lock(&job->lock);
	first = !job->progressed;
	job->progress = *progress;
	job->progress.note[sizeof(job->progress.note) - 1] = '\0';
	job->progressed = true;
	(void)pthread_mutex_unlock(&job->lock);
	if (first)
		wake(job->wake_fd);
}

static void job_context(const struct stage_job *job)
{
	char fields[256];

	(void)snprintf(fields, sizeof(fields), "pipeline=%s run=%s step=%s", stage_request_pipeline(job->request),
	               stage_request_run(job->request), job->ops->service);
	log_context(fields);
}

/* The text of the reply. One that is too large would be refused by the broker, again and again. */
static char *make_reply(const struct stage_job *job, int rc, const struct stage_result *result, struct error *err)
{
	char *reply = NULL;

	if (rc == 0) {
		reply = stage_reply_ok(result);
		if (reply != NULL && strlen(reply) <= STAGE_RESULT_MAX)
			return reply;
		if (reply != NULL)
			(void)error_set(err, ERR_INTERNAL, "the result is larger than %d bytes", STAGE_RESULT_MAX);
		else
			(void)error_set(err, ERR_SYSTEM, "out of memory for the result");
		free(reply);
	}
	if (err->class == ERR_NONE)
		(void)error_set(err, ERR_INTERNAL, "the stage failed without saying why");
	if (stage_job_cancelled(job))
		err->class = ERR_CANCELLED;
	if (err->class == ERR_CANCELLED)
		log_error(LOG_NOTICE, err, "attempt %u stopped", stage_request_attempt(job->request));
	else
		log_error(LOG_WARNING, err, "attempt %u failed", stage_request_attempt(job->request));
	return stage_reply_error(err);
}

static void *work(void *argument)
{
	struct stage_job *job = argument;
	struct stage_result *result = stage_result_new();
	struct error err = { .class = ERR_NONE };
	char *reply = NULL;
	int rc = -1;

	job_context(job);
	log_line(LOG_INFO, "attempt %u", stage_request_attempt(job->request));
	if (result == NULL)
		(void)error_set(&err, ERR_SYSTEM, "out of memory");
	else
		rc = job->ops->run(job, job->request, result, &err);
	reply = make_reply(job, rc, result, &err);
	stage_result_destroy(&result);
	(void)pthread_mutex_lock(&job->lock);
	job->reply = reply;
	job->ok = rc == 0;
	job->done = true;
	(void)pthread_mutex_unlock(&job->lock);
	wake(job->wake_fd);
	return NULL;
}

static void free_job(struct stage_job *job)
{
	stage_request_destroy(&job->request);
	(void)pthread_mutex_destroy(&job->lock);
	free(job->reply);
	free(job);
}

/* One request from a file, without a broker; progress is shown when it is debugged with --trace. Returns the exit status. */
static int run_once(const struct stage_ops *ops, const struct config *config, const char *path)
{
	static char text[STAGE_MESSAGE_MAX];
	struct stage_job *job = calloc(1, sizeof(*job));
	struct error err = { .class = ERR_NONE };
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	size_t n = in != NULL ? fread(text, 1, sizeof(text), in) : 0;
	int status;

	if (in == NULL)
		(void)error_sys(&err, errno, "opening the request %s", path);
	else if (in != stdin)
		(void)fclose(in);
	if (job == NULL)
		return EX_OSERR;
	*job = (struct stage_job){ .ops = ops, .config = config, .wake_fd = -1 };
	(void)pthread_mutex_init(&job->lock, NULL);
	catch_signals(job->wake_fd);
	if (err.class == ERR_NONE && (ops->check == NULL || ops->check(config, &err) == 0) &&
	    stage_request_parse(text, n, &job->request, &err) == 0) {
		(void)work(job);
		status = job->ok ? EX_OK : EX_TEMPFAIL;
		(void)puts(job->reply != NULL ? job->reply : "");
	} else {
		log_error(LOG_ERR, &err, "--once");
		status = error_exit(err.class);
	}
	free_job(job);
	return status;
}

static void refuse(struct stage *stage, struct error *err)
{
	char *reply = stage_reply_error(err);

	log_error(LOG_ERR, err, "a request refused");
	if (reply != NULL)
		mdp_worker_final(stage->worker, reply, zclock_mono());
	free(reply);
}

static void start_job(struct stage *stage)
{
	size_t len = 0;
	const void *json = mdp_worker_request(stage->worker, &len);
	struct stage_job *job = calloc(1, sizeof(*job));
	struct error err;
	int sys = 0;

	if (job == NULL) {
		(void)error_set(&err, ERR_SYSTEM, "out of memory");
		refuse(stage, &err);
		return;
	}
	job->ops = stage->ops;
	job->config = stage->config;
	job->wake_fd = stage->wake_fd;
	(void)pthread_mutex_init(&job->lock, NULL);
	if (stage_request_parse(json, len, &job->request, &err) != 0)
		goto out;
	sys = pthread_create(&job->thread, NULL, work, job);
	if (sys != 0) {
		(void)error_sys(&err, sys, "starting a thread");
		goto out;
	}
	job_context(job);
	sdnotify_status("%s: run %s", stage_request_pipeline(job->request), stage_request_run(job->request));
	stage->job = job;
	stage->progress_at = 0;
	return;
out:
	refuse(stage, &err);
	free_job(job);
}

static void send_progress(struct stage *stage, const struct stage_progress *progress, int64_t now_ms)
{
	char *json = stage_progress_json(progress);

	if (json != NULL)
		mdp_worker_partial(stage->worker, json, now_ms);
	free(json);
	stage->progress_at = now_ms + PROGRESS_MS;
}

/* What the work thread has to say: progress (not too often, but always the last), and its reply. */
static void look_after_job(struct stage *stage, int64_t now_ms)
{
	struct stage_job *job = stage->job;
	struct stage_progress progress;
	bool send = false;
	bool done = false;

	(void)pthread_mutex_lock(&job->lock);
	done = job->done;
	send = job->progressed && (done || now_ms >= stage->progress_at);
	if (send) {
		progress = job->progress;
		job->progressed = false;
	}
	(void)pthread_mutex_unlock(&job->lock);
	if (send)
		send_progress(stage, &progress, now_ms);
	if (send && progress.total_bytes > 0)
		sdnotify_status("%s: run %s, %.0f %%", stage_request_pipeline(job->request),
		                stage_request_run(job->request),
		                (double)progress.done_bytes * 100 / (double)progress.total_bytes);
	if (!done)
		return;
	(void)pthread_join(job->thread, NULL);
	/* A job that failed because this process is to end did not fail: DISCONNECT gives it back. */
	if (job->reply != NULL && (job->ok || !atomic_load(&stop_asked)))
		mdp_worker_final(stage->worker, job->reply, now_ms);
	else if (job->reply == NULL)
		stage->stop_at = now_ms; /* out of memory even for saying so */
	free_job(job);
	stage->job = NULL;
	log_context(NULL);
	sdnotify_status("waiting for a job");
}

static int64_t wait_ms(const struct stage *stage, int64_t now_ms)
{
	int64_t ms = mdp_worker_wait_ms(stage->worker, now_ms);

	if (stage->job != NULL && stage->progress_at > now_ms && stage->progress_at - now_ms < ms)
		ms = stage->progress_at - now_ms;
	if (stage->stop_at != 0 && stage->stop_at - now_ms < ms)
		ms = stage->stop_at > now_ms ? stage->stop_at - now_ms : 0;
	return sdnotify_alive(ms);
}

static void wait_for_something(const struct stage *stage)
{
	zmq_pollitem_t items[2] = { { NULL, stage->wake_fd, ZMQ_POLLIN, 0 }, { NULL, 0, ZMQ_POLLIN, 0 } };
	uint64_t count = 0;
	int n = 1;

	items[1].socket = mdp_worker_handle(stage->worker);
	if (items[1].socket != NULL)
		n = 2;
	if (zmq_poll(items, n, (long)wait_ms(stage, zclock_mono())) > 0 && (items[0].revents & ZMQ_POLLIN) != 0 &&
	    read(stage->wake_fd, &count, sizeof(count)) < 0)
		return; /* woken twice for one */
}

static int64_t stop_ms(const struct stage_ops *ops)
{
	return ops->stop_ms != 0 ? (int64_t)ops->stop_ms : STOP_MS;
}

static void stop(struct stage *stage, int64_t now_ms)
{
	stage->stop_at = now_ms + stop_ms(stage->ops);
	sdnotify_send("STOPPING=1");
	log_line(LOG_INFO, stage->job != NULL ? "asked to end; the job goes back to the broker" : "asked to end");
}

static int serve(struct stage *stage, struct error *err)
{
	for (;;) {
		enum mdp_worker_event event = MDP_WORKER_NOTHING;
		int64_t now_ms = 0;

		wait_for_something(stage);
		now_ms = zclock_mono();
		if (atomic_load(&stop_asked) && stage->stop_at == 0)
			stop(stage, now_ms);
		if (stage->job != NULL)
			look_after_job(stage, now_ms);
		if (stage->stop_at != 0 && (stage->job == NULL || now_ms >= stage->stop_at))
			return 0;
		do {
			if (mdp_worker_turn(stage->worker, now_ms, &event, err) != 0)
				return -1;
			if (event == MDP_WORKER_JOB && stage->stop_at == 0)
				start_job(stage);
			else if (event == MDP_WORKER_CANCEL && stage->job != NULL)
				atomic_store(&stage->job->cancelled, true);
		} while (event != MDP_WORKER_NOTHING);
	}
}

static void help(const struct stage_ops *ops)
{
	printf("usage: %s [--config FILE] [--endpoint URL] [--worker NAME] [--host NAME] [--once FILE] [--trace "
	       "TOPICS]\n"
	       "%s\n\n"
	       "  --config FILE    the configuration (default $AOB_CONFIG, or %s)\n"
	       "  --endpoint URL   the broker's endpoint, instead of the configuration's\n"
	       "  --worker NAME    how this worker is called in `aob status` (default HOST-%s-PID)\n"
	       "  --host NAME      what this machine is called in `host:` of pipelines (default: the configuration's "
	       "`host`, "
	       "else the host name)\n"
	       "  --once FILE      no broker: do the request in FILE (- for stdin), print the reply, end\n"
	       "  --trace TOPICS   debug output on stderr: mdp, wire, idle, sql, or all\n"
	       "  --version, --help\n\n"
	       "Takes jobs of the service \"%s\" from aob-broker until SIGTERM. Exit status as in sysexits.h.\n",
	       ops->program, ops->summary, CONFIG_DEFAULT_PATH, ops->service, ops->service);
}

/* -1: go on; else the exit status. */
static int read_command_line(int argc, char **argv, const struct stage_ops *ops, struct command_line *line)
{
	static const struct option options[] = { { "config", required_argument, NULL, 'c' },
		                                 { "trace", required_argument, NULL, 't' },
		                                 { "endpoint", required_argument, NULL, 'e' },
		                                 { "worker", required_argument, NULL, 'w' },
		                                 { "host", required_argument, NULL, 'H' },
		                                 { "once", required_argument, NULL, 'o' },
		                                 { "version", no_argument, NULL, 'V' },
		                                 { "help", no_argument, NULL, 'h' },
		                                 { NULL, 0, NULL, 0 } };
	int option = 0;

	optind = 1;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no other threads yet */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			line->config = optarg;
			break;
		case 't':
			line->trace = optarg;
			break;
		case 'e':
			line->endpoint = optarg;
			break;
		case 'w':
			line->worker = optarg;
			break;
		case 'H':
			line->host = optarg;
			break;
		case 'o':
			line->once = optarg;
			break;
		case 'V':
			printf("%s %s\n", ops->program, AOB_VERSION);
			return EX_OK;
		case 'h':
			help(ops);
			return EX_OK;
		default:
			fprintf(stderr, "Try '%s --help'.\n", ops->program);
			return EX_USAGE;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "%s: unexpected argument \"%s\"\nTry '%s --help'.\n", ops->program, argv[optind], ops->program);
	return EX_USAGE;
}

static int open_worker(struct stage *stage, const struct command_line *line, const char *host, const char *name,
                       struct error *err)
{
	struct mdp_worker_options options = { .endpoint =
		                                      line->endpoint != NULL ? line->endpoint : stage->config->endpoint,
		                              .curve = &stage->config->curve,
		                              .service = stage->ops->service,
		                              .worker = name,
		                              .host = host };

	if (stage->ops->check != NULL && stage->ops->check(stage->config, err) != 0)
		return -1;
	stage->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (stage->wake_fd < 0)
		return error_sys(err, errno, "eventfd");
	catch_signals(stage->wake_fd);
	if (mdp_worker_new(&options, &stage->worker, err) != 0)
		return -1;
	sdnotify_send("READY=1");
	sdnotify_status("waiting for a job");
	log_line(LOG_INFO, "%s: service %s at %s", name, options.service, options.endpoint);
	return 0;
}

int stage_main(int argc, char **argv, const struct stage_ops *ops)
{
	struct command_line line = { 0 };
	struct stage stage = { .ops = ops, .config = ops->config, .wake_fd = -1 };
	struct config *loaded = NULL;
	struct error err = { .class = ERR_NONE };
	char host[OWN_HOST_SIZE];
	char name[NAME_SIZE];
	int status = read_command_line(argc, argv, ops, &line);

	if (status >= 0)
		return status;
	log_open(ops->program, line.trace);
	if (stage.config == NULL && config_load(config_path(line.config), &loaded, stderr, &err) != 0) {
		if (err.class != ERR_CONFIG) /* else its faults have been told */
			log_error(LOG_ERR, &err, "cannot start");
		return error_exit(err.class);
	}
	if (stage.config == NULL)
		stage.config = loaded;
	if (line.once != NULL) {
		status = run_once(ops, stage.config, line.once);
		config_destroy(&loaded);
		return status;
	}
	own_host(line.host, stage.config, host);
	(void)snprintf(name, sizeof(name), "%s-%s-%ld", host, ops->service, (long)getpid());
	status = EX_OK;
	if (open_worker(&stage, &line, host, line.worker != NULL ? line.worker : name, &err) != 0 ||
	    serve(&stage, &err) != 0) {
		log_error(LOG_ERR, &err, "cannot go on");
		status = error_exit(err.class);
	}
	/* Before the broker may give the job to somebody else. */
	if (stage.job != NULL && ops->give_up != NULL)
		ops->give_up();
	mdp_worker_destroy(&stage.worker);
	if (stage.job != NULL) {
		/* It does not listen, and still uses what would be freed here. What it leaves behind, the next attempt finds. */
		if (status == EX_OK)
			log_line(LOG_WARNING, "the job did not stop within %" PRId64 " s", stop_ms(ops) / 1000);
		zsys_shutdown();
		_exit(status);
	}
	config_destroy(&loaded);
	if (stage.wake_fd >= 0)
		(void)close(stage.wake_fd);
	return status;
}
