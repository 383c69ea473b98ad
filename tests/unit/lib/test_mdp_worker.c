/* The worker against a scripted broker: the frames of RFC 18, and no job is lost when the broker goes and comes back. Time is
 * an argument of the worker, so nothing here waits for it. */
#include "tests/unit/lib/peer.h"

#include "lib/mdp_worker.h"

#define JOB "20261123T053600Z-1f2e3d4c/1"
#define OTHER_JOB "20261123T053600Z-1f2e3d4c/2"
#define CANCEL "{\"v\":1,\"cancel\":\"" JOB "\"}"

struct scene {
	struct peer peer;
	struct mdp_worker *worker;
	int64_t now;
	char text[4096];
};

static int set_up(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct mdp_worker_options options = { .service = "gate", .worker = "w1", .host = "nas" };

	peer_open(&s->peer);
	options.endpoint = s->peer.endpoint;
	assert_int_equal(mdp_worker_new(&options, &s->worker, NULL), 0);
	s->now = zclock_mono();
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;

	mdp_worker_destroy(&s->worker);
	peer_close(&s->peer);
	free(s);
	return 0;
}

/* Let the worker see what was sent to it (messages take a moment through the kernel), then look at its clock. */
static enum mdp_worker_event turn(struct scene *s, int wait_ms)
{
	enum mdp_worker_event event = MDP_WORKER_NOTHING;
	zmq_pollitem_t item = { mdp_worker_handle(s->worker), 0, ZMQ_POLLIN, 0 };

	if (wait_ms > 0)
		(void)zmq_poll(&item, 1, wait_ms);
	assert_int_equal(mdp_worker_turn(s->worker, s->now, &event, NULL), 0);
	return event;
}

static void ready(struct scene *s, const char *jobs)
{
	peer_expect_ready(&s->peer, "gate", s->text, sizeof(s->text));
	if (strstr(s->text, jobs) == NULL)
		fail_msg("%s\nwant %s", s->text, jobs);
}

static void heartbeat(struct scene *s)
{
	zmsg_t *msg = peer_expect(&s->peer, MDPW_HEARTBEAT, NULL);

	assert_int_equal(zmsg_size(msg), 0);
	zmsg_destroy(&msg);
}

static void hand_out(struct scene *s, const char *tag)
{
	size_t len = 0;

	peer_send_job(&s->peer, tag, "{\"v\":1}");
	assert_int_equal(turn(s, PEER_WAIT_MS), MDP_WORKER_JOB);
	assert_memory_equal(mdp_worker_request(s->worker, &len), "{\"v\":1}", 7);
	assert_int_equal(len, 7);
}

/* The broker dies, a new one hears the worker's heartbeat, and does not know it. The first heartbeat may still go into the
 * old connection, and be lost. */
static void restart_broker(struct scene *s)
{
	zmsg_t *msg = NULL;

	peer_die(&s->peer);
	peer_bind(&s->peer);
	for (int i = 1; i < MDP_LIVENESS && msg == NULL; i++) {
		s->now += MDP_HEARTBEAT_MS;
		(void)turn(s, 0);
		msg = peer_receive(&s->peer, 2000);
	}
	assert_non_null(msg);
	zmsg_destroy(&msg);
	peer_send_command(&s->peer, MDPW_DISCONNECT);
	assert_int_equal(turn(s, PEER_WAIT_MS), MDP_WORKER_NOTHING);
}

static void final_text(struct scene *s, const char *tag, const char *want)
{
	peer_expect_text(&s->peer, MDPW_FINAL, tag, s->text, sizeof(s->text));
	if (strstr(s->text, want) == NULL)
		fail_msg("%s\nwant %s", s->text, want);
}

static void quiet(struct scene *s)
{
	zmsg_t *msg = peer_receive(&s->peer, 150);

	assert_null(msg);
}

static void ready_comes_first_and_says_who_it_is(void **state)
{
	struct scene *s = *state;

	ready(s, "\"worker\":\"w1\",\"host\":\"nas\"");
	assert_non_null(strstr(s->text, "\"features\":[\"cancel\",\"reattach\"],\"jobs\":[]"));
	assert_null(mdp_worker_request(s->worker, NULL));
}

