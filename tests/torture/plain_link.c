/* A link without ssh's cryptography, which costs more than all else of a short round: bytes cross as they are. For labs that try what is above the link.
 *
 *     ssh … -p PORT …            as `ssh` in $PATH: connects to 127.0.0.1:PORT, standard input and output cross there
 *     plain_link PORT COMMAND    listens there; each connection gets a COMMAND of its own, whose standard input and output it is */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BROKEN 255 /* as ssh(1) has it */

static int endpoint(const char *port, struct sockaddr_in *at)
{
	static const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((unsigned short)strtol(port, NULL, 10)) };
	at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0) {
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
	return fd;
}

/* 1: something crossed, 0: the end, -1: broken. */
static int cross(int from, int to)
{
	static char piece[65536];
	ssize_t n = read(from, piece, sizeof(piece));

	for (ssize_t done = 0; done < n;) {
		ssize_t written = write(to, piece + done, (size_t)(n - done));

		if (written < 0 && errno != EINTR)
			return -1;
		done += written > 0 ? written : 0;
	}
	return n > 0 ? 1 : (int)n;
}

static int talk(const char *port)
{
	struct sockaddr_in at;
	int fd = endpoint(port, &at);
	struct pollfd ends[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = fd, .events = POLLIN } };

	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
		(void)fprintf(stderr, "connect to port %s: %m\n", port);
		return BROKEN;
	}
	while (poll(ends, 2, -1) >= 0 || errno == EINTR) {
		int rc;

		if (ends[1].revents != 0 && (rc = cross(fd, STDOUT_FILENO)) <= 0)
			return rc == 0 ? 0 : BROKEN;
		if (ends[0].revents != 0 && cross(STDIN_FILENO, fd) <= 0) {
			(void)shutdown(fd, SHUT_WR);
			ends[0].fd = -1;
		}
		ends[0].revents = ends[1].revents = 0;
	}
	return BROKEN;
}

static int serve(const char *port, char *command)
{
	char *argv[] = { command, NULL };
	struct sockaddr_in at;
	int fd = endpoint(port, &at);

	(void)signal(SIGCHLD, SIG_IGN); /* no zombies */
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, SOMAXCONN) != 0) {
		(void)fprintf(stderr, "listening at port %s: %m\n", port);
		return 1;
	}
	for (;;) {
		int one = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

		if (one >= 0 && fork() == 0) {
			(void)signal(SIGCHLD, SIG_DFL);
			if (dup2(one, STDIN_FILENO) >= 0 && dup2(one, STDOUT_FILENO) >= 0)
				(void)execv(command, argv);
			_exit(BROKEN);
		}
		if (one >= 0)
			(void)close(one);
	}
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');

	(void)signal(SIGPIPE, SIG_IGN);
	if (strcmp(name != NULL ? name + 1 : argv[0], "ssh") != 0)
		return argc == 3 ? serve(argv[1], argv[2]) : 2;
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], "-p") == 0)
			return talk(argv[i + 1]);
	return BROKEN;
}
