#include "broker/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/mdp.h"

#define TURN_SUBSCRIPTIONS_MAX 64

struct event {
	char topic[EVENTS_TOPIC_SIZE];
	char *body;
	uint64_t order;     /* of happening */
	struct event *next; /* of the held back ones */
};

struct events {
	zsock_t *socket;
	char source[300];
	uint64_t boot; /* with the counter: an id that no other event has, of an earlier broker neither */
	uint64_t counter;
	uint64_t order;
	struct event *cache[EVENTS_TOPICS_MAX]; /* by topic */
	size_t n_cached;
	bool full_told;
	struct event *staged; /* first to last */
	struct event **staged_end;
};

int events_new(const char *endpoint, struct security *security, struct events **events, struct error *err)
{
	struct events *made = calloc(1, sizeof(*made));
	char host[256] = "localhost";

	*events = NULL;
	if (made == NULL)
		return error_sys(err, ENOMEM, "the events' socket");
	made->staged_end = &made->staged;
	(void)gethostname(host, sizeof(host) - 1);
	(void)snprintf(made->source, sizeof(made->source), "aob://%s", host);
	if (getrandom(&made->boot, sizeof(made->boot), 0) != (ssize_t)sizeof(made->boot)) {
		(void)error_sys(err, errno, "getrandom");
		goto out;
	}
	made->socket = zsock_new(ZMQ_XPUB);
	if (made->socket == NULL) {
		(void)error_sys(err, errno, "the events' socket");
		goto out;
	}
	mdp_socket_limits(made->socket);
	/* A subscription that somebody else has already is told as well: its newcomer wants the last values too. */
	zsock_set_xpub_verbose(made->socket, 1);
	if (security_bind(security, made->socket, endpoint, err) != 0)
		goto out;
	*events = made;
	return 0;
out:
	events_destroy(&made);
	return -1;
}

static void event_destroy(struct event **event)
{
	if (*event == NULL)
		return;
	free((*event)->body);
	free(*event);
	*event = NULL;
}

void events_destroy(struct events **events)
{
	if (*events == NULL)
		return;
	events_drop(*events);
	for (size_t i = 0; i < (*events)->n_cached; i++)
		event_destroy(&(*events)->cache[i]);
	zsock_destroy(&(*events)->socket);
	free(*events);
	*events = NULL;
}

void *events_handle(struct events *events)
{
	return zsock_resolve(events->socket);
}

