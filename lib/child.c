#include "lib/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/rights.h"

#define POLL_MS 10

void child_shut(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void close_pair(int pair[2])
{
	child_shut(&pair[0]);
	child_shut(&pair[1]);
}

struct program {
	const char *const *argv;
	char *const *environment; /* NULL: ours */
	bool group;               /* one of its own */
	bool reads;               /* everything, if we may */
};

/* In the child, between fork and exec: only calls that are safe after fork in a program with threads. */
static void become(const struct program *program, int in_fd, int out_fd, int err_fd, int told_fd, pid_t parent)
{
	struct sigaction usual = { .sa_handler = SIG_DFL };
	/* execvp(3) leaves the words alone, though its type does not say so. */
	union {
		const char *const *given;
		char *const *taken;
	} words = { .given = program->argv };
	sigset_t none;
	int sys;

	if (program->reads)
		rights_keep_but_reading();
	else
		rights_keep_from_children();
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127); /* the parent died before the signal was asked for */
	if (program->group)
		(void)setpgid(0, 0);
	for (int number = 1; number < NSIG; number++)
		(void)sigaction(number, &usual, NULL);
	(void)sigemptyset(&none);
	(void)pthread_sigmask(SIG_SETMASK, &none, NULL);
#ifdef CLOSE_RANGE_CLOEXEC
	/* Ours have the flag already; these are what was open when this program was started. Older kernels hand them on. */
	(void)close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
#endif
	if (dup2(in_fd, STDIN_FILENO) >= 0 && dup2(out_fd, STDOUT_FILENO) >= 0 && dup2(err_fd, STDERR_FILENO) >= 0)
		(void)execvpe(program->argv[0], words.taken,
		              program->environment != NULL ? program->environment : environ);
	sys = errno;
	if (write(told_fd, &sys, sizeof(sys)) < 0)
		_exit(126);
	_exit(127);
}

static int make_pipes(int in[2], int out[2], int errors[2], int told[2], struct error *err)
{
	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(errors, O_CLOEXEC) != 0 ||
	    pipe2(told, O_CLOEXEC) != 0)
		return error_sys(err, errno, "making pipes");
	return 0;
}

static int start(struct child *child, const struct program *program, struct error *err)
{
	int in[2] = { -1, -1 };
	int out[2] = { -1, -1 };
	int errors[2] = { -1, -1 };
	int told[2] = { -1, -1 };
	pid_t parent = getpid();
	int rc = -1;
	int sys = 0;

	*child = (struct child){ .in_fd = -1, .out_fd = -1, .err_fd = -1, .group = program->group };
	if (make_pipes(in, out, errors, told, err) != 0)
		goto end;
	child->pid = fork();
	if (child->pid < 0) {
		child->pid = 0;
		(void)error_sys(err, errno, "starting %s", program->argv[0]);
		goto end;
	}
	if (child->pid == 0)
		become(program, in[0], out[1], errors[1], told[1], parent);
	child_shut(&told[1]);
	/* The pipe closes by itself when exec succeeds. */
	if (read(told[0], &sys, sizeof(sys)) == (ssize_t)sizeof(sys)) {
		(void)waitpid(child->pid, &child->status, 0);
		child->pid = 0;
		(void)error_sys(err, sys, "running %s", program->argv[0]);
		goto end;
	}
	child->in_fd = in[1];
	child->out_fd = out[0];
	child->err_fd = errors[0];
	in[1] = out[0] = errors[0] = -1;
	(void)fcntl(child->err_fd, F_SETFL, O_NONBLOCK);
	rc = 0;
end:
	close_pair(in);
	close_pair(out);
	close_pair(errors);
	close_pair(told);
	return rc;
}

int child_start(struct child *child, const char *const *argv, struct error *err)
{
	return start(child, &(struct program){ .argv = argv }, err);
}

int child_start_reader(struct child *child, const char *const *argv, struct error *err)
{
	return start(child, &(struct program){ .argv = argv, .group = true, .reads = true }, err);
}

int child_start_group(struct child *child, const char *const *argv, char *const *environment, struct error *err)
{
	return start(child, &(struct program){ .argv = argv, .environment = environment, .group = true }, err);
}

bool child_has_ended(const struct child *child)
{
	siginfo_t info = { .si_pid = 0 };

	return child->pid == 0 ||
	       (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child->pid);
}

void child_feed(struct child *child, const char **text)
{
	ssize_t n = write(child->in_fd, *text, strlen(*text));

	if (n > 0)
		*text += n;
	if (**text == '\0' || (n < 0 && errno != EAGAIN && errno != EINTR))
		child_shut(&child->in_fd);
}

void child_signal(const struct child *child, int number)
{
	if (child->pid > 0)
		(void)kill(child->group ? -child->pid : child->pid, number);
}

/* Waits at most ms. Until it is reaped its number is nobody else's: what is left of its group goes before. */
static int ended(struct child *child, uint64_t ms)
{
	struct timespec nap = { .tv_nsec = POLL_MS * 1000000L };

	for (uint64_t waited = 0;; waited += POLL_MS) {
		pid_t rc = 0;

		if (child->group && child_has_ended(child))
			child_signal(child, SIGKILL);
		rc = waitpid(child->pid, &child->status, WNOHANG);
		if (rc == child->pid || (rc < 0 && errno == ECHILD)) {
			child->pid = 0;
			return 1;
		}
		if (waited >= ms)
			return 0;
		(void)nanosleep(&nap, NULL);
	}
}

void child_end(struct child *child, uint64_t wait_ms)
{
	child_shut(&child->in_fd);
	child_shut(&child->out_fd);
	child_shut(&child->err_fd);
	if (child->pid == 0 || ended(child, wait_ms))
		return;
	child_signal(child, SIGTERM);
	if (ended(child, 1000))
		return;
	child_signal(child, SIGKILL);
	(void)ended(child, 60000); /* in uninterruptible sleep perhaps: init takes it over */
}
