/* replay: every file of a corpus through the fuzzer's entry point, without the fuzzer. Included by tests/unit/fuzz. */
#ifndef AOB_REPLAY_H
#define AOB_REPLAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REPLAY_MOST ((size_t)1 << 20)

/* Returns how many there were. */
static inline unsigned replay(const char *folder)
{
	static uint8_t data[REPLAY_MOST];
	DIR *dir = opendir(folder);
	struct dirent *found;
	unsigned n = 0;

	assert_non_null(dir);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while ((found = readdir(dir)) != NULL) {
		int fd = found->d_name[0] != '.' ? openat(dirfd(dir), found->d_name, O_RDONLY | O_CLOEXEC) : -1;
		ssize_t size = fd >= 0 ? read(fd, data, sizeof(data)) : -1;

		if (fd >= 0)
			(void)close(fd);
		if (size < 0)
			continue;
		(void)LLVMFuzzerTestOneInput(data, (size_t)size);
		n++;
	}
	(void)closedir(dir);
	return n;
}

#endif