static void publish(struct events *events, const struct event *event)
{
	void *handle = zsock_resolve(events->socket);

	log_trace("mdp", "PUB %s %s", event->topic, event->body);
	if (zmq_send(handle, event->topic, strlen(event->topic), ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0)
		(void)zmq_send(handle, event->body, strlen(event->body), ZMQ_DONTWAIT);
}

static size_t cache_place(const struct events *events, const char *topic)
{
	size_t low = 0;
	size_t high = events->n_cached;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(events->cache[middle]->topic, topic) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Takes the event. */
static void cache_put(struct events *events, struct event *event)
{
	size_t at = cache_place(events, event->topic);

	event->order = ++events->order;
	if (at < events->n_cached && strcmp(events->cache[at]->topic, event->topic) == 0) {
		event_destroy(&events->cache[at]);
		events->cache[at] = event;
		return;
	}
	if (events->n_cached == EVENTS_TOPICS_MAX) {
		if (!events->full_told)
			log_line(LOG_WARNING, "more than %zu topics of events; late subscribers will not get all",
			         EVENTS_TOPICS_MAX);
		events->full_told = true;
		event_destroy(&event);
		return;
	}
	memmove(&events->cache[at + 1], &events->cache[at], (events->n_cached - at) * sizeof(struct event *));
	events->cache[at] = event;
	events->n_cached++;
}

static int by_order(const void *a, const void *b)
{
	const struct event *const *left = a;
	const struct event *const *right = b;

	return ((*left)->order > (*right)->order) - ((*left)->order < (*right)->order);
}

/* What is cached below prefix, as it happened. It goes at once, so there must be room for all of it, or the newest would be dropped; but no longer: who does
 * not read has a short queue. (A change of the mark is taken over by open connections, too.) */
static void publish_cached(struct events *events, const uint8_t *prefix, size_t len)
{
	struct event *matching[EVENTS_TOPICS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < events->n_cached; i++)
		if (strlen(events->cache[i]->topic) >= len && memcmp(events->cache[i]->topic, prefix, len) == 0)
			matching[n++] = events->cache[i];
	qsort(matching, n, sizeof(struct event *), by_order);
	if (n > MDP_QUEUE_MAX / 2)
		zsock_set_sndhwm(events->socket, (int)n + MDP_QUEUE_MAX);
	for (size_t i = 0; i < n; i++)
		publish(events, matching[i]);
	if (n > MDP_QUEUE_MAX / 2)
		zsock_set_sndhwm(events->socket, MDP_QUEUE_MAX);
}

void events_turn(struct events *events)
{
	void *handle = zsock_resolve(events->socket);

	for (int n = 0; n < TURN_SUBSCRIPTIONS_MAX; n++) {
		zmq_msg_t frame;
		const uint8_t *data = NULL;
		size_t len;

		(void)zmq_msg_init(&frame);
		if (zmq_msg_recv(&frame, handle, ZMQ_DONTWAIT) < 0) {
			(void)zmq_msg_close(&frame);
			return;
		}
		/* 1 and the prefix subscribed to, 0 and the prefix given up; anything else is a message, and none of ours. */
		data = zmq_msg_data(&frame);
		len = zmq_msg_size(&frame);
		if (len > 0 && data[0] == 1)
			publish_cached(events, data + 1, len - 1);
		(void)zmq_msg_close(&frame);
	}
}

static char *body_of(struct events *events, const char *pipeline, const char *what, json_t **data)
{
	struct timespec now;
	struct tm utc;
	char stamp[64];
	char id[64];
	char type[EVENTS_TOPIC_SIZE];
	json_t *object = NULL;
	char *body = NULL;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &utc);
	(void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
	(void)snprintf(stamp + strlen(stamp), sizeof(stamp) - strlen(stamp), ".%03ldZ", now.tv_nsec / 1000000);
	(void)snprintf(id, sizeof(id), "%016llx-%llu", (unsigned long long)events->boot,
	               (unsigned long long)++events->counter);
	(void)snprintf(type, sizeof(type), "aob.%s", what);
	object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "specversion", "1.0", "id", id, "source",
	                   events->source, "type", type, "subject", pipeline, "time", stamp, "datacontenttype",
	                   "application/json", "data", *data != NULL ? *data : json_object());
	*data = NULL;
	if (object != NULL)
		body = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	return body;
}

int events_stage(struct events *events, const char *pipeline, const char *what, json_t **data, const char **topic,
                 const char **body, struct error *err)
{
	struct event *event = calloc(1, sizeof(*event));
	char *text = body_of(events, pipeline, what, data);

	if (event == NULL || text == NULL) {
		free(event);
		free(text);
		return error_sys(err, ENOMEM, "event %s", what);
	}
	(void)snprintf(event->topic, sizeof(event->topic), "aob.%s.%s", pipeline, what);
	event->body = text;
	*events->staged_end = event;
	events->staged_end = &event->next;
	*topic = event->topic;
	*body = event->body;
	return 0;
}

static struct event *take_staged(struct events *events)
{
	struct event *event = events->staged;

	if (event != NULL)
		events->staged = event->next;
	if (events->staged == NULL)
		events->staged_end = &events->staged;
	return event;
}

void events_flush(struct events *events)
{
	struct event *event = NULL;

	while ((event = take_staged(events)) != NULL) {
		publish(events, event);
		cache_put(events, event);
	}
}

void events_drop(struct events *events)
{
	struct event *event = NULL;

	while ((event = take_staged(events)) != NULL)
		event_destroy(&event);
}

void events_emit(struct events *events, const char *pipeline, const char *what, json_t **data)
{
	const char *topic = NULL;
	const char *body = NULL;
	struct error err;

	if (events_stage(events, pipeline, what, data, &topic, &body, &err) != 0)
		log_error(LOG_WARNING, &err, "publishing");
	else
		events_flush(events);
}

int events_restore(struct events *events, const char *topic, const char *body, struct error *err)
{
	struct event *event = calloc(1, sizeof(*event));

	if (event != NULL)
		event->body = strdup(body);
	if (event == NULL || event->body == NULL) {
		free(event);
		return error_sys(err, ENOMEM, "event %s", topic);
	}
	(void)snprintf(event->topic, sizeof(event->topic), "%s", topic);
	cache_put(events, event);
	return 0;
}

void events_forget(struct events *events, bool (*keep)(void *cookie, const char *pipeline), void *cookie)
{
	size_t kept = 0;

	for (size_t i = 0; i < events->n_cached; i++) {
		/* A pipeline's name may have dots itself; `what` has exactly one. */
		char pipeline[EVENTS_TOPIC_SIZE];
		char *dot = NULL;

		(void)snprintf(pipeline, sizeof(pipeline), "%s", events->cache[i]->topic + strlen("aob."));
		for (int dots = 0; dots < 2 && (dot = strrchr(pipeline, '.')) != NULL; dots++)
			*dot = '\0';
		if (keep(cookie, pipeline))
			events->cache[kept++] = events->cache[i];
		else
			event_destroy(&events->cache[i]);
	}
	events->n_cached = kept;
}