static void heartbeats_flow_when_nothing_else_does(void **state)
{
	struct scene *s = *state;

	ready(s, "");
	hand_out(s, JOB "#1");
	(void)turn(s, 0);
	quiet(s);
	for (int i = 0; i < 3; i++) {
		s->now += mdp_worker_wait_ms(s->worker, s->now) + 1;
		(void)turn(s, 0);
		heartbeat(s);
	}
	peer_send_command(&s->peer, MDPW_HEARTBEAT);
	(void)turn(s, PEER_WAIT_MS);
	mdp_worker_partial(s->worker, "{}", s->now); /* is a sign of life as well */
	peer_expect_text(&s->peer, MDPW_PARTIAL, JOB "#1", s->text, sizeof(s->text));
	s->now += MDP_HEARTBEAT_MS - 1;
	(void)turn(s, 0);
	quiet(s);
}

static void a_job_is_answered_under_its_tag(void **state)
{
	struct scene *s = *state;

	ready(s, "");
	mdp_worker_final(s->worker, "nothing in hand: nothing is sent", s->now);
	hand_out(s, JOB "#3");
	mdp_worker_partial(s->worker, "{\"done\":1}", s->now);
	mdp_worker_final(s->worker, "{\"status\":\"ok\"}", s->now);
	peer_expect_text(&s->peer, MDPW_PARTIAL, JOB "#3", s->text, sizeof(s->text));
	assert_string_equal(s->text, "{\"done\":1}");
	final_text(s, JOB "#3", "{\"status\":\"ok\"}");
	assert_null(mdp_worker_request(s->worker, NULL));
	hand_out(s, OTHER_JOB "#1");
}

static void a_job_outlives_its_broker(void **state)
{
	struct scene *s = *state;

	ready(s, "");
	hand_out(s, JOB "#1");
	restart_broker(s);
	ready(s, "\"jobs\":[\"" JOB "#1\"]");
	mdp_worker_final(s->worker, "done", s->now);
	final_text(s, JOB "#1", "done");
}

static void a_silent_broker_is_left_for_a_new_connection(void **state)
{
	struct scene *s = *state;
	uint8_t first_id[256];

	ready(s, "");
	memcpy(first_id, s->peer.id, sizeof(first_id));
	hand_out(s, JOB "#1");
	s->now += MDP_EXPIRY_MS - 1;
	(void)turn(s, 0);
	heartbeat(s);
	s->now += 1;
	(void)turn(s, 0);
	ready(s, "\"jobs\":[\"" JOB "#1\"]");
	assert_memory_not_equal(first_id, s->peer.id, s->peer.id_bytes);
	peer_send_command(&s->peer, MDPW_HEARTBEAT);
	(void)turn(s, PEER_WAIT_MS);
	s->now += MDP_EXPIRY_MS - 1; /* heard: the clock runs anew */
	(void)turn(s, 0);
	heartbeat(s);
}

static void a_broker_that_is_away_for_long_finds_ready_when_it_is_back(void **state)
{
	struct scene *s = *state;

	ready(s, "");
	hand_out(s, JOB "#1");
	peer_die(&s->peer);
	for (int i = 0; i < 20; i++) {
		s->now += MDP_HEARTBEAT_MS;
		(void)turn(s, 0);
	}
	peer_bind(&s->peer);
	ready(s, "\"jobs\":[\"" JOB "#1\"]");
}

static void sent_away_it_tries_again_with_growing_pauses(void **state)
{
	struct scene *s = *state;
	static const int64_t pauses[] = { 1000, 2000, 4000, 8000, 16000, 32000, 32000 };

	for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		ready(s, "");
		peer_send_command(&s->peer, MDPW_DISCONNECT);
		assert_int_equal(turn(s, PEER_WAIT_MS), MDP_WORKER_NOTHING);
		assert_null(mdp_worker_handle(s->worker));
		assert_int_equal(mdp_worker_wait_ms(s->worker, s->now), pauses[i]);
		s->now += pauses[i];
		(void)turn(s, 0);
	}
	ready(s, "");
	peer_send_command(&s->peer, MDPW_HEARTBEAT);
	(void)turn(s, PEER_WAIT_MS);
	restart_broker(s); /* one that had spoken: at once */
	ready(s, "");
}

