#include "receiver/survey.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/inside.h"
#include "lib/tree_walk.h"
#include "receiver/incoming.h"
#include "receiver/reading.h"
#include "receiver/record.h"
#include "receiver/version.h"

#define LOST_MOST 1000 /* places of one tree that its disk does not give */

struct making {
	const struct vault *vault;
	struct verify_book *book;
	struct breath *breath;
	struct survey *survey;
	struct survey_item **by_inode, **by_hash; /* those that are there */
	size_t n;
	struct survey_place tree; /* that is walked; its path is not used */
};

int survey_open(const struct vault *vault, const struct survey_place *place, int *tree_fd, struct error *err)
{
	char way[128];

	if (place->generation[0] != '\0')
		return reading_open(vault, place->generation, tree_fd, err);
	(void)snprintf(way, sizeof(way), "%s/tree", place->run);
	*tree_fd = openat(vault->incoming_fd, way, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *tree_fd >= 0 ? 0 : error_sys(err, errno, "opening incoming/%s", place->run);
}

static int by_inode(const void *a, const void *b)
{
	ino_t one = (*(struct survey_item *const *)a)->st.st_ino;
	ino_t other = (*(struct survey_item *const *)b)->st.st_ino;

	return one < other ? -1 : one > other;
}

static int by_hash(const void *a, const void *b)
{
	const struct survey_item *one = *(struct survey_item *const *)a;
	const struct survey_item *other = *(struct survey_item *const *)b;

	return memcmp(one->damage->sha256, other->damage->sha256, sizeof(one->damage->sha256));
}

/* The first that is not smaller than key. */
static size_t lower(struct survey_item *const *sorted, size_t n, const struct survey_item *key,
                    int (*order)(const void *, const void *))
{
	size_t low = 0;

	while (low < n) {
		size_t middle = low + (n - low) / 2;

		if (order(&sorted[middle], &key) < 0)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

static int add(const struct making *m, struct survey_place **list, size_t *n, const struct stat *st, const char *path,
               struct error *err)
{
	struct survey_place *grown = realloc(*list, (*n + 1) * sizeof(*grown));

	if (grown == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	*list = grown;
	grown[*n] = m->tree;
	grown[*n].device = st->st_dev;
	grown[*n].inode = st->st_ino;
	grown[*n].path = strdup(path);
	if (grown[*n].path == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	(*n)++;
	return 0;
}

static int add_place(struct making *m, struct survey_item *item, const struct stat *st, const char *path,
                     struct error *err)
{
	size_t index = (size_t)(item->damage - m->book->damage);

	if (m->survey->n_places == SURVEY_PLACES_MAX) {
		item->whole = false;
		return 0;
	}
	m->survey->n_places++;
	if (add(m, &item->places, &item->n_places, st, path, err) != 0)
		return -1;
	return m->tree.generation[0] != '\0' ? verify_book_touch(m->book, index, m->tree.generation, err) : 0;
}

/* Is it one of the damaged ones? */
static int places(struct making *m, const struct stat *st, const char *path, struct error *err)
{
	struct survey_item key = { .st = *st };
	size_t i = lower(m->by_inode, m->n, &key, by_inode);

	for (; i < m->n && m->by_inode[i]->st.st_ino == st->st_ino; i++)
		if (version_untouched(&m->by_inode[i]->st, st) && add_place(m, m->by_inode[i], st, path, err) != 0)
			return -1;
	return 0;
}

/* Another file, also one that is damaged itself: it may be mended before this one. Found by its recorded hash alone, as a damaged file may have lost its end, or got another one. */
static int twins(struct making *m, const struct stat *st, int parent_fd, const char *name, const char *path,
                 struct error *err)
{
	struct wire_damage wanted = { .path = NULL };
	struct survey_item key = { .damage = &wanted };
	struct version version = { .st = *st };

	version_read_hash(&version, parent_fd, name);
	if (!version.hashed)
		return 0;
	memcpy(wanted.sha256, version.sha256, sizeof(wanted.sha256));
	for (size_t i = lower(m->by_hash, m->n, &key, by_hash);
	     i < m->n && memcmp(m->by_hash[i]->damage->sha256, version.sha256, sizeof(version.sha256)) == 0; i++) {
		struct survey_item *item = m->by_hash[i];

		if (item->n_twins < SURVEY_TWINS_MAX && !version_untouched(&item->st, st) &&
		    add(m, &item->twins, &item->n_twins, st, path, err) != 0)
			return -1;
	}
	return 0;
}

/* Past what the disk does not give. */
static int next(struct tree_walk *walk, unsigned *lost, const struct entry **entry, int *parent_fd, const char **name,
                struct error *err)
{
	int rc;

	while ((rc = tree_walk_next(walk, entry, parent_fd, name, err)) < 0 && *lost < LOST_MOST &&
	       (error_forgive(err, ERR_IO) || error_forgive(err, ERR_DAMAGED)))
		++*lost;
	return rc;
}

static int walk(struct making *m, int tree_fd, struct error *err)
{
	struct tree_walk *walk;
	unsigned lost = 0;
	const struct entry *entry;
	const char *name;
	int parent_fd;
	int rc;

	if (tree_walk_new(tree_fd, true, NULL, &walk, err) != 0)
		return -1;
	tree_walk_light(walk);
	while ((rc = next(walk, &lost, &entry, &parent_fd, &name, err)) == 1) {
		struct stat st;

		if (breath_take(m->breath, err) != 0)
			break;
		if (entry->type != ENTRY_FILE || fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		if (places(m, &st, entry->path, err) != 0 || twins(m, &st, parent_fd, name, entry->path, err) != 0)
			break;
	}
	tree_walk_destroy(&walk);
	return rc == 0 ? 0 : -1;
}

/* A tree that its disk does not give whole may hold more names of what is damaged: nothing is mended then that has more names than were found. */
static int look_into(struct making *m, struct error *err)
{
	struct error fault = { .class = ERR_NONE };
	int tree_fd = -1;
	int rc = survey_open(m->vault, &m->tree, &tree_fd, &fault) == 0 ? walk(m, tree_fd, &fault) : -1;

	if (tree_fd >= 0)
		(void)close(tree_fd);
	if (rc == 0)
		return 0;
	if (fault.class == ERR_IO || fault.class == ERR_DAMAGED || fault.class == ERR_NOT_FOUND ||
	    fault.class == ERR_LOCKED)
		return 0;
	if (err != NULL)
		*err = fault;
	return -1;
}

static int generations(struct making *m, struct error *err)
{
	char(*names)[32];
	size_t n;
	int rc = 0;

	if (record_names(m->vault, &names, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n && rc == 0; i++) {
		m->tree = (struct survey_place){ .run = "" };
		(void)snprintf(m->tree.generation, sizeof(m->tree.generation), "%s", names[i]);
		rc = look_into(m, err);
	}
	free(names);
	return rc;
}

/* What is being built, and waits to go on, shares files with the generation that it began as. */
static int incoming(struct making *m, struct error *err)
{
	int fd = openat(m->vault->incoming_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *found;
	int rc = 0;

	if (dir == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return error_sys(err, errno, "reading incoming");
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while (rc == 0 && (found = readdir(dir)) != NULL) {
		if (!incoming_run_valid(found->d_name))
			continue;
		m->tree = (struct survey_place){ .generation = "" };
		(void)snprintf(m->tree.run, sizeof(m->tree.run), "%.63s", found->d_name);
		rc = look_into(m, err);
	}
	(void)closedir(dir);
	return rc;
}

static void look_up(struct making *m, struct survey_item *item)
{
	const struct wire_damage *damage = item->damage;
	struct error fault = { .class = ERR_NONE };
	struct survey_place own = { .run = "" };
	struct inside *inside = NULL;
	const char *leaf;
	int tree_fd = -1;
	int parent_fd;

	memcpy(own.generation, damage->generation, sizeof(own.generation));
	if (damage->kind == WIRE_DAMAGE_MISSING || *damage->path == '\0')
		return;
	if (survey_open(m->vault, &own, &tree_fd, &fault) == 0 && inside_new(tree_fd, &inside, &fault) == 0 &&
	    inside_parent(inside, damage->path, &parent_fd, &leaf, &fault) == 0 &&
	    fstatat(parent_fd, leaf, &item->st, AT_SYMLINK_NOFOLLOW) != 0)
		(void)error_sys(&fault, errno, "looking at it");
	item->there = fault.class == ERR_NONE && S_ISREG(item->st.st_mode);
	item->hidden = fault.class != ERR_NONE && fault.class != ERR_NOT_FOUND && fault.class != ERR_LOCKED;
	item->hidden =
	        item->hidden || (damage->kind == WIRE_DAMAGE_UNREADABLE && fault.class == ERR_NONE && !item->there);
	inside_destroy(&inside);
	if (tree_fd >= 0)
		(void)close(tree_fd);
}

/* What is mended last is the place by which the damage is known: as long as that is damaged, it is not forgotten, whatever was mended before. The names of one inode stay together, to be links of one another again; in the
 * order of their folders. */
static int by_turn(const void *a, const void *b)
{
	const struct survey_place *one = a;
	const struct survey_place *other = b;
	int order;

	if (one->turn != other->turn)
		return one->turn < other->turn ? -1 : 1;
	if (one->device != other->device)
		return one->device < other->device ? -1 : 1;
	order = strcmp(one->generation, other->generation);
	if (order == 0)
		order = strcmp(one->run, other->run);
	return order != 0 ? order : strcmp(one->path, other->path);
}

static void own_place_last(struct survey_item *item)
{
	for (size_t i = 0; i < item->n_places; i++) {
		struct survey_place *place = &item->places[i];
		bool own = strcmp(place->generation, item->damage->generation) == 0 &&
		           strcmp(place->path, item->damage->path) == 0;

		place->turn = own ? 2 : place->device == item->st.st_dev;
	}
	if (item->n_places > 1)
		qsort(item->places, item->n_places, sizeof(*item->places), by_turn);
}

/* Under which name the newest generation has it: there the source does, perhaps. */
static int newest_path(struct survey_item *item, struct wire_damage *damage, struct error *err)
{
	size_t i = item->n_places;

	free(damage->newest_path);
	damage->newest_path = NULL;
	while (i > 0 && item->places[i - 1].generation[0] == '\0')
		i--;
	if (i == 0 || strcmp(item->places[i - 1].path, damage->path) == 0)
		return 0;
	damage->newest_path = strdup(item->places[i - 1].path);
	return damage->newest_path != NULL ? 0 : error_set(err, ERR_SYSTEM, "out of memory");
}

/* How many names an inode has is told by itself: were all found? */
static int judge(struct making *m, struct survey_item *item, struct error *err)
{
	item->whole = item->whole && item->n_places >= (size_t)item->st.st_nlink;
	if (newest_path(item, &m->book->damage[item->damage - m->book->damage], err) != 0)
		return -1;
	own_place_last(item);
	return 0;
}

static struct timespec changed(int folder_fd)
{
	struct stat st;

	return fstat(folder_fd, &st) == 0 ? st.st_mtim : (struct timespec){ 0 };
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool survey_fresh(const struct vault *vault, const struct survey *survey)
{
	return same_time(survey->generations, changed(vault->generations_fd)) &&
	       same_time(survey->incoming, changed(vault->incoming_fd));
}

/* One file that was found twice: as another name of it, or in another generation that was read alone. The older finding stays. */
static void join(struct making *m)
{
	for (size_t i = 1; i < m->n; i++) {
		struct survey_item *one = m->by_inode[i - 1];
		struct survey_item *other = m->by_inode[i];

		if (!version_untouched(&one->st, &other->st))
			continue;
		if (one->damage < other->damage) {
			m->by_inode[i] = one;
			one = other;
		}
		verify_book_forget(m->book, (size_t)(one->damage - m->book->damage));
		one->there = false;
	}
}

static int fill(struct making *m, struct error *err)
{
	for (size_t i = 0; i < m->survey->n_items; i++) {
		struct survey_item *item = &m->survey->items[i];

		item->damage = &m->book->damage[i];
		if (item->damage->n_generations == 0)
			continue;
		look_up(m, item);
		item->whole = item->there;
		if (item->there)
			m->by_inode[m->n] = m->by_hash[m->n] = item, m->n++;
	}
	if (m->n == 0)
		return 0;
	qsort(m->by_inode, m->n, sizeof(struct survey_item *), by_inode);
	qsort(m->by_hash, m->n, sizeof(struct survey_item *), by_hash);
	if (generations(m, err) != 0 || incoming(m, err) != 0)
		return -1;
	for (size_t i = 0; i < m->n; i++)
		if (judge(m, m->by_inode[i], err) != 0)
			return -1;
	join(m);
	return 0;
}

int survey_make(const struct vault *vault, struct verify_book *book, struct breath *breath, struct survey **survey,
                struct error *err)
{
	struct making m = { .vault = vault, .book = book, .breath = breath };
	int rc = -1;

	*survey = m.survey = calloc(1, sizeof(*m.survey));
	m.by_inode = calloc(book->n_damage + 1, sizeof(struct survey_item *));
	m.by_hash = calloc(book->n_damage + 1, sizeof(struct survey_item *));
	if (m.survey != NULL)
		m.survey->items = calloc(book->n_damage + 1, sizeof(*m.survey->items));
	if (m.survey == NULL || m.survey->items == NULL || m.by_inode == NULL || m.by_hash == NULL) {
		(void)error_set(err, ERR_SYSTEM, "out of memory");
	} else {
		m.survey->n_items = book->n_damage;
		m.survey->generations = changed(vault->generations_fd);
		m.survey->incoming = changed(vault->incoming_fd);
		rc = fill(&m, err);
	}
	free(m.by_inode);
	free(m.by_hash);
	if (rc != 0)
		survey_destroy(survey);
	return rc;
}

static void drop_places(struct survey_place *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i].path);
	free(list);
}

void survey_destroy(struct survey **survey)
{
	struct survey *s = *survey;

	if (s == NULL)
		return;
	*survey = NULL;
	for (size_t i = 0; s->items != NULL && i < s->n_items; i++) {
		drop_places(s->items[i].places, s->items[i].n_places);
		drop_places(s->items[i].twins, s->items[i].n_twins);
	}
	free(s->items);
	free(s);
}
