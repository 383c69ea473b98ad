#include "transfer/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/scratch.h"
#include "wire/wire.h"

struct head {
	uint64_t size_bytes, old_bytes;
	uint32_t path_bytes, existing_bytes;
	uint32_t op;
};

struct plan {
	FILE *lists[PLAN_LISTS];
	struct plan_totals totals;
	char path[PLAN_LISTS][WIRE_PATH_MAX + 1];
	char existing[WIRE_PATH_MAX + 1];
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
	free(*plan);
	*plan = NULL;
}

int plan_add(struct plan *plan, enum plan_list list, const struct plan_item *item, struct error *err)
{
	FILE *file = plan->lists[list];
	struct head head;

	memset(&head, 0, sizeof(head));
	head.size_bytes = item->size_bytes;
	head.old_bytes = item->old_bytes;
	head.path_bytes = (uint32_t)strlen(item->path);
	head.existing_bytes = (uint32_t)strlen(item->existing);
	head.op = (uint32_t)item->op;
	if (fwrite(&head, sizeof(head), 1, file) != 1 ||
	    fwrite(item->path, 1, head.path_bytes, file) != head.path_bytes ||
	    fwrite(item->existing, 1, head.existing_bytes, file) != head.existing_bytes)
		return error_sys(err, errno, "writing the plan into a temporary file");
	plan->totals.items++;
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

int plan_next(struct plan *plan, enum plan_list list, struct plan_item *item, struct error *err)
{
	FILE *file = plan->lists[list];
	struct head head;

	if (fread(&head, sizeof(head), 1, file) != 1)
		return feof(file) != 0 ? 0 : error_sys(err, errno, "reading the plan");
	if (head.path_bytes > WIRE_PATH_MAX || head.existing_bytes > WIRE_PATH_MAX ||
	    fread(plan->path[list], 1, head.path_bytes, file) != head.path_bytes ||
	    fread(plan->existing, 1, head.existing_bytes, file) != head.existing_bytes)
		return error_set(err, ERR_IO, "the plan's temporary file is cut short");
	plan->path[list][head.path_bytes] = '\0';
	plan->existing[head.existing_bytes] = '\0';
	*item = (struct plan_item){ .op = (enum plan_op)head.op,
		                    .path = plan->path[list],
		                    .existing = plan->existing,
		                    .size_bytes = head.size_bytes,
		                    .old_bytes = head.old_bytes };
	return 1;
}

struct plan_totals plan_totals(const struct plan *plan)
{
	return plan->totals;
}
