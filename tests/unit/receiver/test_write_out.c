#include "tests/unit/receiver/vault_lab.h"

#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>

#include "receiver/write_out.h"

#define RUN_BYTES 65536u

/* Pages of a run that are in memory. */
static unsigned resident(int fd, uint64_t at)
{
	unsigned char pages[RUN_BYTES / 4096];
	unsigned n = 0;
	void *map = mmap(NULL, RUN_BYTES, PROT_READ, MAP_SHARED, fd, (off_t)at);

	assert_ptr_not_equal(map, MAP_FAILED);
	assert_int_equal(mincore(map, RUN_BYTES, pages), 0);
	for (size_t i = 0; i < sizeof(pages); i++)
		n += pages[i] & 1u;
	assert_int_equal(munmap(map, RUN_BYTES), 0);
	return n;
}

static void what_is_on_the_disk_leaves_the_memory_eight_runs_later(void **state)
{
	struct vault_lab *lab = *state;
	int fd = openat(lab->vault->folder_fd, "large", O_RDWR | O_CREAT, 0600);
	static uint8_t run[RUN_BYTES];
	static uint8_t back[RUN_BYTES];
	struct write_out out;
	int next_fd;

	struct statfs fs;

	assert_true(fd >= 0);
	assert_int_equal(fstatfs(fd, &fs), 0);
	if (fs.f_type == TMPFS_MAGIC) {
		assert_int_equal(close(fd), 0);
		skip(); /* has no other place for them */
	}
	write_out_init(&out);
	next_fd = dup(fd);
	assert_int_equal(close(next_fd), 0);
	for (unsigned i = 0; i <= WRITE_OUT_RUNS; i++) {
		memset(run, (int)i + 1, sizeof(run));
		assert_int_equal(pwrite(fd, run, sizeof(run), (off_t)i * RUN_BYTES), sizeof(run));
		assert_int_equal(fsync(fd), 0); /* so that the outcome is no race */
		if (i == WRITE_OUT_RUNS)
			assert_int_not_equal(resident(fd, 0), 0);
		write_out_begin(&out, fd, (uint64_t)i * RUN_BYTES, sizeof(run));
	}
	assert_int_equal(resident(fd, 0), 0);
	assert_int_not_equal(resident(fd, (uint64_t)WRITE_OUT_RUNS * RUN_BYTES), 0);
	write_out_done(&out);
	assert_int_equal(resident(fd, (uint64_t)WRITE_OUT_RUNS * RUN_BYTES), 0);
	for (unsigned i = 0; i <= WRITE_OUT_RUNS; i++) {
		memset(run, (int)i + 1, sizeof(run));
		assert_int_equal(pread(fd, back, sizeof(back), (off_t)i * RUN_BYTES), sizeof(back));
		assert_memory_equal(run, back, sizeof(run));
	}
	/* No descriptor is left behind. */
	assert_int_equal(dup(fd), next_fd);
	assert_int_equal(close(next_fd), 0);
	assert_int_equal(close(fd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_on_the_disk_leaves_the_memory_eight_runs_later, vault_lab_open,
		                                vault_lab_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
