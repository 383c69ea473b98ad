#include "lib/mdp.h"

#include <sys/un.h>

#include "lib/clock.h"
#include "lib/hex.h"
#include "lib/log.h"
#include "lib/log_limit.h"
#include "lib/pace.h"

#define RECONNECT_MS 100
#define RECONNECT_MAX_MS 2000
#define TRACE_BODY_SIZE 600
#define STRANGE_PER_MINUTE 20

void mdp_start(void)
{
	zsys_handler_set(NULL);
	zsys_set_logstream(stderr);
}

int mdp_endpoint_check(const char *endpoint, struct error *err)
{
	static const size_t room = sizeof(((struct sockaddr_un *)NULL)->sun_path);

	if (endpoint == NULL || *endpoint == '\0')
		return error_set(err, ERR_CONFIG, "no endpoint: set broker.endpoint, or give --endpoint");
	if (strncmp(endpoint, "tcp://", 6) == 0 && strchr(endpoint + 6, ':') != NULL)
		return 0;
	if (strncmp(endpoint, "ipc://", 6) != 0 || endpoint[6] == '\0')
		return error_set(err, ERR_CONFIG, "endpoint \"%s\": want ipc:///path or tcp://host:port", endpoint);
	if (strlen(endpoint + 6) >= room)
		return error_set(err, ERR_CONFIG,
		                 "endpoint \"%s\": a socket's path may have at most %zu bytes; choose a shorter one",
		                 endpoint, room - 1);
	return 0;
}

void mdp_socket_limits(zsock_t *socket)
{
	void *handle = zsock_resolve(socket);
	int64_t message_max = MDP_MESSAGE_MAX;
	int handshake_ms = MDP_HANDSHAKE_MS;
	int never_wait = 0;

	(void)zmq_setsockopt(handle, ZMQ_MAXMSGSIZE, &message_max, sizeof(message_max));
	(void)zmq_setsockopt(handle, ZMQ_HANDSHAKE_IVL, &handshake_ms, sizeof(handshake_ms));
	(void)zmq_setsockopt(handle, ZMQ_SNDTIMEO, &never_wait, sizeof(never_wait));
	zsock_set_sndhwm(socket, MDP_QUEUE_MAX);
	zsock_set_rcvhwm(socket, MDP_QUEUE_MAX);
	zsock_set_linger(socket, MDP_LINGER_MS);
}

void mdp_socket_far(zsock_t *socket)
{
	zsock_set_heartbeat_ivl(socket, (int)pace_ms(MDP_FAR_BEAT_MS));
	zsock_set_heartbeat_timeout(socket, (int)pace_ms(MDP_FAR_DEAD_MS));
	/* A connection that is being opened while the way is cut is tried anew, and not in the kernel's growing pauses. */
	zsock_set_connect_timeout(socket, MDP_HANDSHAKE_MS);
}

static zcert_t *load_certificate(const char *path, struct error *err)
{
	zcert_t *certificate = path != NULL ? zcert_load(path) : NULL;

	if (certificate == NULL)
		(void)error_set(err, ERR_CONFIG, "cannot read the CURVE certificate %s",
		                path != NULL ? path : "(none given)");
	return certificate;
}

static int apply_curve(zsock_t *socket, const struct config_curve *curve, struct error *err)
{
	static const uint8_t no_key[32];
	zcert_t *server = NULL;
	zcert_t *own = NULL;
	int rc = -1;

	if (curve == NULL || curve->server_certificate == NULL)
		return error_set(err, ERR_CONFIG, "a tcp endpoint needs CURVE keys: set broker.curve");
	server = load_certificate(curve->server_certificate, err);
	if (server == NULL)
		goto out;
	own = load_certificate(curve->own_certificate, err);
	if (own == NULL)
		goto out;
	if (memcmp(zcert_secret_key(own), no_key, sizeof(no_key)) == 0) {
		(void)error_set(err, ERR_CONFIG, "certificate %s: its secret part %s_secret is missing or not readable",
		                curve->own_certificate, curve->own_certificate);
		goto out;
	}
	zcert_apply(own, socket);
	zsock_set_curve_serverkey_bin(socket, zcert_public_key(server));
	rc = 0;
out:
	zcert_destroy(&own);
	zcert_destroy(&server);
	return rc;
}

