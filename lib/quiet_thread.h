/* quiet_thread: a thread that no signal is delivered to: those are for the thread that serves, and a pipe whose reader is gone is an error there, not the end. */
#ifndef AOB_QUIET_THREAD_H
#define AOB_QUIET_THREAD_H

#include <pthread.h>

#include "lib/error.h"

/* quiet_thread_start: out: *thread, to be joined by the caller. errors: by errno */
int quiet_thread_start(pthread_t *thread, void *(*run)(void *context), void *context, struct error *err);

#endif
