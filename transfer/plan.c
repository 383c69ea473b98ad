#include "transfer/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/scratch.h"
#include "wire/wire.h"

/* In front of the path, `existing` and the extents. */
struct head {
	uint64_t size_bytes, inode, old_bytes;
	int64_t mtime_s, ctime_s, old_mtime_s;
	uint32_t mtime_ns, ctime_ns, old_mtime_ns;
	uint32_t path_bytes, existing_bytes;
	uint32_t n_extents;
	uint16_t op, basis;
	uint8_t fresh, told;
};

struct plan {
	FILE *lists[PLAN_LISTS];
	struct plan_totals totals;
	char path[PLAN_LISTS][WIRE_PATH_MAX + 1];
	char existing[PLAN_LISTS][WIRE_PATH_MAX + 1];
	struct plan_extent *extents; /* of the last item that had any */
};

int plan_new(struct plan **plan, struct error *err)
{
	struct plan *made = calloc(1, sizeof(*made));

	*plan = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	for (int i = 0; i < PLAN_LISTS; i++) {
		made->lists[i] = scratch_file(err);
		if (made->lists[i] == NULL) {
			plan_destroy(&made);
			return -1;
		}
	}
	*plan = made;
	return 0;
}

void plan_destroy(struct plan **plan)
{
	if (*plan == NULL)
		return;
	for (int i = 0; i < PLAN_LISTS; i++)
		if ((*plan)->lists[i] != NULL)
			(void)fclose((*plan)->lists[i]);
	free((*plan)->extents);
	free(*plan);
	*plan = NULL;
}

static uint32_t extents_of(const struct plan_item *item)
{
	return item->n_extents == PLAN_EVERYWHERE ? 0 : item->n_extents;
}

int plan_add(struct plan *plan, enum plan_list list, const struct plan_item *item, struct error *err)
{
	FILE *file = plan->lists[list];
	uint32_t n = extents_of(item);
	struct head head;

	if (n > PLAN_EXTENTS_MOST)
		return error_set(err, ERR_INTERNAL, "%u extents of one file", n);
	memset(&head, 0, sizeof(head));
	head.size_bytes = item->size_bytes;
	head.inode = item->inode;
	head.old_bytes = item->old_bytes;
	head.mtime_s = item->mtime_s;
	head.mtime_ns = item->mtime_ns;
	head.ctime_s = item->ctime_s;
	head.ctime_ns = item->ctime_ns;
	head.old_mtime_s = item->old_mtime_s;
	head.old_mtime_ns = item->old_mtime_ns;
	head.path_bytes = (uint32_t)strlen(item->path);
	head.existing_bytes = (uint32_t)strlen(item->existing);
	head.n_extents = item->n_extents;
	head.op = (uint16_t)item->op;
	head.basis = (uint16_t)item->basis;
	head.fresh = item->fresh;
	head.told = item->told;
	if (fwrite(&head, sizeof(head), 1, file) != 1 ||
	    fwrite(item->path, 1, head.path_bytes, file) != head.path_bytes ||
	    fwrite(item->existing, 1, head.existing_bytes, file) != head.existing_bytes ||
	    (n != 0 && fwrite(item->extents, sizeof(*item->extents), n, file) != n))
		return error_sys(err, errno, "writing the plan into a temporary file");
	if (list == PLAN_DRAFT)
		return 0;
	if (!item->told && list != PLAN_FOLDERS)
		plan->totals.kinds[plan_kind(item)]++;
	plan->totals.enclosed += item->told && item->fresh;
	plan->totals.items++;
	plan->totals.moves += item->op == PLAN_MOVE;
	plan->totals.guessed += item->op == PLAN_MOVE && item->guessed;
	plan->totals.leaving += item->op == PLAN_MOVE || item->op == PLAN_REMOVE;
	if (item->op == PLAN_FILE) {
		plan->totals.files++;
		plan->totals.file_bytes += item->size_bytes;
	}
	return 0;
}

int plan_begin(struct plan *plan, enum plan_list list, struct error *err)
{
	if (fflush(plan->lists[list]) != 0 || fseeko(plan->lists[list], 0, SEEK_SET) != 0)
		return error_sys(err, errno, "going back to the start of the plan");
	return 0;
}

