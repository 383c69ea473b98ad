/* A stage process as a whole: this program starts itself as one (argument "stage") and plays the broker for it. */
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "tests/unit/lib/peer.h"

#include "lib/stage_main.h"

#define RUN "20261123T053600Z-1f2e3d4c"
#define TAG RUN "/0#1"

/* --- the stage: `with.act` says what to do --- */

static void tell(struct stage_job *job, uint64_t done)
{
	struct stage_progress progress = { .done_bytes = done, .total_bytes = 1000, .eta_s = -1 };

	stage_job_progress(job, &progress);
}

static int run(struct stage_job *job, const struct stage_request *request, struct stage_result *result,
               struct error *err)
{
	const char *act = "ok";
	int64_t ms = 0;

	if (stage_request_with_string(request, "act", &act, err) != 0 ||
	    stage_request_with_integer(request, "ms", &ms, err) != 0)
		return -1;
	if (strcmp(act, "link") == 0)
		return error_set(err, ERR_LINK, "no route");
	if (strcmp(act, "mute") == 0)
		return -1;
	if (strcmp(act, "told") == 0) { /* before the main thread can know */
		(void)raise(SIGTERM);
		if (stage_job_cancelled(job))
			return error_set(err, ERR_IO, "stopped half way");
	}
	if (strcmp(act, "large") == 0) {
		for (int i = 0; i < 40000; i++)
			stage_result_string(stage_result_row(result, "rows"), "row", "abcdefghijklmnopqrstuvwxyz");
		return 0;
	}
	for (int64_t i = 0; i < ms; i++) {
		(void)usleep(1000);
		tell(job, (uint64_t)i + 1);
		if (strcmp(act, "deaf") != 0 && stage_job_cancelled(job))
			return error_set(err, ERR_IO, "stopped half way");
	}
	stage_result_string(result, "seen", stage_request_run(request));
	stage_result_string(result, "endpoint", stage_job_config(job)->endpoint);
	return 0;
}

static int check(const struct config *config, struct error *err)
{
	(void)config;
	return getenv("TEST_CHECK_FAILS") != NULL ? error_set(err, ERR_PERMISSION, "may not do it") : 0;
}

static void give_up(void)
{
	const char *path = getenv("TEST_GIVEN_UP");
	FILE *file = path != NULL ? fopen(path, "we") : NULL;

	if (file != NULL)
		(void)fclose(file);
}

static int be_a_stage(int argc, char **argv)
{
	const char *stop_ms = getenv("TEST_STOP_MS");
	struct stage_ops ops = { .program = "aob-test",
		                 .service = "gate",
		                 .summary = "Tests.",
		                 .check = check,
		                 .run = run,
		                 .stop_ms = stop_ms != NULL ? strtoull(stop_ms, NULL, 10) : 0,
		                 .give_up = give_up };

	return stage_main(argc, argv, &ops);
}

/* --- the tests --- */

struct scene {
	struct peer peer;
	char config[256];
	pid_t pid;
	char text[8192];
};

static void start(struct scene *s, const char *const *extra)
{
	const char *argv[16] = { "/proc/self/exe", "stage", "--config", s->config, "--worker", "w1" };
	size_t n = 6;

	for (; extra != NULL && *extra != NULL && n < 15; extra++)
		argv[n++] = *extra;
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0) {
		char *copy[16] = { NULL };

		for (size_t i = 0; i < n; i++)
			copy[i] = strdup(argv[i]);
		(void)execv("/proc/self/exe", copy);
		_exit(127);
	}
}

static int end_of(struct scene *s, int wait_ms)
{
	int status = 0;

	for (int i = 0; i < wait_ms / 10; i++) {
		if (waitpid(s->pid, &status, WNOHANG) == s->pid) {
			s->pid = 0;
			return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
		}
		(void)usleep(10000);
	}
	return -1;
}

static int set_up(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	FILE *file = NULL;

	peer_open(&s->peer);
	(void)snprintf(s->config, sizeof(s->config), "%s/aob.yaml", s->peer.folder);
	file = fopen(s->config, "w");
	assert_non_null(file);
	fprintf(file,
	        "broker:\n  endpoint: %s\n  events: ipc://%s/e\n  state: %s/state.db\n"
	        "vaults:\n  dad: { path: %s/vault }\n"
	        "pipelines:\n  photos:\n    source: %s/source\n    vault: dad\n    watch: off\n    stages:\n      - "
	        "gate: {}\n",
	        s->peer.endpoint, s->peer.folder, s->peer.folder, s->peer.folder, s->peer.folder);
	(void)fclose(file);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;

	if (s->pid > 0) {
		(void)kill(s->pid, SIGKILL);
		(void)waitpid(s->pid, NULL, 0);
	}
	(void)unlink(s->config);
	peer_close(&s->peer);
	free(s);
	return 0;
}

