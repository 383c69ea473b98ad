#include "receiver/unseen.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/tree_walk.h"

#define LIST_BYTES_MAX 65536 /* the kernel's own limit */

static bool is_unseen(const char *name)
{
	static const char space[] = "trusted.";
	static const char left_out[] = "trusted.SGI_ACL_"; /* an ACL once more, on XFS */

	return strncmp(name, space, sizeof(space) - 1) == 0 && strncmp(name, left_out, sizeof(left_out) - 1) != 0;
}

static bool has_one(int parent_fd, const char *name)
{
	static char names[LIST_BYTES_MAX];
	char path[NAME_MAX + 64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", parent_fd, name);
	n = llistxattr(path, names, sizeof(names));
	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(names + at) + 1)
		if (is_unseen(names + at))
			return true;
	return false;
}

static bool look(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct tree_walk *walk = NULL;
	const struct entry *entry;
	const char *name;
	bool found = false;
	int parent_fd;

	if (fd < 0 || tree_walk_new(fd, false, NULL, &walk, NULL) != 0)
		return false;
	tree_walk_light(walk);
	while (!found && tree_walk_next(walk, &entry, &parent_fd, &name, NULL) == 1)
		found = has_one(parent_fd, name);
	tree_walk_destroy(&walk);
	(void)close(fd);
	return found;
}

/* Nothing but a folder's path comes; an end without one: nobody asks any more. */
static _Noreturn void serve(int fd)
{
	char folder[PATH_MAX];
	size_t have = 0;
	ssize_t n;

	while (have < sizeof(folder) - 1 &&
	       ((n = read(fd, folder + have, sizeof(folder) - 1 - have)) > 0 || (n < 0 && errno == EINTR)))
		have += n > 0 ? (size_t)n : 0;
	folder[have] = '\0';
	_exit(have != 0 && look(folder) ? EXIT_SUCCESS : EXIT_FAILURE);
}

void unseen_begin(struct unseen *unseen)
{
	int ends[2];

	*unseen = (struct unseen){ .pid = 0 };
	if (geteuid() != 0 || pipe2(ends, O_CLOEXEC) != 0)
		return;
	unseen->pid = fork();
	if (unseen->pid == 0) {
		(void)close(ends[1]);
		serve(ends[0]);
	}
	(void)close(ends[0]);
	unseen->ask_fd = ends[1];
	if (unseen->pid < 0) {
		(void)close(ends[1]);
		unseen->pid = 0;
	}
}

/* Its exit status; -1: it had none. */
static int reap(struct unseen *unseen)
{
	int status = -1;

	if (unseen->pid == 0)
		return -1;
	(void)close(unseen->ask_fd);
	while (waitpid(unseen->pid, &status, 0) < 0 && errno == EINTR)
		;
	unseen->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool unseen_there(struct unseen *unseen, const char *folder)
{
	size_t n = strlen(folder);

	/* Less than a pipe takes at once. */
	if (unseen->pid == 0 || n >= PATH_MAX || write(unseen->ask_fd, folder, n) != (ssize_t)n)
		return false;
	return reap(unseen) == EXIT_SUCCESS;
}

void unseen_end(struct unseen *unseen)
{
	(void)reap(unseen);
}
