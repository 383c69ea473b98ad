#include "receiver/hash_tag.h"

#include <errno.h>
#include <string.h>
#include <sys/types.h>
#include <sys/xattr.h>

#include "lib/entry.h"
#include "lib/entry_xattr.h"

#define NAME "user.aob.sha256"
#define PROBE "user.aob.probe" /* not a hash that would be wrong, if it is left there */

int hash_tag_set(int fd, const uint8_t sha256[HASH_TAG_BYTES], struct error *err)
{
	int sys;

	if (fsetxattr(fd, NAME, sha256, HASH_TAG_BYTES, 0) == 0)
		return 0;
	sys = errno;
	(void)fremovexattr(fd, NAME); /* not another content's */
	return entry_not_held(sys) || sys == EACCES || entry_xattr_too_large(fd, sys)
	               ? 0
	               : error_sys(err, sys, "recording a hash");
}

int hash_tag_copy(int from_fd, int to_fd, struct error *err)
{
	uint8_t sha256[HASH_TAG_BYTES];
	bool there;

	if (hash_tag_find(from_fd, sha256, &there, err) != 0)
		return -1;
	return there ? hash_tag_set(to_fd, sha256, err) : 0;
}

bool hash_tag_may_set(int fd)
{
	static const uint8_t some[HASH_TAG_BYTES] = { 0 };

	return fsetxattr(fd, PROBE, some, sizeof(some), 0) == 0 && fremovexattr(fd, PROBE) == 0;
}

bool hash_tag_is(int fd, const uint8_t sha256[HASH_TAG_BYTES])
{
	uint8_t there[HASH_TAG_BYTES];

	return hash_tag_get(fd, there) && memcmp(there, sha256, sizeof(there)) == 0;
}

bool hash_tag_get(int fd, uint8_t sha256[HASH_TAG_BYTES])
{
	return fgetxattr(fd, NAME, sha256, HASH_TAG_BYTES) == HASH_TAG_BYTES;
}

int hash_tag_find(int fd, uint8_t sha256[HASH_TAG_BYTES], bool *there, struct error *err)
{
	ssize_t n = fgetxattr(fd, NAME, sha256, HASH_TAG_BYTES);

	*there = n == HASH_TAG_BYTES;
	/* ERANGE: of another size, so none of ours. */
	return n >= 0 || errno == ENODATA || errno == ERANGE || errno == EACCES || entry_not_held(errno)
	               ? 0
	               : error_sys(err, errno, "reading a recorded hash");
}
