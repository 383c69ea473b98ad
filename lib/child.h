/* child: a program run beside this one, with pipes. Never through a shell. It dies with its parent.
 *
 * threads: start and end a child in the same thread: the death signal is the starting thread's. */
#ifndef AOB_CHILD_H
#define AOB_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"

struct child {
	pid_t pid;  /* 0: none, or ended */
	int in_fd;  /* we write, its stdin; -1: closed */
	int out_fd; /* we read, its stdout; -1 */
	int err_fd; /* we read, its stderr, non-blocking; -1 */
	int status; /* as waitpid(2), once ended */
	bool group; /* it has a process group of its own, which ends with it */
};

/* child_start: run argv (argv[0] is looked for on PATH) with pipes on stdin, stdout and stderr; the other descriptors stay
 * closed for it, signals have their usual dispositions, and capabilities that a unit gave us by name are not handed on.
 * errors: ERR_SYSTEM; ERR_NOT_FOUND or ERR_PERMISSION if the program can't be executed (told by the child, before it returns). */
int child_start(struct child *child, const char *const *argv, struct error *err);

/* child_start_group: the same, in a process group of its own: signals of child_signal and child_end reach all of it, and what is left of it when the program has
 * ended is killed. in: environment: instead of ours, NULL-terminated; NULL: ours. */
int child_start_group(struct child *child, const char *const *argv, char *const *environment, struct error *err);

/* child_start_reader: the same, with our environment; if this process has the right to read everything, so has the program. */
int child_start_reader(struct child *child, const char *const *argv, struct error *err);

/* child_has_ended: without waiting; its status is still to come, by child_end. */
bool child_has_ended(const struct child *child);

/* child_signal: to it, or to its group; nothing once it has ended. */
void child_signal(const struct child *child, int number);

/* child_shut: closes one of the descriptors, and marks it -1. */
void child_shut(int *fd);

/* child_feed: what its stdin, which is not to wait (O_NONBLOCK), takes of *text now; *text moves on. Shut when all is said, or nobody reads it: a program that does not read has
 * its reasons, and its status tells. */
void child_feed(struct child *child, const char **text);

/* child_end: close our ends, wait at most wait_ms for it to end, then SIGTERM, after another second SIGKILL. Idempotent. */
void child_end(struct child *child, uint64_t wait_ms);

#endif
