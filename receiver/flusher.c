#include "receiver/flusher.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/quiet_thread.h"

#define EVERY_MS 5000

struct flusher {
	pthread_t thread;
	pthread_mutex_t lock; /* of the three below */
	pthread_cond_t wake;
	bool wanted, ending;
	int sys; /* the first errno; 0 */
	int fd;  /* its own: a failed write is told once for each open file */
	int64_t asked_ms;
};

static void *run(void *context)
{
	struct flusher *f = context;

	(void)pthread_mutex_lock(&f->lock);
	for (;;) {
		int sys;

		while (!f->wanted && !f->ending)
			(void)pthread_cond_wait(&f->wake, &f->lock);
		if (f->ending)
			break;
		(void)pthread_mutex_unlock(&f->lock);
		sys = syncfs(f->fd) == 0 ? 0 : errno;
		(void)pthread_mutex_lock(&f->lock);
		f->wanted = false;
		if (f->sys == 0)
			f->sys = sys;
	}
	(void)pthread_mutex_unlock(&f->lock);
	return NULL;
}

int flusher_new(int folder_fd, struct flusher **flusher, struct error *err)
{
	struct flusher *f = calloc(1, sizeof(*f));

	*flusher = NULL;
	if (f == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	f->fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->fd < 0) {
		free(f);
		return error_sys(err, errno, "opening the tree");
	}
	(void)pthread_mutex_init(&f->lock, NULL);
	(void)pthread_cond_init(&f->wake, NULL);
	f->asked_ms = clock_now_ms();
	if (quiet_thread_start(&f->thread, run, f, err) == 0) {
		*flusher = f;
		return 0;
	}
	(void)close(f->fd);
	free(f);
	return -1;
}

void flusher_destroy(struct flusher **flusher)
{
	struct flusher *f = *flusher;

	if (f == NULL)
		return;
	*flusher = NULL;
	(void)pthread_mutex_lock(&f->lock);
	f->ending = true;
	(void)pthread_cond_signal(&f->wake);
	(void)pthread_mutex_unlock(&f->lock);
	(void)pthread_join(f->thread, NULL);
	(void)pthread_cond_destroy(&f->wake);
	(void)pthread_mutex_destroy(&f->lock);
	(void)close(f->fd);
	free(f);
}

bool flusher_due(const struct flusher *f)
{
	return clock_now_ms() - f->asked_ms >= EVERY_MS;
}

int flusher_ask(struct flusher *f, struct error *err)
{
	int sys;

	f->asked_ms = clock_now_ms();
	(void)pthread_mutex_lock(&f->lock);
	sys = f->sys;
	f->wanted = true;
	(void)pthread_cond_signal(&f->wake);
	(void)pthread_mutex_unlock(&f->lock);
	return sys == 0 ? 0 : error_sys(err, sys, "syncing what has arrived");
}
