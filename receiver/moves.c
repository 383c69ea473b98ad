#include "receiver/moves.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/crash_point.h"
#include "receiver/apply.h"
#include "receiver/linking.h"
#include "receiver/seal.h"
#include "receiver/trash.h"
#include "wire/wire.h"

/* The journal's names tell how far it is. */
#define COMING "moves.new"
#define WHOLE "moves"
#define TAKEN "moves.taken"     /* everything has left its place */
#define GUESSED "moves.guessed" /* those of which the client is not sure, by the inode */
#define MOVED "moved"           /* the folder of what has no place now; by its number in the journal */

#define MOVES_MOST (UINT64_C(1) << 24)
#define FOLDERS_MOST 200000u
#define NUMBER_SIZE 24

struct move {
	char path[WIRE_PATH_MAX + 1];
	char to[WIRE_PATH_MAX + 1];
};

/* A folder that is to be put in its place; those nearer to the root first. */
struct folder {
	uint32_t depth;
	uint64_t number;
	off_t at;
};

struct moves {
	struct incoming *incoming;
	FILE *journal; /* NULL: none yet */
	FILE *guessed; /* NULL: none */
	uint64_t n;
	int moved_fd;
	struct move at;
	struct folder *folders;
	size_t n_folders, room_folders;
};

