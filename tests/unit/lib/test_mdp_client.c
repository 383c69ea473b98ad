/* The client against a scripted broker in a thread: the right answer or an error that says what to do, never another question's. */
#include <pthread.h>
#include <signal.h>

#include "tests/unit/lib/peer.h"

#include "lib/mdp_client.h"

#define QUESTION "{\"v\":1,\"verb\":\"status\"}"
#define SHORT_MS 300

struct scene {
	struct peer peer;
	struct config config;
	struct mdp_client *client;
	pthread_t thread;
	void (*script)(struct peer *peer);
};

static int set_up(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	peer_open(&s->peer);
	s->config.endpoint = s->peer.endpoint;
	assert_int_equal(mdp_client_new(&s->config, &s->client, NULL), 0);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;

	mdp_client_destroy(&s->client);
	peer_close(&s->peer);
	free(s);
	return 0;
}

static void *play(void *argument)
{
	struct scene *s = argument;

	s->script(&s->peer);
	return NULL;
}

/* Asks while the script plays. NULL: the answer is an error. */
static char *ask(struct scene *s, void (*script)(struct peer *peer), uint64_t timeout_ms, struct error *err)
{
	char *reply = NULL;
	size_t len = 77;

	s->script = script;
	assert_int_equal(pthread_create(&s->thread, NULL, play, s), 0);
	memset(err, 0, sizeof(*err));
	if (mdp_client_ask(s->client, MDP_SERVICE_BROKER, QUESTION, timeout_ms, &reply, &len, err) != 0)
		assert_null(reply);
	else
		assert_int_equal(len, strlen(reply));
	(void)pthread_join(s->thread, NULL);
	return reply;
}

static void answer(struct peer *peer, enum mdp_client_command command, const char *service, const char *body)
{
	peer_send(peer, mdp_client_message(command, service, body, strlen(body)));
}

static void hear(struct peer *peer)
{
	zmsg_t *msg = peer_receive(peer, PEER_WAIT_MS);

	zmsg_destroy(&msg);
}

static void check_question_and_answer(struct peer *peer)
{
	zmsg_t *msg = peer_receive(peer, PEER_WAIT_MS);

	/* No cmocka in this thread: a wrong question gets no answer. */
	if (msg != NULL && zmsg_size(msg) == 4 && mdp_frame_is(zmsg_first(msg), MDP_CLIENT) &&
	    mdp_frame_command(zmsg_next(msg)) == MDPC_REQUEST && mdp_frame_is(zmsg_next(msg), MDP_SERVICE_BROKER) &&
	    mdp_frame_is(zmsg_next(msg), QUESTION)) {
		answer(peer, MDPC_PARTIAL, MDP_SERVICE_BROKER, "half");
		answer(peer, MDPC_FINAL, MDP_SERVICE_BROKER, "{\"status\":\"ok\"}");
	}
	zmsg_destroy(&msg);
}

static void the_final_is_the_answer_and_partials_are_passed_over(void **state)
{
	struct error err;

	for (int i = 0; i < 3; i++) {
		char *reply = ask(*state, check_question_and_answer, PEER_WAIT_MS, &err);

		assert_non_null(reply);
		assert_string_equal(reply, "{\"status\":\"ok\"}");
		free(reply);
	}
}

static void answer_at_length(struct peer *peer)
{
	size_t size = (size_t)4 << 20;
	char *body = malloc(size + 1);

	memset(body, ' ', size);
	body[size] = '\0';
	hear(peer);
	answer(peer, MDPC_FINAL, MDP_SERVICE_BROKER, body);
	free(body);
}

static void a_list_larger_than_a_request_may_be_is_taken(void **state)
{
	struct error err;
	char *reply = ask(*state, answer_at_length, PEER_WAIT_MS, &err);

	assert_non_null(reply);
	free(reply);
}

static void no_answer_names_the_endpoint_and_the_remedy(void **state)
{
	struct scene *s = *state;
	struct error err;

	assert_null(ask(s, hear, SHORT_MS, &err));
	assert_int_equal(err.class, ERR_LINK);
	assert_non_null(strstr(err.text, s->peer.endpoint));
	assert_non_null(strstr(err.text, "is aob-broker running?"));
	peer_die(&s->peer);
	(void)unlink(s->peer.endpoint + strlen("ipc://"));
	char *reply = NULL;

	assert_int_equal(mdp_client_ask(s->client, "x", "{}", SHORT_MS, &reply, NULL, &err), -1);
	assert_int_equal(err.class, ERR_LINK);
	assert_non_null(strstr(err.text, "start aob-broker"));
}

static struct peer late; /* who asked first */

static void remember(struct peer *peer)
{
	hear(peer);
	late = *peer;
}

