#include "monitor/details.h"

#include <stdio.h>
#include <string.h>

/* What goes into a question: letters, digits and -, as the broker makes them. */
static bool is_run(const char *run)
{
	size_t len = strspn(run, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-");

	return len > 0 && len < DETAILS_RUN_SIZE && run[len] == '\0';
}

static void want(struct details *details, const char *run)
{
	if (!is_run(run) || details->n_wanted == DETAILS_WANTED_MAX)
		return;
	for (size_t i = 0; i < details->n_wanted; i++)
		if (strcmp(details->wanted[i], run) == 0)
			return;
	(void)snprintf(details->wanted[details->n_wanted++], DETAILS_RUN_SIZE, "%s", run);
}

const struct view_detail *details_find(struct details *details, const char *run)
{
	for (size_t i = 0; i < DETAILS_MAX; i++)
		if (*run != '\0' && details->kept[i].detail != NULL && strcmp(details->kept[i].run, run) == 0)
			return details->kept[i].detail;
	want(details, run);
	return NULL;
}

bool details_next(const struct details *details, char run[DETAILS_RUN_SIZE])
{
	if (details->n_wanted == 0)
		return false;
	memcpy(run, details->wanted[0], DETAILS_RUN_SIZE);
	return true;
}

void details_put(struct details *details, const char *run, struct view_detail **detail)
{
	for (size_t i = 0; i < details->n_wanted; i++)
		if (strcmp(details->wanted[i], run) == 0) {
			details->n_wanted--;
			for (size_t k = i; k < details->n_wanted; k++)
				memcpy(details->wanted[k], details->wanted[k + 1], DETAILS_RUN_SIZE);
			break;
		}
	if (*detail == NULL)
		return;
	(void)snprintf(details->kept[details->next].run, DETAILS_RUN_SIZE, "%s", run);
	view_detail_destroy(&details->kept[details->next].detail);
	details->kept[details->next].detail = *detail;
	*detail = NULL;
	details->next = (details->next + 1) % DETAILS_MAX;
}

void details_done(struct details *details)
{
	for (size_t i = 0; i < DETAILS_MAX; i++)
		view_detail_destroy(&details->kept[i].detail);
}
