#include "broker/security.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/mdp.h"

#define IPC "ipc://"

struct security {
	zactor_t *auth; /* NULL: ipc only */
	zcert_t *certificate;
};

static bool is_tcp(const char *endpoint)
{
	return strncmp(endpoint, "tcp://", 6) == 0;
}

static int start_zap(struct security *security, const struct config_curve *curve, struct error *err)
{
	static const uint8_t no_key[32];
	struct stat folder;

	if (curve->server_certificate == NULL || curve->client_certificates == NULL)
		return error_set(err, ERR_CONFIG,
		                 "a tcp endpoint needs CURVE keys: set broker.curve (server_certificate and "
		                 "client_certificates), or use ipc://");
	/* zauth takes a folder that is not there for an empty one; that would refuse everybody without a word. */
	if (stat(curve->client_certificates, &folder) != 0 || !S_ISDIR(folder.st_mode))
		return error_set(err, ERR_CONFIG, "broker.curve.client_certificates: %s is no folder",
		                 curve->client_certificates);
	security->certificate = zcert_load(curve->server_certificate);
	if (security->certificate == NULL)
		return error_set(err, ERR_CONFIG, "broker.curve.server_certificate: cannot read %s",
		                 curve->server_certificate);
	if (memcmp(zcert_secret_key(security->certificate), no_key, sizeof(no_key)) == 0)
		return error_set(
		        err, ERR_CONFIG,
		        "broker.curve.server_certificate: the secret part %s_secret is missing or not readable",
		        curve->server_certificate);
	security->auth = zactor_new(zauth, NULL);
	if (security->auth == NULL)
		return error_set(err, ERR_SYSTEM, "starting ZAP");
	if (zstr_sendx(security->auth, "CURVE", curve->client_certificates, NULL) != 0 ||
	    zsock_wait(security->auth) != 0)
		return error_set(err, ERR_SYSTEM, "starting ZAP");
	return 0;
}

int security_new(const struct config *config, struct security **security, struct error *err)
{
	struct security *made = calloc(1, sizeof(*made));

	*security = NULL;
	if (made == NULL)
		return error_sys(err, ENOMEM, "security");
	if ((is_tcp(config->endpoint) || is_tcp(config->events)) && start_zap(made, &config->curve, err) != 0) {
		security_destroy(&made);
		return -1;
	}
	*security = made;
	return 0;
}

void security_destroy(struct security **security)
{
	if (*security == NULL)
		return;
	zactor_destroy(&(*security)->auth);
	zcert_destroy(&(*security)->certificate);
	free(*security);
	*security = NULL;
}

/* The folder, made 0750 if it is missing; one in which others may put sockets of their own is refused. */
static int check_folder(const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	char folder[sizeof(((struct sockaddr_un *)NULL)->sun_path)] = ".";
	struct stat st;

	if (slash != NULL && slash != path) {
		memcpy(folder, path, (size_t)(slash - path));
		folder[slash - path] = '\0';
	}
	if (mkdir(folder, 0750) == 0)
		return chmod(folder, 0750) == 0 ? 0 : error_sys(err, errno, "chmod %s", folder);
	if (errno != EEXIST)
		return error_sys(err, errno, "making %s, the folder of an ipc socket", folder);
	if (lstat(folder, &st) != 0)
		return error_sys(err, errno, "%s", folder);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, ERR_CONFIG, "%s: an ipc socket needs a folder (no symbolic link)", folder);
	if ((st.st_mode & 0007) != 0)
		return error_set(err, ERR_PERMISSION,
		                 "%s: an ipc socket's folder must be closed to others (mode %04o): chmod 0750 %s",
		                 folder, (unsigned)(st.st_mode & 07777), folder);
	return 0;
}

/* ZeroMQ replaces a socket file that is there, even while another process listens on it. */
static int check_free(const char *path, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return error_sys(err, errno, "socket");
	memcpy(address.sun_path, path, strlen(path) + 1);
	rc = connect(fd, (struct sockaddr *)&address, sizeof(address));
	(void)close(fd);
	if (rc == 0)
		return error_set(err, ERR_LOCKED, "%s: another process listens there", path);
	return 0;
}

static int bind_ipc(zsock_t *socket, const char *endpoint, struct error *err)
{
	const char *path = endpoint + strlen(IPC);
	mode_t before;
	int rc;

	if (path[0] == '@')
		return error_set(err, ERR_CONFIG,
		                 "endpoint %s: an abstract socket has no access rights; give a path in a folder",
		                 endpoint);
	if (check_folder(path, err) != 0 || check_free(path, err) != 0)
		return -1;
	/* By umask, so that there is no moment at which anybody else could connect. */
	before = umask(0117);
	rc = zsock_bind(socket, "%s", endpoint);
	(void)umask(before);
	if (rc < 0)
		return error_set(err, ERR_CONFIG, "binding to %s: %s", endpoint, zmq_strerror(zmq_errno()));
	return 0;
}

int security_bind(struct security *security, zsock_t *socket, const char *endpoint, struct error *err)
{
	if (mdp_endpoint_check(endpoint, err) != 0)
		return -1;
	if (!is_tcp(endpoint))
		return bind_ipc(socket, endpoint, err);
	if (security->auth == NULL)
		return error_set(err, ERR_CONFIG, "%s: a tcp endpoint needs CURVE keys", endpoint);
	mdp_socket_far(socket);
	zcert_apply(security->certificate, socket);
	zsock_set_curve_server(socket, 1);
	zsock_set_zap_domain(socket, "aob");
	if (zsock_bind(socket, "%s", endpoint) < 0)
		return error_set(err, ERR_CONFIG, "binding to %s: %s", endpoint, zmq_strerror(zmq_errno()));
	return 0;
}
