#include "receiver/verify_round.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/entry.h"
#include "lib/link_map.h"
#include "lib/log.h"
#include "receiver/content_check.h"
#include "receiver/missing.h"
#include "receiver/reading.h"
#include "receiver/record.h"
#include "receiver/two_trees.h"
#include "receiver/verify_share.h"
#include "receiver/version.h"

#define SAVE_MS 10000
#define LOST_MOST                                                                                                      \
	1000 /* places of one generation that its disk does not give; then it is not gone through to its end */

struct round {
	const struct vault *vault;
	struct verify_book *book;
	struct breath *breath;
	struct wire_verified *verified;
	struct verify_round_ended *ended;
	char chosen[32];       /* of one: which */
	bool one;              /* this generation alone: no neighbour, and the book's round stands still */
	uint64_t budget;       /* bytes that are left to read */
	struct link_map *seen; /* inodes with more than one name that were read in this call -> their device */
	int64_t saved_ms;
	/* The generation that is looked at. */
	const char *generation;
	uint64_t files;
	unsigned lost, lost_before; /* places that its disk does not give; of the one before */
	bool skipping;              /* what the book says is done */
};

/* The generations with a record and a folder, be it one that its disk does not give; oldest first; *names is the caller's, free(3). */
static int list(const struct vault *vault, char (**names)[32], size_t *n, struct error *err)
{
	size_t kept = 0;

	if (record_names(vault, names, n, err) != 0)
		return -1;
	for (size_t i = 0; i < *n; i++)
		if (vault_has(vault, (*names)[i], NULL) != 0)
			memmove((*names)[kept++], (*names)[i], sizeof(**names));
	*n = kept;
	return 0;
}

/* What a round reads: the oldest generation, and what the others brought; or what the last round read, if that was more, as a large file of which little changes is read anew each time. */
static uint64_t total(const struct vault *vault, const struct verify_book *book)
{
	char(*names)[32];
	size_t n;
	uint64_t bytes = 0;

	if (list(vault, &names, &n, NULL) != 0)
		return book->last_bytes;
	for (size_t i = 0; i < n; i++) {
		struct record *record = calloc(1, sizeof(*record));

		if (record != NULL && record_read(vault, names[i], record, NULL) == 0)
			bytes += i == 0 ? record->bytes : record->new_bytes;
		free(record);
	}
	free(names);
	return bytes > book->last_bytes ? bytes : book->last_bytes;
}

void verify_round_told(const struct vault *vault, const struct verify_book *book, struct wire_verified *verified)
{
	verified->damaged = verify_book_count(book) + book->more_damage;
	verified->round_began_s = book->began_at_s;
	verified->round_bytes = book->bytes;
	verified->round_total = total(vault, book);
	if (verified->round_total < book->bytes)
		verified->round_total = book->bytes;
	verified->last_round_s = book->last_ended_s;
}

static int save(struct round *r, struct error *err)
{
	r->saved_ms = clock_now_ms();
	return verify_book_save(r->book, err);
}

static int found(struct round *r, const struct two_trees_side *side, const struct content_check *check,
                 struct error *err)
{
	struct wire_damage damage = { .kind = check->state == CONTENT_WRONG ? WIRE_DAMAGE_CONTENT
		                                                            : WIRE_DAMAGE_UNREADABLE,
		                      .size_bytes = (uint64_t)side->st.st_size,
		                      .found_at_s = time(NULL) };

	memcpy(damage.sha256, check->sha256, sizeof(damage.sha256));
	log_line(LOG_ERR, "generation %s: \"%.300s\" %s", r->generation, side->entry->path,
	         damage.kind == WIRE_DAMAGE_CONTENT ? "is not what was backed up" : "can't be read from its disk");
	return verify_book_add(r->book, &damage, r->generation, side->entry->path, err);
}

