#include "wire/choose.h"

#include <stdlib.h>
#include <string.h>

#include "lib/log.h"

int choose_generation(struct remote *remote, const char *pipeline, const char *wanted, struct generation_info *chosen,
                      struct error *err)
{
	struct generation_info *list;
	char safe[128];
	size_t n;
	int rc = -1;

	if (remote_generations(remote, &list, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n && rc != 0; i++)
		if (wanted != NULL ? strcmp(list[i].name, wanted) == 0 : list[i].current) {
			*chosen = list[i];
			rc = 0;
		}
	free(list);
	if (rc == 0)
		return 0;
	return wanted != NULL ? error_set(err, ERR_NOT_FOUND,
	                                  "there is no generation %s; `aob list %s --vault` shows those that are",
	                                  log_escape(wanted, safe, sizeof(safe)), pipeline)
	                      : error_set(err, ERR_NOT_FOUND, "pipeline %s has no generation yet", pipeline);
}
