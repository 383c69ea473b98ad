#include "transfer/seed_wait.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/bytes.h"
#include "lib/tree_walk.h"

#define DAY_SIZE 32

static const char *day_text(int64_t at_s, char out[DAY_SIZE])
{
	time_t seconds = (time_t)at_s;
	struct tm utc;

	if (gmtime_r(&seconds, &utc) == NULL || strftime(out, DAY_SIZE, "%Y-%m-%d", &utc) == 0)
		out[0] = '\0';
	return out;
}

bool seed_wait_over(const struct stage_seed *seed, const struct generation_info *generation)
{
	return strcmp(generation->run, seed->run) == 0 || generation->taken_at_s >= seed->taken_at;
}

int seed_wait(struct remote *remote, const struct stage_request *request, bool *taken_up, struct error *err)
{
	const struct stage_seed *seed = stage_request_seed(request);
	struct generation_info *list;
	char day[DAY_SIZE];
	size_t n;

	*taken_up = false;
	if (seed->run == NULL || seed->writes || stage_request_dry_run(request))
		return 0;
	if (remote_generations(remote, &list, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		*taken_up = *taken_up || seed_wait_over(seed, &list[i]);
	free(list);
	if (*taken_up)
		return 0;
	return error_set(err, ERR_LOCKED,
	                 "the seed of %s is on its way: where the vault is, `aob-receiver adopt --root %s --from DISK "
	                 "%s` takes it up, and this goes on by itself. If it is lost: aob seed %s --forget",
	                 day_text(seed->taken_at, day), stage_request_vault(request)->root,
	                 stage_request_pipeline(request), stage_request_pipeline(request));
}

/* What all that is there takes on a disk; names of one file count each, so it is never too little. */
static int allocated(int folder_fd, uint64_t *bytes, struct error *err)
{
	struct tree_walk *walk;
	const struct entry *entry;
	const char *name;
	int parent_fd;
	int rc;

	*bytes = 0;
	if (tree_walk_new(folder_fd, true, NULL, &walk, err) != 0)
		return -1;
	tree_walk_light(walk);
	while ((rc = tree_walk_next(walk, &entry, &parent_fd, &name, err)) == 1) {
		struct stat st;

		if (entry->type == ENTRY_FILE && fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			*bytes += (uint64_t)st.st_blocks * 512;
	}
	tree_walk_destroy(&walk);
	return rc;
}

int seed_wait_room(int folder_fd, bool first, uint64_t new_bytes, const struct remote_welcome *welcome,
                   struct error *err)
{
	uint64_t need_bytes = new_bytes;
	char need[BYTES_TEXT_SIZE];
	char have[BYTES_TEXT_SIZE];

	if (!first || welcome->total_bytes == 0 || need_bytes <= welcome->free_bytes)
		return 0;
	if (allocated(folder_fd, &need_bytes, err) != 0)
		return -1;
	if (need_bytes <= welcome->free_bytes)
		return 0;
	return error_set(
	        err, ERR_SPACE, "the seed needs %s, and %s are free on the disk: make room there, or take a larger one",
	        bytes_text(need_bytes, need, sizeof(need)), bytes_text(welcome->free_bytes, have, sizeof(have)));
}
