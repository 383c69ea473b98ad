#include "receiver/seed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/seed_folder.h"
#include "receiver/incoming.h"
#include "receiver/reading.h"
#include "receiver/record_macs.h"

/* DIR/aob-seed, or DIR itself. */
static int open_root(const char *dir, int *fd, struct error *err)
{
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir_fd < 0)
		return error_sys(err, errno, "opening %s (is the disk mounted there?)", dir);
	*fd = openat(dir_fd, SEED_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0 && errno == ENOENT) {
		*fd = dir_fd;
		return 0;
	}
	if (*fd < 0)
		(void)error_sys(err, errno, "opening %s/" SEED_FOLDER, dir);
	(void)close(dir_fd);
	return *fd < 0 ? -1 : 0;
}

static bool only_of(const char *text, const char *set)
{
	return strspn(text, set) == strlen(text);
}

/* A record of ours has nothing else in it. */
static int check_record(const struct record *record, struct error *err)
{
	static const char *const states[] = { "clean", "quiet", "incomplete", "in-flight" };
	bool good = false;

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		good = good || strcmp(record->state, states[i]) == 0;
	if (good && incoming_run_valid(record->run) && only_of(record->snapshot_uuid, "0123456789abcdef-") &&
	    only_of(record->view, "0123456789abcdef"))
		return 0;
	return error_set(err, ERR_DAMAGED, "the record of the seed's generation %s is none of ours", record->name);
}

static int read_newest(struct seed *seed, const char *dir, struct error *err)
{
	char name[32];

	if (vault_current(seed->vault, name, err) != 0)
		return -1;
	if (name[0] == '\0')
		return error_set(err, ERR_NOT_FOUND,
		                 "the seed of %s on %s is not finished; `aob seed` goes on with it, on the machine "
		                 "that it is made of",
		                 seed->vault->pipeline, dir);
	if (record_read(seed->vault, name, &seed->record, err) != 0 || check_record(&seed->record, err) != 0 ||
	    owner_read(seed->vault, &seed->owner, err) != 0)
		return -1;
	record_macs_read(seed->vault, name, &seed->macs);
	contact_read(seed->vault, &seed->contact);
	return reading_open(seed->vault, name, &seed->tree_fd, err);
}

int seed_open(const char *dir, const char *pipeline, struct seed *seed, struct error *err)
{
	struct stat st;

	*seed = (struct seed){ .tree_fd = -1, .root_fd = -1 };
	if (open_root(dir, &seed->root_fd, err) != 0)
		return -1;
	if (!vault_pipeline_valid(pipeline))
		return error_set(err, ERR_INPUT, "\"%.100s\" is not the name of a pipeline", pipeline);
	if (fstatat(seed->root_fd, pipeline, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? error_set(err, ERR_NOT_FOUND, "there is no seed of %s on %s", pipeline, dir)
		                       : error_sys(err, errno, "looking for the seed of %s on %s", pipeline, dir);
	(void)snprintf(seed->root, sizeof(seed->root), "/proc/self/fd/%d", seed->root_fd);
	seed->options.root = seed->root;
	seed->owned_by = st.st_uid;
	if (vault_open(&seed->options, pipeline, false, &seed->vault, err) != 0 || read_newest(seed, dir, err) != 0)
		return error_prefix(err, "the seed on %s", dir);
	vault_read_as_written(seed->vault, false);
	return 0;
}

void seed_close(struct seed *seed)
{
	vault_close(&seed->vault);
	if (seed->tree_fd > 0)
		(void)close(seed->tree_fd);
	if (seed->root_fd > 0)
		(void)close(seed->root_fd);
	*seed = (struct seed){ .tree_fd = -1, .root_fd = -1 };
}
