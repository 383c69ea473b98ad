#include "monitor/notify_mqtt.h"

#include <errno.h>
#include <mosquitto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/version.h"
#include "monitor/notify_driver.h"
#include "monitor/notify_secret.h"

#define KEEPALIVE_S 60
#define WAIT_MS 20000 /* for a connection, and for the broker's word that it has a message */
#define AGAIN_LEAST_S 1
#define AGAIN_MOST_S 60
#define QOS 1
#define QOS_SHOWN                                                                                                      \
	0 /* sent again at each connection: kept for one that breaks again and again, it would grow without end */

struct mqtt {
	struct notify_context context;
	struct notify_mqtt_place place;
	struct mosquitto *client; /* NULL: the last one came to nothing: another is made */
	bool looping;
	pthread_mutex_t
	        log_lock; /* guards tls_fault: the client holds a lock of its own while it logs, and takes that one while we hold ours */
	char tls_fault[160];  /* what kept the last connection from coming about; "": nothing */
	pthread_mutex_t lock; /* guards what follows: the client's thread writes it */
	bool connected;
	int refused;                           /* CONNACK's code; 0: not */
	int acknowledged;                      /* message ID */
	int pending;                           /* message ID that waits for its acknowledgement; 0: none … */
	char pending_notice[NOTIFY_NOTICE_ID]; /* … of this notice: the client itself sends it again, so we must not */
	struct notify_mqtt_message *shown;     /* sent again after each connect */
	size_t n_shown;
};

/* ---- what is shown */

/* Discovery's IDs have no dots; two names stay two. */
static void node_id(const char *pipeline, char out[2u * CONFIG_NAME_MAX + 1])
{
	size_t used = 0;

	for (const char *s = pipeline; *s != '\0' && used + 2 < (size_t)2 * CONFIG_NAME_MAX; s++) {
		if (*s == '.')
			out[used++] = '_';
		out[used++] = *s == '.' ? '_' : *s;
	}
	out[used] = '\0';
}

static char *dump(json_t *json)
{
	char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	return text;
}

void notify_mqtt_place(const struct config_notify *config, const char *host, struct notify_mqtt_place *place)
{
	*place = (struct notify_mqtt_place){ .discovery = config->discovery };
	(void)snprintf(place->host, sizeof(place->host), "%s", host);
	for (char *c = place->host; *c != '\0'; c++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", *c) == NULL)
			*c = '_';
	if (config->topic != NULL)
		(void)snprintf(place->topic, sizeof(place->topic), "%s", config->topic);
	else
		(void)snprintf(place->topic, sizeof(place->topic), "aob/%.100s", place->host);
}

/* One entity: what differs is its component, name, class and how its value is found in the state. */
static void discover(const struct notify_mqtt_place *place, const struct notify_view *view, const char *component,
                     const char *entity, const char *name, const char *device_class, const char *template,
                     struct notify_mqtt_message *message)
{
	char node[2u * CONFIG_NAME_MAX + 1];
	char unique[512];
	char device[400];
	char device_name[400];
	char state[NOTIFY_MQTT_TOPIC];
	char status[NOTIFY_MQTT_TOPIC];

	node_id(view->pipeline, node);
	(void)snprintf(unique, sizeof(unique), "aob_%s_%s_%s", place->host, view->pipeline, entity);
	(void)snprintf(device, sizeof(device), "aob_%s_%s", place->host, view->pipeline);
	(void)snprintf(device_name, sizeof(device_name), "Backup %s (%s)", view->pipeline, place->host);
	(void)snprintf(state, sizeof(state), "%s/%s/state", place->topic, view->pipeline);
	(void)snprintf(status, sizeof(status), "%s/status", place->topic);
	(void)snprintf(message->topic, sizeof(message->topic), "%s/%s/aob_%s_%s/%s/config", place->discovery, component,
	               place->host, node, entity);
	message->payload = dump(json_pack(
	        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:{s:[s], s:s, s:s, s:s, s:s}, s:{s:s, s:s}}", "name", name,
	        "unique_id", unique, "device_class", device_class, "state_topic", state, "value_template", template,
	        "json_attributes_topic", state, "availability_topic", status, "device", "identifiers", device, "name",
	        device_name, "manufacturer", "AutoOffsiteBackup", "model", place->host, "sw_version", AOB_VERSION,
	        "origin", "name", "AutoOffsiteBackup", "sw_version", AOB_VERSION));
}

size_t notify_mqtt_view(const struct notify_mqtt_place *place, const struct notify_view *view,
                        struct notify_mqtt_message messages[NOTIFY_MQTT_MESSAGES])
{
	char stamp[32];

