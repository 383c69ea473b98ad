#include "lib/quiet_thread.h"

#include <signal.h>

int quiet_thread_start(pthread_t *thread, void *(*run)(void *context), void *context, struct error *err)
{
	sigset_t all;
	sigset_t before;
	int sys;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	sys = pthread_create(thread, NULL, run, context);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return sys == 0 ? 0 : error_sys(err, sys, "starting a thread");
}
