#include "lib/room.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "lib/number.h"

int room_read(const char *path, struct room *room, struct error *err)
{
	struct btrfs_ioctl_fs_info_args info;
	static const struct statfs none;
	struct statfs st;
	struct stat own;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return error_sys(err, errno, "opening %s", path);
	memset(room, 0, sizeof(*room));
	memset(&info, 0, sizeof(info));
	if (fstatfs(fd, &st) != 0) {
		rc = error_sys(err, errno, "statfs of %s", path);
	} else {
		room->total_bytes = (uint64_t)st.f_blocks * (uint64_t)st.f_bsize;
		room->free_bytes = (uint64_t)st.f_bavail * (uint64_t)st.f_bsize;
		if (ioctl(fd, BTRFS_IOC_FS_INFO, &info) >= 0)
			memcpy(room->filesystem, info.fsid, sizeof(room->filesystem));
		else if (memcmp(&st.f_fsid, &none.f_fsid, sizeof(none.f_fsid)) != 0)
			memcpy(room->filesystem, &st.f_fsid, sizeof(st.f_fsid));
		else if (fstat(fd, &own) == 0) /* each one by FUSE says that its number is 0 */
			memcpy(room->filesystem, &own.st_dev, sizeof(own.st_dev));
	}
	(void)close(fd);
	return rc;
}

bool room_same(const struct room *a, const struct room *b)
{
	return memcmp(a->filesystem, b->filesystem, sizeof(a->filesystem)) == 0;
}

int room_min_parse(const char *text, struct room_min *min, struct error *err)
{
	const char *unit = text;
	uint64_t number = 0;
	uint64_t factor = 0;

	*min = (struct room_min){ ROOM_DEFAULT_BYTES, ROOM_DEFAULT_THOUSANDTHS, true };
	if (text == NULL)
		return 0;
	*min = (struct room_min){ 0, 0, false };
	if (number_parse(&unit, &number) != 0)
		return error_set(err, ERR_INPUT, "'%.40s' is no amount; write 5%% or 20 GiB, or 0 for no limit", text);
	if (strcmp(unit, "%") == 0) {
		if (number > 90000)
			return error_set(err, ERR_INPUT, "'%.40s' is more than 90 %%; write less, such as 5%%", text);
		min->thousandths = (unsigned)((number + 99) / 100); /* a little is not nothing */
		return 0;
	}
	if (bytes_unit(unit, &factor)) {
		if (number_scale(number, factor, &min->bytes) != 0)
			return error_set(err, ERR_INPUT, "'%.40s' is more than can be counted", text);
		return 0;
	}
	if (*unit == '\0' && number == 0)
		return 0;
	return error_set(err, ERR_INPUT, "'%.40s' has %s unit; write 5%%, 500 MB or 20 GiB, or 0 for no limit", text,
	                 *unit == '\0' ? "no" : "an unknown");
}

uint64_t room_min_bytes(const struct room_min *min, uint64_t total_bytes)
{
	uint64_t share = total_bytes / 1000 * min->thousandths;

	if (min->both)
		return share < min->bytes ? share : min->bytes;
	return min->thousandths != 0 ? share : min->bytes;
}