static void a_final_that_was_perhaps_lost_is_sent_again(void **state)
{
	struct scene *s = *state;

	ready(s, "");
	hand_out(s, JOB "#1");
	mdp_worker_final(s->worker, "done", s->now);
	final_text(s, JOB "#1", "done");
	peer_send_command(&s->peer, MDPW_HEARTBEAT); /* sent before the FINAL was read, for all that the worker knows */
	(void)turn(s, PEER_WAIT_MS);
	restart_broker(s);
	ready(s, "\"jobs\":[\"" JOB "#1\"]");
	final_text(s, JOB "#1", "done");
	s->now += 2 * (int64_t)MDP_HEARTBEAT_MS;
	peer_send_command(&s->peer, MDPW_HEARTBEAT);
	(void)turn(s, PEER_WAIT_MS);
	heartbeat(s);
	restart_broker(s);
	ready(s, "\"jobs\":[]");
	quiet(s);
}

static void a_final_is_not_sent_for_ever_to_a_broker_that_wants_none(void **state)
{
	struct scene *s = *state;

	ready(s, "");
	hand_out(s, JOB "#1");
	mdp_worker_final(s->worker, "done", s->now);
	final_text(s, JOB "#1", "done");
	restart_broker(s);
	ready(s, "\"jobs\":[\"" JOB "#1\"]");
	final_text(s, JOB "#1", "done");
	peer_send_command(&s->peer, MDPW_DISCONNECT);
	(void)turn(s, PEER_WAIT_MS);
	s->now += mdp_worker_wait_ms(s->worker, s->now);
	(void)turn(s, 0);
	ready(s, "\"jobs\":[]");
	quiet(s);
}

static void a_cancel_reaches_its_job_once_and_only_its_own(void **state)
{
	struct scene *s = *state;

	ready(s, "");
	peer_send_job(&s->peer, JOB "#1", CANCEL);
	assert_int_equal(turn(s, PEER_WAIT_MS), MDP_WORKER_NOTHING); /* nothing in hand */
	hand_out(s, JOB "#1");
	peer_send_job(&s->peer, OTHER_JOB "#1", "{\"v\":1,\"cancel\":\"" OTHER_JOB "\"}");
	assert_int_equal(turn(s, PEER_WAIT_MS), MDP_WORKER_NOTHING);
	peer_send_job(&s->peer, JOB "#1", CANCEL);
	assert_int_equal(turn(s, PEER_WAIT_MS), MDP_WORKER_CANCEL);
	peer_send_job(&s->peer, JOB "#1", CANCEL);
	assert_int_equal(turn(s, PEER_WAIT_MS), MDP_WORKER_NOTHING);
	mdp_worker_final(s->worker, "stopped", s->now);
	final_text(s, JOB "#1", "stopped");
}

static void a_second_job_goes_back_and_a_new_attempt_renames_the_work(void **state)
{
	struct scene *s = *state;

	ready(s, "");
	hand_out(s, JOB "#1");
	peer_send_job(&s->peer, OTHER_JOB "#1", "{}");
	assert_int_equal(turn(s, PEER_WAIT_MS), MDP_WORKER_NOTHING);
	final_text(s, OTHER_JOB "#1", "\"status\":\"retry\",\"error\":{\"code\":\"locked\"");
	peer_send_job(&s->peer, JOB "#1", "{}"); /* the same again: nothing new */
	assert_int_equal(turn(s, PEER_WAIT_MS), MDP_WORKER_NOTHING);
	peer_send_job(&s->peer, JOB "#2", "{}");
	assert_int_equal(turn(s, PEER_WAIT_MS), MDP_WORKER_NOTHING);
	quiet(s);
	mdp_worker_final(s->worker, "done", s->now);
	final_text(s, JOB "#2", "done");
}

static zmsg_t *frames(const char *const *texts)
{
	zmsg_t *msg = zmsg_new();

	for (; *texts != NULL; texts++)
		(void)zmsg_addstr(msg, *texts);
	return msg;
}

