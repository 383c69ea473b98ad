#include "receiver/mend_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/crash_point.h"
#include "lib/durable.h"
#include "lib/entry_xattr.h"
#include "lib/hex.h"
#include "lib/inside.h"
#include "lib/log.h"
#include "receiver/aside.h"
#include "receiver/file_copy.h"
#include "receiver/mend_journal.h"
#include "wire/wire.h"

#define FURTHER "name" /* in our folder, and what makes it one of its own: a further name, on its way */

/* A place, open. The tree stays open for the next one in it. */
struct spot {
	struct survey_place place; /* its path is the caller's */
	int tree_fd;
	struct inside *inside;
	int parent_fd;
	const char *leaf;
	struct stat folder;
};

/* What goes on with a journal. */
struct going_on {
	const struct vault *vault;
	struct mend_journal *journal;
	struct spot at; /* the name that it has come to */
	struct timespec folder_time;
	dev_t settled_device; /* the folder that was settled last */
	ino_t settled_inode;
	struct spot good; /* a name that leads to the good file; its tree_fd -1: there is none */
	char good_path[WIRE_PATH_MAX + 1];
	int own_fd; /* .aob/mend; -1: names are made beside */
	uint64_t replaced;
	bool settling;
	struct error passed; /* the first fault for which a name was passed over for good */
	struct error left;   /* the first for which the journal stays: it may be another the next time */
};

void mend_place_part(const uint8_t sha256[HASH_TAG_BYTES], char part[MEND_PLACE_PART_SIZE])
{
	char digits[2 * HASH_TAG_BYTES + 1];

	hex_text(sha256, HASH_TAG_BYTES, digits);
	(void)snprintf(part, MEND_PLACE_PART_SIZE, "part-%s", digits);
}

static void shut_spot(struct spot *spot)
{
	inside_destroy(&spot->inside);
	if (spot->tree_fd >= 0)
		(void)close(spot->tree_fd);
	*spot = (struct spot){ .tree_fd = -1, .parent_fd = -1 };
}

static int open_spot(const struct vault *vault, const struct survey_place *place, struct spot *spot, struct error *err)
{
	bool there = spot->tree_fd >= 0 && strcmp(spot->place.generation, place->generation) == 0 &&
	             strcmp(spot->place.run, place->run) == 0;

	if (!there)
		shut_spot(spot);
	spot->place = *place;
	if (!there && (survey_open(vault, place, &spot->tree_fd, err) != 0 ||
	               inside_new(spot->tree_fd, &spot->inside, err) != 0)) {
		shut_spot(spot);
		return -1;
	}
	if (inside_parent(spot->inside, place->path, &spot->parent_fd, &spot->leaf, err) != 0)
		return -1;
	return fstat(spot->parent_fd, &spot->folder) == 0
	               ? 0
	               : error_sys(err, errno, "looking at the folder of \"%.300s\"", place->path);
}

