/* What rsync --fake-super leaves beside the attributes that it keeps for others: its own form of an ACL is none of them, where the kernel's is there too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/entry_xattr.h"

static void an_acl_that_is_told_twice_is_one(void **state)
{
	/* user::rw- group::r-- other::---, as the kernel has it and as rsync has it */
	static const char kernels[] =
	        "\2\0\0\0\1\0\6\0\377\377\377\377\4\0\4\0\377\377\377\377\40\0\0\0\377\377\377\377";
	static const char rsyncs[] = "\6\0\0\0\4\0\0\0\200\0\0\0\0\0\0\0";
	char path[] = "/tmp/aob-xattr.XXXXXX";
	int fd = mkstemp(path);
	struct entry_memory memory;
	struct entry entry = { .path = "f" };

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	if (fsetxattr(fd, "user.rsync.%aacl", rsyncs, sizeof(rsyncs) - 1, 0) != 0)
		skip(); /* a file system without extended attributes */
	entry_memory_init(&memory);
	/* Alone it is an attribute like others, which is told as one that can't be kept. */
	assert_int_equal(entry_xattr_read(fd, true, &memory, 0, &entry, NULL), 0);
	assert_int_equal(entry.n_xattrs, 1);
	assert_string_equal(entry.xattrs[0].name, "%aacl");
	assert_int_equal(fsetxattr(fd, "user.rsync.system.posix_acl_access", kernels, sizeof(kernels) - 1, 0), 0);
	assert_int_equal(entry_xattr_read(fd, true, &memory, 0, &entry, NULL), 0);
	assert_int_equal(entry.n_xattrs, 1);
	assert_string_equal(entry.xattrs[0].name, "system.posix_acl_access");
	/* To root, in his own vault, they are what they are called. */
	assert_int_equal(entry_xattr_read(fd, false, &memory, 0, &entry, NULL), 0);
	assert_int_equal(entry.n_xattrs, 2);
	entry_memory_done(&memory);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(an_acl_that_is_told_twice_is_one) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