static int read_extents(struct plan *plan, FILE *file, uint32_t n, struct error *err)
{
	struct plan_extent *grown;

	if (n == 0)
		return 0;
	grown = realloc(plan->extents, n * sizeof(*grown));
	if (grown == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	plan->extents = grown;
	return fread(grown, sizeof(*grown), n, file) == n
	               ? 0
	               : error_set(err, ERR_IO, "the plan's temporary file is cut short");
}

/* The next item but for its extents. */
static int read_item(FILE *file, char path[WIRE_PATH_MAX + 1], char existing[WIRE_PATH_MAX + 1], struct plan_item *item,
                     struct error *err)
{
	struct head head;

	if (fread(&head, sizeof(head), 1, file) != 1)
		return feof(file) != 0 ? 0 : error_sys(err, errno, "reading the plan");
	if (head.path_bytes > WIRE_PATH_MAX || head.existing_bytes > WIRE_PATH_MAX ||
	    (head.n_extents > PLAN_EXTENTS_MOST && head.n_extents != PLAN_EVERYWHERE) ||
	    fread(path, 1, head.path_bytes, file) != head.path_bytes ||
	    fread(existing, 1, head.existing_bytes, file) != head.existing_bytes)
		return error_set(err, ERR_IO, "the plan's temporary file is cut short");
	path[head.path_bytes] = '\0';
	existing[head.existing_bytes] = '\0';
	*item = (struct plan_item){ .op = (enum plan_op)head.op,
		                    .fresh = head.fresh != 0,
		                    .told = head.told != 0,
		                    .path = path,
		                    .existing = existing,
		                    .size_bytes = head.size_bytes,
		                    .inode = head.inode,
		                    .basis = (enum plan_basis)head.basis,
		                    .old_bytes = head.old_bytes,
		                    .mtime_s = head.mtime_s,
		                    .ctime_s = head.ctime_s,
		                    .ctime_ns = head.ctime_ns,
		                    .old_mtime_s = head.old_mtime_s,
		                    .mtime_ns = head.mtime_ns,
		                    .old_mtime_ns = head.old_mtime_ns,
		                    .n_extents = head.n_extents };
	return 1;
}

int plan_next(struct plan *plan, enum plan_list list, struct plan_item *item, struct error *err)
{
	int rc = read_item(plan->lists[list], plan->path[list], plan->existing[list], item, err);

	if (rc != 1)
		return rc;
	if (read_extents(plan, plan->lists[list], extents_of(item), err) != 0)
		return -1;
	item->extents = plan->extents;
	return 1;
}

struct plan_reader {
	FILE *file;
	char path[WIRE_PATH_MAX + 1];
	char existing[WIRE_PATH_MAX + 1];
};

int plan_reader_new(struct plan *plan, enum plan_list list, struct plan_reader **reader, struct error *err)
{
	struct plan_reader *made = calloc(1, sizeof(*made));
	char path[32];

	*reader = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	/* An open file of its own, with a position of its own. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(plan->lists[list]));
	if (fflush(plan->lists[list]) == 0)
		made->file = fopen(path, "re");
	if (made->file == NULL) {
		free(made);
		return error_sys(err, errno, "opening the plan once more");
	}
	*reader = made;
	return 0;
}

void plan_reader_destroy(struct plan_reader **reader)
{
	if (*reader == NULL)
		return;
	(void)fclose((*reader)->file);
	free(*reader);
	*reader = NULL;
}

int plan_reader_next(struct plan_reader *reader, struct plan_item *item, struct error *err)
{
	int rc = read_item(reader->file, reader->path, reader->existing, item, err);

	if (rc == 1 && fseeko(reader->file, (off_t)(extents_of(item) * sizeof(struct plan_extent)), SEEK_CUR) != 0)
		return error_sys(err, errno, "reading the plan");
	return rc;
}

struct plan_totals plan_totals(const struct plan *plan)
{
	return plan->totals;
}

void plan_moved_away(struct plan *plan)
{
	plan->totals.kinds[PLAN_KIND_REMOVED]--;
}

enum plan_kind plan_kind(const struct plan_item *item)
{
	switch (item->op) {
	case PLAN_REMOVE:
		return PLAN_KIND_REMOVED;
	case PLAN_MOVE:
		return PLAN_KIND_MOVED;
	case PLAN_META:
		return PLAN_KIND_METADATA;
	case PLAN_MAKE:
	case PLAN_FILE:
	case PLAN_LINK:
		break;
	}
	return item->fresh ? PLAN_KIND_NEW : PLAN_KIND_CHANGED;
}

const char *plan_kind_word(enum plan_kind kind)
{
	static const char *const words[PLAN_KINDS] = { "removed", "moved", "new", "changed", "metadata" };

	return words[kind];
}