int mdp_connect(int type, const char *endpoint, const struct config_curve *curve, int64_t frame_max_bytes,
                zsock_t **socket, struct error *err)
{
	zsock_t *made = NULL;

	*socket = NULL;
	if (mdp_endpoint_check(endpoint, err) != 0)
		return -1;
	made = zsock_new(type);
	if (made == NULL)
		return error_sys(err, errno, "opening a socket");
	mdp_socket_limits(made);
	(void)zmq_setsockopt(zsock_resolve(made), ZMQ_MAXMSGSIZE, &frame_max_bytes, sizeof(frame_max_bytes));
	zsock_set_reconnect_ivl(made, RECONNECT_MS);
	zsock_set_reconnect_ivl_max(made, RECONNECT_MAX_MS);
	if (strncmp(endpoint, "tcp://", 6) == 0) {
		mdp_socket_far(made);
		if (apply_curve(made, curve, err) != 0)
			goto out;
	}
	if (zsock_connect(made, "%s", endpoint) != 0) {
		(void)error_set(err, ERR_CONFIG, "connecting to %s: %s", endpoint, zmq_strerror(zmq_errno()));
		goto out;
	}
	*socket = made;
	return 0;
out:
	zsock_destroy(&made);
	return -1;
}

static const char *command_name(zframe_t *header, zframe_t *frame)
{
	static const char *const client[] = { "?", "REQUEST", "PARTIAL", "FINAL" };
	static const char *const worker[] = { "?", "READY", "REQUEST", "PARTIAL", "FINAL", "HEARTBEAT", "DISCONNECT" };
	int command = mdp_frame_command(frame);

	if (mdp_frame_is(header, MDP_CLIENT) && command >= MDPC_REQUEST && command <= MDPC_FINAL)
		return client[command];
	if (mdp_frame_is(header, MDP_WORKER) && command >= MDPW_READY && command <= MDPW_DISCONNECT)
		return worker[command];
	return "?";
}

/* The one place where messages are traced. */
static void trace(const char *direction, bool router, zmsg_t *msg)
{
	char line[TRACE_BODY_SIZE * 2] = "";
	size_t used = 0;
	zframe_t *frame = NULL;
	zframe_t *header = NULL;
	char peer[32] = "";

	if (!log_traces("mdp"))
		return;
	frame = zmsg_first(msg);
	if (router && frame != NULL) {
		hex_text(zframe_data(frame), zframe_size(frame) < 8 ? zframe_size(frame) : 8, peer);
		frame = zmsg_next(msg);
	}
	header = frame;
	frame = zmsg_next(msg);
	const char *name = command_name(header, frame);

	while (frame != NULL && (frame = zmsg_next(msg)) != NULL && used + 8 < sizeof(line)) {
		char raw[TRACE_BODY_SIZE];
		size_t len = zframe_size(frame) < sizeof(raw) ? zframe_size(frame) : sizeof(raw) - 1;

		memcpy(raw, zframe_data(frame), len);
		raw[len] = '\0';
		line[used++] = ' ';
		line[used++] = '[';
		(void)log_escape(raw, line + used, sizeof(line) - used - 2);
		used += strlen(line + used);
		line[used++] = ']';
		line[used] = '\0';
	}
	log_trace("mdp", "%s %s%s%s%s", direction, peer, *peer != '\0' ? " " : "", name, line);
}

/* Not zmsg_recv: it would take any number of frames. Whatever is beyond the limit is read and let go. */
static int receive_frames(void *handle, zmsg_t *msg, size_t *frames)
{
	int more = 0;

	*frames = 0;
	do {
		zmq_msg_t part;

		(void)zmq_msg_init(&part);
		if (zmq_msg_recv(&part, handle, ZMQ_DONTWAIT) < 0) {
			int sys = zmq_errno();

			(void)zmq_msg_close(&part);
			errno = sys;
			return -1;
		}
		if (++*frames <= MDP_FRAMES_MAX)
			(void)zmsg_addmem(msg, zmq_msg_data(&part), zmq_msg_size(&part));
		more = zmq_msg_more(&part);
		(void)zmq_msg_close(&part);
	} while (more);
	return 0;
}

