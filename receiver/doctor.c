#include "receiver/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/host_facts.h"
#include "wire/codec.h"

#define PATIENCE_MS 75000 /* a little more than what host_facts_collect may take */
#define TEXT_SIZE (HOST_FACTS_MAX * (HOST_FACTS_NAME_SIZE + HOST_FACTS_VALUE_SIZE))

static int write_all(int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, text, n);

		if (done <= 0)
			return -1;
		text += done;
		n -= (size_t)done;
	}
	return 0;
}

/* The second process. Nobody waits for it at the connection: the client's descriptors are not its own. */
static void __attribute__((noreturn)) look(const char *root, int ask_fd, int told_fd, pid_t parent)
{
	static struct host_facts facts;
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	char byte;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		(void)dup2(null_fd, fd);
	if (read(ask_fd, &byte, 1) != 1)
		_exit(0);
	host_facts_collect(root, &facts);
	for (size_t i = 0; i < facts.n; i++)
		if (write_all(told_fd, facts.list[i].name, strlen(facts.list[i].name) + 1) != 0 ||
		    write_all(told_fd, facts.list[i].value, strlen(facts.list[i].value) + 1) != 0)
			break;
	_exit(0);
}

void doctor_start(const char *root, struct doctor *doctor)
{
	pid_t parent = getpid();
	int ask[2] = { -1, -1 };
	int told[2] = { -1, -1 };

	*doctor = (struct doctor){ .ask_fd = -1, .told_fd = -1 };
	if (pipe2(ask, O_CLOEXEC) == 0 && pipe2(told, O_CLOEXEC) == 0) {
		doctor->pid = fork();
		if (doctor->pid == 0) {
			(void)close(ask[1]);
			(void)close(told[0]);
			look(root, ask[0], told[1], parent);
		}
		if (doctor->pid > 0) {
			doctor->ask_fd = ask[1];
			doctor->told_fd = told[0];
			ask[1] = told[0] = -1;
		} else {
			doctor->pid = 0;
		}
	}
	for (unsigned i = 0; i < 2; i++) {
		if (ask[i] >= 0)
			(void)close(ask[i]);
		if (told[i] >= 0)
			(void)close(told[i]);
	}
}

void doctor_end(struct doctor *doctor)
{
	if (doctor->ask_fd >= 0)
		(void)close(doctor->ask_fd);
	if (doctor->told_fd >= 0)
		(void)close(doctor->told_fd);
	if (doctor->pid > 0) {
		(void)kill(doctor->pid, SIGKILL);
		(void)waitpid(doctor->pid, NULL, 0);
	}
	*doctor = (struct doctor){ .ask_fd = -1, .told_fd = -1 };
}

/* Names and values, each with a NUL behind it, until it ends or time is over. returns: how many bytes */
static size_t listen_to(struct doctor *doctor, char *text, size_t size)
{
	int64_t until_ms = clock_now_ms() + PATIENCE_MS;
	size_t n = 0;

	while (n < size) {
		struct pollfd fd = { .fd = doctor->told_fd, .events = POLLIN };
		int64_t left_ms = until_ms - clock_now_ms();
		ssize_t more;

		if (left_ms <= 0 || (poll(&fd, 1, (int)left_ms) < 0 && errno != EINTR))
			break;
		if (fd.revents == 0)
			continue;
		more = read(doctor->told_fd, text + n, size - n);
		if (more <= 0)
			break;
		n += (size_t)more;
	}
	return n;
}

/* It is ours, but this process takes from it what a stranger could say. */
static void take(const char *text, size_t n, struct host_facts *facts)
{
	for (size_t at = 0; at < n;) {
		const char *name = text + at;
		size_t name_n = strnlen(name, n - at);
		const char *value = name + name_n + 1;

		if (at + name_n + 1 >= n)
			return;
		at += name_n + 1;
		if (strnlen(value, n - at) == n - at)
			return;
		host_facts_put(facts, name, "%s", value);
		at += strlen(value) + 1;
	}
}

static int send_facts(const struct host_facts *facts, struct wire *wire, struct error *err)
{
	struct encoder e;
	int rc = 0;

	encoder_init(&e);
	for (size_t i = 0; i < facts->n && rc == 0; i++) {
		encoder_reset(&e);
		put_string(&e, facts->list[i].name);
		put_string(&e, facts->list[i].value);
		rc = e.bad ? error_set(err, ERR_SYSTEM, "out of memory")
		           : wire_send(wire, FRAME_FACT, e.data, e.len_bytes, err);
	}
	encoder_reset(&e);
	put_u64(&e, facts->n);
	if (rc == 0)
		rc = e.bad ? error_set(err, ERR_SYSTEM, "out of memory")
		           : wire_send(wire, FRAME_FACTS_END, e.data, e.len_bytes, err);
	encoder_done(&e);
	return rc;
}

int doctor_answer(struct doctor *doctor, struct wire *wire, struct error *err)
{
	static char text[TEXT_SIZE];
	static struct host_facts facts;

	memset(&facts, 0, sizeof(facts));
	if (doctor->pid > 0 && write_all(doctor->ask_fd, "?", 1) == 0)
		take(text, listen_to(doctor, text, sizeof(text)), &facts);
	host_facts_put(&facts, "confined.no_new_privs", doctor->confined.no_new_privs ? "yes" : "no");
	host_facts_put(&facts, "confined.landlock", "%d", doctor->confined.landlock);
	host_facts_put(&facts, "confined.seccomp", doctor->confined.seccomp ? "yes" : "no");
	doctor_end(doctor);
	host_facts_clock(&facts);
	return send_facts(&facts, wire, err);
}