static void hand_out(struct scene *s, const char *tag, const char *with)
{
	char body[1024];

	(void)snprintf(
	        body, sizeof(body),
	        "{\"v\":1,\"job\":\"" RUN "/0\",\"run\":\"" RUN "\",\"pipeline\":\"photos\",\"attempt\":1,"
	        "\"trigger\":\"manual\",\"source\":\"/s\",\"vault\":{\"name\":\"dad\",\"root\":\"/v\"},\"with\":%s}",
	        with);
	peer_send_job(&s->peer, tag, body);
}

/* Plays the broker until FINAL, whose text is left in s->text; heartbeats go both ways. */
struct heard {
	int partials;
	int heartbeats;
	char last_partial[512];
	int64_t first_ms, last_ms; /* of the PARTIALs */
};

static void until_final(struct scene *s, struct heard *heard)
{
	memset(heard, 0, sizeof(*heard));
	for (;;) {
		zmsg_t *msg = peer_receive(&s->peer, PEER_WAIT_MS);

		assert_non_null(msg);
		assert_true(mdp_frame_is(zmsg_first(msg), MDP_WORKER));
		int command = mdp_frame_command(zmsg_next(msg));
		zframe_t *body = zmsg_last(msg);
		size_t len = zframe_size(body) < sizeof(s->text) - 1 ? zframe_size(body) : sizeof(s->text) - 1;

		memcpy(s->text, zframe_data(body), len);
		s->text[len] = '\0';
		zmsg_destroy(&msg);
		if (command == MDPW_FINAL)
			return;
		if (command == MDPW_HEARTBEAT) {
			heard->heartbeats++;
			peer_send_command(&s->peer, MDPW_HEARTBEAT);
		} else {
			assert_int_equal(command, MDPW_PARTIAL);
			(void)snprintf(heard->last_partial, sizeof(heard->last_partial), "%.500s", s->text);
			heard->last_ms = zclock_mono();
			if (heard->partials++ == 0)
				heard->first_ms = heard->last_ms;
		}
	}
}

static void ready(struct scene *s)
{
	peer_expect_ready(&s->peer, "gate", s->text, sizeof(s->text));
}

static void says(const struct scene *s, const char *want)
{
	if (strstr(s->text, want) == NULL)
		fail_msg("%s\nwant %s", s->text, want);
}

static void jobs_are_done_one_after_the_other(void **state)
{
	struct scene *s = *state;
	struct heard heard;

	start(s, NULL);
	ready(s);
	says(s, "\"worker\":\"w1\"");
	for (int i = 0; i < 3; i++) {
		hand_out(s, TAG, "{}");
		until_final(s, &heard);
		says(s, "{\"status\":\"ok\",\"result\":{\"seen\":\"" RUN "\",\"endpoint\":\"ipc://");
	}
}

static void the_endpoint_of_the_command_line_goes_first(void **state)
{
	struct scene *s = *state;
	struct peer other;

	peer_open(&other);
	const char *const extra[] = { "--endpoint", other.endpoint, NULL };

	start(s, extra);
	peer_expect_ready(&other, "gate", s->text, sizeof(s->text));
	peer_close(&other);
}

static void heartbeats_and_progress_flow_during_a_long_job(void **state)
{
	struct scene *s = *state;
	struct heard heard;

	start(s, NULL);
	ready(s);
	hand_out(s, TAG, "{\"act\":\"ok\",\"ms\":1300}");
	until_final(s, &heard);
	says(s, "\"ok\"");
	/* At most two a second, whatever the job says; but the last one in any case. */
	assert_in_range(heard.partials, 3, 3 + 2 * (heard.last_ms - heard.first_ms) / 1000);
	assert_non_null(
	        strstr(heard.last_partial, "{\"done\":1300,\"total\":1000,\"files\":0,\"rate\":0,\"eta_s\":null"));
	peer_send_command(&s->peer, MDPW_HEARTBEAT);
	zmsg_t *msg = peer_expect(&s->peer, MDPW_HEARTBEAT, NULL); /* and when it is idle */

	zmsg_destroy(&msg);
}

static void failures_say_whether_to_try_again(void **state)
{
	static const struct {
		const char *with;
		const char *want;
	} table[] = {
		{ "{\"act\":\"link\"}",
		  "{\"status\":\"retry\",\"error\":{\"code\":\"link\",\"message\":\"no route\"}}" },
		{ "{\"act\":7}",
		  "{\"status\":\"fail\",\"error\":{\"code\":\"input\",\"message\":\"with.act: want a string\"}}" },
		{ "{\"act\":\"mute\"}", "\"code\":\"internal\"" },
		{ "{\"act\":\"large\"}", "larger than 262144 bytes" },
		{ "[]", "\"code\":\"input\",\"message\":\"request: with: want an object\"" },
	};
	struct scene *s = *state;
	struct heard heard;

	start(s, NULL);
	ready(s);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		hand_out(s, TAG, table[i].with);
		until_final(s, &heard);
		says(s, table[i].want);
	}
}

