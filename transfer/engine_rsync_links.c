#include "transfer/engine_rsync_links.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/inside.h"
#include "wire/bare_word.h"

struct look {
	struct inside *source;
	char line_break;           /* what stands for one in a name */
	uint64_t n, seen;          /* names that share an inode there; those that were looked at */
	uint64_t far_inode, inode; /* of the group that is being read, and what its first name is here */
	FILE *apart;               /* their numbers, a line each */
	uint64_t n_apart;
};

/* 0: no such name is here. */
static int inode_here(struct look *look, const char *path, uint64_t *inode, struct error *err)
{
	struct error aside = { .class = ERR_NONE };
	struct stat st;
	const char *leaf;
	int parent_fd;

	*inode = 0;
	if (inside_parent(look->source, path, &parent_fd, &leaf, &aside) != 0) {
		if (aside.class == ERR_NOT_FOUND || aside.class == ERR_REFUSED)
			return 0;
		if (aside.class == ERR_INPUT)
			return error_set(err, ERR_PROTOCOL, "the far end's `link` has a name that is none");
		*err = aside;
		return -1;
	}
	if (fstatat(parent_fd, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0)
		*inode = st.st_ino;
	else if (errno != ENOENT)
		return error_sys(err, errno, "looking at a name of the snapshot with hard links");
	return 0;
}

/* "INODE\t./PATH" */
static int look_at(struct look *look, const char *line, struct error *err)
{
	uint64_t far_inode;
	uint64_t inode;
	char path[PATH_MAX];
	const char *name = bare_word_numbers(line, '\t', &far_inode, 1);

	if (name == NULL || strncmp(name, "\t./", 3) != 0 || strlen(name + 3) >= sizeof(path))
		return error_set(err, ERR_PROTOCOL, "the far end's `link` makes no sense");
	(void)snprintf(path, sizeof(path), "%s", name + 3);
	for (char *c = path; (c = strchr(c, look->line_break)) != NULL;)
		*c = '\n';
	if (inode_here(look, path, &inode, err) != 0)
		return -1;
	look->seen++;
	if (look->seen == 1 || far_inode != look->far_inode) {
		look->far_inode = far_inode;
		look->inode = inode;
		return 0;
	}
	if (inode != 0 && inode == look->inode)
		return 0;
	look->n_apart++;
	return fprintf(look->apart, "%llu\n", (unsigned long long)look->seen) < 0
	               ? error_set(err, ERR_SYSTEM, "out of memory")
	               : 0;
}

/* Some thousands at a time, that what the far end says without being asked stays bounded. */
static int look_at_all(struct look *look, struct bare *bare, struct error *err)
{
	while (look->seen < look->n) {
		uint64_t before = look->seen;
		const char *line;

		if (bare_tell(bare, err, "links %llu", (unsigned long long)look->seen + 1) != 0)
			return -1;
		for (;;) {
			if (bare_hear_any(bare, &line, err) != 0)
				return -1;
			if (strncmp(line, "link ", 5) != 0)
				break;
			if (look->seen == look->n)
				return error_set(err, ERR_PROTOCOL, "the far end has more links than it told");
			if (look_at(look, line + 5, err) != 0)
				return -1;
		}
		if (strcmp(line, "links") != 0 || look->seen == before)
			return error_set(err, ERR_PROTOCOL, "the far end has fewer links than it told");
	}
	return 0;
}

static int tell_apart(struct bare *bare, const char *run, const char *numbers, struct error *err)
{
	char name[BARE_RUN_MAX + 32];
	const char *rest;

	(void)snprintf(name, sizeof(name), ".aob/incoming/%s/apart", run);
	if (bare_put(bare, name, numbers, err) != 0 || bare_tell(bare, err, "part") != 0)
		return -1;
	return bare_hear(bare, "parted", &rest, err);
}

int engine_rsync_links_part(struct bare *bare, const char *run, int source_fd, const char *told, uint64_t entries,
                            uint64_t *parted, struct error *err)
{
	struct look look = { .source = NULL };
	uint64_t numbers[2];
	char *text = NULL;
	size_t bytes = 0;
	int rc = -1;

	*parted = 0;
	if (bare_word_numbers(told, ' ', numbers, 2) == NULL || numbers[0] > entries || numbers[1] == 0 ||
	    numbers[1] >= ' ')
		return error_set(err, ERR_PROTOCOL, "the far end's `linked` makes no sense");
	look.n = numbers[0];
	look.line_break = (char)numbers[1];
	look.apart = open_memstream(&text, &bytes);
	if (look.apart == NULL) {
		rc = error_set(err, ERR_SYSTEM, "out of memory");
	} else if (inside_new(source_fd, &look.source, err) == 0 && look_at_all(&look, bare, err) == 0) {
		rc = fflush(look.apart) != 0 ? error_set(err, ERR_SYSTEM, "out of memory")
		     : look.n_apart == 0     ? 0
		                             : tell_apart(bare, run, text, err);
		*parted = look.n_apart;
	}
	inside_destroy(&look.source);
	if (look.apart != NULL)
		(void)fclose(look.apart);
	free(text);
	return rc;
}