	(void)snprintf(messages[0].topic, sizeof(messages[0].topic), "%s/%s/state", place->topic, view->pipeline);
	messages[0].payload = dump(json_pack(
	        "{s:s, s:s, s:s?}", "problem", view->alarms[0] != '\0' ? "ON" : "OFF", "alarms", view->alarms,
	        "last_success", view->last_success_at != 0 ? notify_notice_time(view->last_success_at, stamp) : NULL));
	if (place->discovery == NULL)
		return 1;
	discover(place, view, "binary_sensor", "problem", "Problem", "problem", "{{ value_json.problem }}",
	         &messages[1]);
	discover(place, view, "sensor", "last_success", "Last success", "timestamp", "{{ value_json.last_success }}",
	         &messages[2]);
	return 3;
}

/* ---- the client's thread */

static bool holds(const struct notify_mqtt_message *list, size_t n, const struct notify_mqtt_message *message)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].payload != NULL && strcmp(list[i].topic, message->topic) == 0 &&
		    strcmp(list[i].payload, message->payload) == 0)
			return true;
	return false;
}

/* But what is in `but` already. */
static void send_shown(struct mqtt *m, const struct notify_mqtt_message *but, size_t n_but)
{
	for (size_t i = 0; i < m->n_shown; i++)
		if (m->shown[i].payload != NULL && !holds(but, n_but, &m->shown[i]))
			(void)mosquitto_publish(m->client, NULL, m->shown[i].topic, (int)strlen(m->shown[i].payload),
			                        m->shown[i].payload, QOS_SHOWN, true);
}

static void free_messages(struct notify_mqtt_message *messages, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(messages[i].payload);
	free(messages);
}

static void status_topic(const struct mqtt *m, char out[static NOTIFY_MQTT_TOPIC])
{
	(void)snprintf(out, NOTIFY_MQTT_TOPIC, "%s/status", m->place.topic);
}

static void on_connect(struct mosquitto *client, void *cookie, int code)
{
	struct mqtt *m = cookie;
	char topic[NOTIFY_MQTT_TOPIC];

	(void)pthread_mutex_lock(&m->log_lock);
	m->tls_fault[0] = '\0';
	(void)pthread_mutex_unlock(&m->log_lock);
	(void)pthread_mutex_lock(&m->lock);
	m->connected = code == 0;
	m->refused = code;
	if (m->connected) {
		status_topic(m, topic);
		(void)mosquitto_publish(client, NULL, topic, 6, "online", QOS_SHOWN, true);
		send_shown(m, NULL, 0);
	}
	(void)pthread_mutex_unlock(&m->lock);
}

/* The only place where the client tells why TLS fails: what it says between two connections. */
static void on_log(struct mosquitto *client, void *cookie, int level, const char *line)
{
	struct mqtt *m = cookie;

	(void)client;
	if (level != MOSQ_LOG_ERR)
		return;
	(void)pthread_mutex_lock(&m->log_lock);
	(void)log_escape(line, m->tls_fault, sizeof(m->tls_fault));
	(void)pthread_mutex_unlock(&m->log_lock);
}

static void on_disconnect(struct mosquitto *client, void *cookie, int code)
{
	struct mqtt *m = cookie;

	(void)client;
	(void)code;
	(void)pthread_mutex_lock(&m->lock);
	m->connected = false;
	(void)pthread_mutex_unlock(&m->lock);
}

static void on_publish(struct mosquitto *client, void *cookie, int id)
{
	struct mqtt *m = cookie;

	(void)client;
	(void)pthread_mutex_lock(&m->lock);
	if (id == m->pending || m->pending == 0)
		m->acknowledged = id;
	(void)pthread_mutex_unlock(&m->lock);
}

/* ---- ours */

static int fault(struct error *err, const char *what, int rc)
{
	return rc == MOSQ_ERR_ERRNO ? error_sys(err, errno, "%s", what)
	                            : error_set(err, ERR_LINK, "%s: %s", what, mosquitto_strerror(rc));
}

static int make_client(struct mqtt *m, struct error *err)
{
	m->client = mosquitto_new(NULL, true, m);
	if (m->client == NULL)
		return error_sys(err, errno, "the MQTT client");
	mosquitto_connect_callback_set(m->client, on_connect);
	mosquitto_disconnect_callback_set(m->client, on_disconnect);
	mosquitto_publish_callback_set(m->client, on_publish);
	if (m->context.config->tls)
		mosquitto_log_callback_set(m->client, on_log);
	return 0;
}

