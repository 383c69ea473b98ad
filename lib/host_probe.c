#include "lib/host_probe.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/clock.h"

#define WORDS_MAX 16
#define LINE_SIZE 512
#define END_MS 1000

struct reading {
	void (*line)(void *context, const char *text);
	void *context;
	char text[LINE_SIZE];
	size_t n;
	bool cut; /* the rest of a line that is too long */
};

static void take(struct reading *reading, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n') {
			reading->text[reading->n] = '\0';
			if (reading->line != NULL)
				reading->line(reading->context, reading->text);
			reading->n = 0;
			reading->cut = false;
		} else if (!reading->cut) {
			reading->text[reading->n++] = bytes[i];
			reading->cut = reading->n == LINE_SIZE - 1;
		}
	}
}

/* Until it closes its output. -1: too late. What it says on stderr is read, so that it does not wait for that. */
static int read_all(struct child *child, int64_t until_ms, struct reading *reading)
{
	char bytes[4096];

	for (;;) {
		struct pollfd fds[2] = { { .fd = child->out_fd, .events = POLLIN },
			                 { .fd = child->err_fd, .events = POLLIN } };
		int64_t left_ms = until_ms - clock_now_ms();
		ssize_t n;

		if (left_ms <= 0)
			return -1;
		if (poll(fds, 2, (int)left_ms) < 0 && errno != EINTR)
			return -1;
		if (fds[1].revents != 0 && read(child->err_fd, bytes, sizeof(bytes)) == 0) {
			(void)close(child->err_fd);
			child->err_fd = -1;
		}
		if (fds[0].revents == 0)
			continue;
		n = read(child->out_fd, bytes, sizeof(bytes));
		if (n <= 0)
			return 0;
		take(reading, bytes, (size_t)n);
	}
}

int host_probe_run(const char *const *argv, uint64_t within_ms, void (*line)(void *context, const char *text),
                   void *context)
{
	const char *words[WORDS_MAX + 1] = { "env", "LC_ALL=C",
		                             "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };
	struct reading reading = { .line = line, .context = context };
	struct child child;
	size_t n = 3;
	int rc;

	while (*argv != NULL && n < WORDS_MAX)
		words[n++] = *argv++;
	if (child_start(&child, words, NULL) != 0)
		return HOST_PROBE_FAILED;
	(void)close(child.in_fd);
	child.in_fd = -1;
	rc = read_all(&child, clock_now_ms() + (int64_t)within_ms, &reading);
	child_end(&child, rc == 0 ? END_MS : 0);
	if (rc != 0)
		return HOST_PROBE_LATE;
	/* env(1): 126 and 127 are its own. */
	if (!WIFEXITED(child.status) || WEXITSTATUS(child.status) == 126 || WEXITSTATUS(child.status) == 127)
		return HOST_PROBE_FAILED;
	return WEXITSTATUS(child.status);
}
