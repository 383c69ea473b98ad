/* Subscribers hear what happens; a late one gets the last values first. Real sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <czmq.h>
#include <jansson.h>

#include "broker/events.h"
#include "lib/mdp.h"
#include "tests/unit/scratch.h"

struct lab {
	char folder[200];
	char endpoint[256];
	struct config config;
	struct security *security;
	struct events *events;
};

static int set_up(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	struct error err;

	mdp_start();
	if (scratch_make(lab->folder, sizeof(lab->folder), "events") != 0)
		return -1;
	(void)snprintf(lab->endpoint, sizeof(lab->endpoint), "ipc://%s/events", lab->folder);
	lab->config = (struct config){ .endpoint = lab->endpoint, .events = lab->endpoint };
	if (security_new(&lab->config, &lab->security, &err) != 0 ||
	    events_new(lab->endpoint, lab->security, &lab->events, &err) != 0)
		return -1;
	*state = lab;
	return 0;
}

static int tear_down(void **state)
{
	struct lab *lab = *state;
	char path[300];

	events_destroy(&lab->events);
	security_destroy(&lab->security);
	(void)snprintf(path, sizeof(path), "%s/events", lab->folder);
	(void)unlink(path);
	(void)rmdir(lab->folder);
	free(lab);
	return 0;
}

static void emit(struct lab *lab, const char *pipeline, const char *what, int number)
{
	json_t *data = json_pack("{s:i}", "number", number);

	events_emit(lab->events, pipeline, what, &data);
	assert_null(data);
}

static zsock_t *subscribe(struct lab *lab, const char *prefix)
{
	zsock_t *sub = zsock_new(ZMQ_SUB);

	zsock_set_subscribe(sub, prefix);
	zsock_set_rcvtimeo(sub, 50);
	assert_int_equal(zsock_connect(sub, "%s", lab->endpoint), 0);
	return sub;
}

/* The next message, while the publisher's loop turns; NULL if none comes for a second (or 200 ms if none is wanted). */
static zmsg_t *hear(struct lab *lab, zsock_t *sub, bool wanted)
{
	for (int i = 0; i < (wanted ? 60 : 4); i++) {
		zmsg_t *msg = NULL;

		events_turn(lab->events);
		msg = zmsg_recv(sub);
		if (msg != NULL)
			return msg;
	}
	return NULL;
}

static void expect(struct lab *lab, zsock_t *sub, const char *topic, int number)
{
	zmsg_t *msg = hear(lab, sub, true);
	char *text = NULL;
	json_t *event = NULL;

	assert_non_null(msg);
	assert_int_equal(zmsg_size(msg), 2);
	text = zmsg_popstr(msg);
	assert_string_equal(text, topic);
	freen(text);
	text = zmsg_popstr(msg);
	event = json_loads(text, 0, NULL);
	assert_non_null(event);
	assert_string_equal(json_string_value(json_object_get(event, "specversion")), "1.0");
	assert_string_equal(json_string_value(json_object_get(event, "datacontenttype")), "application/json");
	assert_true(strncmp(json_string_value(json_object_get(event, "source")), "aob://", 6) == 0);
	assert_true(strncmp(json_string_value(json_object_get(event, "type")), "aob.", 4) == 0);
	assert_non_null(json_string_value(json_object_get(event, "id")));
	assert_non_null(json_string_value(json_object_get(event, "time")));
	assert_int_equal(json_integer_value(json_object_get(json_object_get(event, "data"), "number")), number);
	json_decref(event);
	freen(text);
	zmsg_destroy(&msg);
}

static void a_late_subscriber_gets_the_last_values_as_they_happened(void **state)
{
	struct lab *lab = *state;
	zsock_t *sub = NULL;

	emit(lab, "photos", "run.started", 1);
	emit(lab, "photos", "run.finished", 2);
	emit(lab, "docs", "run.started", 3);
	emit(lab, "photos", "run.started", 4);
	sub = subscribe(lab, "aob.photos.");
	expect(lab, sub, "aob.photos.run.finished", 2);
	expect(lab, sub, "aob.photos.run.started", 4);
	emit(lab, "photos", "step.started", 5);
	expect(lab, sub, "aob.photos.step.started", 5);
	assert_null(hear(lab, sub, false));
	zsock_destroy(&sub);
}

static void a_second_subscriber_of_the_same_topic_gets_them_too(void **state)
{
	struct lab *lab = *state;
	zsock_t *first = NULL;
	zsock_t *second = NULL;

	emit(lab, "photos", "run.started", 1);
	first = subscribe(lab, "");
	expect(lab, first, "aob.photos.run.started", 1);
	second = subscribe(lab, "");
	expect(lab, second, "aob.photos.run.started", 1);
	zsock_destroy(&first);
	zsock_destroy(&second);
}

