#include "receiver/breath.h"

#include <fcntl.h>
#include <time.h>

#include "lib/clock.h"
#include "receiver/file_copy.h"

#define TELL_MS 1000
#define NAP_MS 1000
#define MIB 20

static int take(void *context, struct error *err)
{
	return breath_take(context, err);
}

void breath_init(struct breath *breath, const struct vault *vault,
                 int (*tell)(void *context, uint64_t done, uint64_t total, bool waits, struct error *err),
                 void *context)
{
	*breath = (struct breath){ .vault = vault, .tell = tell, .context = context, .told_ms = clock_now_ms() };
	breath->ticker.also = take;
	breath->ticker.context = breath;
}

static int tell(struct breath *breath, bool waits, struct error *err)
{
	breath->told_ms = clock_now_ms();
	if (breath->quiet)
		return 0;
	return breath->tell(breath->context, breath->done + (breath->ticker.done << MIB), breath->total, waits, err);
}

int breath_take(struct breath *breath, struct error *err)
{
	struct timespec nap = { .tv_sec = NAP_MS / 1000 };

	if (clock_now_ms() - breath->told_ms < TELL_MS)
		return 0;
	if (tell(breath, false, err) != 0)
		return -1;
	while (vault_written(breath->vault)) {
		if (tell(breath, true, err) != 0)
			return -1;
		(void)nanosleep(&nap, NULL);
	}
	return 0;
}

int breath_sha256(struct breath *breath, int fd, uint64_t size_bytes, uint8_t sha256[32], struct error *err)
{
	int rc;

	breath->ticker.done = 0;
	/* What the kernel remembers is not what the disk holds; and who reads all of a vault is not to push everything else out. */
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	rc = file_copy_sha256(fd, &breath->ticker, sha256, err);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	breath->ticker.done = 0;
	breath->done += size_bytes;
	return rc;
}
