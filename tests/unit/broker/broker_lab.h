/* broker_lab: a real broker in a process of its own (this executable, started again), with scripted workers and clients on
 * raw DEALER sockets, in a scratch folder. Frames are written out here by hand: they check lib/mdp.c as well. */
#ifndef AOB_TEST_BROKER_LAB_H
#define AOB_TEST_BROKER_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <czmq.h>
#include <jansson.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "broker/broker.h"
#include "lib/log.h"
#include "tests/unit/scratch.h"

#define LAB_LEASE_MS 1500
#define LAB_WAIT_MS 8000

static const char lab_yaml[] = "broker:\n"
                               "  endpoint: ipc://%1$s/run/broker\n"
                               "  events: ipc://%1$s/run/events\n"
                               "  state: %1$s/state.db\n"
                               "vaults:\n"
                               "  attic:\n"
                               "    path: %1$s/attic\n"
                               "pipelines:\n"
                               "  one:\n"
                               "    source: %1$s/one\n"
                               "    vault: attic\n"
                               "    watch: { idle: 2s, max_wait: 1h }\n"
                               "    stages:\n"
                               "      - snapshot: { driver: btrfs }\n"
                               "      - transfer: { engine: native }\n"
                               "  two:\n"
                               "    source: %1$s/two\n"
                               "    vault: attic\n"
                               "    watch: off\n"
                               "    stages:\n"
                               "      - alpha: { colour: %2$s }\n"
                               "      - beta: {}\n"
                               "      - omega: { on: always }\n"
                               "  three:\n"
                               "    source: %1$s/three\n"
                               "    vault: attic\n"
                               "    watch: off\n"
                               "    stages:\n"
                               "      - alpha: {}\n";

struct lab {
	char folder[200];
	char config[256];
	char endpoint[256];
	pid_t broker;
};

/* The process that lab_start started is in here. */
static inline int lab_broker_main(char **argv)
{
	struct broker *broker = NULL;
	struct error err = { .class = ERR_NONE };
	int rc;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads use it */
	log_open("aob-broker", getenv("LAB_TRACE"));
	(void)signal(SIGXFSZ, SIG_IGN); /* a write beyond RLIMIT_FSIZE fails, as on a full disk */
	rc = broker_open(argv[2], strtol(argv[3], NULL, 10), &broker, &err);
	if (rc == 0)
		rc = broker_loop(broker, &err);
	broker_close(&broker);
	if (rc != 0)
		log_error(LOG_ERR, &err, "cannot go on");
	return rc == 0 ? 0 : error_exit(err.class);
}

static inline void lab_write_config(struct lab *lab, const char *colour)
{
	FILE *file = fopen(lab->config, "we");

	assert_non_null(file);
	(void)fprintf(file, lab_yaml, lab->folder, colour);
	assert_int_equal(fclose(file), 0);
}

static inline pid_t lab_spawn(struct lab *lab)
{
	char lease[16];
	pid_t child;

	(void)snprintf(lease, sizeof(lease), "%d", LAB_LEASE_MS);
	child = fork();
	if (child == 0) {
		(void)execl("/proc/self/exe", "aob-broker", "broker", lab->config, lease, (char *)NULL);
		_exit(127);
	}
	return child;
}

/* Does not wait for it: what is sent meanwhile waits in the sockets, as with a real broker. */
static inline void lab_start(struct lab *lab)
{
	lab->broker = lab_spawn(lab);
	assert_true(lab->broker > 0);
}

static inline void lab_kill(struct lab *lab, int signal_number)
{
	int status = 0;

	assert_int_equal(kill(lab->broker, signal_number), 0);
	assert_int_equal(waitpid(lab->broker, &status, 0), lab->broker);
	lab->broker = 0;
	if (signal_number == SIGTERM)
		assert_int_equal(status, 0);
}

/* Another configuration, of which %1$s is the lab's folder; lab_reload has the broker take it over. */
#define LAB_CONFIGURE(lab, yaml)                                                                                       \
	do {                                                                                                           \
		char fresh[300];                                                                                       \
		FILE *file;                                                                                            \
                                                                                                                       \
		(void)snprintf(fresh, sizeof(fresh), "%s.new", (lab)->config);                                         \
		file = fopen(fresh, "we");                                                                             \
		assert_non_null(file);                                                                                 \
		(void)fprintf(file, yaml, (lab)->folder);                                                              \
		assert_int_equal(fclose(file), 0);                                                                     \
		assert_int_equal(rename(fresh, (lab)->config), 0);                                                     \
	} while (0)

static inline int lab_set_up(void **state)
{
	static const char *const folders[] = { "one", "two", "three", "attic" };
	struct lab *lab = calloc(1, sizeof(*lab));

	zsys_handler_set(NULL);
	if (scratch_make(lab->folder, sizeof(lab->folder), "lab") != 0)
		return -1;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char path[256];

		(void)snprintf(path, sizeof(path), "%s/%s", lab->folder, folders[i]);
		if (mkdir(path, 0700) != 0)
			return -1;
	}
	(void)snprintf(lab->config, sizeof(lab->config), "%s/aob.yaml", lab->folder);
	(void)snprintf(lab->endpoint, sizeof(lab->endpoint), "ipc://%s/run/broker", lab->folder);
	lab_write_config(lab, "green");
	lab_start(lab);
	*state = lab;
	return 0;
}

