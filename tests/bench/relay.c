/* relay: a TCP relay on loopback that counts what crosses it and costs next to nothing: bytes go from socket to socket by splice(2).
 *
 *     relay LISTEN_PORT TO_PORT STATS
 *
 * STATS, a file that is there, is mapped: two 64-bit counters of this machine, bytes towards TO and bytes back. Ends on SIGTERM. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)1 << 20)

struct way {
	int from, to;
	_Atomic uint64_t *count;
};

static _Atomic uint64_t *counts;

static void *carry(void *context)
{
	struct way *way = context;
	int pipe_fds[2];

	if (pipe2(pipe_fds, O_CLOEXEC) != 0)
		abort();
	(void)fcntl(pipe_fds[0], F_SETPIPE_SZ, (int)PIECE_BYTES);
	for (;;) {
		int on = 1;
		ssize_t n;

		/* Acknowledged at once: what a relay adds to a connection would otherwise be its own delayed acknowledgements (RFC 1122, 4.2.3.2). */
		(void)setsockopt(way->from, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
		n = splice(way->from, NULL, pipe_fds[1], NULL, PIECE_BYTES, SPLICE_F_MOVE);

		if (n <= 0)
			break;
		atomic_fetch_add(way->count, (uint64_t)n);
		while (n > 0) {
			ssize_t out = splice(pipe_fds[0], NULL, way->to, NULL, (size_t)n, SPLICE_F_MOVE);

			if (out <= 0)
				goto end;
			n -= out;
		}
	}
end:
	(void)shutdown(way->to, SHUT_WR);
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
	return NULL;
}

static void *serve(void *context)
{
	struct way *ways = context;
	pthread_t back;

	if (pthread_create(&back, NULL, carry, &ways[1]) == 0) {
		(void)carry(&ways[0]);
		(void)pthread_join(back, NULL);
	}
	(void)close(ways[0].from);
	(void)close(ways[0].to);
	free(ways);
	return NULL;
}

static struct sockaddr_in loopback(const char *port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		                     .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
		                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int connect_to(const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

int main(int argc, char **argv)
{
	int on = 1;
	int stats;
	int listener;
	struct sockaddr_in here;
	struct sockaddr_in there;

	if (argc != 4) {
		(void)fprintf(stderr, "usage: relay LISTEN_PORT TO_PORT STATS\n");
		return 64;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	here = loopback(argv[1]);
	there = loopback(argv[2]);
	stats = open(argv[3], O_RDWR | O_CLOEXEC);
	if (stats < 0 || ftruncate(stats, 4096) != 0 ||
	    (counts = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, stats, 0)) == MAP_FAILED) {
		perror(argv[3]);
		return 66;
	}
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&here, sizeof(here)) != 0 || listen(listener, 16) != 0) {
		perror("listening");
		return 71;
	}
	for (;;) {
		int from = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		int to = from >= 0 ? connect_to(&there) : -1;
		struct way *ways = to >= 0 ? malloc(2 * sizeof(*ways)) : NULL;
		pthread_t thread;

		if (ways == NULL) {
			if (from >= 0)
				(void)close(from);
			continue;
		}
		(void)setsockopt(from, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		ways[0] = (struct way){ from, to, &counts[0] };
		ways[1] = (struct way){ to, from, &counts[1] };
		if (pthread_create(&thread, NULL, serve, ways) != 0)
			abort();
		(void)pthread_detach(thread);
	}
}
