#include "cli/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/entry.h"
#include "lib/inside.h"
#include "lib/link_map.h"
#include "lib/scratch.h"
#include "wire/codec.h"
#include "wire/entry_codec.h"
#include "wire/wire.h"

#define HOLE_BYTES 4096u
#define XATTRS_MOST 4096 /* as on the wire */
#define FOLDER_FRAME_MOST 1048576u

struct unpack {
	struct unpack_options options;
	int target_fd;
	struct inside *tree, *other;
	struct link_map *links;
	FILE *folders; /* the ENTRY payloads of the folders, for the end */
	struct entry_memory memory;
	struct entry entry; /* the file under way */
	EVP_MD_CTX *sha;
	int fd; /* of it; -1: its content is not wanted: it will be a link */
	bool in_file;
	bool begun; /* an entry has come */
	uint64_t written;
	struct unpack_totals totals;
	char first[WIRE_PATH_MAX + 1];
	bool user_only; /* this process may not set owners and privileged attributes */
};

int unpack_new(int target_fd, const struct unpack_options *options, struct unpack **unpack, struct error *err)
{
	struct unpack *made = calloc(1, sizeof(*made));

	*unpack = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->options = *options;
	made->target_fd = target_fd;
	made->fd = -1;
	made->user_only = geteuid() != 0;
	entry_memory_init(&made->memory);
	made->folders = scratch_file(err);
	made->sha = EVP_MD_CTX_new();
	if (made->sha == NULL) {
		(void)error_set(err, ERR_SYSTEM, "out of memory");
	} else if (made->folders != NULL && inside_new(target_fd, &made->tree, err) == 0 &&
	           inside_new(target_fd, &made->other, err) == 0 && link_map_new(&made->links, err) == 0) {
		*unpack = made;
		return 0;
	}
	unpack_destroy(&made);
	return -1;
}

void unpack_destroy(struct unpack **unpack)
{
	struct unpack *u = *unpack;

	if (u == NULL)
		return;
	*unpack = NULL;
	if (u->fd >= 0)
		(void)close(u->fd);
	if (u->folders != NULL)
		(void)fclose(u->folders);
	EVP_MD_CTX_free(u->sha);
	link_map_destroy(&u->links);
	inside_destroy(&u->tree);
	inside_destroy(&u->other);
	entry_memory_done(&u->memory);
	free(u);
}

struct unpack_totals unpack_totals(const struct unpack *unpack)
{
	return unpack->totals;
}

static void complain(struct unpack *u, const char *path, const char *what)
{
	if (u->options.complain != NULL)
		u->options.complain(u->options.context, path, what);
}

/* A capability is as good as setuid. */
static bool may_keep(const struct unpack *u, const char *name)
{
	if (!u->options.keep_special && strcmp(name, "security.capability") == 0)
		return false;
	return !u->user_only || strncmp(name, "user.", 5) == 0 || strncmp(name, "system.posix_acl", 16) == 0;
}

/* What this user may not set, or did not ask for, is taken out of the entry. */
static void tame(const struct unpack *u, struct entry *entry, struct entry_xattr kept[], size_t room)
{
	size_t n = 0;

	if (!u->options.keep_special && entry->type != ENTRY_FOLDER)
		entry->mode &= 01777;
	if (u->user_only) {
		entry->uid = geteuid();
		entry->gid = getegid();
	}
	for (size_t i = 0; i < entry->n_xattrs && n < room; i++)
		if (may_keep(u, entry->xattrs[i].name))
			kept[n++] = entry->xattrs[i];
	entry->xattrs = kept;
	entry->n_xattrs = n;
}

static int apply(const struct unpack *u, int parent_fd, const char *leaf, const struct entry *entry, struct error *err)
{
	struct entry_xattr kept[XATTRS_MOST];
	struct entry tamed = *entry;

	tame(u, &tamed, kept, sizeof(kept) / sizeof(kept[0]));
	return entry_apply(parent_fd, leaf, &tamed, false, err);
}

