#include "monitor/notify_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "monitor/notify_driver.h"

#define TAIL_SIZE 512
#define GRACE_MS 2000

struct talk {
	struct child child;
	const char *text; /* what is left of it */
	char tail[TAIL_SIZE];
	size_t used;
};

/* keep: the last bytes of it go into tail. */
static void drain(struct talk *t, int *fd, bool keep)
{
	char piece[TAIL_SIZE / 2];
	ssize_t n = read(*fd, piece, sizeof(piece));

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		child_shut(fd);
	if (n <= 0 || !keep)
		return;
	if (t->used + (size_t)n >= sizeof(t->tail)) {
		size_t gone = t->used + (size_t)n - (sizeof(t->tail) - 1);

		memmove(t->tail, t->tail + gone, t->used - gone);
		t->used -= gone;
	}
	memcpy(t->tail + t->used, piece, (size_t)n);
	t->used += (size_t)n;
	t->tail[t->used] = '\0';
}

/* Until it has closed all that we hold of it. Returns 0, or -1: time is over, or stop. */
static int converse(struct talk *t, const char *program, const atomic_bool *stop, struct error *err)
{
	int64_t until_ms = clock_now_ms() + NOTIFY_DRIVER_TRY_MS;

	while (t->child.out_fd >= 0 || t->child.err_fd >= 0 || t->child.in_fd >= 0) {
		struct pollfd fds[] = { { .fd = t->child.in_fd, .events = POLLOUT },
			                { .fd = t->child.out_fd, .events = POLLIN },
			                { .fd = t->child.err_fd, .events = POLLIN } };

		/* Half done is neither told nor not told: it may end what it has begun. */
		if (atomic_load(stop) && until_ms > clock_now_ms() + GRACE_MS)
			until_ms = clock_now_ms() + GRACE_MS;
		if (atomic_load(stop) && clock_now_ms() >= until_ms)
			return error_set(err, ERR_CANCELLED, "%s was stopped, as this process ends", program);
		if (clock_now_ms() >= until_ms)
			return error_set(err, ERR_SYSTEM, "%s took longer than %d s and was stopped", program,
			                 NOTIFY_DRIVER_TRY_MS / 1000);
		if (poll(fds, 3, 200) <= 0) {
			if (child_has_ended(&t->child))
				return 0; /* something that it left running holds our ends */
			continue;
		}
		if (fds[0].revents != 0)
			child_feed(&t->child, &t->text);
		if (fds[1].revents != 0)
			drain(t, &t->child.out_fd, false);
		if (fds[2].revents != 0)
			drain(t, &t->child.err_fd, true);
	}
	return 0;
}

static const char *last_line(struct talk *t, char *out, size_t size)
{
	char *line = NULL;

	while (t->used > 0 && strchr("\r\n ", t->tail[t->used - 1]) != NULL)
		t->tail[--t->used] = '\0';
	line = strrchr(t->tail, '\n');
	return log_escape(line != NULL ? line + 1 : t->tail, out, size);
}

static int judge(struct talk *t, const char *program, struct error *err)
{
	char said[TAIL_SIZE];

	if (WIFEXITED(t->child.status) && WEXITSTATUS(t->child.status) == 0)
		return 0;
	(void)last_line(t, said, sizeof(said));
	if (WIFSIGNALED(t->child.status))
		return error_set(err, ERR_SYSTEM, "%s was ended by signal %d%s%s", program, WTERMSIG(t->child.status),
		                 said[0] != '\0' ? ": " : "", said);
	return error_set(err, ERR_SYSTEM, "%s ended with status %d%s%s", program, WEXITSTATUS(t->child.status),
	                 said[0] != '\0' ? ": " : "", said);
}

int notify_child_run(const char *const *argv, const char *text, const atomic_bool *stop, struct error *err)
{
	struct talk t = { .text = text };
	int rc;

	if (child_start(&t.child, argv, err) != 0)
		return -1;
	(void)fcntl(t.child.in_fd, F_SETFL, O_NONBLOCK);
	(void)fcntl(t.child.out_fd, F_SETFL, O_NONBLOCK);
	rc = converse(&t, argv[0], stop, err);
	child_end(&t.child, rc == 0 ? 5000 : 0);
	return rc == 0 ? judge(&t, argv[0], err) : -1;
}