/* Of the broker's files; what it sends goes on. */
static inline void lab_writes_fail(struct lab *lab, bool fail)
{
	struct rlimit limit;

	assert_int_equal(prlimit(lab->broker, RLIMIT_FSIZE, NULL, &limit), 0);
	limit.rlim_cur = fail ? 0 : limit.rlim_max;
	assert_int_equal(prlimit(lab->broker, RLIMIT_FSIZE, &limit, NULL), 0);
}

static inline int lab_tear_down(void **state)
{
	struct lab *lab = *state;
	int rc;

	/* Ends well after each test, also for the leak checker. */
	if (lab->broker > 0)
		lab_kill(lab, SIGTERM);
	rc = scratch_remove(lab->folder);
	free(lab);
	return rc;
}

static inline zsock_t *lab_dealer(struct lab *lab)
{
	zsock_t *socket = zsock_new(ZMQ_DEALER);

	zsock_set_linger(socket, 100);
	zsock_set_reconnect_ivl(socket, 20);
	zsock_set_rcvtimeo(socket, 100);
	assert_int_equal(zsock_connect(socket, "%s", lab->endpoint), 0);
	return socket;
}

/* ---- a client */

static inline json_t *lab_ask_service(struct lab *lab, const char *service, const char *body, char text[64])
{
	zsock_t *socket = lab_dealer(lab);
	zmsg_t *msg = zmsg_new();
	json_t *answer = NULL;
	int64_t until = zclock_mono() + LAB_WAIT_MS;

	(void)zmsg_addstr(msg, "MDPC02");
	(void)zmsg_addmem(msg, "\001", 1);
	(void)zmsg_addstr(msg, service);
	(void)zmsg_addstr(msg, body);
	assert_int_equal(zmsg_send(&msg, socket), 0);
	while (msg == NULL && zclock_mono() < until)
		msg = zmsg_recv(socket);
	zsock_destroy(&socket);
	if (msg == NULL)
		fail_msg("no answer to %s", body);
	assert_int_equal(zmsg_size(msg), 4);
	assert_true(zframe_streq(zmsg_first(msg), "MDPC02"));
	assert_memory_equal(zframe_data(zmsg_next(msg)), "\003", 1);
	assert_true(zframe_streq(zmsg_next(msg), service));
	zframe_t *frame = zmsg_next(msg);

	answer = json_loadb((const char *)zframe_data(frame), zframe_size(frame), 0, NULL);
	if (text != NULL)
		(void)snprintf(text, 64, "%.*s", (int)zframe_size(frame), (const char *)zframe_data(frame));
	zmsg_destroy(&msg);
	return answer;
}

/* The verb's result; the caller's. */
static inline json_t *lab_ask(struct lab *lab, const char *body)
{
	json_t *answer = lab_ask_service(lab, "aob.broker", body, NULL);
	json_t *result = json_incref(json_object_get(answer, "result"));

	if (result == NULL) {
		char *text = json_dumps(answer, 0);

		fail_msg("%s: %s", body, text);
	}
	json_decref(answer);
	return result;
}

/* The verb is refused with this code. */
static inline void lab_refused(struct lab *lab, const char *body, const char *code)
{
	json_t *answer = lab_ask_service(lab, "aob.broker", body, NULL);

	if (strcmp(json_string_value(json_object_get(answer, "status")), "fail") != 0)
		fail_msg("%s was not refused", body);
	assert_string_equal(json_string_value(json_object_get(json_object_get(answer, "error"), "code")), code);
	json_decref(answer);
}

static inline void lab_reload(struct lab *lab)
{
	json_decref(lab_ask(lab, "{\"v\":1,\"verb\":\"reload\"}"));
}

static inline void lab_run(struct lab *lab, const char *pipeline, char run[64])
{
	char body[200];
	json_t *result = NULL;

	(void)snprintf(body, sizeof(body), "{\"v\":1,\"verb\":\"run\",\"pipeline\":\"%s\",\"trigger\":\"manual\"}",
	               pipeline);
	result = lab_ask(lab, body);
	(void)snprintf(run, 64, "%s", json_string_value(json_object_get(result, "run")));
	json_decref(result);
}

static inline json_t *lab_run_info(struct lab *lab, const char *run)
{
	char body[200];

	(void)snprintf(body, sizeof(body), "{\"v\":1,\"verb\":\"run-info\",\"run\":\"%s\"}", run);
	return lab_ask(lab, body);
}