static void count(struct round *r, const struct content_check *check, uint64_t bytes)
{
	bool unhashed = check->state == CONTENT_UNHASHED || check->state == CONTENT_SHUT;

	r->verified->files++;
	r->verified->bytes += bytes;
	r->verified->unhashed += unhashed;
	if (r->one)
		return;
	r->book->files++;
	r->book->bytes += bytes;
	r->book->unhashed += unhashed;
	r->budget -= bytes < r->budget ? bytes : r->budget;
}

/* Another name of what was read just now? */
static int read_before(struct round *r, const struct stat *st, struct error *err)
{
	uint64_t device = st->st_dev;
	uint64_t before;
	size_t n;
	int rc;

	if (entry_names(st) < 2)
		return 0;
	rc = link_map_get(r->seen, st->st_ino, &before, sizeof(before), &n, err);
	if (rc != 0)
		return rc < 0 ? -1 : before == device;
	return link_map_put(r->seen, st->st_ino, &device, sizeof(device), err);
}

static int read_file(struct round *r, const struct two_trees_side *side, struct error *err)
{
	struct content_check check;
	uint64_t bytes = (uint64_t)side->st.st_size;
	int rc = read_before(r, &side->st, err);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (content_check(side->parent_fd, side->name, bytes, r->breath, &check, err) != 0)
		return -1;
	if (check.state == CONTENT_GONE)
		return 0;
	if (content_check_damaged(&check) && found(r, side, &check, err) != 0)
		return -1;
	count(r, &check, bytes);
	if (r->one)
		return 0;
	(void)snprintf(r->book->path, sizeof(r->book->path), "%s", side->entry->path);
	r->book->generation_files = r->files;
	/* killed here: what was read since is read again */
	return clock_now_ms() - r->saved_ms > SAVE_MS ? save(r, err) : 0;
}

/* What lies there is not given by its disk, be it a file or a folder with all in it. */
static int lose(struct round *r, const char *path, const char *reason, struct error *err)
{
	struct wire_damage damage = { .kind = WIRE_DAMAGE_UNREADABLE, .found_at_s = time(NULL) };

	r->lost++;
	(void)snprintf(damage.reason, sizeof(damage.reason), "%.250s", reason);
	log_line(LOG_ERR, "generation %s: \"%.300s\" can't be read from its disk: %s", r->generation, path, reason);
	return verify_book_add(r->book, &damage, r->generation, path, err);
}

static int lose_inode(struct round *r, const struct two_trees_side *here, struct error *err)
{
	struct error fault = { .class = ERR_NONE };

	if (here->sys == ENOENT)
		return 0;
	(void)error_sys(&fault, here->sys, "looking at it");
	return lose(r, here->entry->path, fault.text, err);
}

static int look_at(struct round *r, const struct two_trees *trees, int order, struct error *err)
{
	const struct two_trees_side *here = &trees->b;

	if (order < 0 || here->entry->type == ENTRY_FOLDER)
		return 0;
	if (r->skipping && entry_order(here->entry->path, r->book->path) <= 0)
		return 0;
	if (here->sys != 0)
		return lose_inode(r, here, err);
	if (here->entry->type != ENTRY_FILE)
		return 0;
	r->skipping = false;
	r->files++;
	if (order == 0 && trees->a.st.st_mode != 0 && version_untouched(&trees->a.st, &here->st))
		return 0;
	return read_file(r, here, err);
}

