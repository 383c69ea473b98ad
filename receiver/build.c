#include "receiver/build.h"

#include <btrfsutil.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "receiver/build_copy.h"
#include "receiver/build_hardlink.h"
#include "receiver/strategy.h"

static int make_empty(const struct vault *vault, int parent_fd, const char *name, struct error *err)
{
	if (vault->strategy == STRATEGY_SNAPSHOT)
		return btrfs_util_create_subvolume_fd(parent_fd, name, 0, NULL, NULL) == BTRFS_UTIL_OK
		               ? 0
		               : error_sys(err, errno, "making a subvolume");
	return mkdirat(parent_fd, name, 0700) == 0 ? 0 : error_sys(err, errno, "making the folder %s", name);
}

int build_tree(const struct vault *vault, int base_fd, int parent_fd, const char *name, struct ticker *ticker,
               bool *parted, struct error *err)
{
	bool snapshots = vault->strategy == STRATEGY_SNAPSHOT;
	bool base_is_one = base_fd >= 0 && strategy_is_subvolume(base_fd);
	int to_fd;
	int rc;

	*parted = false;
	if (snapshots && base_is_one)
		return btrfs_util_create_snapshot_fd2(base_fd, parent_fd, name, 0, NULL, NULL) == BTRFS_UTIL_OK
		               ? 0
		               : error_sys(err, errno, "snapshotting the last generation");
	if (make_empty(vault, parent_fd, name, err) != 0 || base_fd < 0)
		return base_fd < 0 && err->class == ERR_NONE ? 0 : -1;
	to_fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to_fd < 0)
		return error_sys(err, errno, "opening the folder %s", name);
	rc = snapshots || base_is_one ? build_copy(base_fd, to_fd, vault->fake_super, ticker, err)
	                              : build_hardlink(base_fd, to_fd, vault->fake_super, ticker, parted, err);
	(void)close(to_fd);
	return rc;
}