/* Wait until the run has this state (and, if not NULL, its step this one). */
static inline void lab_await(struct lab *lab, const char *run, const char *state, size_t step, const char *step_state)
{
	int64_t until = zclock_mono() + LAB_WAIT_MS;
	char seen[200] = "";

	while (zclock_mono() < until) {
		json_t *info = lab_run_info(lab, run);
		const char *is = json_string_value(json_object_get(info, "state"));
		const char *step_is = json_string_value(
		        json_object_get(json_array_get(json_object_get(info, "steps"), step), "state"));
		bool good = strcmp(is, state) == 0 && (step_state == NULL || strcmp(step_is, step_state) == 0);

		(void)snprintf(seen, sizeof(seen), "run %s, step %zu %s", is, step, step_is);
		json_decref(info);
		if (good)
			return;
		zclock_sleep(30);
	}
	fail_msg("want run %s, step %zu %s; is %s", state, step, step_state != NULL ? step_state : "any", seen);
}

/* ---- a worker */

static inline void worker_send(zsock_t *worker, char command, const char *tag, const char *body)
{
	zmsg_t *msg = zmsg_new();

	(void)zmsg_addstr(msg, "MDPW02");
	(void)zmsg_addmem(msg, &command, 1);
	if (tag != NULL) {
		(void)zmsg_addstr(msg, tag);
		(void)zmsg_addmem(msg, "", 0);
	}
	if (body != NULL)
		(void)zmsg_addstr(msg, body);
	assert_int_equal(zmsg_send(&msg, worker), 0);
}

/* READY; json NULL: a plain Majordomo worker. */
static inline zsock_t *worker_open(struct lab *lab, const char *service, const char *json)
{
	zsock_t *worker = lab_dealer(lab);
	zmsg_t *msg = zmsg_new();

	(void)zmsg_addstr(msg, "MDPW02");
	(void)zmsg_addmem(msg, "\001", 1);
	(void)zmsg_addstr(msg, service);
	if (json != NULL)
		(void)zmsg_addstr(msg, json);
	assert_int_equal(zmsg_send(&msg, worker), 0);
	return worker;
}

/* The next message that is no HEARTBEAT (which is answered); NULL if none comes in wait_ms. */
static inline zmsg_t *worker_hear(zsock_t *worker, int64_t wait_ms)
{
	int64_t until = zclock_mono() + wait_ms;

	while (zclock_mono() < until) {
		zmsg_t *msg = zmsg_recv(worker);

		if (msg == NULL)
			continue;
		assert_true(zframe_streq(zmsg_first(msg), "MDPW02"));
		if (zframe_data(zmsg_next(msg))[0] != 5)
			return msg;
		zmsg_destroy(&msg);
		worker_send(worker, 5, NULL, NULL);
	}
	return NULL;
}

/* A REQUEST: its tag and body, the caller's. */
static inline json_t *worker_job(zsock_t *worker, char tag[160])
{
	zmsg_t *msg = worker_hear(worker, LAB_WAIT_MS);
	zframe_t *frame = NULL;
	json_t *request = NULL;

	if (msg == NULL)
		fail_msg("no REQUEST came");
	assert_int_equal(zmsg_size(msg), 5);
	(void)zmsg_first(msg);
	assert_int_equal(zframe_data(zmsg_next(msg))[0], 2);
	frame = zmsg_next(msg);
	(void)snprintf(tag, 160, "%.*s", (int)zframe_size(frame), (const char *)zframe_data(frame));
	assert_int_equal(zframe_size(zmsg_next(msg)), 0);
	frame = zmsg_next(msg);
	request = json_loadb((const char *)zframe_data(frame), zframe_size(frame), 0, NULL);
	assert_non_null(request);
	zmsg_destroy(&msg);
	return request;
}

/* A REQUEST for this attempt; returns its tag. */
static inline void worker_takes(zsock_t *worker, unsigned attempt, char tag[160])
{
	json_t *request = worker_job(worker, tag);
	char expected[200];

	assert_int_equal(json_integer_value(json_object_get(request, "attempt")), attempt);
	(void)snprintf(expected, sizeof(expected), "%s#%u", json_string_value(json_object_get(request, "job")),
	               attempt);
	assert_string_equal(tag, expected);
	json_decref(request);
}

static inline void worker_idle(zsock_t *worker, int64_t wait_ms)
{
	zmsg_t *msg = worker_hear(worker, wait_ms);

	if (msg != NULL)
		fail_msg("an unexpected command %d came", zframe_data((zmsg_first(msg), zmsg_next(msg)))[0]);
}

static inline void worker_disconnected(zsock_t *worker)
{
	zmsg_t *msg = worker_hear(worker, LAB_WAIT_MS);

	assert_non_null(msg);
	(void)zmsg_first(msg);
	assert_int_equal(zframe_data(zmsg_next(msg))[0], 6);
	zmsg_destroy(&msg);
}

static inline void worker_final(zsock_t *worker, const char *tag, const char *body)
{
	worker_send(worker, 4, tag, body);
}

#define LAB_OK "{\"status\":\"ok\",\"result\":{\"n\":1}}"
#define LAB_OURS(name)                                                                                                 \
	"{\"worker\":\"" name "\",\"host\":\"" name "\",\"features\":[\"cancel\",\"reattach\"],\"jobs\":[]}"

#endif
