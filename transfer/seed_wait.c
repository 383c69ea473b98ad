#include "transfer/seed_wait.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "lib/hex.h"
#include "lib/log.h"
#include "lib/tree_digest.h"
#include "lib/tree_walk.h"
#include "wire/codec.h"

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

/* What lies there by now, by its names, metadata and recorded hashes, which adopting has held against the content. */
static int ask_root(struct remote *remote, const char *generation, char root[TREE_DIGEST_TEXT], struct error *err)
{
	struct wire *wire = remote_wire(remote);
	char text[TREE_DIGEST_TEXT];
	struct encoder e;
	struct frame frame;
	struct decoder d;
	const uint8_t *now;
	int rc;

	encoder_init(&e);
	put_string(&e, generation);
	rc = e.bad ? error_set(err, ERR_SYSTEM, "out of memory")
	           : wire_send(wire, FRAME_PROOF, e.data, e.len_bytes, err);
	encoder_done(&e);
	if (rc != 0 || wire_flush(wire, err) != 0 || wire_expect(wire, FRAME_PROVEN, &frame, err) != 0)
		return -1;
	decoder_init(&d, frame.payload, frame.len_bytes);
	get_string(&d, text, sizeof(text));
	get_string(&d, text, sizeof(text)); /* what is recorded there came from the disk that was carried */
	now = get_raw(&d, TREE_DIGEST_BYTES);
	(void)get_u64(&d);
	if (codec_done(&d, "PROVEN", err) != 0)
		return -1;
	hex_text(now, TREE_DIGEST_BYTES, root);
	return 0;
}

/* Whoever carried it could change a file together with its recorded hash. */
static int check_root(struct remote *remote, const struct stage_request *request, const char *generation,
                      struct error *err)
{
	const struct stage_seed *seed = stage_request_seed(request);
	char root[TREE_DIGEST_TEXT];
	char day[DAY_SIZE];

	if (seed->root == NULL || *seed->root == '\0' || !remote_welcome(remote)->proves)
		return 0;
	if (ask_root(remote, generation, root, err) != 0)
		return error_prefix(err, "comparing the seed that was taken up");
	if (strcmp(root, seed->root) == 0) {
		log_line(LOG_INFO, "the vault holds the seed: both came to the root %s", root);
		return 0;
	}
	return error_set(
	        err, ERR_DAMAGED,
	        "what the vault took up as generation %s is not the seed of %s, by its root hash (%.16s… instead "
	        "of %.16s…): somebody, or its disk, has changed it on its way, or damaged files were left out. "
	        "Where the vault is, remove that generation (rm -r), and adopt a good seed; or do without: aob "
	        "seed %s --forget",
	        generation, day_text(seed->taken_at, day), root, seed->root, stage_request_pipeline(request));
}

int seed_wait(struct remote *remote, const struct stage_request *request, bool *taken_up, struct error *err)
{
	const struct stage_seed *seed = stage_request_seed(request);
	struct generation_info *list;
	char day[DAY_SIZE];
	size_t n;

	char itself[sizeof(list->name)] = "";
	int rc;

	*taken_up = false;
	if (seed->run == NULL || seed->writes || stage_request_dry_run(request))
		return 0;
	if (remote_list(remote, &list, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		*taken_up = *taken_up || seed_wait_over(seed, &list[i]);
		if (strcmp(list[i].run, seed->run) == 0)
			(void)snprintf(itself, sizeof(itself), "%s", list[i].name);
	}
	free(list);
	rc = *itself != '\0' ? check_root(remote, request, itself, err) : 0;
	*taken_up = *taken_up && rc == 0;
	if (*taken_up || rc != 0)
		return rc;
	return error_set(err, ERR_LOCKED,
	                 "the seed of %s is on its way: where the vault is, `aob-receiver adopt --root %s --from DISK "
	                 "%s` takes it up, and this goes on by itself. If it is lost: aob seed %s --forget",
	                 day_text(seed->taken_at, day), stage_request_vault(request)->root,
	                 stage_request_pipeline(request), stage_request_pipeline(request));
}

int seed_wait_place(const struct stage_request *request, struct error *err)
{
	const char *root = stage_request_vault(request)->root;
	struct stat st;

	if (!stage_request_seed(request)->writes)
		return 0;
	if (lstat(root, &st) != 0)
		return error_sys(err, errno, "%s (is the disk of the seed mounted?)", root);
	if (!S_ISDIR(st.st_mode) || (st.st_uid != 0 && st.st_uid != geteuid()) ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return error_set(
		        err, ERR_REFUSED,
		        "%s is no folder that root alone may write to, so somebody could lead the seed elsewhere; "
		        "remove it, and let `aob seed`, as root, make it",
		        root);
	return 0;
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
