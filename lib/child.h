/* child: a program run beside this one, with pipes. Never through a shell. It dies with its parent.
 *
 * threads: start and end a child in the same thread: the death signal is the starting thread's. */
#ifndef AOB_CHILD_H
#define AOB_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"

struct child {
	pid_t pid;  /* 0: none, or ended */
	int in_fd;  /* we write, its stdin; -1: closed */
	int out_fd; /* we read, its stdout; -1 */
	int err_fd; /* we read, its stderr, non-blocking; -1 */
	int status; /* as waitpid(2), once ended */
};

/* child_start: run argv (argv[0] is looked for on PATH) with pipes on stdin, stdout and stderr; the other descriptors stay
 * closed for it, signals have their usual dispositions, and capabilities that a unit gave us by name are not handed on.
 * errors: ERR_SYSTEM; ERR_NOT_FOUND or ERR_PERMISSION if the program can't be executed (told by the child, before it returns). */
int child_start(struct child *child, const char *const *argv, struct error *err);

/* child_end: close our ends, wait at most wait_ms for it to end, then SIGTERM, after another second SIGKILL. Idempotent. */
void child_end(struct child *child, uint64_t wait_ms);

#endif