static void answer_the_first_late_then_the_second(struct peer *peer)
{
	zmsg_t *msg = peer_receive(peer, PEER_WAIT_MS);

	zmsg_destroy(&msg);
	answer(&late, MDPC_FINAL, MDP_SERVICE_BROKER, "the first");
	zclock_sleep(100);
	answer(peer, MDPC_FINAL, MDP_SERVICE_BROKER, "the second");
}

static void a_late_answer_is_not_taken_for_the_next_ones(void **state)
{
	struct error err;
	char *reply = NULL;

	assert_null(ask(*state, remember, SHORT_MS, &err));
	reply = ask(*state, answer_the_first_late_then_the_second, PEER_WAIT_MS, &err);
	assert_non_null(reply);
	assert_string_equal(reply, "the second");
	free(reply);
}

static void a_broker_that_was_restarted_between_questions_answers(void **state)
{
	struct scene *s = *state;
	struct error err;

	for (int i = 0; i < 3; i++) {
		char *reply = ask(s, check_question_and_answer, PEER_WAIT_MS, &err);

		assert_non_null(reply);
		free(reply);
		peer_die(&s->peer);
		zclock_sleep(50); /* the client sees its connection break, as after any pause between two questions */
		peer_bind(&s->peer);
	}
}

static void die_over_it(struct peer *peer)
{
	hear(peer);
	peer_die(peer);
}

static void a_broker_that_dies_over_a_question_is_asked_again(void **state)
{
	struct scene *s = *state;
	struct error err;

	assert_null(ask(s, die_over_it, SHORT_MS, &err));
	assert_int_equal(err.class, ERR_LINK);
	peer_bind(&s->peer);
	char *reply = ask(s, check_question_and_answer, PEER_WAIT_MS, &err);

	assert_non_null(reply);
	free(reply);
}

static void other_service(struct peer *peer)
{
	hear(peer);
	answer(peer, MDPC_FINAL, "other", "{}");
}

static void a_worker_command(struct peer *peer)
{
	hear(peer);
	peer_send_command(peer, MDPW_HEARTBEAT);
}

static void nul_in_body(struct peer *peer)
{
	hear(peer);
	peer_send(peer, mdp_client_message(MDPC_FINAL, MDP_SERVICE_BROKER, "a\0b", 3));
}

static void five_frames(struct peer *peer)
{
	zmsg_t *msg = mdp_client_message(MDPC_FINAL, MDP_SERVICE_BROKER, "{}", 2);

	hear(peer);
	(void)zmsg_addstr(msg, "more");
	peer_send(peer, msg);
}

static void unknown_command(struct peer *peer)
{
	hear(peer);
	answer(peer, (enum mdp_client_command)9, MDP_SERVICE_BROKER, "{}");
}

static void answers_of_another_form_are_refused_and_the_next_question_is_fresh(void **state)
{
	static void (*const scripts[])(struct peer * peer) = { other_service, a_worker_command, nul_in_body,
		                                               five_frames, unknown_command };
	struct error err;

	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		assert_null(ask(*state, scripts[i], PEER_WAIT_MS, &err));
		assert_int_equal(err.class, ERR_PROTOCOL);
		char *reply = ask(*state, check_question_and_answer, PEER_WAIT_MS, &err);

		assert_non_null(reply);
		free(reply);
	}
}

static void on_alarm(int number)
{
	(void)number;
}

static void a_signal_ends_the_waiting(void **state)
{
	struct scene *s = *state;
	struct sigaction action = { .sa_handler = on_alarm };
	struct error err = { 0 };
	char *reply = NULL;

	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	(void)alarm(1);
	assert_int_equal(mdp_client_ask(s->client, "x", "{}", PEER_WAIT_MS, &reply, NULL, &err), -1);
	assert_int_equal(err.class, ERR_CANCELLED);
}