int mdp_receive(zsock_t *socket, bool router, zmsg_t **msg, struct error *err)
{
	static _Thread_local struct log_limit strange;
	void *handle = zsock_resolve(socket);

	*msg = NULL;
	for (;;) {
		zmsg_t *got = zmsg_new();
		size_t frames = 0;

		if (got == NULL)
			return error_set(err, ERR_SYSTEM, "out of memory");
		if (receive_frames(handle, got, &frames) != 0) {
			int sys = zmq_errno();

			zmsg_destroy(&got);
			if (sys == EAGAIN || sys == EINTR)
				return 0;
			return error_set(err, ERR_SYSTEM, "receiving: %s", zmq_strerror(sys));
		}
		if (frames <= MDP_FRAMES_MAX && frames >= (router ? 3U : 2U)) {
			trace("<", router, got);
			*msg = got;
			return 0;
		}
		if (log_limit_passes(&strange, STRANGE_PER_MINUTE, clock_now_ms(),
		                     "messages dropped that were no Majordomo"))
			log_line(LOG_WARNING, "a message of %zu frames dropped: no Majordomo", frames);
		zmsg_destroy(&got);
	}
}

int mdp_send(zsock_t *socket, bool router, zmsg_t **msg, struct error *err)
{
	int rc = -1;

	if (*msg == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	trace(">", router, *msg);
	rc = zmsg_send(msg, socket);
	if (rc != 0)
		(void)error_set(err, ERR_LINK, "sending: %s", zmq_strerror(zmq_errno()));
	zmsg_destroy(msg);
	return rc;
}

zmsg_t *mdp_client_message(enum mdp_client_command command, const char *service, const void *body, size_t len_bytes)
{
	zmsg_t *msg = zmsg_new();
	uint8_t byte = (uint8_t)command;

	(void)zmsg_addmem(msg, MDP_CLIENT, strlen(MDP_CLIENT));
	(void)zmsg_addmem(msg, &byte, 1);
	(void)zmsg_addmem(msg, service, strlen(service));
	(void)zmsg_addmem(msg, body, len_bytes);
	return msg;
}

zmsg_t *mdp_worker_message(enum mdp_worker_command command)
{
	zmsg_t *msg = zmsg_new();
	uint8_t byte = (uint8_t)command;

	(void)zmsg_addmem(msg, MDP_WORKER, strlen(MDP_WORKER));
	(void)zmsg_addmem(msg, &byte, 1);
	return msg;
}

zmsg_t *mdp_worker_job(enum mdp_worker_command command, const char *address, const void *body, size_t len_bytes)
{
	zmsg_t *msg = mdp_worker_message(command);

	(void)zmsg_addmem(msg, address, strlen(address));
	(void)zmsg_addmem(msg, NULL, 0);
	(void)zmsg_addmem(msg, body, len_bytes);
	return msg;
}

bool mdp_frame_is(zframe_t *frame, const char *text)
{
	return frame != NULL && zframe_size(frame) == strlen(text) &&
	       memcmp(zframe_data(frame), text, strlen(text)) == 0;
}

int mdp_frame_command(zframe_t *frame)
{
	return frame != NULL && zframe_size(frame) == 1 ? zframe_data(frame)[0] : -1;
}

int mdp_frame_text(zframe_t *frame, char *text, size_t size)
{
	const uint8_t *data = frame != NULL ? zframe_data(frame) : NULL;
	size_t len = frame != NULL ? zframe_size(frame) : 0;

	if (len == 0 || len >= size)
		return -1;
	for (size_t i = 0; i < len; i++)
		if (data[i] < 0x20 || data[i] > 0x7e)
			return -1;
	memcpy(text, data, len);
	text[len] = '\0';
	return 0;
}

int mdp_tag_make(const char *job, unsigned attempt, char tag[MDP_TAG_SIZE])
{
	if (strlen(job) >= MDP_JOB_SIZE)
		return -1;
	return snprintf(tag, MDP_TAG_SIZE, "%s#%u", job, attempt) < MDP_TAG_SIZE ? 0 : -1;
}

int mdp_tag_parse(const char *tag, char job[MDP_JOB_SIZE], unsigned *attempt)
{
	size_t len = strcspn(tag, "#");
	unsigned long number = 0;

	if (len == 0 || len >= MDP_JOB_SIZE)
		return -1;
	if (tag[len] == '#') {
		const char *digits = tag + len + 1;
		size_t n = strspn(digits, "0123456789");

		if (n == 0 || n > 9 || digits[n] != '\0')
			return -1;
		number = strtoul(digits, NULL, 10);
	}
	memcpy(job, tag, len);
	job[len] = '\0';
	*attempt = (unsigned)number;
	return 0;
}