static void a_cancelled_job_ends_as_cancelled(void **state)
{
	struct scene *s = *state;
	struct heard heard;

	start(s, NULL);
	ready(s);
	hand_out(s, TAG, "{\"ms\":60000}");
	peer_send_job(&s->peer, TAG, "{\"v\":1,\"cancel\":\"" RUN "/0\"}");
	until_final(s, &heard);
	says(s, "{\"status\":\"fail\",\"error\":{\"code\":\"cancelled\",\"message\":\"stopped half way\"}}");
	hand_out(s, TAG, "{}");
	until_final(s, &heard);
	says(s, "\"ok\"");
}

static void a_job_goes_on_over_a_restart_of_the_broker(void **state)
{
	struct scene *s = *state;
	struct heard heard;
	zmsg_t *msg = NULL;

	start(s, NULL);
	ready(s);
	hand_out(s, TAG, "{\"ms\":2500}");
	peer_die(&s->peer);
	zclock_sleep(300);
	peer_bind(&s->peer);
	msg = peer_receive(&s->peer, PEER_WAIT_MS); /* a PARTIAL of somebody unknown */
	assert_non_null(msg);
	zmsg_destroy(&msg);
	peer_send_command(&s->peer, MDPW_DISCONNECT);
	do { /* what was under way before the DISCONNECT */
		msg = peer_receive(&s->peer, PEER_WAIT_MS);
		assert_non_null(msg);
		(void)zmsg_first(msg);
		if (mdp_frame_command(zmsg_next(msg)) == MDPW_READY)
			break;
		zmsg_destroy(&msg);
	} while (msg == NULL);
	char *json = zframe_strdup(zmsg_last(msg));

	zmsg_destroy(&msg);
	assert_non_null(strstr(json, "\"jobs\":[\"" TAG "\"]"));
	free(json);
	until_final(s, &heard);
	says(s, "\"ok\"");
}

static void until_disconnect(struct scene *s)
{
	for (;;) {
		zmsg_t *msg = peer_receive(&s->peer, PEER_WAIT_MS);

		assert_non_null(msg);
		(void)zmsg_first(msg);
		int command = mdp_frame_command(zmsg_next(msg));

		zmsg_destroy(&msg);
		assert_int_not_equal(command, MDPW_FINAL);
		if (command == MDPW_DISCONNECT)
			return;
	}
}

static void sigterm_ends_an_idle_stage(void **state)
{
	struct scene *s = *state;

	start(s, NULL);
	ready(s);
	assert_int_equal(kill(s->pid, SIGTERM), 0);
	until_disconnect(s);
	assert_int_equal(end_of(s, 5000), 0);
}

static void sigterm_gives_the_job_back_without_an_answer(void **state)
{
	struct scene *s = *state;

	start(s, NULL);
	ready(s);
	hand_out(s, TAG, "{\"ms\":60000}");
	peer_expect_text(&s->peer, MDPW_PARTIAL, TAG, s->text, sizeof(s->text));
	assert_int_equal(kill(s->pid, SIGINT), 0);
	until_disconnect(s);
	assert_int_equal(end_of(s, 5000), 0);
}

static void a_job_knows_of_sigterm_at_once(void **state)
{
	struct scene *s = *state;

	start(s, NULL);
	ready(s);
	hand_out(s, TAG, "{\"act\":\"told\"}");
	until_disconnect(s);
	assert_int_equal(end_of(s, 5000), 0);
}

static void a_job_that_does_not_listen_does_not_keep_the_process(void **state)
{
	struct scene *s = *state;

	start(s, NULL);
	ready(s);
	hand_out(s, TAG, "{\"act\":\"deaf\",\"ms\":60000}");
	peer_expect_text(&s->peer, MDPW_PARTIAL, TAG, s->text, sizeof(s->text));
	assert_int_equal(kill(s->pid, SIGTERM), 0);
	until_disconnect(s);
	assert_int_equal(end_of(s, 5000), 0);
}

static void a_stage_may_have_more_time_to_stop_in(void **state)
{
	struct scene *s = *state;

	(void)setenv("TEST_STOP_MS", "30000", 1);
	start(s, NULL);
	(void)unsetenv("TEST_STOP_MS");
	ready(s);
	hand_out(s, TAG, "{\"act\":\"deaf\",\"ms\":6500}");
	peer_expect_text(&s->peer, MDPW_PARTIAL, TAG, s->text, sizeof(s->text));
	assert_int_equal(kill(s->pid, SIGTERM), 0);
	until_final(s, &(struct heard){ 0 }); /* it was done by then */
	says(s, "\"ok\"");
	until_disconnect(s);
	assert_int_equal(end_of(s, 5000), 0);
}

