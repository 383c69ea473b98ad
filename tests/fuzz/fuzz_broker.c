/* Whatever a stranger on the broker's sockets says, as worker, as client or as subscriber: the broker, with its store, goes on answering. An input is rows of
 * [flags][length, 2 bytes][bytes], one a frame; flags 1: the message ends here, 2: it goes to the events' socket. */
#include "tests/fuzz/playground.h"

#include <czmq.h>

#include "broker/broker.h"
#include "broker/dispatch.h"
#include "lib/log.h"
#include "lib/mdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ANSWER_MS 20000
#define AGAIN_MS 200
#define FRAMES_MOST 64

static struct broker *broker;
static zsock_t *stranger;
static zsock_t *subscriber;

static void stop(void)
{
	zsock_destroy(&stranger);
	zsock_destroy(&subscriber);
	broker_close(&broker);
}

static zsock_t *open_to(int type, const char *name)
{
	zsock_t *socket = zsock_new(type);

	playground_want(socket != NULL);
	zsock_set_linger(socket, 0);
	playground_want(zsock_connect(socket, "ipc://%s/run/%s", playground_path, name) == 0);
	return socket;
}

static void start(void)
{
	static char config[400];
	char yaml[2000];
	struct error err = { .class = ERR_NONE };

	(void)playground_begin();
	playground_folder("source");
	playground_folder("attic");
	(void)snprintf(
	        yaml, sizeof(yaml),
	        "broker: { endpoint: 'ipc://%1$s/run/broker', events: 'ipc://%1$s/run/events', state: %1$s/state.db }\n"
	        "vaults: { attic: { path: %1$s/attic } }\n"
	        "pipelines: { one: { source: %1$s/source, vault: attic, watch: off, stages: [ alpha: {}, beta: {} ] } "
	        "}\n",
	        playground_path);
	playground_text("aob.yaml", yaml);
	(void)snprintf(config, sizeof(config), "%s/aob.yaml", playground_path);
	log_open("fuzz", NULL);
	if (broker_open(config, MDP_LEASE_MS, &broker, &err) != 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		abort();
	}
	stranger = open_to(ZMQ_DEALER, "broker");
	subscriber = open_to(ZMQ_XSUB, "events");
	(void)atexit(stop);
}

static void say(const uint8_t *data, size_t size)
{
	zmsg_t *msg = zmsg_new();

	while (size >= 3) {
		size_t n = (size_t)data[1] << 8 | data[2];

		n = n < size - 3 ? n : size - 3;
		(void)zmsg_addmem(msg, data + 3, n);
		if ((data[0] & 1) != 0 || zmsg_size(msg) == FRAMES_MOST) {
			(void)zmsg_send(&msg, (data[0] & 2) != 0 ? subscriber : stranger);
			zmsg_destroy(&msg);
			msg = zmsg_new();
		}
		data += 3 + n;
		size -= 3 + n;
	}
	zmsg_destroy(&msg);
}

/* An answer to the question that was asked last has come. */
static bool answered(const char *question)
{
	bool found = false;

	while (!found && (zsock_events(stranger) & ZMQ_POLLIN) != 0) {
		zmsg_t *msg = zmsg_recv(stranger);
		zframe_t *service = zmsg_size(msg) == 4 ? (zmsg_first(msg), zmsg_next(msg), zmsg_next(msg)) : NULL;

		found = service != NULL && zframe_streq(service, question);
		zmsg_destroy(&msg);
	}
	return found;
}

/* One turn of broker_loop. */
static void turn(void)
{
	struct error err = { .class = ERR_NONE };
	zmq_pollitem_t items[] = { { .socket = mdp_broker_handle(broker->mdp), .events = ZMQ_POLLIN },
		                   { .socket = events_handle(broker->events), .events = ZMQ_POLLIN },
		                   { .socket = zsock_resolve(stranger), .events = ZMQ_POLLIN } };

	(void)zmq_poll(items, 3, 100);
	broker->now_ms = zclock_mono();
	playground_want(mdp_broker_turn(broker->mdp, broker->now_ms, &err) == 0);
	events_turn(broker->events);
	dispatch_turn(broker);
}

/* Of an mmi service that does not exist: "501", with its name, in whatever order the rest is answered. */
static void ask(const char *question)
{
	zmsg_t *msg = zmsg_new();

	(void)zmsg_addstr(msg, MDP_CLIENT);
	(void)zmsg_addmem(msg, "\001", 1);
	(void)zmsg_addstr(msg, question);
	(void)zmsg_addstr(msg, "?");
	playground_want(zmsg_send(&msg, stranger) == 0);
}

/* It is asked again, as who asks many things at once and reads none of the answers meanwhile loses those for which there is no room. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned long n;
	char question[32];
	int64_t until, again;

	if (broker == NULL)
		start();
	say(data, size);
	(void)snprintf(question, sizeof(question), "mmi.%lu", ++n);
	until = zclock_mono() + ANSWER_MS;
	again = 0;
	do {
		if (zclock_mono() >= again && (again == 0 || size >= 3)) {
			ask(question);
			again = zclock_mono() + AGAIN_MS;
		}
		turn();
		playground_want(zclock_mono() < until);
	} while (!answered(question));
	return 0;
}
