#include "wire/choose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"

#define TOLD_MOST 12 /* names: there may be thousands */

/* With nothing but an address in hand, nobody can ask for the list. wanted: NULL: the current one, which is not among them, as its record is damaged. */
static int none_such(const char *wanted, const struct generation_info *list, size_t n, struct error *err)
{
	char names[TOLD_MOST * (sizeof(list->name) + 2) + 1] = "";
	char more[64] = "";
	char safe[128];
	size_t used = 0;
	size_t told = n < TOLD_MOST ? n : TOLD_MOST;

	for (size_t i = 0; i < told; i++) {
		char name[sizeof(list->name)];

		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", i != 0 ? ", " : "",
		                         log_escape(list[n - 1 - i].name, name, sizeof(name)));
	}
	if (told < n)
		(void)snprintf(more, sizeof(more), " and %zu older", n - told);
	if (wanted == NULL)
		return error_set(
		        err, ERR_NOT_FOUND,
		        "the newest generation's record can't be read there; name another one (--generation): %s%s",
		        names, more);
	return error_set(err, ERR_NOT_FOUND, "there is no generation %s; those that are: %s%s",
	                 log_escape(wanted, safe, sizeof(safe)), names, more);
}

int choose_generation(struct remote *remote, const char *pipeline, const char *wanted, struct generation_info *chosen,
                      struct error *err)
{
	struct generation_info *list;
	size_t n;
	int rc = -1;

	if (remote_list(remote, &list, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n && rc != 0; i++)
		if (wanted != NULL ? strcmp(list[i].name, wanted) == 0 : list[i].current) {
			*chosen = list[i];
			rc = 0;
		}
	if (rc != 0 && n != 0)
		(void)none_such(wanted, list, n, err);
	else if (rc != 0)
		(void)error_set(err, ERR_NOT_FOUND, "pipeline %s has no generation yet", pipeline);
	free(list);
	return rc;
}
