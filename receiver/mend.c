#include "receiver/mend.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/crash_point.h"
#include "lib/durable.h"
#include "lib/entry_xattr.h"
#include "lib/inside.h"
#include "lib/log.h"
#include "receiver/aside.h"
#include "receiver/content_check.h"
#include "receiver/mend_journal.h"
#include "receiver/mend_place.h"

#define PIECE_BYTES ((size_t)256 << 10)
#define BLOCK_BYTES ((size_t)4096)

struct mend {
	struct vault *vault;
	const struct survey *survey;
	const struct survey_item *item;
	struct breath *breath;
	int damaged_fd, folder_fd, part_fd;
	char part[MEND_PLACE_PART_SIZE];
	bool built;    /* the part is whole already */
	bool compares; /* what the part has already is not written: it is a clone, or has holes */
	struct entry_memory memory;
	struct entry entry;
	off_t at;     /* behind what is written */
	size_t piece; /* bytes in data that are not written yet */
	uint8_t data[PIECE_BYTES], there[PIECE_BYTES];
};

static int open_folder(const struct vault *vault, bool make, int *fd, struct error *err)
{
	if (make && mkdirat(vault->aob_fd, MEND_PLACE_FOLDER, 0700) != 0 && errno != EEXIST)
		return error_sys(err, errno, "making .aob/" MEND_PLACE_FOLDER);
	*fd = openat(vault->aob_fd, MEND_PLACE_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *fd >= 0 || (!make && errno == ENOENT) ? 0 : error_sys(err, errno, "opening .aob/" MEND_PLACE_FOLDER);
}

int mend_recover(struct vault *vault, struct error *err)
{
	bool locked = vault->lock_fd >= 0;
	int rc;

	if (!mend_journal_left(vault))
		return 0;
	/* A writer who is at work has done it, and what lies in its tree is its own by now. */
	if (!locked && vault_lock(vault, err) != 0)
		return error_forgive(err, ERR_LOCKED) ? 0 : -1;
	rc = mend_place_recover(vault, err);
	if (!locked)
		vault_unlock(vault);
	return rc == 0 ? 0 : error_prefix(err, "taking up a mending that was cut off, of which .aob/mend.json tells");
}

void mend_clear(const struct vault *vault)
{
	int fd = -1;

	mend_journal_sweep(vault);
	if (open_folder(vault, false, &fd, NULL) != 0 || fd < 0)
		return;
	(void)aside_clear(fd, "", NULL);
	(void)close(fd);
	(void)unlinkat(vault->aob_fd, MEND_PLACE_FOLDER, AT_REMOVEDIR);
}

/* A place's file, open for reading. */
static int open_place(const struct vault *vault, const struct survey_place *place, int *fd, struct error *err)
{
	struct inside *inside = NULL;
	const char *leaf;
	int tree_fd = -1;
	int parent_fd;
	int rc = -1;

	*fd = -1;
	if (survey_open(vault, place, &tree_fd, err) == 0 && inside_new(tree_fd, &inside, err) == 0 &&
	    inside_parent(inside, place->path, &parent_fd, &leaf, err) == 0) {
		*fd = openat(parent_fd, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		rc = *fd >= 0 ? 0 : error_sys(err, errno, "opening \"%.300s\"", place->path);
	}
	inside_destroy(&inside);
	if (tree_fd >= 0)
		(void)close(tree_fd);
	return rc;
}

/* Is it still the file that the survey saw, and still damaged? A good one is never replaced. */
static int open_damaged(struct mend *m, struct error *err)
{
	const struct survey_item *item = m->item;
	const struct survey_place *own = &item->places[item->n_places - 1];
	struct content_check check;
	struct stat st;

	if (open_place(m->vault, own, &m->damaged_fd, err) != 0)
		return -1;
	if (fstat(m->damaged_fd, &st) != 0)
		return error_sys(err, errno, "looking at \"%.300s\"", own->path);
	if (st.st_dev != item->st.st_dev || st.st_ino != item->st.st_ino)
		return error_set(err, ERR_NOT_FOUND, "it is another file by now");
	if (content_check_open(m->damaged_fd, (uint64_t)st.st_size, m->breath, &check, err) != 0)
		return -1;
	if (!content_check_damaged(&check))
		return error_set(err, ERR_NOT_FOUND, "it is not damaged any more");
	if (!check.hashed)
		return error_set(err, ERR_REFUSED, "no hash was recorded of it, so nothing tells what is right");
	if (memcmp(check.sha256, item->damage->sha256, sizeof(check.sha256)) != 0)
		return error_set(err, ERR_NOT_FOUND, "its recorded hash is another one by now");
	return entry_read_open(m->damaged_fd, own->path, false, &m->memory, &m->entry, err);
}

int mend_again(struct mend *m, struct error *err)
{
	bool sparse = (m->entry.flags & ENTRY_SPARSE) != 0;
	bool cloned;

	if (m->part_fd >= 0)
		(void)close(m->part_fd);
	m->at = 0;
	m->piece = 0;
	m->part_fd = -1;
	m->built = false;
	if (unlinkat(m->folder_fd, m->part, 0) != 0 && errno != ENOENT)
		return error_sys(err, errno, "removing .aob/" MEND_PLACE_FOLDER "/%s", m->part);
	m->part_fd = openat(m->folder_fd, m->part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (m->part_fd < 0)
		return error_sys(err, errno, "making .aob/" MEND_PLACE_FOLDER "/%s", m->part);
	cloned = ioctl(m->part_fd, FICLONE, m->damaged_fd) == 0;
	m->compares = cloned || sparse;
	return ftruncate(m->part_fd, m->item->st.st_size) == 0
	               ? 0
	               : error_sys(err, errno, "making room for what is mended");
}

/* An earlier mending had built it, and was cut off while it put it in place: good, and with the same metadata? */
static int take_up(struct mend *m, struct error *err)
{
	struct entry_memory memory;
	struct content_check check;
	struct entry entry;
	struct stat st;
	int rc = 0;

	m->part_fd = openat(m->folder_fd, m->part, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (m->part_fd < 0)
		return 0;
	entry_memory_init(&memory);
	if (fstat(m->part_fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    entry_read_open(m->part_fd, m->entry.path, false, &memory, &entry, NULL) == 0 &&
	    entry.lacks == m->entry.lacks) {
		entry_digest(entry.xattrs, entry.n_xattrs, entry.xattr_digest);
		entry_digest(m->entry.xattrs, m->entry.n_xattrs, m->entry.xattr_digest);
		if (entry_same_metadata(&entry, &m->entry)) {
			rc = content_check_open(m->part_fd, (uint64_t)st.st_size, m->breath, &check, err);
			m->built = rc == 0 && check.state == CONTENT_GOOD &&
			           memcmp(check.sha256, m->item->damage->sha256, sizeof(check.sha256)) == 0;
		}
	}
	entry_memory_done(&memory);
	return rc;
}

int mend_begin(struct vault *vault, const struct survey *survey, const struct survey_item *item, struct breath *breath,
               struct mend **mend, struct error *err)
{
	struct mend *m;

	*mend = NULL;
	if (item->hidden)
		return error_set(err, ERR_REFUSED,
		                 "its disk does not give its inode, or it is a folder that can't be read: see what the "
		                 "file system's own check says");
	if (!item->there || item->n_places == 0)
		return error_set(err, ERR_NOT_FOUND, "it is not there any more");
	if (!item->whole)
		return error_set(err, ERR_REFUSED, "not all of its %lu names could be found",
		                 (unsigned long)item->st.st_nlink);
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	m->vault = vault;
	m->survey = survey;
	m->item = item;
	m->breath = breath;
	m->damaged_fd = m->folder_fd = m->part_fd = -1;
	entry_memory_init(&m->memory);
	mend_place_part(item->damage->sha256, m->part);
	if (open_damaged(m, err) != 0 || open_folder(vault, true, &m->folder_fd, err) != 0 || take_up(m, err) != 0 ||
	    (!m->built && mend_again(m, err) != 0)) {
		mend_end(&m);
		return -1;
	}
	*mend = m;
	return 0;
}

void mend_end(struct mend **mend)
{
	struct mend *m = *mend;
	const int fds[] = { m != NULL ? m->damaged_fd : -1, m != NULL ? m->part_fd : -1,
		            m != NULL ? m->folder_fd : -1 };

	if (m == NULL)
		return;
	*mend = NULL;
	if (m->folder_fd >= 0)
		(void)unlinkat(m->folder_fd, m->part, 0);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	entry_memory_done(&m->memory);
	free(m);
}

static int write_all(int fd, const uint8_t *data, size_t n, off_t at, struct error *err)
{
	while (n > 0) {
		ssize_t done = pwrite(fd, data, n, at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return error_sys(err, done < 0 ? errno : EIO, "writing what is mended");
		data += done;
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

static int read_all(int fd, uint8_t *data, size_t n, off_t at)
{
	while (n > 0) {
		ssize_t done = pread(fd, data, n, at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return -1;
		data += done;
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Whole blocks, so that none has to be read from a disk that perhaps would not give it. */
static int write_piece(struct mend *m, struct error *err)
{
	size_t n = m->piece;
	bool known = m->compares && read_all(m->part_fd, m->there, n, m->at) == 0;

	for (size_t i = 0; i < n; i += BLOCK_BYTES) {
		size_t block = n - i < BLOCK_BYTES ? n - i : BLOCK_BYTES;

		if (known && memcmp(m->data + i, m->there + i, block) == 0)
			continue;
		if (write_all(m->part_fd, m->data + i, block, m->at + (off_t)i, err) != 0)
			return -1;
	}
	m->at += (off_t)n;
	m->piece = 0;
	return 0;
}

int mend_write(struct mend *m, const void *data, size_t len_bytes, struct error *err)
{
	const uint8_t *from = data;

	if (m->built)
		return 0;
	while (len_bytes > 0) {
		size_t n = PIECE_BYTES - m->piece < len_bytes ? PIECE_BYTES - m->piece : len_bytes;

		memcpy(m->data + m->piece, from, n);
		m->piece += n;
		from += n;
		len_bytes -= n;
		if (m->piece == PIECE_BYTES && write_piece(m, err) != 0)
			return -1;
	}
	return 0;
}

int mend_take(struct mend *m, int fd, struct error *err)
{
	uint8_t *piece = malloc(PIECE_BYTES);
	off_t at = 0;
	ssize_t n = 0;
	int rc = 0;

	if (piece == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	while (rc == 0 && (n = pread(fd, piece, PIECE_BYTES, at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		rc = n < 0 ? error_sys(err, errno, "reading") : mend_write(m, piece, (size_t)n, err);
		at += n;
		if (rc == 0)
			rc = breath_take(m->breath, err);
	}
	free(piece);
	return rc;
}

/* What was written is read again from the disk. Its size is not compared: that may be what is damaged, and the hash says it all. */
static int prove(struct mend *m, struct error *err)
{
	uint8_t sha256[HASH_TAG_BYTES];

	if (write_piece(m, err) != 0)
		return -1;
	if (ftruncate(m->part_fd, m->at) != 0)
		return error_sys(err, errno, "setting the size of what is mended");
	if (durable_sync(m->part_fd, "what is mended", err) != 0 ||
	    breath_sha256(m->breath, m->part_fd, (uint64_t)m->at, sha256, err) != 0)
		return -1;
	if (memcmp(sha256, m->item->damage->sha256, sizeof(sha256)) != 0)
		return error_set(err, ERR_DAMAGED, "that is not what was backed up");
	if (hash_tag_set(m->part_fd, sha256, err) != 0 ||
	    entry_apply_open(m->part_fd, &m->entry, m->vault->fake_super, err) != 0)
		return -1;
	if (m->entry.lacks)
		entry_xattr_copy_lacks(m->damaged_fd, m->part_fd);
	/* Without it, nobody would find its other names, nor that it rots again. */
	if (!hash_tag_is(m->part_fd, sha256))
		return error_set(err, ERR_IO, "what is mended can't be given its hash");
	return durable_sync(m->part_fd, "what is mended", err);
}

static int put_in_place(struct mend *m, uint64_t *names, struct error *err)
{
	struct mend_source source = { .vault = m->vault,
		                      .part = m->part,
		                      .folder_fd = m->folder_fd,
		                      .sha256 = m->item->damage->sha256,
		                      .entry = &m->entry };
	const struct survey_place *places = m->item->places;
	struct stat part;
	struct stat damaged;

	if (fstat(m->part_fd, &part) != 0 || fstat(m->damaged_fd, &damaged) != 0)
		return error_sys(err, errno, "looking at what is mended");
	/* It may have names that are not known. */
	if (!survey_fresh(m->vault, m->survey) || damaged.st_nlink != m->item->st.st_nlink)
		return error_set(err, ERR_LOCKED, "a generation came or went meanwhile");
	source.device = part.st_dev;
	for (size_t i = 0, end; i < m->item->n_places; i = end) {
		for (end = i; end < m->item->n_places && places[end].device == places[i].device;)
			end++;
		if (mend_place_all(&source, &places[i], end - i, names, err) != 0)
			return -1;
	}
	return 0;
}

int mend_finish(struct mend *m, uint64_t *names, struct error *err)
{
	bool locked = m->vault->lock_fd >= 0;
	int rc;

	*names = 0;
	if (!m->built && prove(m, err) != 0)
		return -1;
	crash_point("mend-built");
	/* Nobody begins a generation as one of these meanwhile, and none is removed. */
	if (!locked && vault_lock(m->vault, err) != 0)
		return -1;
	rc = put_in_place(m, names, err);
	if (!locked)
		vault_unlock(m->vault);
	if (rc == 0 && *names == 0)
		return error_set(err, ERR_NOT_FOUND, "it has changed meanwhile");
	return rc;
}

int mend_from_twins(struct mend *m, uint64_t *names, struct error *err)
{
	/* An earlier mending had it whole, and perhaps nobody has it any more. */
	if (m->built)
		return mend_finish(m, names, err);
	for (size_t i = 0; i < m->item->n_twins; i++) {
		struct error fault = { .class = ERR_NONE };
		int fd = -1;
		int rc = open_place(m->vault, &m->item->twins[i], &fd, &fault);

		if (rc == 0)
			rc = mend_take(m, fd, &fault);
		if (fd >= 0)
			(void)close(fd);
		if (rc == 0)
			rc = mend_finish(m, names, &fault);
		if (rc == 0) {
			log_line(LOG_NOTICE, "the content came from \"%.300s\" of %s", m->item->twins[i].path,
			         m->item->twins[i].generation);
			return 0;
		}
		/* Damaged too, or not there any more: the next one. */
		if (fault.class != ERR_NOT_FOUND && !error_not_given(&fault)) {
			if (err != NULL)
				*err = fault;
			return -1;
		}
		if (mend_again(m, err) != 0)
			return -1;
	}
	return error_set(err, ERR_REFUSED, "no other generation has its content");
}