/* More than a queue of the usual length: the newest is what counts, and comes last. */
static void a_late_subscriber_gets_all_of_a_large_cache(void **state)
{
	struct lab *lab = *state;
	zsock_t *sub = NULL;
	const int n = 5 * MDP_QUEUE_MAX;

	for (int i = 0; i < n; i++) {
		char pipeline[32];

		(void)snprintf(pipeline, sizeof(pipeline), "p%d", i);
		emit(lab, pipeline, "run.started", i);
	}
	sub = subscribe(lab, "");
	for (int i = 0; i < n; i++) {
		char topic[64];

		(void)snprintf(topic, sizeof(topic), "aob.p%d.run.started", i);
		expect(lab, sub, topic, i);
	}
	zsock_destroy(&sub);
}

static void what_is_staged_is_heard_only_after_flush(void **state)
{
	struct lab *lab = *state;
	zsock_t *sub = subscribe(lab, "");
	const char *topic = NULL;
	const char *body = NULL;
	json_t *data = NULL;
	struct error err;

	assert_null(hear(lab, sub, false));
	assert_int_equal(events_stage(lab->events, "photos", "run.started", &data, &topic, &body, &err), 0);
	assert_string_equal(topic, "aob.photos.run.started");
	events_drop(lab->events);
	data = json_pack("{s:i}", "number", 7);
	assert_int_equal(events_stage(lab->events, "photos", "run.finished", &data, &topic, &body, &err), 0);
	assert_null(hear(lab, sub, false));
	events_flush(lab->events);
	expect(lab, sub, "aob.photos.run.finished", 7);
	assert_null(hear(lab, sub, false));
	zsock_destroy(&sub);
}

static bool keep_photos(void *cookie, const char *pipeline)
{
	(void)cookie;
	return strcmp(pipeline, "photos.2026") == 0;
}

static void forgotten_pipelines_are_not_told_any_more(void **state)
{
	struct lab *lab = *state;
	zsock_t *sub = NULL;

	emit(lab, "photos.2026", "run.started", 1);
	emit(lab, "docs", "run.started", 2);
	events_forget(lab->events, keep_photos, NULL);
	sub = subscribe(lab, "");
	expect(lab, sub, "aob.photos.2026.run.started", 1);
	assert_null(hear(lab, sub, false));
	zsock_destroy(&sub);
}

static void a_subscriber_that_does_not_read_holds_nobody_up(void **state)
{
	struct lab *lab = *state;
	zsock_t *dead = subscribe(lab, "");
	int64_t began = zclock_mono();

	assert_null(hear(lab, dead, false));
	for (int i = 0; i < 20000; i++)
		emit(lab, "photos", "step.progress", i);
	assert_true(zclock_mono() - began < 20000);
	zsock_destroy(&dead);
}

static void upstream_rubbish_is_ignored(void **state)
{
	struct lab *lab = *state;
	zsock_t *peer = zsock_new(ZMQ_XSUB);
	static const uint8_t frames[][3] = { { 0, 0, 0 }, { 9, 9, 9 }, { 1, 0xff, 0xff } };

	emit(lab, "photos", "run.started", 1);
	assert_int_equal(zsock_connect(peer, "%s", lab->endpoint), 0);
	zsock_set_rcvtimeo(peer, 50);
	for (size_t i = 0; i < 3; i++)
		(void)zmq_send(zsock_resolve(peer), frames[i], 3, 0);
	(void)zmq_send(zsock_resolve(peer), "", 0, 0);
	assert_null(hear(lab, peer, false));
	zsock_destroy(&peer);
}

static void the_socket_is_closed_to_others(void **state)
{
	struct lab *lab = *state;
	char path[300];
	struct stat st;
	struct events *second = NULL;
	struct error err;

	(void)snprintf(path, sizeof(path), "%s/events", lab->folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(events_new(lab->endpoint, lab->security, &second, &err), -1);
	assert_int_equal(err.class, ERR_LOCKED);
	assert_int_equal(chmod(lab->folder, 0755), 0);
	assert_int_equal(events_new(lab->endpoint, lab->security, &second, &err), -1);
	assert_int_equal(err.class, ERR_PERMISSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_late_subscriber_gets_the_last_values_as_they_happened, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(a_second_subscriber_of_the_same_topic_gets_them_too, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_late_subscriber_gets_all_of_a_large_cache, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_staged_is_heard_only_after_flush, set_up, tear_down),
		cmocka_unit_test_setup_teardown(forgotten_pipelines_are_not_told_any_more, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_subscriber_that_does_not_read_holds_nobody_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(upstream_rubbish_is_ignored, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_socket_is_closed_to_others, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
