#include "transfer/engine_rsync_links.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/clock.h"
#include "lib/inside.h"
#include "lib/link_map.h"
#include "wire/bare_word.h"

#define PAGE_LINES 100000               /* that the far end says without being asked again */
#define PIECE_NAMES 1000                /* that it parts before it listens again, … */
#define PIECE_BYTES (UINT64_C(1) << 30) /* … and of whose files about so many bytes */
#define PING_MS 60000

/* A name that becomes a file of its own: a copy, or a link of the copy that another line's has become. */
struct apart {
	uint64_t line;
	uint64_t of;         /* 0: a copy */
	uint64_t copy_bytes; /* 0 of a link */
};

struct look {
	struct bare *bare;
	const char *run;
	struct inside *source;
	struct link_map *copies; /* of each inode here that is apart, the line that has its copy */
	char line_break;         /* what stands for one in a name */
	uint64_t n, seen;        /* names that share an inode there; those that were looked at */
	uint64_t far_inode,
	        inode;      /* of the group that is being read, and what its first name is here; 0: no name was here */
	struct apart *page; /* room for PAGE_LINES */
	size_t n_page;
	uint64_t parted;
	int64_t said_ms;
};

/* out: inode: 0: no such name is here. */
static int look_here(struct look *look, const char *path, uint64_t *inode, uint64_t *bytes, struct error *err)
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
	if (fstatat(parent_fd, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		*inode = st.st_ino;
		*bytes = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	} else if (errno != ENOENT) {
		return error_sys(err, errno, "looking at a name of the snapshot with hard links");
	}
	return 0;
}

/* The first name of an inode takes a copy, the others are links of that. */
static int take_apart(struct look *look, uint64_t inode, uint64_t bytes, struct error *err)
{
	struct apart *apart = &look->page[look->n_page];
	size_t len_bytes;
	int known;

	*apart = (struct apart){ .line = look->seen };
	known = link_map_get(look->copies, inode, &apart->of, sizeof(apart->of), &len_bytes, err);
	if (known == 0) {
		apart->copy_bytes = bytes;
		known = link_map_put(look->copies, inode, &apart->line, sizeof(apart->line), err);
	}
	look->n_page++;
	return known < 0 ? -1 : 0;
}

/* "INODE\t./PATH" */
static int look_at(struct look *look, const char *line, struct error *err)
{
	uint64_t far_inode;
	uint64_t inode;
	uint64_t bytes = 0;
	char path[PATH_MAX];
	const char *name = bare_word_numbers(line, '\t', &far_inode, 1);

	if (name == NULL || strncmp(name, "\t./", 3) != 0 || strlen(name + 3) >= sizeof(path))
		return error_set(err, ERR_PROTOCOL, "the far end's `link` makes no sense");
	(void)snprintf(path, sizeof(path), "%s", name + 3);
	for (char *c = path; (c = strchr(c, look->line_break)) != NULL;)
		*c = '\n';
	if (look_here(look, path, &inode, &bytes, err) != 0)
		return -1;
	look->seen++;
	if (look->seen == 1 || far_inode != look->far_inode) {
		look->far_inode = far_inode;
		look->inode = 0;
	}
	if (look->inode == 0)
		look->inode = inode;
	/* What is not here at all the count of names tells. */
	return inode == 0 || inode == look->inode ? 0 : take_apart(look, inode, bytes, err);
}

/* While it waits for what comes next the far end is told that somebody is there. */
static int keep_alive(struct look *look, struct error *err)
{
	if (clock_now_ms() - look->said_ms < PING_MS)
		return 0;
	look->said_ms = clock_now_ms();
	return bare_tell(look->bare, err, "ping");
}

static int read_page(struct look *look, struct error *err)
{
	uint64_t before = look->seen;
	uint64_t end = look->n - before < PAGE_LINES ? look->n : before + PAGE_LINES;
	const char *line;

	look->said_ms = clock_now_ms();
	if (bare_tell(look->bare, err, "links %llu %d", (unsigned long long)before + 1, PAGE_LINES) != 0)
		return -1;
	for (;;) {
		if (bare_hear_any(look->bare, &line, err) != 0)
			return -1;
		if (strncmp(line, "link ", 5) != 0)
			break;
		if (look->seen == end)
			return error_set(err, ERR_PROTOCOL, "the far end has more links than it told");
		if (look_at(look, line + 5, err) != 0 || keep_alive(look, err) != 0)
			return -1;
	}
	if (strcmp(line, "links") != 0 || look->seen != end)
		return error_set(err, ERR_PROTOCOL, "the far end has fewer links than it told");
	return 0;
}

static int part_piece(struct look *look, const struct apart *from, size_t n, struct error *err)
{
	char name[BARE_RUN_MAX + 32];
	const char *rest;
	char *text = NULL;
	size_t bytes = 0;
	FILE *lines = open_memstream(&text, &bytes);
	int rc;

	if (lines == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	for (size_t i = 0; i < n; i++)
		if (from[i].of == 0)
			(void)fprintf(lines, "%llu -\n", (unsigned long long)from[i].line);
		else
			(void)fprintf(lines, "%llu %llu\n", (unsigned long long)from[i].line,
			              (unsigned long long)from[i].of);
	rc = ferror(lines) != 0;
	if (fclose(lines) != 0 || rc != 0)
		rc = error_set(err, ERR_SYSTEM, "out of memory");
	(void)snprintf(name, sizeof(name), ".aob/incoming/%s/apart", look->run);
	if (rc == 0 && (bare_put(look->bare, name, text, err) != 0 || bare_tell(look->bare, err, "part") != 0 ||
	                bare_hear(look->bare, "parted", &rest, err) != 0))
		rc = -1;
	free(text);
	look->parted += rc == 0 ? n : 0;
	return rc;
}

/* In pieces, so that a far end whose line is dead ends soon. */
static int part_page(struct look *look, struct error *err)
{
	size_t from = 0;
	uint64_t bytes = 0;

	for (size_t i = 0; i < look->n_page; i++) {
		bytes += look->page[i].copy_bytes;
		if (i + 1 < look->n_page && i + 1 - from < PIECE_NAMES && bytes < PIECE_BYTES)
			continue;
		if (part_piece(look, look->page + from, i + 1 - from, err) != 0)
			return -1;
		from = i + 1;
		bytes = 0;
	}
	look->n_page = 0;
	return 0;
}

int engine_rsync_links_part(struct bare *bare, const char *run, int source_fd, const char *told, uint64_t entries,
                            uint64_t *parted, struct error *err)
{
	struct look look = { .bare = bare, .run = run };
	uint64_t numbers[2];
	int rc = 0;

	*parted = 0;
	if (bare_word_numbers(told, ' ', numbers, 2) == NULL || numbers[0] > entries || numbers[1] == 0 ||
	    numbers[1] >= ' ')
		return error_set(err, ERR_PROTOCOL, "the far end's `linked` makes no sense");
	look.n = numbers[0];
	look.line_break = (char)numbers[1];
	look.page = calloc(PAGE_LINES, sizeof(*look.page));
	if (look.page == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	if (inside_new(source_fd, &look.source, err) != 0 || link_map_new(&look.copies, err) != 0)
		rc = -1;
	while (rc == 0 && look.seen < look.n)
		rc = read_page(&look, err) == 0 ? part_page(&look, err) : -1;
	*parted = look.parted;
	link_map_destroy(&look.copies);
	inside_destroy(&look.source);
	free(look.page);
	return rc;
}