static void drop_client(struct mqtt *m)
{
	if (m->client == NULL)
		return;
	(void)mosquitto_disconnect(m->client);
	if (m->looping)
		(void)mosquitto_loop_stop(m->client, !m->connected);
	mosquitto_destroy(m->client);
	m->client = NULL;
	m->looping = m->connected = false;
	m->pending = 0; /* it has gone with it */
	m->refused = 0;
	m->tls_fault[0] = '\0';
}

static int look_at_connection(struct mqtt *m, struct error *err);

static int begin(struct mqtt *m, struct error *err)
{
	const struct config_notify *config = m->context.config;
	char password[NOTIFY_SECRET_SIZE] = "";
	char topic[NOTIFY_MQTT_TOPIC];
	int rc;

	if (m->client == NULL && make_client(m, err) != 0)
		return -1;
	if (config->password_file != NULL && notify_secret_read(config->password_file, password, err) != 0)
		return -1;
	if (config->user != NULL &&
	    mosquitto_username_pw_set(m->client, config->user, password[0] != '\0' ? password : NULL) != 0)
		return error_set(err, ERR_SYSTEM, "out of memory");
	status_topic(m, topic);
	(void)mosquitto_will_set(m->client, topic, 7, "offline", QOS, true);
	if (config->tls) {
		rc = config->ca_file != NULL ? mosquitto_tls_set(m->client, config->ca_file, NULL, NULL, NULL, NULL)
		                             : mosquitto_int_option(m->client, MOSQ_OPT_TLS_USE_OS_CERTS, 1);
		if (rc != MOSQ_ERR_SUCCESS)
			return fault(err, "the certificates to trust", rc);
	}
	(void)mosquitto_reconnect_delay_set(m->client, AGAIN_LEAST_S, AGAIN_MOST_S, true);
	rc = mosquitto_connect_async(m->client, config->host, config->port, KEEPALIVE_S);
	/* A broker that is not there yet is tried again by the client's thread; a name that does not resolve too. After anything else the client is of no use any more. */
	if (rc != MOSQ_ERR_SUCCESS && rc != MOSQ_ERR_ERRNO && rc != MOSQ_ERR_EAI) {
		(void)fault(err, "connecting", rc);
		if (rc == MOSQ_ERR_TLS)
			(void)look_at_connection(m, err); /* it says why */
		drop_client(m);
		return -1;
	}
	rc = mosquitto_loop_start(m->client);
	if (rc != MOSQ_ERR_SUCCESS)
		return fault(err, "starting a thread", rc);
	m->looping = true;
	return 0;
}

static void close_mqtt(void *self)
{
	struct mqtt *m = self;

	if (m == NULL)
		return;
	if (m->client != NULL && m->connected) {
		char topic[NOTIFY_MQTT_TOPIC];

		status_topic(m, topic);
		(void)mosquitto_publish(m->client, NULL, topic, 7, "offline", QOS, true);
	}
	drop_client(m);
	free_messages(m->shown, m->n_shown);
	(void)pthread_mutex_destroy(&m->lock);
	(void)pthread_mutex_destroy(&m->log_lock);
	free(m);
}

