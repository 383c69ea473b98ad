#include "receiver/shatag.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define NAME_SHA256 "user.shatag.sha256"
#define NAME_TS "user.shatag.ts"
#define HEX_BYTES ((size_t)2 * SHATAG_BYTES)
#define TS_BYTES 48

static size_t format_ts(int64_t mtime_s, uint32_t mtime_ns, char ts[TS_BYTES])
{
	return (size_t)snprintf(ts, TS_BYTES, "%" PRId64 ".%09" PRIu32, mtime_s, mtime_ns);
}

void shatag_set(int fd, const uint8_t sha256[SHATAG_BYTES], int64_t mtime_s, uint32_t mtime_ns)
{
	char hex[HEX_BYTES + 1];
	char ts[TS_BYTES];
	size_t n = format_ts(mtime_s, mtime_ns, ts);

	for (size_t i = 0; i < SHATAG_BYTES; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", sha256[i]);
	/* The hash first: a time without its hash, or with an older one, must never look right. */
	(void)fremovexattr(fd, NAME_TS);
	if (fsetxattr(fd, NAME_SHA256, hex, HEX_BYTES, 0) == 0)
		(void)fsetxattr(fd, NAME_TS, ts, n, 0);
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool shatag_recorded(int fd, uint8_t sha256[SHATAG_BYTES])
{
	char hex[HEX_BYTES];

	if (fgetxattr(fd, NAME_SHA256, hex, sizeof(hex)) != (ssize_t)HEX_BYTES)
		return false;
	for (size_t i = 0; i < SHATAG_BYTES; i++) {
		int high = nibble(hex[2 * i]);
		int low = nibble(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		sha256[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

bool shatag_get(int fd, uint8_t sha256[SHATAG_BYTES])
{
	char ts[TS_BYTES];
	char now[TS_BYTES];
	struct stat st;
	ssize_t n = fgetxattr(fd, NAME_TS, ts, sizeof(ts));

	if (n < 0 || fstat(fd, &st) != 0)
		return false;
	if ((size_t)n != format_ts(st.st_mtim.tv_sec, (uint32_t)st.st_mtim.tv_nsec, now) ||
	    memcmp(ts, now, (size_t)n) != 0)
		return false;
	return shatag_recorded(fd, sha256);
}
