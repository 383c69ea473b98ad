#include "receiver/missing.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/inside.h"
#include "lib/log.h"
#include "receiver/differing.h"
#include "receiver/reading.h"
#include "receiver/record.h"
#include "receiver/two_trees.h"
#include "receiver/version.h"

enum { BEFORE, HERE, BEHIND, SIDES };

struct missing {
	struct verify_book *book;
	const char *generation;
	int fds[SIDES];
	struct inside *here;
	struct two_trees trees; /* of the neighbours */
	uint64_t named;
};

static int name(struct missing *m, const char *path, const char *reason, uint64_t size_bytes, struct error *err)
{
	struct wire_damage damage = { .kind = WIRE_DAMAGE_MISSING, .size_bytes = size_bytes, .found_at_s = time(NULL) };

	(void)snprintf(damage.reason, sizeof(damage.reason), "%s", reason);
	m->named++;
	log_line(LOG_ERR, "generation %s: \"%.300s\" is missing: %s", m->generation, path, reason);
	return verify_book_add(m->book, &damage, m->generation, path, err);
}

static bool is_here(struct missing *m, const char *path)
{
	struct stat st;
	int parent_fd;
	const char *leaf;

	return inside_parent(m->here, path, &parent_fd, &leaf, NULL) == 0 &&
	       fstatat(parent_fd, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* What was mended in snapshots has an inode of its own in each. */
static bool same_file(const struct two_trees *t)
{
	struct version before = { .st = t->a.st };
	struct version behind = { .st = t->b.st };

	if (version_untouched(&before.st, &behind.st))
		return true;
	if (before.st.st_size != behind.st.st_size || before.st.st_mtim.tv_sec != behind.st.st_mtim.tv_sec ||
	    before.st.st_mtim.tv_nsec != behind.st.st_mtim.tv_nsec)
		return false;
	version_read_hash(&before, t->a.parent_fd, t->a.name);
	version_read_hash(&behind, t->b.parent_fd, t->b.name);
	return version_same_content(&before, &behind);
}

static int look(struct missing *m, struct error *err)
{
	const struct two_trees *t = &m->trees;
	int order;
	int rc;

	while ((rc = two_trees_next(&m->trees, &order, err)) == 1)
		if (order == 0 && t->a.entry->type == ENTRY_FILE && t->b.entry->type == ENTRY_FILE &&
		    !is_here(m, t->a.entry->path) && same_file(t) &&
		    name(m, t->a.entry->path, "the generations before and behind have it", (uint64_t)t->a.st.st_size,
		         err) != 0)
			return -1;
	return rc;
}

static int compare(const struct vault *vault, struct missing *m, const char *before, const char *behind,
                   struct error *err)
{
	struct error aside = { .class = ERR_NONE };
	int rc = 0;

	m->fds[BEFORE] = m->fds[HERE] = m->fds[BEHIND] = -1;
	if (reading_open(vault, before, &m->fds[BEFORE], &aside) == 0 &&
	    reading_open(vault, m->generation, &m->fds[HERE], &aside) == 0 &&
	    reading_open(vault, behind, &m->fds[BEHIND], &aside) == 0 &&
	    inside_new(m->fds[HERE], &m->here, &aside) == 0 &&
	    two_trees_open(&m->trees.a, m->fds[BEFORE], ".", &aside) == 0 &&
	    two_trees_open(&m->trees.b, m->fds[BEHIND], ".", &aside) == 0)
		rc = look(m, err);
	two_trees_close(&m->trees);
	inside_destroy(&m->here);
	for (int i = 0; i < SIDES; i++)
		if (m->fds[i] >= 0)
			(void)close(m->fds[i]);
	return rc;
}

int missing_find(const struct vault *vault, struct verify_book *book, struct breath *breath, const char *generation,
                 const char *before, const char *behind, uint64_t files, struct error *err)
{
	struct record *record = calloc(1, sizeof(*record));
	struct missing m = { .book = book, .generation = generation };
	char reason[VERIFY_CODEC_REASON_SIZE];
	int64_t expected;
	bool whole;

	if (record == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	expected = record_read(vault, generation, record, NULL) == 0 ? record->own_files : -1;
	free(record);
	if (expected < 0 || files >= (uint64_t)expected)
		return 0;
	/* It was counted from a generation that had lost some, before that one was counted anew. */
	if (differing_same(vault, breath, generation, &whole, err) != 0)
		return -1;
	if (whole)
		return 0;
	if (before != NULL && behind != NULL && compare(vault, &m, before, behind, err) != 0)
		return -1;
	/* What the neighbours have may have been removed by its owner, and come back; and what changed between them may be what is gone: for certain is the number alone. */
	(void)snprintf(reason, sizeof(reason), "it had %llu files when it was published, and has %llu%s",
	               (unsigned long long)expected, (unsigned long long)files,
	               m.named > 0 ? "; those that are named are what its neighbours have, so others may be gone" : "");
	return name(&m, "", reason, 0, err);
}
