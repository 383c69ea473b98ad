#include "lib/sdnotify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/clock.h"

#define AGAIN_MS 100 /* what found no room */

static int64_t alive_again_ms; /* when the next WATCHDOG=1 is due */
static char owed[128];         /* a state that found no room; "": none */
static char status_line[300];
static bool status_owed;

/* Returns false if there is no room for it now. */
static bool put(const char *state)
{
	const char *path = secure_getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = path != NULL ? strlen(path) : 0;
	bool full;
	int fd = -1;

	if (len < 2 || len >= sizeof(address.sun_path) || (*path != '/' && *path != '@'))
		return true;
	memcpy(address.sun_path, path, len);
	if (*path == '@') /* an abstract socket */
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return true;
	full = sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&address,
	              (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0 &&
	       (errno == EAGAIN || errno == ENOBUFS);
	(void)close(fd);
	return !full;
}

void sdnotify_send(const char *state)
{
	(void)snprintf(owed, sizeof(owed), "%s", state);
	if (put(state))
		owed[0] = '\0';
}

/* Returns whether something is owed still. */
static bool pay(void)
{
	if (owed[0] != '\0' && put(owed))
		owed[0] = '\0';
	if (owed[0] == '\0' && status_owed)
		status_owed = !put(status_line);
	return owed[0] != '\0' || status_owed;
}

/* 0: not asked for. */
static int64_t every_ms(void)
{
	const char *usec = secure_getenv("WATCHDOG_USEC");
	const char *pid = secure_getenv("WATCHDOG_PID");

	if (usec == NULL || (pid != NULL && strtoll(pid, NULL, 10) != getpid()))
		return 0;
	long long value = strtoll(usec, NULL, 10);

	return value >= 3000 ? value / 3000 : 0;
}

int64_t sdnotify_alive(int64_t most_ms)
{
	int64_t each_ms = every_ms();
	int64_t now_ms = clock_now_ms();

	if (pay() && most_ms > AGAIN_MS)
		most_ms = AGAIN_MS;
	if (each_ms == 0)
		return most_ms;
	if (now_ms >= alive_again_ms)
		alive_again_ms = now_ms + (put("WATCHDOG=1") || each_ms < AGAIN_MS ? each_ms : AGAIN_MS);
	return alive_again_ms - now_ms < most_ms ? alive_again_ms - now_ms : most_ms;
}

void sdnotify_reloading(void)
{
	char line[64];

	(void)snprintf(line, sizeof(line), "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_now_us());
	sdnotify_send(line);
}

void sdnotify_status(const char *format, ...)
{
	char line[sizeof(status_line)] = "STATUS=";
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line + strlen(line), sizeof(line) - strlen(line), format, args);
	va_end(args);
	for (char *c = line; *c != '\0'; c++)
		if (*c == '\n')
			*c = ' '; /* a newline would begin another variable */
	if (strcmp(line, status_line) == 0)
		return;
	memcpy(status_line, line, sizeof(status_line));
	status_owed = !put(line);
}
