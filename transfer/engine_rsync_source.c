#include "transfer/engine_rsync_source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "lib/hex.h"
#include "lib/link_map.h"
#include "lib/sha256.h"
#include "lib/tree_walk.h"
#include "transfer/detect.h"
#include "wire/bare_word.h"

#define LEFT_OUT_MOST (64u << 20)
#define XATTR_NAMES_BYTES 65536 /* XATTR_LIST_MAX of the kernel */
#define PATTERN_RULE_SIZE 8192
#define RSYNCS_OWN "user.rsync."

/* The rule, and the NUL behind it. With the "- ", as a line that begins with '#' or ';' would be none. */
static int add_rule(struct engine_rsync_source *source, const char *rule, struct error *err)
{
	size_t n = strlen("- ") + strlen(rule) + 1;
	char *grown;

	if (source->left_out_bytes + n > LEFT_OUT_MOST)
		return error_set(err, ERR_SYSTEM, "too many sockets in the source");
	grown = realloc(source->left_out, source->left_out_bytes + n);
	if (grown == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	(void)snprintf(grown + source->left_out_bytes, n, "- %s", rule);
	source->left_out = grown;
	source->left_out_bytes += n;
	return 0;
}

static int leave_out(struct engine_rsync_source *source, const char *path, struct error *err)
{
	char rule[2 * PATH_MAX + 2];

	if (!bare_word_path(path, rule, sizeof(rule)))
		return error_set(err, ERR_INPUT, "the path of a socket is too long for rsync");
	return add_rule(source, rule, err);
}

static int leave_out_patterns(struct engine_rsync_source *source, const char *const *patterns, struct error *err)
{
	char rule[PATTERN_RULE_SIZE];

	for (; *patterns != NULL; patterns++) {
		int leaves = bare_word_pattern(*patterns, rule, sizeof(rule));

		if (leaves < 0)
			return error_set(err, ERR_CONFIG,
			                 "\"%.200s\" in `exclude` is too long for rsync, or has [= or [. in it, which "
			                 "rsync does not know",
			                 *patterns);
		if (leaves > 0 && add_rule(source, rule, err) != 0)
			return -1;
	}
	return 0;
}

static void digest_top(const struct entry *e, char out[33])
{
	uint8_t hash[SHA256_BYTES];
	char text[256];
	char xattrs[2 * ENTRY_DIGEST_BYTES + 1];

	hex_text(e->xattr_digest, ENTRY_DIGEST_BYTES, xattrs);
	(void)snprintf(text, sizeof(text), "%o %u:%u %lld.%09u %s", e->mode, e->uid, e->gid, (long long)e->mtime_s,
	               e->mtime_ns, xattrs);
	sha256_of(text, strlen(text), hash);
	hex_text(hash, 16, out);
}

/* How often its inode has come before: 0, 1, or 2 for more; -1. */
static int seen_before(struct link_map *links, uint64_t inode, struct error *err)
{
	char seen = 0;
	size_t len_bytes;
	int rc = link_map_get(links, inode, &seen, 1, &len_bytes, err);

	if (rc < 0 || seen == 2)
		return rc < 0 ? -1 : 2;
	seen++;
	return link_map_put(links, inode, &seen, 1, err) == 0 ? seen - 1 : -1;
}

static int count_name(struct engine_rsync_source *source, struct link_map *links, const struct stat *st,
                      struct error *err)
{
	int before = 0;

	if (st->st_nlink > 1 && (before = seen_before(links, st->st_ino, err)) < 0)
		return -1;
	source->linked_groups += before == 1;
	source->linked_names += before == 1 ? 2 : before == 2;
	if (S_ISREG(st->st_mode)) {
		source->files++;
		source->bytes += before == 0 ? (uint64_t)st->st_size : 0;
	}
	return 0;
}

/* What can't be read here, rsync will tell. */
static void look_for_rsyncs_own(struct engine_rsync_source *source, int parent_fd, const char *name, const char *path)
{
	char names[XATTR_NAMES_BYTES];
	char proc[64 + NAME_MAX];
	const char *at = names;
	ssize_t n;

	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d/%s", parent_fd, name);
	n = llistxattr(proc, names, sizeof(names));
	while (n > 0 && at < names + n && strncmp(at, RSYNCS_OWN, strlen(RSYNCS_OWN)) != 0)
		at += strlen(at) + 1;
	if (n <= 0 || at >= names + n)
		return;
	source->rsyncs_own++;
	if (source->rsyncs_first == NULL)
		source->rsyncs_first = strdup(path);
}

/* What is in the generation. */
static int count(struct engine_rsync_source *source, struct link_map *links, int parent_fd, const char *name,
                 const struct entry *entry, bool may_vanish, struct error *err)
{
	struct stat st;

	if (*entry->path == '\0')
		digest_top(entry, source->top);
	if (entry->type != ENTRY_FOLDER && fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return may_vanish && errno == ENOENT ? 0 : error_sys(err, errno, "looking at %s", entry->path);
	source->entries++;
	look_for_rsyncs_own(source, parent_fd, name, entry->path);
	return entry->type != ENTRY_FOLDER ? count_name(source, links, &st, err) : 0;
}

int engine_rsync_source_read(const struct asked *asked, bool may_vanish, int (*busy)(void *context, struct error *err),
                             void *context, struct engine_rsync_source *source, struct error *err)
{
	const char *const *excludes = asked->excludes;
	struct tree_walk *walk = NULL;
	struct link_map *links = NULL;
	const struct entry *entry;
	const char *name;
	int parent_fd;
	int rc = -1;

	if (leave_out_patterns(source, excludes, err) != 0 || link_map_new(&links, err) != 0 ||
	    tree_walk_new(asked->folder_fd, true, excludes, &walk, err) != 0)
		goto out;
	tree_walk_light(walk);
	while ((rc = tree_walk_next(walk, &entry, &parent_fd, &name, err)) == 1) {
		rc = entry->type == ENTRY_SOCKET || detect_is_nested(entry)
		             ? leave_out(source, entry->path, err)
		             : count(source, links, parent_fd, name, entry, may_vanish, err);
		if (rc != 0 || (rc = busy(context, err)) != 0)
			break;
	}
out:
	tree_walk_destroy(&walk);
	link_map_destroy(&links);
	return rc;
}

void engine_rsync_source_done(struct engine_rsync_source *source)
{
	free(source->left_out);
	free(source->rsyncs_first);
	*source = (struct engine_rsync_source){ .entries = 0 };
}