static void what_a_job_that_does_not_stop_has_started_is_ended_before_it_is_given_back(void **state)
{
	struct scene *s = *state;
	char path[300];

	(void)snprintf(path, sizeof(path), "%s.given-up", s->config);
	(void)setenv("TEST_STOP_MS", "200", 1);
	(void)setenv("TEST_GIVEN_UP", path, 1);
	start(s, NULL);
	(void)unsetenv("TEST_STOP_MS");
	(void)unsetenv("TEST_GIVEN_UP");
	ready(s);
	hand_out(s, TAG, "{\"act\":\"deaf\",\"ms\":60000}");
	peer_expect_text(&s->peer, MDPW_PARTIAL, TAG, s->text, sizeof(s->text));
	assert_int_equal(kill(s->pid, SIGTERM), 0);
	until_disconnect(s);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(end_of(s, 5000), 0);
}

static void it_ends_without_a_broker_too(void **state)
{
	struct scene *s = *state;

	start(s, NULL);
	ready(s);
	peer_die(&s->peer);
	assert_int_equal(kill(s->pid, SIGTERM), 0);
	assert_int_equal(end_of(s, 8000), 0);
}

static void wrong_command_lines_and_configurations_end_with_their_status(void **state)
{
	static const struct {
		const char *extra[3];
		bool config_missing;
		bool check_fails;
		int status;
	} table[] = {
		{ { "--version" }, false, false, EX_OK },
		{ { "--help" }, false, false, EX_OK },
		{ { "--unknown" }, false, false, EX_USAGE },
		{ { "--endpoint" }, false, false, EX_USAGE },
		{ { "argument" }, false, false, EX_USAGE },
		{ { "--endpoint", "nowhere" }, false, false, EX_CONFIG },
		{ { "--endpoint", "tcp://127.0.0.1:9" }, false, false, EX_CONFIG }, /* no keys */
		{ { NULL }, false, true, EX_NOPERM },
		{ { NULL }, true, false, EX_NOINPUT },
	};
	struct scene *s = *state;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].config_missing)
			(void)unlink(s->config);
		if (table[i].check_fails)
			(void)setenv("TEST_CHECK_FAILS", "1", 1);
		start(s, table[i].extra);
		(void)unsetenv("TEST_CHECK_FAILS");
		int status = end_of(s, PEER_WAIT_MS);

		if (status != table[i].status)
			fail_msg("row %zu: status %d, want %d", i, status, table[i].status);
	}
}

static int notify_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = PEER_WAIT_MS / 1000 };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
	return fd;
}

static void the_service_manager_is_told(void **state)
{
	static const char *const want[] = { "READY=1", "STATUS=waiting for a job", "WATCHDOG=1", "WATCHDOG=1",
		                            "STOPPING=1" };
	struct scene *s = *state;
	char path[100];
	int fd = -1;

	(void)snprintf(path, sizeof(path), "%.80s/notify", s->peer.folder);
	fd = notify_socket(path);
	(void)setenv("NOTIFY_SOCKET", path, 1);
	(void)setenv("WATCHDOG_USEC", "400000", 1);
	start(s, NULL);
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		char text[64] = "";

		if (i == 4)
			assert_int_equal(kill(s->pid, SIGTERM), 0);
		do {
			ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

			assert_true(n > 0);
			text[n] = '\0';
		} while (i == 4 && strcmp(text, "WATCHDOG=1") == 0); /* one that was under way */
		assert_string_equal(text, want[i]);
	}
	assert_int_equal(end_of(s, 5000), 0);
	(void)close(fd);
	(void)unlink(path);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(jobs_are_done_one_after_the_other),
		SCENE(the_endpoint_of_the_command_line_goes_first),
		SCENE(heartbeats_and_progress_flow_during_a_long_job),
		SCENE(failures_say_whether_to_try_again),
		SCENE(a_cancelled_job_ends_as_cancelled),
		SCENE(a_job_goes_on_over_a_restart_of_the_broker),
		SCENE(sigterm_ends_an_idle_stage),
		SCENE(sigterm_gives_the_job_back_without_an_answer),
		SCENE(a_job_knows_of_sigterm_at_once),
		SCENE(a_job_that_does_not_listen_does_not_keep_the_process),
		SCENE(a_stage_may_have_more_time_to_stop_in),
		SCENE(what_a_job_that_does_not_stop_has_started_is_ended_before_it_is_given_back),
		SCENE(it_ends_without_a_broker_too),
		SCENE(wrong_command_lines_and_configurations_end_with_their_status),
		SCENE(the_service_manager_is_told),
	};

	if (argc > 1 && strcmp(argv[1], "stage") == 0)
		return be_a_stage(argc - 1, argv + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