int moves_new(struct incoming *incoming, struct moves **moves, struct error *err)
{
	*moves = calloc(1, sizeof(**moves));
	if (*moves == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	(*moves)->incoming = incoming;
	(*moves)->moved_fd = -1;
	return 0;
}

void moves_destroy(struct moves **moves)
{
	struct moves *m = *moves;

	if (m == NULL)
		return;
	*moves = NULL;
	if (m->journal != NULL)
		(void)fclose(m->journal);
	if (m->guessed != NULL)
		(void)fclose(m->guessed);
	if (m->moved_fd >= 0)
		(void)close(m->moved_fd);
	free(m->folders);
	free(m);
}

static int open_journal(struct moves *m, const char *name, int flags, const char *mode, FILE **journal,
                        struct error *err)
{
	int fd = openat(m->incoming->fd, name, flags | O_NOFOLLOW | O_CLOEXEC, 0600);

	*journal = fd >= 0 ? fdopen(fd, mode) : NULL;
	if (*journal != NULL)
		return 0;
	(void)error_sys(err, errno, "opening the journal of moves");
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static int write_text(FILE *journal, const char *text)
{
	uint32_t n = (uint32_t)strlen(text);

	return fwrite(&n, sizeof(n), 1, journal) == 1 && fwrite(text, 1, n, journal) == n ? 0 : -1;
}

int moves_add(struct moves *m, const char *path, const char *to, struct error *err)
{
	if (*path == '\0' || m->n == MOVES_MOST)
		return error_set(err, ERR_PROTOCOL, "%s", *path == '\0' ? "a move of the root" : "too many moves");
	if (m->journal == NULL && open_journal(m, COMING, O_RDWR | O_CREAT | O_TRUNC, "w+", &m->journal, err) != 0)
		return -1;
	if (write_text(m->journal, path) != 0 || write_text(m->journal, to) != 0)
		return error_sys(err, errno, "writing the journal of moves");
	m->n++;
	return 0;
}

/* 1, 0: the end, -1. */
static int read_text(FILE *journal, char text[WIRE_PATH_MAX + 1], struct error *err)
{
	uint32_t n;

	if (fread(&n, sizeof(n), 1, journal) != 1)
		return feof(journal) != 0 ? 0 : error_sys(err, errno, "reading the journal of moves");
	if (n > WIRE_PATH_MAX || fread(text, 1, n, journal) != n)
		return ferror(journal) != 0 ? error_sys(err, errno, "reading the journal of moves")
		                            : error_set(err, ERR_DAMAGED, "the journal of moves is cut short");
	text[n] = '\0';
	return strlen(text) == n ? 1 : error_set(err, ERR_DAMAGED, "the journal of moves is damaged");
}

static int next_record(struct moves *m, struct error *err)
{
	int rc = read_text(m->journal, m->at.path, err);

	if (rc == 1 && read_text(m->journal, m->at.to, err) != 1)
		return err->class != ERR_NONE ? -1 : error_set(err, ERR_DAMAGED, "the journal of moves is cut short");
	return rc;
}

static const char *number(uint64_t n, char text[NUMBER_SIZE])
{
	(void)snprintf(text, NUMBER_SIZE, "%" PRIu64, n);
	return text;
}

static void forget(struct moves *m)
{
	inside_forget(m->incoming->tree);
	inside_forget(m->incoming->other);
}

static int take_away(struct moves *m, uint64_t n, struct error *err)
{
	struct error missing = { .class = ERR_NONE };
	char name[NUMBER_SIZE];
	struct stat st;
	int parent_fd;
	const char *leaf;

	if (m->at.to[0] == '\0')
		return apply_remove(m->incoming, m->at.path, err);
	if (inside_parent(m->incoming->tree, m->at.path, &parent_fd, &leaf, &missing) == 0 &&
	    seal_break(m->incoming->tree_fd, parent_fd, &missing) == 0 &&
	    renameat(parent_fd, leaf, m->moved_fd, number(n, name)) == 0) {
		forget(m);
		return 0;
	}
	/* Done already, before a crash? */
	if (fstatat(m->moved_fd, number(n, name), &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	return error_set(err, ERR_DAMAGED, "the tree does not hold \"%.300s\", which was to be moved", m->at.path);
}

/* Every folder on the way to path is there; whatever else is in the way goes. */
static int make_way(struct moves *m, const char *path, struct error *err)
{
	char part[WIRE_PATH_MAX + 1];

	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		struct stat st;
		int parent_fd;
		const char *leaf;

		memcpy(part, path, (size_t)(slash - path));
		part[slash - path] = '\0';
		if (inside_parent(m->incoming->tree, part, &parent_fd, &leaf, err) != 0)
			return -1;
		if (fstatat(parent_fd, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0) {
			if (S_ISDIR(st.st_mode))
				continue;
			if (seal_break(m->incoming->tree_fd, parent_fd, err) != 0)
				return -1;
			if (unlinkat(parent_fd, leaf, 0) != 0)
				return error_sys(err, errno, "removing \"%.300s\"", part);
			tally_gone(&m->incoming->tally, &st);
		}
		if (seal_break(m->incoming->tree_fd, parent_fd, err) != 0)
			return -1;
		if (mkdirat(parent_fd, leaf, 0700) != 0)
			return error_sys(err, errno, "making the folder \"%.300s\"", part);
	}
	return 0;
}

/* moved/<n> at its new place. Not there: it was done before a crash. */
static int put_down(struct moves *m, uint64_t n, struct error *err)
{
	struct error missing = { .class = ERR_NONE };
	const char *to = m->at.to;
	char name[NUMBER_SIZE];
	struct stat st;
	int parent_fd;
	const char *leaf;

	if (fstatat(m->moved_fd, number(n, name), &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : error_sys(err, errno, "looking for what was taken away");
	if (inside_parent(m->incoming->tree, to, &parent_fd, &leaf, &missing) != 0) {
		forget(m);
		if (make_way(m, to, err) != 0 || inside_parent(m->incoming->tree, to, &parent_fd, &leaf, err) != 0)
			return -1;
	}
	/* Also if it can't be looked at: whoever removes it looks, too. */
	if ((fstatat(parent_fd, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT) &&
	    (apply_remove(m->incoming, to, err) != 0 ||
	     inside_parent(m->incoming->tree, to, &parent_fd, &leaf, err) != 0))
		return -1;
	if (seal_break(m->incoming->tree_fd, parent_fd, err) != 0)
		return -1;
	if (renameat(m->moved_fd, name, parent_fd, leaf) != 0)
		return error_sys(err, errno, "moving \"%.300s\" to \"%.300s\"", m->at.path, to);
	return 0;
}

static uint32_t depth_of(const char *path)
{
	uint32_t depth = 0;

	for (; *path != '\0'; path++)
		depth += *path == '/';
	return depth;
}

static int note_folder(struct moves *m, uint64_t n, off_t at, struct error *err)
{
	if (m->n_folders == m->room_folders) {
		size_t room = m->room_folders != 0 ? 2 * m->room_folders : 64;
		struct folder *grown = m->n_folders < FOLDERS_MOST ? realloc(m->folders, room * sizeof(*grown)) : NULL;

		if (grown == NULL)
			return error_set(err, ERR_SPACE, "more than %u folders moved", FOLDERS_MOST);
		m->folders = grown;
		m->room_folders = room;
	}
	m->folders[m->n_folders++] = (struct folder){ .depth = depth_of(m->at.to), .number = n, .at = at };
	return 0;
}

static int by_depth(const void *a, const void *b)
{
	const struct folder *x = a;
	const struct folder *y = b;

	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static int put_folders_down(struct moves *m, struct error *err)
{
	char name[NUMBER_SIZE];
	struct stat st;
	off_t at = 0;
	int rc;

	rewind(m->journal);
	for (uint64_t n = 0; (rc = next_record(m, err)) == 1; n++, at = ftello(m->journal))
		if (m->at.to[0] != '\0' && fstatat(m->moved_fd, number(n, name), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISDIR(st.st_mode) && note_folder(m, n, at, err) != 0)
			return -1;
	if (m->n_folders > 1)
		qsort(m->folders, m->n_folders, sizeof(*m->folders), by_depth);
	for (size_t i = 0; i < m->n_folders && rc == 0; i++)
		if (fseeko(m->journal, m->folders[i].at, SEEK_SET) != 0)
			rc = error_sys(err, errno, "reading the journal of moves");
		else
			rc = next_record(m, err) == 1 ? put_down(m, m->folders[i].number, err) : -1;
	return rc;
}

/* Goes over the whole journal. */
static int for_each(struct moves *m, int (*work)(struct moves *m, uint64_t n, struct error *err), struct error *err)
{
	int rc;

	rewind(m->journal);
	for (uint64_t n = 0; (rc = next_record(m, err)) == 1; n++)
		if (work(m, n, err) != 0)
			return -1;
	return rc;
}

static int put_down_others(struct moves *m, uint64_t n, struct error *err)
{
	return m->at.to[0] != '\0' ? put_down(m, n, err) : 0;
}

static int open_moved(struct moves *m, struct error *err)
{
	int work_fd = m->incoming->work_fd;

	if (mkdirat(work_fd, MOVED, 0700) != 0 && errno != EEXIST)
		return error_sys(err, errno, "making a folder for what is moved");
	m->moved_fd = openat(work_fd, MOVED, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return m->moved_fd >= 0 ? 0 : error_sys(err, errno, "opening the folder of what is moved");
}

static int note_guess(struct moves *m, uint64_t n, struct error *err)
{
	char name[NUMBER_SIZE];
	struct stat st;
	uint64_t inode;

	if (m->at.to[0] == '\0' || fstatat(m->moved_fd, number(n, name), &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISREG(st.st_mode))
		return 0;
	inode = st.st_ino;
	return fwrite(&inode, sizeof(inode), 1, m->guessed) == 1 && write_text(m->guessed, m->at.path) == 0 &&
	                       write_text(m->guessed, m->at.to) == 0
	               ? 0
	               : error_sys(err, errno, "writing the journal of guessed moves");
}

/* On the disk before any of them is in its new place. */
static int note_guesses(struct moves *m, struct error *err)
{
	struct stat st;

	if (fstatat(m->incoming->fd, GUESSED, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : error_sys(err, errno, "looking for guessed moves");
	if (open_journal(m, GUESSED, O_WRONLY | O_TRUNC, "w", &m->guessed, err) != 0 ||
	    for_each(m, note_guess, err) != 0)
		return -1;
	return fflush(m->guessed) == 0 && fsync(fileno(m->guessed)) == 0
	               ? 0
	               : error_sys(err, errno, "writing the journal of guessed moves");
}

/* The journal is whole and open. taken: its first half is done. */
static int carry_out(struct moves *m, bool taken, struct error *err)
{
	int fd = m->incoming->fd;

	if (open_moved(m, err) != 0)
		return -1;
	if (!taken) {
		if (for_each(m, take_away, err) != 0)
			return -1;
		if (note_guesses(m, err) != 0)
			return -1;
		crash_point("moves-taken");
		if (renameat(fd, WHOLE, fd, TAKEN) != 0)
			return error_sys(err, errno, "renaming the journal of moves");
	}
	forget(m);
	if (put_folders_down(m, err) != 0 || for_each(m, put_down_others, err) != 0)
		return -1;
	forget(m);
	crash_point("moves-put-down");
	if (unlinkat(fd, TAKEN, 0) != 0)
		return error_sys(err, errno, "removing the journal of moves");
	return incoming_trash(m->incoming, m->incoming->work_fd, MOVED, err);
}

/* A mark, which note_guesses fills. */
static int begin_guesses(struct moves *m, struct error *err)
{
	int fd = openat(m->incoming->fd, GUESSED, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EEXIST)
		return error_set(err, ERR_PROTOCOL, "guessed moves a second time");
	if (fd < 0)
		return error_sys(err, errno, "beginning the journal of guessed moves");
	(void)close(fd);
	return 0;
}

int moves_end(struct moves *m, uint64_t n, bool guessed, struct error *err)
{
	int fd = m->incoming->fd;

	if (m->journal == NULL || n != m->n)
		return error_set(err, ERR_PROTOCOL, "MOVES_END of %llu moves after %llu", (unsigned long long)n,
		                 (unsigned long long)m->n);
	if (fflush(m->journal) != 0)
		return error_sys(err, errno, "writing the journal of moves");
	if (guessed && begin_guesses(m, err) != 0)
		return -1;
	if (renameat(fd, COMING, fd, WHOLE) != 0)
		return error_sys(err, errno, "renaming the journal of moves");
	crash_point("moves-written");
	return carry_out(m, false, err);
}

int moves_replay(struct incoming *incoming, struct error *err)
{
	struct moves *m;
	struct stat st;
	bool whole = fstatat(incoming->fd, WHOLE, &st, AT_SYMLINK_NOFOLLOW) == 0;
	bool taken = !whole && errno == ENOENT && fstatat(incoming->fd, TAKEN, &st, AT_SYMLINK_NOFOLLOW) == 0;
	int rc = 0;

	if (!whole && !taken && errno != ENOENT)
		return error_sys(err, errno, "looking for a journal of moves");
	if (unlinkat(incoming->fd, COMING, 0) != 0 && errno != ENOENT)
		return error_sys(err, errno, "removing the beginning of a journal of moves");
	if (!whole && !taken)
		return incoming_trash(incoming, incoming->work_fd, MOVED, err);
	if (moves_new(incoming, &m, err) != 0)
		return -1;
	rc = open_journal(m, whole ? WHOLE : TAKEN, O_RDONLY, "r", &m->journal, err);
	if (rc == 0)
		rc = carry_out(m, taken, err);
	moves_destroy(&m);
	return rc;
}

/* Back to where it was, if nothing has taken that place; else it goes, and crosses again. */
static int take_back(struct moves *m, uint64_t inode, struct error *err)
{
	struct error aside = { .class = ERR_NONE };
	struct inside *tree = m->incoming->tree;
	struct stat st;
	int to_fd;
	int parent_fd;
	const char *to;
	const char *leaf;

	if (make_way(m, m->at.path, &aside) != 0)
		error_clear(&aside);
	if (inside_parent(m->incoming->other, m->at.to, &to_fd, &to, &aside) != 0 ||
	    fstatat(to_fd, to, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode) || st.st_ino != inode)
		return 0;
	if (seal_break(m->incoming->tree_fd, to_fd, err) != 0)
		return -1;
	if (inside_parent(tree, m->at.path, &parent_fd, &leaf, &aside) == 0 &&
	    seal_break(m->incoming->tree_fd, parent_fd, &aside) == 0) {
		if (renameat2(to_fd, to, parent_fd, leaf, RENAME_NOREPLACE) == 0)
			return 0;
		/* GlusterFS knows no such rename. Killed between these two: both names are there, and the listing shows it. */
		if (errno == EINVAL)
			(void)linking_at(to_fd, to, parent_fd, leaf);
	}
	return unlinkat(to_fd, to, 0) == 0 ? 0 : error_sys(err, errno, "removing \"%.300s\"", m->at.to);
}

int moves_doubt(struct incoming *incoming, struct error *err)
{
	struct moves *m;
	struct stat st;
	uint64_t inode;
	int rc = 1;

	if (fstatat(incoming->fd, GUESSED, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : error_sys(err, errno, "looking for guessed moves");
	incoming->tally.unsure = true;
	if (moves_new(incoming, &m, err) != 0)
		return -1;
	if (open_journal(m, GUESSED, O_RDONLY, "r", &m->journal, err) != 0)
		rc = -1;
	while (rc == 1 && fread(&inode, sizeof(inode), 1, m->journal) == 1) {
		rc = next_record(m, err);
		if (rc == 1 && take_back(m, inode, err) != 0)
			rc = -1;
	}
	forget(m);
	moves_destroy(&m);
	if (rc < 0)
		return -1;
	return unlinkat(incoming->fd, GUESSED, 0) == 0 ? 0
	                                               : error_sys(err, errno, "removing the journal of guessed moves");
}

int moves_forget(struct incoming *incoming, struct error *err)
{
	static const char *const journals[] = { COMING, WHOLE, TAKEN };

	incoming->tally.unsure = true;
	for (size_t i = 0; i < sizeof(journals) / sizeof(journals[0]); i++)
		if (unlinkat(incoming->fd, journals[i], 0) != 0 && errno != ENOENT)
			return error_sys(err, errno, "removing the journal of moves");
	return incoming_trash(incoming, incoming->work_fd, MOVED, err);
}
