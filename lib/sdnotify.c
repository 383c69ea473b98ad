#include "lib/sdnotify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/clock.h"

static int64_t alive_again_ms; /* when the next WATCHDOG=1 is due */

void sdnotify_send(const char *state)
{
	const char *path = secure_getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = path != NULL ? strlen(path) : 0;
	int fd = -1;

	if (len < 2 || len >= sizeof(address.sun_path) || (*path != '/' && *path != '@'))
		return;
	memcpy(address.sun_path, path, len);
	if (*path == '@') /* an abstract socket */
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&address,
	             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	(void)close(fd);
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

	if (each_ms == 0)
		return most_ms;
	if (now_ms >= alive_again_ms) {
		sdnotify_send("WATCHDOG=1");
		alive_again_ms = now_ms + each_ms;
	}
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
	static char last[300];
	char line[300] = "STATUS=";
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line + strlen(line), sizeof(line) - strlen(line), format, args);
	va_end(args);
	for (char *c = line; *c != '\0'; c++)
		if (*c == '\n')
			*c = ' '; /* a newline would begin another variable */
	if (strcmp(line, last) == 0)
		return;
	memcpy(last, line, sizeof(last));
	sdnotify_send(line);
}