static int open_mqtt(const struct notify_context *context, void **self, struct error *err)
{
	struct mqtt *m = calloc(1, sizeof(*m));
	char host[256] = "localhost";

	*self = m;
	if (m == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	m->context = *context;
	(void)pthread_mutex_init(&m->lock, NULL);
	(void)pthread_mutex_init(&m->log_lock, NULL);
	(void)gethostname(host, sizeof(host) - 1);
	notify_mqtt_place(context->config, host, &m->place);
	if (make_client(m, err) != 0) {
		close_mqtt(m);
		*self = NULL;
		return -1;
	}
	return 0;
}

/* 1: there is a connection; 0: not yet; -1: there will be none before somebody changes something. */
static int look_at_connection(struct mqtt *m, struct error *err)
{
	const struct config_notify *config = m->context.config;
	char tls_fault[sizeof(m->tls_fault)];
	int rc;

	(void)pthread_mutex_lock(&m->log_lock);
	memcpy(tls_fault, m->tls_fault, sizeof(tls_fault));
	(void)pthread_mutex_unlock(&m->log_lock);
	(void)pthread_mutex_lock(&m->lock);
	rc = m->connected;
	if (!m->connected && m->refused != 0)
		rc = error_set(err, ERR_PERMISSION, "the MQTT broker refuses us: %s; look at user and password_file",
		               mosquitto_connack_string(m->refused));
	else if (!m->connected && tls_fault[0] != '\0')
		rc = error_set(
		        err, ERR_LINK,
		        "no TLS with the MQTT broker %s:%u: %s; look at ca_file, and at the name in its certificate",
		        config->host, config->port, tls_fault);
	(void)pthread_mutex_unlock(&m->lock);
	return rc;
}

static int nap(const struct mqtt *m, struct error *err)
{
	struct timespec nap = { .tv_nsec = 50000000 };

	(void)nanosleep(&nap, NULL);
	return atomic_load(m->context.stop) ? error_set(err, ERR_CANCELLED, "stopped, as this process ends") : 0;
}

static int await_connection(struct mqtt *m, struct error *err)
{
	int64_t until_ms = clock_now_ms() + WAIT_MS;
	int rc;

	if (!m->looping && begin(m, err) != 0)
		return -1;
	while ((rc = look_at_connection(m, err)) == 0) {
		if (clock_now_ms() >= until_ms)
			return error_set(err, ERR_LINK, "no connection to the MQTT broker %s:%u within %d s",
			                 m->context.config->host, m->context.config->port, WAIT_MS / 1000);
		if (nap(m, err) != 0)
			return -1;
	}
	/* The client's thread ends where TLS fails; the next try begins with another. */
	if (rc < 0)
		drop_client(m);
	return rc > 0 ? 0 : -1;
}

static int await_acknowledgement(struct mqtt *m, struct error *err)
{
	int64_t until_ms = clock_now_ms() + WAIT_MS;

	for (;;) {
		bool done;

		(void)pthread_mutex_lock(&m->lock);
		done = m->acknowledged == m->pending;
		if (done)
			m->pending = 0;
		(void)pthread_mutex_unlock(&m->lock);
		if (done)
			return 0;
		if (clock_now_ms() >= until_ms)
			return error_set(err, ERR_LINK, "the MQTT broker did not acknowledge within %d s",
			                 WAIT_MS / 1000);
		if (nap(m, err) != 0)
			return -1;
	}
}

static int publish(struct mqtt *m, const struct notify_notice *notice, struct error *err)
{
	char *payload = notify_notice_event(notice);
	char topic[NOTIFY_MQTT_TOPIC];
	int rc;

	if (payload == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	(void)snprintf(topic, sizeof(topic), "%s/%s/notice", m->place.topic, notice->pipeline);
	(void)pthread_mutex_lock(&m->lock);
	m->acknowledged = 0;
	rc = mosquitto_publish(m->client, &m->pending, topic, (int)strlen(payload), payload, QOS, false);
	if (rc == MOSQ_ERR_SUCCESS)
		(void)snprintf(m->pending_notice, sizeof(m->pending_notice), "%s", notice->id);
	else
		m->pending = 0;
	(void)pthread_mutex_unlock(&m->lock);
	free(payload);
	return rc == MOSQ_ERR_SUCCESS ? 0 : fault(err, "publishing", rc);
}

static int deliver(void *self, const struct notify_notice *notice, struct error *err)
{
	struct mqtt *m = self;

	if (await_connection(m, err) != 0)
		return -1;
	/* Not acknowledged at the last try: the client has it still, and has sent it again after the connection came back. */
	if ((m->pending == 0 || strcmp(m->pending_notice, notice->id) != 0) && publish(m, notice, err) != 0)
		return -1;
	return await_acknowledgement(m, err);
}

static int show(void *self, const struct notify_view *views, size_t n, struct error *err)
{
	struct mqtt *m = self;
	struct notify_mqtt_message *fresh = calloc(n * NOTIFY_MQTT_MESSAGES + 1, sizeof(*fresh));
	struct notify_mqtt_message *before = NULL;
	size_t n_before = 0;
	size_t used = 0;

	if (fresh == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	for (size_t i = 0; i < n; i++)
		used += notify_mqtt_view(&m->place, &views[i], &fresh[used]);
	(void)pthread_mutex_lock(&m->lock);
	before = m->shown;
	n_before = m->n_shown;
	m->shown = fresh;
	m->n_shown = used;
	if (m->connected)
		send_shown(m, before, n_before);
	(void)pthread_mutex_unlock(&m->lock);
	free_messages(before, n_before);
	/* Else on_connect sends it. */
	return m->looping ? 0 : begin(m, err);
}

const struct notify_driver notify_mqtt_driver = {
	.open = open_mqtt, .deliver = deliver, .show = show, .close = close_mqtt, .keeps = true
};
