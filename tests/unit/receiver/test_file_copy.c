#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "receiver/file_copy.h"
#include "tests/unit/scratch.h"

#define SIZE ((size_t)3 << 20)

struct lab {
	char folder[128];
	int fd;
};

static int make_lab(void **state)
{
	static struct lab lab;

	if (scratch_make(lab.folder, sizeof(lab.folder), "copy") != 0)
		return -1;
	lab.fd = open(lab.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = &lab;
	return lab.fd < 0;
}

static int remove_lab(void **state)
{
	struct lab *lab = *state;

	(void)close(lab->fd);
	return scratch_remove(lab->folder);
}

/* Data, a hole, data. */
static void fill(struct lab *lab, uint8_t *content)
{
	int fd = openat(lab->fd, "from", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	memset(content, 0, SIZE);
	for (size_t i = 0; i < SIZE / 3; i++) {
		content[i] = (uint8_t)(i * 31 >> 3);
		content[SIZE - 1 - i] = (uint8_t)(i * 17 >> 5);
	}
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, content, SIZE / 3, 0), SIZE / 3);
	assert_int_equal(pwrite(fd, content + SIZE - SIZE / 3, SIZE / 3, (off_t)(SIZE - SIZE / 3)), SIZE / 3);
	assert_int_equal(close(fd), 0);
}

static void assert_copied(struct lab *lab, const uint8_t *content)
{
	static uint8_t have[SIZE + 1];
	int fd = openat(lab->fd, "to", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, have, sizeof(have)), SIZE);
	assert_memory_equal(have, content, SIZE);
	assert_int_equal(close(fd), 0);
	assert_int_equal(unlinkat(lab->fd, "to", 0), 0);
}

static int copy(struct lab *lab)
{
	struct error err = { .class = ERR_NONE };
	struct entry entry = { .path = "from", .type = ENTRY_FILE, .target = "" };

	return file_copy_as(lab->fd, "from", lab->fd, "to", &entry, NULL, &err);
}

/* From now on that call ends with that error, as on a kernel or file system without it. */
static int refuse(unsigned call, int sys)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ((unsigned)sys & SECCOMP_RET_DATA)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(filter) / sizeof(filter[0]), .filter = filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0
	               ? 0
	               : -1;
}

static void a_copy_is_whole_with_its_holes(void **state)
{
	static uint8_t content[SIZE];

	fill(*state, content);
	assert_int_equal(copy(*state), 0);
	assert_copied(*state, content);
}

static void without_copy_file_range_too(void **state)
{
	static const int errors[] = { ENOSYS, EOPNOTSUPP, EXDEV, EINVAL, EPERM };
	static uint8_t content[SIZE];

	fill(*state, content);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		int status;
		pid_t child = fork();

		if (child == 0)
			_exit(refuse(SYS_copy_file_range, errors[i]) != 0 ? 77 : copy(*state) != 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
			skip(); /* no filters here, as under qemu-user */
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		assert_copied(*state, content);
	}
}

static void a_real_fault_is_told(void **state)
{
	static uint8_t content[SIZE];
	pid_t child;
	int status;

	fill(*state, content);
	child = fork();
	if (child == 0)
		_exit(refuse(SYS_copy_file_range, ENOSPC) != 0 ? 77 : copy(*state) != 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_copy_is_whole_with_its_holes, make_lab, remove_lab),
		cmocka_unit_test_setup_teardown(without_copy_file_range_too, make_lab, remove_lab),
		cmocka_unit_test_setup_teardown(a_real_fault_is_told, make_lab, remove_lab),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
