#include "cli/restore_fit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "lib/bytes.h"
#include "lib/vault_place.h"

int restore_fit_place(const char *path, struct error *err)
{
	char vault[PATH_MAX];

	return !vault_place_above(path, vault)
	               ? 0
	               : error_set(err, ERR_REFUSED,
	                           "%s lies in the vault %s: what is restored there would change the backups; name a "
	                           "folder elsewhere",
	                           path, vault);
}

int restore_fit_read(const char *path, struct restore_room *room, struct error *err)
{
	char *at = strdup(path);
	struct statvfs st;
	int rc;

	if (at == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	while ((rc = statvfs(at, &st)) != 0 && errno == ENOENT && strcmp(at, ".") != 0 && strcmp(at, "/") != 0) {
		char *slash = strrchr(at, '/');

		if (slash == NULL)
			memcpy(at, ".", 2); /* a name has a byte at least */
		else
			slash[slash == at] = '\0';
	}
	if (rc != 0) {
		(void)error_sys(err, errno, "asking how much room %s has", at);
	} else {
		room->bytes = (uint64_t)st.f_bavail * st.f_frsize;
		room->inodes = st.f_favail;
		room->inodes_counted = st.f_files != 0;
	}
	free(at);
	return rc;
}

int restore_fit_check(const struct restore_room *room, uint64_t bytes, uint64_t inodes, struct error *err)
{
	char need[BYTES_TEXT_SIZE];
	char have[BYTES_TEXT_SIZE];
	char lack[BYTES_TEXT_SIZE];

	if (bytes > room->bytes)
		return error_set(
		        err, ERR_SPACE,
		        "it does not fit: it takes %s, and %s are free there; %s more are needed. Make room, name "
		        "another disk, or restore a part",
		        bytes_text(bytes, need, sizeof(need)), bytes_text(room->bytes, have, sizeof(have)),
		        bytes_text(bytes - room->bytes, lack, sizeof(lack)));
	if (room->inodes_counted && inodes > room->inodes)
		return error_set(
		        err, ERR_SPACE,
		        "it does not fit: it is %llu files and folders, and that file system has room for %llu "
		        "more; name another one, made with more inodes, or restore a part",
		        (unsigned long long)inodes, (unsigned long long)room->inodes);
	return 0;
}
