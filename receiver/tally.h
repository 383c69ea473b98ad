/* tally: what is done to the regular files of an incoming tree, counted while it is done: how many names and bytes it has more than its base, and how much of
 * what was there is gone. So the brake costs what changed, not a walk over all there is.
 *
 * How many there are is exact. What is lost is an upper bound: what goes at one place and comes again at another, or is written twice, counts twice. If that
 * much would trip the brake, or if a crash has taken the tally, mass_change.h measures it.
 *
 * threads: one. */
#ifndef AOB_TALLY_H
#define AOB_TALLY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#define TALLY_PART_SIZE 40

struct tally {
	int64_t files, bytes; /* more than the base has; less than zero: fewer */
	uint64_t lost_files, lost_bytes;
	bool unsure; /* something was done that was not counted */
	/* Of the file that was under way when a connection broke: what of its old content is in the part so far, and up to where of the old content. */
	char part[TALLY_PART_SIZE];
	uint64_t kept_bytes, kept_to;
};

/* tally_put: `now` has taken the place of `old` (NULL: nothing was there). kept_bytes: of the content of old, still in that of now. The same inode: nothing has
 * changed. */
void tally_put(struct tally *tally, const struct stat *old, const struct stat *now, uint64_t kept_bytes);

/* tally_gone: what stat tells of has left its place for good; no folder. */
void tally_gone(struct tally *tally, const struct stat *old);

/* tally_folder: counts what the folder `name` of the open folder holds, for tally_take after it is gone. It can't be read: *inside is unsure. */
void tally_folder(int parent_fd, const char *name, struct tally *inside);

/* tally_take: what was counted aside is so now. */
void tally_take(struct tally *tally, const struct tally *more);

#endif