static void tags_are_made_and_read(void **state)
{
	char tag[MDP_TAG_SIZE];
	char job[MDP_JOB_SIZE];
	char longest[MDP_JOB_SIZE + 1];
	unsigned attempt = 9;

	(void)state;
	assert_int_equal(mdp_tag_make("r/1", 42, tag), 0);
	assert_string_equal(tag, "r/1#42");
	assert_int_equal(mdp_tag_parse(tag, job, &attempt), 0);
	assert_string_equal(job, "r/1");
	assert_int_equal(attempt, 42);
	assert_int_equal(mdp_tag_parse("r/1", job, &attempt), 0);
	assert_int_equal(attempt, 0);
	memset(longest, 'j', sizeof(longest));
	longest[MDP_JOB_SIZE - 1] = '\0';
	assert_int_equal(mdp_tag_make(longest, UINT32_MAX, tag), 0);
	longest[MDP_JOB_SIZE - 1] = 'j';
	longest[MDP_JOB_SIZE] = '\0';
	assert_int_equal(mdp_tag_make(longest, 1, tag), -1);
	assert_int_equal(mdp_tag_parse(longest, job, &attempt), -1);
	static const char *const bad[] = { "", "#1", "j#", "j#x", "j#1x", "j#1#2", "j#-1", "j#1234567890" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(mdp_tag_parse(bad[i], job, &attempt), -1);
}

static void save_certificate(const char *path, zcert_t **certificate)
{
	*certificate = zcert_new();
	assert_int_equal(zcert_save(*certificate, path), 0);
}

/* Over tcp the questions are encrypted, and the server's key is held against the file. */
static void over_tcp_keys_are_needed_and_do(void **state)
{
	struct scene *s = *state;
	struct scene tcp = { .script = NULL };
	char own[256];
	char server[256];
	char other[256];
	char secret[300];
	zcert_t *certificates[3];
	struct error err = { 0 };
	char *reply = NULL;

	(void)snprintf(own, sizeof(own), "%.200s/own", s->peer.folder);
	(void)snprintf(server, sizeof(server), "%.200s/server", s->peer.folder);
	(void)snprintf(other, sizeof(other), "%.200s/other", s->peer.folder);
	save_certificate(own, &certificates[0]);
	save_certificate(server, &certificates[1]);
	save_certificate(other, &certificates[2]);
	tcp.peer.router = zsock_new(ZMQ_ROUTER);
	zcert_apply(certificates[1], tcp.peer.router);
	zsock_set_curve_server(tcp.peer.router, 1);
	(void)snprintf(tcp.peer.endpoint, sizeof(tcp.peer.endpoint), "tcp://127.0.0.1:%d",
	               zsock_bind(tcp.peer.router, "tcp://127.0.0.1:*"));
	tcp.config.endpoint = tcp.peer.endpoint;
	assert_int_equal(mdp_client_new(&tcp.config, &tcp.client, &err), 0);
	assert_int_equal(mdp_client_ask(tcp.client, "x", "{}", SHORT_MS, &reply, NULL, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG); /* no keys */
	tcp.config.curve.server_certificate = server;
	tcp.config.curve.own_certificate = own;
	reply = ask(&tcp, check_question_and_answer, PEER_WAIT_MS, &err);
	if (reply == NULL)
		fail_msg("%s", err.text);
	free(reply);
	mdp_client_destroy(&tcp.client);
	tcp.config.curve.server_certificate = other; /* somebody else answers there */
	assert_int_equal(mdp_client_new(&tcp.config, &tcp.client, &err), 0);
	assert_int_equal(mdp_client_ask(tcp.client, "x", "{}", SHORT_MS, &reply, NULL, &err), -1);
	assert_int_equal(err.class, ERR_LINK);
	mdp_client_destroy(&tcp.client);
	(void)snprintf(secret, sizeof(secret), "%s_secret", own);
	(void)unlink(secret);
	assert_int_equal(mdp_client_new(&tcp.config, &tcp.client, &err), 0);
	assert_int_equal(mdp_client_ask(tcp.client, "x", "{}", SHORT_MS, &reply, NULL, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_non_null(strstr(err.text, "_secret"));
	mdp_client_destroy(&tcp.client);
	zsock_destroy(&tcp.peer.router);
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = { "own", "server", "other" };

		zcert_destroy(&certificates[i]);
		(void)snprintf(secret, sizeof(secret), "%.200s/%s", s->peer.folder, names[i]);
		(void)unlink(secret);
		(void)snprintf(secret, sizeof(secret), "%.200s/%s_secret", s->peer.folder, names[i]);
		(void)unlink(secret);
	}
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static int called;

static int64_t call(int64_t most_ms)
{
	called++;
	return most_ms < SHORT_MS / 5 ? most_ms : SHORT_MS / 5;
}

static void what_must_not_stand_still_is_called_meanwhile(void **state)
{
	struct scene *s = *state;
	struct error err = { .class = ERR_NONE };
	char *reply = NULL;

	mdp_client_meanwhile(s->client, call);
	assert_int_equal(mdp_client_ask(s->client, "x", "{}", SHORT_MS, &reply, NULL, &err), -1);
	assert_int_equal(err.class, ERR_LINK);
	assert_in_range(called, 3, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(the_final_is_the_answer_and_partials_are_passed_over),
		SCENE(a_list_larger_than_a_request_may_be_is_taken),
		SCENE(no_answer_names_the_endpoint_and_the_remedy),
		SCENE(what_must_not_stand_still_is_called_meanwhile),
		SCENE(a_late_answer_is_not_taken_for_the_next_ones),
		SCENE(a_broker_that_was_restarted_between_questions_answers),
		SCENE(a_broker_that_dies_over_a_question_is_asked_again),
		SCENE(answers_of_another_form_are_refused_and_the_next_question_is_fresh),
		SCENE(a_signal_ends_the_waiting),
		SCENE(over_tcp_keys_are_needed_and_do),
		cmocka_unit_test(tags_are_made_and_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
