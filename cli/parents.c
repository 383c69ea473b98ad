#include "cli/parents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int make(struct inside *inside, const char *path, mode_t mode, struct error *err)
{
	char *copy = strdup(path);
	int rc = 0;

	if (copy == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	for (char *slash = strchr(copy, '/'); slash != NULL && rc == 0; slash = strchr(slash + 1, '/')) {
		int parent_fd;
		const char *leaf;

		*slash = '\0';
		rc = inside_parent(inside, copy, &parent_fd, &leaf, err);
		if (rc == 0 && mkdirat(parent_fd, leaf, mode) != 0 && errno != EEXIST)
			rc = error_sys(err, errno, "making the folder \"%.300s\"", copy);
		*slash = '/';
	}
	free(copy);
	return rc;
}

int parents_locate(struct inside *inside, const char *path, mode_t mode, int *parent_fd, const char **leaf,
                   struct error *err)
{
	struct error aside = { .class = ERR_NONE };

	if (inside_parent(inside, path, parent_fd, leaf, &aside) == 0)
		return 0;
	if (aside.class != ERR_NOT_FOUND) {
		if (err != NULL)
			*err = aside;
		return -1;
	}
	return make(inside, path, mode, err) == 0 ? inside_parent(inside, path, parent_fd, leaf, err) : -1;
}
