#include "receiver/write_out.h"

#include <fcntl.h>
#include <unistd.h>

void write_out_init(struct write_out *out)
{
	for (uint32_t i = 0; i < WRITE_OUT_RUNS; i++)
		out->runs[i].fd = -1;
	out->next = 0;
}

static void drop(struct write_out_run *run)
{
	if (run->fd < 0)
		return;
	(void)posix_fadvise(run->fd, (off_t)run->at, (off_t)run->len_bytes, POSIX_FADV_DONTNEED);
	(void)close(run->fd);
	run->fd = -1;
}

void write_out_done(struct write_out *out)
{
	for (uint32_t i = 0; i < WRITE_OUT_RUNS; i++)
		drop(&out->runs[i]);
}

void write_out_begin(struct write_out *out, int fd, uint64_t at, uint64_t len_bytes)
{
	struct write_out_run *run = &out->runs[out->next];

	drop(run);
	(void)sync_file_range(fd, (off_t)at, (off_t)len_bytes, SYNC_FILE_RANGE_WRITE);
	*run = (struct write_out_run){ .fd = fcntl(fd, F_DUPFD_CLOEXEC, 0), .at = at, .len_bytes = len_bytes };
	out->next = (out->next + 1) % WRITE_OUT_RUNS;
}
