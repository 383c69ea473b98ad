#include "transfer/prefetch.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/inside.h"
#include "lib/quiet_thread.h"

#define FILES_AHEAD 64u
#define FILE_AHEAD (UINT64_C(8) << 20) /* of each: what is larger is read ahead by the kernel while it is read */
#define BYTES_AHEAD (UINT64_C(32) << 20)

struct prefetch {
	pthread_t thread;
	pthread_mutex_t lock; /* of those below */
	pthread_cond_t wake;
	uint64_t done;
	uint64_t bytes; /* asked for, and not yet sent */
	bool ending;
	struct plan_reader *reader;
	struct inside *folder;
};

/* May the n-th file be read? False: it is over. */
static bool wait_for_turn(struct prefetch *p, uint64_t n, uint64_t size_bytes)
{
	bool on;

	(void)pthread_mutex_lock(&p->lock);
	while (!p->ending && n > p->done && (n >= p->done + FILES_AHEAD || p->bytes >= BYTES_AHEAD))
		(void)pthread_cond_wait(&p->wake, &p->lock);
	p->bytes += size_bytes;
	on = !p->ending;
	(void)pthread_mutex_unlock(&p->lock);
	return on;
}

/* Whatever fails here will fail, and be told, where the file is sent. */
static uint64_t share(uint64_t size_bytes)
{
	return size_bytes < FILE_AHEAD ? size_bytes : FILE_AHEAD;
}

static void look_at(struct prefetch *p, const char *path)
{
	int parent_fd;
	const char *leaf;
	int fd;

	if (inside_parent(p->folder, path, &parent_fd, &leaf, NULL) != 0)
		return;
	fd = openat(parent_fd, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)posix_fadvise(fd, 0, (off_t)FILE_AHEAD, POSIX_FADV_WILLNEED);
	(void)close(fd);
}

static void *run(void *context)
{
	struct prefetch *p = context;
	struct plan_item item;

	for (uint64_t n = 0; plan_reader_next(p->reader, &item, NULL) == 1; n++) {
		if (!wait_for_turn(p, n, share(item.size_bytes)))
			break;
		look_at(p, item.path);
	}
	return NULL;
}

int prefetch_new(struct plan *plan, int folder_fd, struct prefetch **prefetch, struct error *err)
{
	struct prefetch *p = calloc(1, sizeof(*p));

	*prefetch = NULL;
	if (p == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	if (inside_new(folder_fd, &p->folder, err) != 0 || plan_reader_new(plan, PLAN_FILES, &p->reader, err) != 0) {
		inside_destroy(&p->folder);
		free(p);
		return -1;
	}
	(void)pthread_mutex_init(&p->lock, NULL);
	(void)pthread_cond_init(&p->wake, NULL);
	if (quiet_thread_start(&p->thread, run, p, err) == 0) {
		*prefetch = p;
		return 0;
	}
	plan_reader_destroy(&p->reader);
	inside_destroy(&p->folder);
	free(p);
	return -1;
}

void prefetch_destroy(struct prefetch **prefetch)
{
	struct prefetch *p = *prefetch;

	if (p == NULL)
		return;
	*prefetch = NULL;
	(void)pthread_mutex_lock(&p->lock);
	p->ending = true;
	(void)pthread_cond_signal(&p->wake);
	(void)pthread_mutex_unlock(&p->lock);
	(void)pthread_join(p->thread, NULL);
	(void)pthread_cond_destroy(&p->wake);
	(void)pthread_mutex_destroy(&p->lock);
	plan_reader_destroy(&p->reader);
	inside_destroy(&p->folder);
	free(p);
}

void prefetch_done(struct prefetch *p, uint64_t size_bytes)
{
	uint64_t bytes = share(size_bytes);

	(void)pthread_mutex_lock(&p->lock);
	p->done++;
	p->bytes -= bytes < p->bytes ? bytes : p->bytes;
	(void)pthread_cond_signal(&p->wake);
	(void)pthread_mutex_unlock(&p->lock);
}
