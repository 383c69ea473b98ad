#include "receiver/vault_user.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of whom the pipeline's folder is, or will be. */
static int find_owner(const char *root, const char *pipeline, struct stat *st, struct error *err)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return error_sys(err, errno, "opening the vault's root %s (is its disk mounted?)", root);
	if (fstatat(fd, pipeline, st, AT_SYMLINK_NOFOLLOW) != 0 && (errno != ENOENT || fstat(fd, st) != 0))
		rc = error_sys(err, errno, "whose %s/%s is", root, pipeline);
	(void)close(fd);
	return rc;
}

/* Without it, what that user may not read can't be taken, and is named then. */
static void keep_reading(void)
{
	const uint32_t right = UINT32_C(1) << CAP_DAC_READ_SEARCH;
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { .effective = right, .permitted = right } };

	(void)syscall(SYS_capset, &head, data);
}

int vault_user_become(const char *root, const char *pipeline, struct error *err)
{
	struct stat st = { .st_uid = 0 };

	if (geteuid() != 0)
		return 0;
	if (find_owner(root, pipeline, &st, err) != 0)
		return -1;
	if (st.st_uid == 0)
		return 0;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || setgroups(1, &st.st_gid) != 0 ||
	    setresgid(st.st_gid, st.st_gid, st.st_gid) != 0 || setresuid(st.st_uid, st.st_uid, st.st_uid) != 0)
		return error_sys(err, errno, "becoming the user %u, whose vault it is", (unsigned)st.st_uid);
	keep_reading();
	return 0;
}