static void hostile_messages_are_dropped(void **state)
{
	static const char *const hostile[][8] = {
		{ "" },
		{ "MDPW02" },
		{ "MDPW01", "\x02", JOB "#1", "", "{}" },
		{ "MDPC02", "\x03", "gate", "{}" },
		{ "MDPW02", "" },
		{ "MDPW02", "\x02" },
		{ "MDPW02", "\x02\x02", JOB "#1", "", "{}" },
		{ "MDPW02", "\x02", JOB "#1" },
		{ "MDPW02", "\x02", JOB "#1", "" },
		{ "MDPW02", "\x02", JOB "#1", "full", "{}" },
		{ "MDPW02", "\x02", JOB "#1", "", "{}", "{}" },
		{ "MDPW02", "\x02", "", "", "{}" },
		{ "MDPW02", "\x02", "a\nb#1", "", "{}" },
		{ "MDPW02", "\x02", "#1", "", "{}" },
		{ "MDPW02", "\x02", JOB "#x", "", "{}" },
		{ "MDPW02", "\x02", JOB "#99999999999", "", "{}" },
		{ "MDPW02", "\x01", "gate" },
		{ "MDPW02", "\x07" },
		{ "", "MDPW02", "\x05" },
	};
	struct scene *s = *state;
	char *big = malloc(MDP_MESSAGE_MAX + 1);
	char tag[400];
	zmsg_t *many = zmsg_new();

	ready(s, "");
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		peer_send(&s->peer, frames(hostile[i]));
		assert_int_equal(turn(s, 20), MDP_WORKER_NOTHING);
	}
	for (int i = 0; i < 5000; i++)
		(void)zmsg_addstr(many, "x");
	peer_send(&s->peer, many);
	memset(tag, 'a', sizeof(tag));
	tag[sizeof(tag) - 1] = '\0';
	peer_send_job(&s->peer, tag, "{}");
	assert_int_equal(turn(s, 50), MDP_WORKER_NOTHING);
	assert_null(mdp_worker_request(s->worker, NULL));
	hand_out(s, JOB "#1"); /* still there */
	memset(big, 'x', MDP_MESSAGE_MAX + 1);
	big[MDP_MESSAGE_MAX] = '\0';
	peer_send(&s->peer, mdp_worker_job(MDPW_REQUEST, OTHER_JOB "#1", big, MDP_MESSAGE_MAX + 1));
	assert_int_equal(turn(s, 200), MDP_WORKER_NOTHING);
	free(big);
	s->now += MDP_EXPIRY_MS; /* libzmq gives up a connection for good that breaks the rules: a new socket does it */
	(void)turn(s, 0);
	ready(s, "\"jobs\":[\"" JOB "#1\"]");
}

static void ending_gives_the_job_back(void **state)
{
	struct scene *s = *state;

	ready(s, "");
	hand_out(s, JOB "#1");
	mdp_worker_destroy(&s->worker);
	assert_null(s->worker);
	zmsg_t *msg = peer_expect(&s->peer, MDPW_DISCONNECT, NULL);

	zmsg_destroy(&msg);
}

static void wrong_endpoints_are_refused_with_the_remedy(void **state)
{
	static const struct {
		const char *endpoint;
		const char *told;
	} table[] = {
		{ "", "--endpoint" },
		{ "udp://x", "want ipc" },
		{ "ipc://", "want ipc" },
		{ "tcp://host", "want ipc" },
		{ "tcp://127.0.0.1:1", "CURVE" },
		{ "ipc:///"
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaa"
		  "aaaaaaaaa",
		  "at most 107 bytes" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct mdp_worker_options options = {
			.endpoint = table[i].endpoint, .service = "s", .worker = "w", .host = "h"
		};
		struct mdp_worker *worker = NULL;
		struct error err = { 0 };

		assert_int_equal(mdp_worker_new(&options, &worker, &err), -1);
		assert_null(worker);
		assert_int_equal(err.class, ERR_CONFIG);
		if (strstr(err.text, table[i].told) == NULL)
			fail_msg("%s", err.text);
	}
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(ready_comes_first_and_says_who_it_is),
		SCENE(heartbeats_flow_when_nothing_else_does),
		SCENE(a_job_is_answered_under_its_tag),
		SCENE(a_job_outlives_its_broker),
		SCENE(a_silent_broker_is_left_for_a_new_connection),
		SCENE(a_broker_that_is_away_for_long_finds_ready_when_it_is_back),
		SCENE(sent_away_it_tries_again_with_growing_pauses),
		SCENE(a_final_that_was_perhaps_lost_is_sent_again),
		SCENE(a_final_is_not_sent_for_ever_to_a_broker_that_wants_none),
		SCENE(a_cancel_reaches_its_job_once_and_only_its_own),
		SCENE(a_second_job_goes_back_and_a_new_attempt_renames_the_work),
		SCENE(hostile_messages_are_dropped),
		SCENE(ending_gives_the_job_back),
		cmocka_unit_test(wrong_endpoints_are_refused_with_the_remedy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