/* With its recorded hash, and the mark of what it lacks, if the other has that. */
static int sync_copy(int from_fd, const char *from, bool lacks, int to_fd, const char *name, struct error *err)
{
	int part_fd = openat(from_fd, from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int fd = openat(to_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	uint8_t sha256[HASH_TAG_BYTES];
	int rc = fd >= 0 && part_fd >= 0 ? 0 : error_sys(err, errno, "opening what is mended");

	if (rc == 0 && lacks)
		entry_xattr_copy_lacks(part_fd, fd);
	if (rc == 0 && (!hash_tag_get(part_fd, sha256) || !hash_tag_is(fd, sha256)))
		rc = error_set(err, ERR_IO, "a copy of what is mended can't be given its hash");
	if (rc == 0)
		rc = durable_sync(fd, "what is mended", err);
	if (part_fd >= 0)
		(void)close(part_fd);
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

/* A new inode of that content, with all metadata, synced. */
static int copy(const struct vault *vault, int from_fd, const char *from, const struct entry *entry, int to_fd,
                const char *name, struct error *err)
{
	if (file_copy_as(from_fd, from, to_fd, name, entry, NULL, err) != 0 ||
	    entry_apply(to_fd, name, entry, vault->fake_super, err) != 0)
		return -1;
	return sync_copy(from_fd, from, entry->lacks, to_fd, name, err);
}

static int put(int from_fd, const char *name, const struct spot *spot, struct error *err)
{
	if (renameat(from_fd, name, spot->parent_fd, spot->leaf) != 0)
		return error_sys(err, errno, "putting \"%.300s\" in place", spot->place.path);
	crash_point("mend-replaced");
	return 0;
}

/* The first name: in the file system's same part as the part a further name of it; else, in a subvolume, into which nothing can be renamed, a copy that is made beside. */
static int put_first(const struct mend_source *source, const char *temp, const struct spot *spot, struct error *err)
{
	if (*temp == '\0') {
		char name[ASIDE_NAME_SIZE];

		(void)aside_clear(source->folder_fd, FURTHER, NULL); /* it would count as one of the file's names */
		if (aside_name(FURTHER ".", name, err) != 0)
			return -1;
		return linkat(source->folder_fd, source->part, source->folder_fd, name, 0) == 0
		               ? put(source->folder_fd, name, spot, err)
		               : error_sys(err, errno, "linking what is mended");
	}
	if (copy(source->vault, source->folder_fd, source->part, source->entry, spot->parent_fd, temp, err) != 0)
		return -1;
	crash_point("mend-beside");
	return put(spot->parent_fd, temp, spot, err);
}

/* All that are to be replaced, into the journal. *first is open behind it, if there is one. */
static int list(const struct mend_source *source, const struct survey_place *places, size_t n,
                struct mend_journal *journal, struct spot *first, bool *any, struct error *err)
{
	struct spot spot = { .tree_fd = -1 };
	const struct survey_place *found = NULL;
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		struct mend_journal_name name = { .place = places[i] };
		struct stat st;

		if (open_spot(source->vault, &places[i], &spot, err) != 0) {
			/* It went meanwhile. */
			rc = error_forgive(err, ERR_NOT_FOUND) ? 0 : -1;
		} else if (fstatat(spot.parent_fd, spot.leaf, &st, AT_SYMLINK_NOFOLLOW) != 0) {
			if (errno != ENOENT)
				rc = error_sys(err, errno, "looking at \"%.300s\"", places[i].path);
		} else if (st.st_dev == places[i].device && st.st_ino == places[i].inode) {
			name.folder_time = spot.folder.st_mtim;
			rc = mend_journal_add(journal, &name, err);
			if (found == NULL)
				found = &places[i];
		}
	}
	shut_spot(&spot);
	*any = found != NULL;
	return rc == 0 && found != NULL ? open_spot(source->vault, found, first, err) : rc;
}

/* Goes on with the other names? Without a word if this one has gone with its generation. One that may not be replaced is passed over for good, or every backup would be refused for it. What its disk does not give now, it may
 * give the next time: the others are not left for it, and the journal stays. */
static bool pass_over(struct going_on *g, const struct error *fault)
{
	bool for_good = fault->class == ERR_REFUSED || (fault->class == ERR_PERMISSION && !g->settling);
	struct error *first = for_good ? &g->passed : &g->left;

	if (fault->class == ERR_NOT_FOUND)
		return true;
	log_error(LOG_WARNING, fault,
	          for_good ? "a name of a file that is mended is passed over"
	                   : "a name of a file that is mended waits");
	if (first->class == ERR_NONE)
		*first = *fault;
	return for_good || fault->class == ERR_LOCKED || error_not_given(fault);
}

/* Each name of the journal that is there, opened. errors: what of the journal can't be read; what could not be done of it: in left */
static int each(struct going_on *g, int (*look)(struct going_on *g, bool *enough, struct error *err), struct error *err)
{
	struct mend_journal_name name;
	bool enough = false;
	int rc = 1;

	mend_journal_rewind(g->journal);
	while (!enough && (rc = mend_journal_next(g->journal, &name, err)) == 1) {
		struct error fault = { .class = ERR_NONE };

		g->folder_time = name.folder_time;
		if ((open_spot(g->vault, &name.place, &g->at, &fault) != 0 || look(g, &enough, &fault) != 0) &&
		    !pass_over(g, &fault))
			break;
	}
	shut_spot(&g->at);
	return rc < 0 ? -1 : 0;
}

/* Is it the damaged file still, or a good one with that content? */
static int look_at(const struct going_on *g, bool *damaged, bool *good, struct error *err)
{
	uint8_t sha256[HASH_TAG_BYTES];
	struct stat st;
	bool hashed;
	int fd;
	int rc;

	*damaged = *good = false;
	if (fstatat(g->at.parent_fd, g->at.leaf, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : error_sys(err, errno, "looking at \"%.300s\"", g->at.place.path);
	if (!S_ISREG(st.st_mode))
		return 0;
	fd = openat(g->at.parent_fd, g->at.leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, errno, "opening \"%.300s\"", g->at.place.path);
	/* By the recorded hash too: an inode's number says nothing on a disk that the vault was copied to. */
	rc = hash_tag_find(fd, sha256, &hashed, err);
	(void)close(fd);
	if (rc != 0)
		return error_prefix(err, "\"%.300s\"", g->at.place.path);
	if (!hashed || memcmp(sha256, mend_journal_sha256(g->journal), sizeof(sha256)) != 0)
		return 0;
	*damaged = st.st_ino == mend_journal_inode(g->journal);
	*good = !*damaged;
	return 0;
}

static int find_good(struct going_on *g, bool *enough, struct error *err)
{
	struct survey_place place = g->at.place;
	bool damaged;

	if (look_at(g, &damaged, enough, err) != 0)
		return -1;
	if (!*enough)
		return 0;
	(void)snprintf(g->good_path, sizeof(g->good_path), "%s", place.path);
	place.path = g->good_path;
	if (open_spot(g->vault, &place, &g->good, err) == 0)
		return 0;
	shut_spot(&g->good);
	*enough = false;
	return -1;
}

static int copy_good(const struct going_on *g, int temp_fd, const char *temp, struct error *err)
{
	const struct spot *good = &g->good;
	struct entry_memory memory;
	struct entry entry;
	int rc;

	entry_memory_init(&memory);
	rc = entry_read(good->parent_fd, good->leaf, good->place.path, false, &memory, &entry, err);
	if (rc == 0)
		rc = copy(g->vault, good->parent_fd, good->leaf, &entry, temp_fd, temp, err);
	entry_memory_done(&memory);
	return rc;
}

/* A further name of the good file, on its way. */
static int make_further(const struct going_on *g, int temp_fd, const char *temp, struct error *err)
{
	char part[MEND_PLACE_PART_SIZE];
	const struct spot *good = &g->good;

	(void)unlinkat(temp_fd, temp, 0);
	if (linkat(good->parent_fd, good->leaf, temp_fd, temp, 0) == 0)
		return 0;
	/* It has as many names as it may, one more than the damaged one had: the part makes way. */
	if (errno == EMLINK && g->own_fd >= 0) {
		mend_place_part(mend_journal_sha256(g->journal), part);
		if (unlinkat(g->own_fd, part, 0) == 0 && linkat(good->parent_fd, good->leaf, temp_fd, temp, 0) == 0)
			return 0;
	}
	return errno == EMLINK ? copy_good(g, temp_fd, temp, err) : error_sys(err, errno, "linking what is mended");
}

static int replace(struct going_on *g, bool *enough, struct error *err)
{
	bool beside = g->own_fd < 0;
	int temp_fd = beside ? g->good.parent_fd : g->own_fd;
	const char *temp = mend_journal_temp(g->journal);
	char name[ASIDE_NAME_SIZE];
	bool damaged;
	bool good;

	(void)enough;
	if (look_at(g, &damaged, &good, err) != 0)
		return -1;
	if (!damaged)
		return 0;
	if (!beside) {
		if (aside_name(FURTHER ".", name, err) != 0)
			return -1;
		temp = name;
	}
	if (make_further(g, temp_fd, temp, err) != 0)
		return -1;
	if (beside)
		crash_point("mend-beside");
	if (put(temp_fd, temp, &g->at, err) != 0) {
		(void)unlinkat(temp_fd, temp, 0);
		return -1;
	}
	g->replaced++;
	return 0;
}

/* The folder is as it was, but for the file's inode. */
static int settle(struct going_on *g, bool *enough, struct error *err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, g->folder_time };
	const char *temp = mend_journal_temp(g->journal);
	bool same = g->at.folder.st_mtim.tv_sec == g->folder_time.tv_sec &&
	            g->at.folder.st_mtim.tv_nsec == g->folder_time.tv_nsec;

	(void)enough;
	if (g->at.folder.st_ino == g->settled_inode && g->at.folder.st_dev == g->settled_device)
		return 0;
	if (*temp != '\0' && unlinkat(g->at.parent_fd, temp, 0) == 0)
		same = false;
	else if (*temp != '\0' && errno != ENOENT)
		return error_sys(err, errno, "removing what a mending left beside \"%.300s\"", g->at.place.path);
	/* One that may not be touched was not: it must not keep the journal for ever. */
	if (!same && futimens(g->at.parent_fd, times) != 0)
		return error_sys(err, errno, "putting back the time of the folder of \"%.300s\"", g->at.place.path);
	crash_point("mend-timed");
	g->settled_device = g->at.folder.st_dev;
	g->settled_inode = g->at.folder.st_ino;
	return durable_sync(g->at.parent_fd, "the folder of what is mended", err);
}

static int open_own(struct going_on *g, struct error *err)
{
	if (*mend_journal_temp(g->journal) != '\0')
		return 0;
	if (mkdirat(g->vault->aob_fd, MEND_PLACE_FOLDER, 0700) != 0 && errno != EEXIST)
		return error_sys(err, errno, "making .aob/" MEND_PLACE_FOLDER);
	g->own_fd = openat(g->vault->aob_fd, MEND_PLACE_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (g->own_fd < 0)
		return error_sys(err, errno, "opening .aob/" MEND_PLACE_FOLDER);
	(void)aside_clear(g->own_fd, FURTHER, NULL); /* it would count as one of the file's names */
	return 0;
}

/* If the first name is good, the others become links of it; if none is, nothing was done yet. errors: what was left too */
static int finish(struct going_on *g, struct error *err)
{
	if (mend_journal_several(g->journal) && each(g, find_good, err) != 0)
		return -1;
	if (g->good.tree_fd >= 0 && (open_own(g, err) != 0 || each(g, replace, err) != 0))
		return -1;
	g->settling = true;
	if (each(g, settle, err) != 0)
		return -1;
	if (g->left.class != ERR_NONE && err != NULL)
		*err = g->left;
	return g->left.class == ERR_NONE ? 0 : -1;
}

static int go_on(const struct vault *vault, uint64_t *replaced, struct error *passed, struct error *err)
{
	struct going_on *g = calloc(1, sizeof(*g));
	int rc;

	if (g == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	g->vault = vault;
	g->own_fd = g->at.tree_fd = g->good.tree_fd = -1;
	rc = mend_journal_open(vault, &g->journal, err);
	if (rc == 0 && g->journal != NULL)
		rc = finish(g, err);
	if (rc == 0)
		rc = mend_journal_remove(vault, err);
	if (rc == 0)
		crash_point(
		        "mend-done"); /* killed here: the book still names it, and forgets it when it is looked at again */
	*replaced += g->replaced;
	*passed = g->passed;
	shut_spot(&g->good);
	if (g->own_fd >= 0)
		(void)close(g->own_fd);
	mend_journal_close(&g->journal);
	free(g);
	return rc;
}

int mend_place_recover(const struct vault *vault, struct error *err)
{
	struct error passed = { .class = ERR_NONE };
	uint64_t replaced = 0;

	if (!mend_journal_left(vault))
		return 0;
	if (go_on(vault, &replaced, &passed, err) != 0)
		return -1;
	if (replaced > 0)
		log_line(LOG_NOTICE, "a mending that was cut off is gone on with: %llu names more",
		         (unsigned long long)replaced);
	return 0;
}

int mend_place_all(const struct mend_source *source, const struct survey_place *places, size_t n, uint64_t *replaced,
                   struct error *err)
{
	char temp[MEND_JOURNAL_TEMP_SIZE] = "";
	struct spot first = { .tree_fd = -1 };
	struct mend_journal *journal = NULL;
	bool any = false;
	struct error passed = { .class = ERR_NONE };
	/* What is left of another one, on a full disk say, comes first: this journal takes the place of that. */
	int rc = mend_place_recover(source->vault, err);

	if (rc == 0)
		rc = mend_journal_begin(source->vault, &journal, err);
	if (rc == 0)
		rc = list(source, places, n, journal, &first, &any, err);
	if (rc == 0 && any && places[0].device != source->device)
		rc = aside_name(MEND_PLACE_TEMP, temp, err);
	if (rc == 0 && any)
		rc = mend_journal_note(journal, temp, places[0].inode, source->sha256, err);
	mend_journal_close(&journal);
	if (rc == 0 && any) {
		rc = put_first(source, temp, &first, err);
		if (rc == 0) {
			++*replaced;
			rc = go_on(source->vault, replaced, &passed, err);
		} else {
			/* On a full disk, say: nobody is to find the half of it. */
			(void)mend_place_recover(source->vault, NULL);
		}
	}
	shut_spot(&first);
	return rc == 0 && passed.class != ERR_NONE ? error_set(err, passed.class, "%s", passed.text) : rc;
}
