/* tcp only with keys: a peer without, or with a key that is not allowed, gets nothing. Real sockets, real ZAP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <czmq.h>

#include "broker/security.h"
#include "lib/mdp.h"
#include "tests/unit/scratch.h"

struct lab {
	char folder[200];
	char server[256], clients[256];
	struct config config;
};

static int set_up(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	zcert_t *server = zcert_new();

	mdp_start();
	if (scratch_make(lab->folder, sizeof(lab->folder), "security") != 0)
		return -1;
	(void)snprintf(lab->server, sizeof(lab->server), "%s/server.cert", lab->folder);
	(void)snprintf(lab->clients, sizeof(lab->clients), "%s/clients", lab->folder);
	if (mkdir(lab->clients, 0700) != 0 || zcert_save(server, lab->server) != 0)
		return -1;
	zcert_destroy(&server);
	lab->config = (struct config){ .endpoint = "tcp://127.0.0.1:*", .events = "ipc:///nowhere" };
	lab->config.curve.server_certificate = lab->server;
	lab->config.curve.client_certificates = lab->clients;
	*state = lab;
	return 0;
}

static int tear_down(void **state)
{
	struct lab *lab = *state;
	int rc;

	rc = scratch_remove(lab->folder);
	free(lab);
	return rc;
}

static void tcp_without_keys_does_not_start(void **state)
{
	struct lab *lab = *state;
	struct config config = lab->config;
	struct security *security = NULL;
	char secret[300];
	struct error err;

	config.curve.server_certificate = NULL;
	assert_int_equal(security_new(&config, &security, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	config = lab->config;
	config.curve.client_certificates = NULL;
	assert_int_equal(security_new(&config, &security, &err), -1);
	config.curve.client_certificates = "/nonexistent";
	assert_int_equal(security_new(&config, &security, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	config = lab->config;
	(void)snprintf(secret, sizeof(secret), "%s_secret", lab->server);
	assert_int_equal(unlink(secret), 0);
	assert_int_equal(security_new(&config, &security, &err), -1);
	assert_non_null(strstr(err.text, "secret"));
	assert_null(security);
}

/* Does a message of this client reach the server? keys NULL: no CURVE at all. */
static bool gets_through(zsock_t *server, const char *endpoint, zcert_t *keys, zcert_t *server_keys)
{
	zsock_t *client = zsock_new(ZMQ_DEALER);
	zmsg_t *msg = NULL;
	bool through;

	zsock_set_linger(client, 0);
	if (keys != NULL) {
		zcert_apply(keys, client);
		zsock_set_curve_serverkey_bin(client, zcert_public_key(server_keys));
	}
	assert_int_equal(zsock_connect(client, "%s", endpoint), 0);
	(void)zstr_send(client, "hello");
	zsock_set_rcvtimeo(server, keys != NULL ? 700 : 1000);
	msg = zmsg_recv(server);
	through = msg != NULL;
	zmsg_destroy(&msg);
	zsock_destroy(&client);
	return through;
}

static void only_allowed_keys_get_through(void **state)
{
	struct lab *lab = *state;
	struct security *security = NULL;
	zsock_t *server = zsock_new(ZMQ_ROUTER);
	zcert_t *server_keys = zcert_load(lab->server);
	zcert_t *friend = zcert_new();
	zcert_t *stranger = zcert_new();
	char path[300];
	struct error err;

	(void)snprintf(path, sizeof(path), "%s/friend.cert", lab->clients);
	assert_int_equal(zcert_save_public(friend, path), 0);
	assert_int_equal(security_new(&lab->config, &security, &err), 0);
	mdp_socket_limits(server);
	assert_int_equal(security_bind(security, server, lab->config.endpoint, &err), 0);
	const char *endpoint = zsock_endpoint(server);

	assert_false(gets_through(server, endpoint, NULL, server_keys));
	assert_false(gets_through(server, endpoint, stranger, server_keys));
	assert_true(gets_through(server, endpoint, friend, server_keys));
	zsock_destroy(&server);
	security_destroy(&security);
	zcert_destroy(&server_keys);
	zcert_destroy(&friend);
	zcert_destroy(&stranger);
}

static void an_ipc_folder_is_made_closed_and_an_open_one_refused(void **state)
{
	struct lab *lab = *state;
	struct config config = { .endpoint = "ipc:///x", .events = "ipc:///y" };
	struct security *security = NULL;
	zsock_t *socket = zsock_new(ZMQ_ROUTER);
	zsock_t *second = zsock_new(ZMQ_ROUTER);
	char endpoint[300];
	char path[300];
	struct stat st;
	struct error err;

	assert_int_equal(security_new(&config, &security, &err), 0);
	(void)snprintf(path, sizeof(path), "%s/run", lab->folder);
	(void)snprintf(endpoint, sizeof(endpoint), "ipc://%s/run/broker", lab->folder);
	assert_int_equal(security_bind(security, socket, endpoint, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(security_bind(security, second, endpoint, &err), -1);
	assert_int_equal(err.class, ERR_LOCKED);
	zsock_destroy(&socket);
	assert_int_equal(chmod(path, 0757), 0);
	assert_int_equal(security_bind(security, second, endpoint, &err), -1);
	assert_int_equal(err.class, ERR_PERMISSION);
	assert_int_equal(security_bind(security, second, "ipc://@abstract", &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_int_equal(security_bind(security, second, "tcp://127.0.0.1:*", &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	zsock_destroy(&second);
	security_destroy(&security);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tcp_without_keys_does_not_start, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_allowed_keys_get_through, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_ipc_folder_is_made_closed_and_an_open_one_refused, set_up,
		                                tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
