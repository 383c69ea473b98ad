/* room: how much of a file system is free, and how much of it snapshots must leave free (`min_free`).
 *
 * threads: none shared. source: statfs(2); BTRFS_IOC_FS_INFO, linux/btrfs.h. */
#ifndef AOB_ROOM_H
#define AOB_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

/* Without `min_free`: the smaller of the two. A share alone would stop the backups of a large disk that is just well used. */
#define ROOM_DEFAULT_THOUSANDTHS 50
#define ROOM_DEFAULT_BYTES (UINT64_C(20) << 30)

struct room {
	uint64_t total_bytes;
	uint64_t free_bytes;    /* for everybody, as df shows it */
	uint8_t filesystem[16]; /* equal for all subvolumes of one btrfs, which statfs's own ID is not */
};

/* room_read: of the file system that path lies on. errors: by errno */
int room_read(const char *path, struct room *room, struct error *err);
bool room_same(const struct room *a, const struct room *b);

struct room_min {
	uint64_t bytes;
	unsigned thousandths; /* of the whole; both given: the smaller counts */
	bool both;
};

/* room_min_parse: "5%", "2.5 %", "20 GiB", "500 MB", "0"; NULL: the default. Pure. errors: ERR_INPUT with what to write */
int room_min_parse(const char *text, struct room_min *min, struct error *err);

/* room_min_bytes: of a file system of this size. Pure. */
uint64_t room_min_bytes(const struct room_min *min, uint64_t total_bytes);

#endif