/* The folders above what was asked for, when that is a part of the tree. */
static int make_parents(struct unpack *u, const char *path, struct error *err)
{
	char *copy = strdup(path);
	int rc = 0;

	if (copy == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	for (char *slash = strchr(copy, '/'); slash != NULL && rc == 0; slash = strchr(slash + 1, '/')) {
		int parent_fd;
		const char *leaf;

		*slash = '\0';
		rc = inside_parent(u->tree, copy, &parent_fd, &leaf, err);
		if (rc == 0 && mkdirat(parent_fd, leaf, 0755) != 0 && errno != EEXIST)
			rc = error_sys(err, errno, "making the folder \"%.300s\"", copy);
		*slash = '/';
	}
	free(copy);
	return rc;
}

static int take_folder(struct unpack *u, const struct entry *entry, const uint8_t *payload, size_t len_bytes,
                       struct error *err)
{
	uint32_t n = (uint32_t)len_bytes;
	int parent_fd;
	const char *leaf;

	if (inside_parent(u->tree, entry->path, &parent_fd, &leaf, err) != 0)
		return -1;
	if (*entry->path != '\0' && mkdirat(parent_fd, leaf, 0700) != 0)
		return error_sys(err, errno, "making the folder \"%.300s\"", entry->path);
	if (fwrite(&n, sizeof(n), 1, u->folders) != 1 || fwrite(payload, 1, n, u->folders) != n)
		return error_sys(err, errno, "writing a temporary file");
	return 0;
}

/* 1: path is now another name of what came before, 0: nothing came before, -1. */
static int link_known(struct unpack *u, const struct entry *entry, struct error *err)
{
	int parent_fd;
	int first_fd;
	const char *leaf;
	const char *first_leaf;
	size_t n;
	int rc = entry->links > 1 ? link_map_get(u->links, entry->inode, u->first, sizeof(u->first) - 1, &n, err) : 0;

	if (rc <= 0)
		return rc;
	u->first[n] = '\0';
	if (inside_parent(u->tree, entry->path, &parent_fd, &leaf, err) != 0 ||
	    inside_parent(u->other, u->first, &first_fd, &first_leaf, err) != 0)
		return -1;
	if (linkat(first_fd, first_leaf, parent_fd, leaf, 0) != 0)
		return error_sys(err, errno, "linking \"%.300s\"", entry->path);
	return 1;
}

static int remember(struct unpack *u, const struct entry *entry, struct error *err)
{
	return entry->links > 1 ? link_map_put(u->links, entry->inode, entry->path, strlen(entry->path), err) : 0;
}

static int take_special(struct unpack *u, const struct entry *entry, struct error *err)
{
	int parent_fd;
	const char *leaf;
	int rc;

	if (entry->type != ENTRY_SYMLINK && !u->options.keep_special) {
		u->totals.left_out++;
		return 0;
	}
	rc = link_known(u, entry, err);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (inside_parent(u->tree, entry->path, &parent_fd, &leaf, err) != 0 ||
	    entry_make(parent_fd, leaf, entry, false, err) != 0 || apply(u, parent_fd, leaf, entry, err) != 0)
		return -1;
	return remember(u, entry, err);
}

static int begin_file(struct unpack *u, struct error *err)
{
	int parent_fd;
	const char *leaf;
	int rc = link_known(u, &u->entry, err);

	if (rc < 0)
		return -1;
	u->in_file = true;
	u->written = 0;
	u->fd = -1;
	if (rc == 1)
		return 0;
	if (inside_parent(u->tree, u->entry.path, &parent_fd, &leaf, err) != 0)
		return -1;
	u->fd = openat(parent_fd, leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (u->fd < 0)
		return error_sys(err, errno, "making \"%.300s\"", u->entry.path);
	return EVP_DigestInit_ex(u->sha, EVP_sha256(), NULL) == 1 ? 0 : error_set(err, ERR_SYSTEM, "SHA-256");
}

int unpack_entry(struct unpack *unpack, const uint8_t *payload, size_t len_bytes, struct error *err)
{
	struct entry *entry = &unpack->entry;
	struct decoder d;

	if (unpack->in_file)
		return error_set(err, ERR_PROTOCOL, "ENTRY inside a file");
	decoder_init(&d, payload, len_bytes);
	get_entry(&d, &unpack->memory, entry);
	if (codec_done(&d, "ENTRY", err) != 0)
		return -1;
	/* The first one may lie deeper. The target is empty then, so there is no symlink to follow. */
	if (!unpack->begun && make_parents(unpack, entry->path, err) != 0)
		return -1;
	unpack->begun = true;
	if (entry->type == ENTRY_FOLDER)
		return take_folder(unpack, entry, payload, len_bytes, err);
	return entry->type == ENTRY_FILE ? begin_file(unpack, err) : take_special(unpack, entry, err);
}

static bool all_zero(const uint8_t *data, size_t len_bytes)
{
	return data[0] == 0 && memcmp(data, data + 1, len_bytes - 1) == 0;
}

int unpack_data(struct unpack *unpack, const uint8_t *data, size_t len_bytes, struct error *err)
{
	bool sparse = (unpack->entry.flags & ENTRY_SPARSE) != 0;

	if (!unpack->in_file)
		return error_set(err, ERR_PROTOCOL, "FETCH_DATA outside a file");
	unpack->totals.bytes += len_bytes;
	if (unpack->fd < 0)
		return 0;
	(void)EVP_DigestUpdate(unpack->sha, data, len_bytes);
	while (len_bytes != 0) {
		size_t piece = HOLE_BYTES - (size_t)(unpack->written % HOLE_BYTES);
		ssize_t n;

		if (!sparse || piece > len_bytes)
			piece = len_bytes;
		n = sparse && all_zero(data, piece) ? (ssize_t)piece
		                                    : pwrite(unpack->fd, data, piece, (off_t)unpack->written);
		if (n < 0 && errno != EINTR)
			return error_sys(err, errno, "writing \"%.300s\"", unpack->entry.path);
		if (n > 0) {
			data += n;
			len_bytes -= (size_t)n;
			unpack->written += (uint64_t)n;
		}
	}
	return 0;
}

static int close_file(struct unpack *u, struct error *err)
{
	int parent_fd;
	const char *leaf;
	int rc = ftruncate(u->fd, (off_t)u->written) == 0 ? 0
	                                                  : error_sys(err, errno, "writing \"%.300s\"", u->entry.path);

	if (close(u->fd) != 0 && rc == 0)
		rc = error_sys(err, errno, "closing \"%.300s\"", u->entry.path);
	u->fd = -1;
	if (rc != 0 || inside_parent(u->tree, u->entry.path, &parent_fd, &leaf, err) != 0 ||
	    apply(u, parent_fd, leaf, &u->entry, err) != 0)
		return -1;
	return remember(u, &u->entry, err);
}

int unpack_file_end(struct unpack *unpack, const uint8_t *payload, size_t len_bytes, struct error *err)
{
	uint8_t have[EVP_MAX_MD_SIZE];
	const uint8_t *recorded;
	uint64_t size_bytes;
	struct decoder d;

	if (!unpack->in_file)
		return error_set(err, ERR_PROTOCOL, "FETCH_FILE_END outside a file");
	decoder_init(&d, payload, len_bytes);
	recorded = get_raw(&d, 32);
	size_bytes = get_u64(&d);
	if (codec_done(&d, "FETCH_FILE_END", err) != 0)
		return -1;
	unpack->in_file = false;
	unpack->totals.files++;
	if (unpack->fd < 0)
		return 0;
	if (size_bytes == WIRE_FETCH_LINKED)
		return error_set(err, ERR_PROTOCOL, "\"%.300s\" should be a link to what never came",
		                 unpack->entry.path);
	(void)EVP_DigestFinal_ex(unpack->sha, have, NULL);
	if (size_bytes == WIRE_FETCH_UNREADABLE) {
		unpack->totals.missing++;
		complain(unpack, unpack->entry.path,
		         "the vault's disk could not read it; what came before the fault is kept");
	} else if (size_bytes != unpack->written || memcmp(have, recorded, 32) != 0) {
		unpack->totals.damaged++;
		complain(unpack, unpack->entry.path, "its content is not what was recorded when it was backed up");
	}
	return close_file(unpack, err);
}

/* In any order: metadata of one folder do not change another's. */
static int settle_folders(struct unpack *u, uint8_t *payload, struct error *err)
{
	uint32_t n;

	rewind(u->folders);
	while (fread(&n, sizeof(n), 1, u->folders) == 1) {
		struct decoder d;
		int parent_fd;
		const char *leaf;

		if (n > FOLDER_FRAME_MOST || fread(payload, 1, n, u->folders) != n)
			return error_set(err, ERR_IO, "a temporary file is cut short");
		decoder_init(&d, payload, n);
		get_entry(&d, &u->memory, &u->entry);
		if (codec_done(&d, "ENTRY", err) != 0 ||
		    inside_parent(u->tree, u->entry.path, &parent_fd, &leaf, err) != 0 ||
		    apply(u, parent_fd, leaf, &u->entry, err) != 0)
			return -1;
	}
	return ferror(u->folders) == 0 ? 0 : error_sys(err, errno, "reading a temporary file");
}

int unpack_finish(struct unpack *unpack, struct error *err)
{
	uint8_t *payload = malloc(FOLDER_FRAME_MOST);
	int rc;

	if (payload == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	rc = unpack->in_file ? error_set(err, ERR_PROTOCOL, "the answer ends inside a file")
	                     : settle_folders(unpack, payload, err);
	free(payload);
	if (rc == 0 && syncfs(unpack->target_fd) != 0)
		rc = error_sys(err, errno, "syncing the target");
	return rc;
}