/* A place that its disk does not give is named, and passed over: all else is looked at all the same. Of the generation before it was named there; what lies in it is read here then, as it was not there. */
static int pass_over(struct round *r, struct two_trees *trees, struct error *err)
{
	char *reason;
	int rc;

	if (err->class != ERR_IO && err->class != ERR_DAMAGED)
		return -1;
	if (trees->failed == &trees->a) {
		error_clear(err);
		if (++r->lost_before == LOST_MOST)
			two_trees_drop(&trees->a);
		return 0;
	}
	if (r->lost == LOST_MOST)
		return -1;
	reason = strdup(err->text);
	error_clear(err);
	if (reason == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	rc = lose(r, tree_walk_at(trees->b.walk), reason, err);
	free(reason);
	return rc;
}

/* 1: all of it was looked at, 0: the budget ended before. */
static int walk(struct round *r, struct two_trees *trees, struct error *err)
{
	int order;
	int rc;

	while ((rc = two_trees_next(trees, &order, err)) != 0) {
		if (rc < 0 ? pass_over(r, trees, err) != 0 : look_at(r, trees, order, err) != 0)
			return -1;
		if (breath_take(r->breath, err) != 0)
			return -1;
		if (r->budget == 0)
			return 0;
	}
	return 1;
}

/* Too many of those, or not even the generation's own folder: the others are looked at all the same. */
static int lose_generation(struct round *r, struct error *err)
{
	char reason[256];

	if (err->class != ERR_IO && err->class != ERR_DAMAGED)
		return -1;
	(void)snprintf(reason, sizeof(reason), "%.250s", err->text);
	error_clear(err);
	return lose(r, "", reason, err) == 0 ? 1 : -1;
}

/* What is held open of a generation and of the one before it. */
struct pair {
	int fd, before_fd;
	struct two_trees trees;
};

static int open_pair(struct round *r, const char *before, struct pair *pair, struct error *err)
{
	if (reading_open(r->vault, r->generation, &pair->fd, err) != 0)
		return -1;
	/* Without the one before everything is read: too much, never too little. */
	if (before != NULL && !r->one && reading_open(r->vault, before, &pair->before_fd, NULL) == 0 &&
	    two_trees_open(&pair->trees.a, pair->before_fd, ".", NULL) != 0)
		two_trees_drop(&pair->trees.a);
	return two_trees_open(&pair->trees.b, pair->fd, ".", err);
}

static void close_pair(struct pair *pair)
{
	two_trees_close(&pair->trees);
	if (pair->fd >= 0)
		(void)close(pair->fd);
	if (pair->before_fd >= 0)
		(void)close(pair->before_fd);
}

static int note_end(struct round *r, struct error *err)
{
	struct verify_round_ended *ended = r->ended;
	char(*grown)[32] = realloc(ended->names, (ended->n + 1) * sizeof(*grown));

	if (grown == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	ended->names = grown;
	(void)snprintf(grown[ended->n++], sizeof(*grown), "%s", r->generation);
	return 0;
}

/* 1: done with it, or it is not there any more; 0: the budget ended; -1. before: NULL: there is none. */
static int look_into(struct round *r, const char *before, const char *behind, struct error *err)
{
	struct pair pair = { .fd = -1, .before_fd = -1 };
	int rc = -1;

	r->lost = r->lost_before = 0;
	if (open_pair(r, before, &pair, err) == 0)
		rc = walk(r, &pair.trees, err);
	if (rc < 0 && pair.fd < 0 && !r->one && (error_forgive(err, ERR_NOT_FOUND) || error_forgive(err, ERR_LOCKED)))
		rc = 1;
	else if (rc < 0)
		rc = lose_generation(r, err);
	else if (rc == 1 && r->lost == 0 && reading_check(r->vault, r->generation, pair.fd, NULL) == 0 &&
	         (missing_find(r->vault, r->book, r->breath, r->generation, before, behind, r->files, err) != 0 ||
	          note_end(r, err) != 0))
		rc = -1;
	close_pair(&pair);
	return rc;
}

/* Where in the list the round goes on; n: it is through. */
static size_t where(const struct verify_book *book, char (*names)[32], size_t n)
{
	size_t i = 0;

	while (i < n && (strcmp(names[i], book->generation) < 0 ||
	                 (book->generation_done && strcmp(names[i], book->generation) == 0)))
		i++;
	return i;
}

static void enter(struct round *r, const char *generation)
{
	bool again = strcmp(r->book->generation, generation) == 0;

	r->generation = generation;
	r->skipping = again && r->book->path[0] != '\0';
	r->files = again ? r->book->generation_files : 0;
	if (again)
		return;
	(void)snprintf(r->book->generation, sizeof(r->book->generation), "%s", generation);
	r->book->path[0] = '\0';
	r->book->generation_files = 0;
	r->book->generation_done = false;
}

static int go_round(struct round *r, char (*names)[32], size_t n, struct error *err)
{
	int rc = 1;

	for (size_t i = where(r->book, names, n); i < n && rc == 1; i++) {
		enter(r, names[i]);
		rc = look_into(r, i > 0 ? names[i - 1] : NULL, i + 1 < n ? names[i + 1] : NULL, err);
		if (rc == 1)
			r->book->generation_done = true;
	}
	if (rc == 1) {
		verify_book_end(r->book, time(NULL));
		r->verified->round_ended = true;
	}
	return rc < 0 ? -1 : 0;
}

static int go_through_one(struct round *r, const char *generation, char (*names)[32], size_t n, struct error *err)
{
	size_t i = 0;

	(void)snprintf(r->chosen, sizeof(r->chosen), "%s", generation);
	if (reading_choose(r->vault, r->chosen, err) != 0)
		return -1;
	r->generation = r->chosen;
	r->one = true;
	while (i < n && strcmp(names[i], r->chosen) != 0)
		i++;
	return look_into(r, i > 0 && i < n ? names[i - 1] : NULL, i + 1 < n ? names[i + 1] : NULL, err) < 0 ? -1 : 0;
}

static void set_out(struct round *r, const struct verify_want *want, const char *newest)
{
	struct verify_book *book = r->book;
	struct verify_pace pace = { .now_s = time(NULL), .every_s = want->every_s };

	/* The clock was wrong; counted from then, nothing would be due for years. */
	if (book->began_at_s > pace.now_s)
		book->began_at_s = pace.now_s;
	/* Also of a book that tells of a generation which is newer than all: what it says was read is not what lies here. */
	if (want->how == WIRE_VERIFY_ALL || book->began_at_s == 0 || strcmp(book->generation, newest) > 0) {
		int64_t began_s = book->began_at_s;

		verify_book_begin(book, pace.now_s);
		/* What the round before had not come to is due when it was. */
		if (began_s != 0)
			book->began_at_s = began_s;
	}
	pace.began_s = book->began_at_s;
	pace.done_bytes = book->bytes;
	pace.total_bytes = total(r->vault, book);
	r->budget = want->how == WIRE_VERIFY_ALL ? VERIFY_SHARE_ALL : verify_share_bytes(&pace);
	r->breath->total = pace.total_bytes > pace.done_bytes ? pace.total_bytes - pace.done_bytes : 0;
	if (r->breath->total > r->budget)
		r->breath->total = r->budget;
}

int verify_round_run(const struct vault *vault, struct verify_book *book, struct breath *breath,
                     const struct verify_want *want, struct wire_verified *verified, struct verify_round_ended *ended,
                     struct error *err)
{
	struct round r = { .vault = vault,
		           .book = book,
		           .breath = breath,
		           .verified = verified,
		           .ended = ended,
		           .budget = VERIFY_SHARE_ALL };
	struct error aside = { .class = ERR_NONE };
	char(*names)[32] = NULL;
	size_t n;
	int rc = -1;

	r.saved_ms = clock_now_ms();
	if (list(vault, &names, &n, err) == 0 && link_map_new(&r.seen, err) == 0) {
		if (want->how == WIRE_VERIFY_ONE) {
			rc = go_through_one(&r, want->generation, names, n, err);
		} else {
			set_out(&r, want, n > 0 ? names[n - 1] : "");
			rc = go_round(&r, names, n, err);
		}
	}
	/* Also of what ends for an error: the next one goes on from there. */
	if (names != NULL && verify_book_save(book, &aside) != 0 && rc == 0)
		rc = error_set(err, aside.class, "%s", aside.text);
	link_map_destroy(&r.seen);
	free(names);
	return rc;
}
