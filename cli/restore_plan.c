#include "cli/restore_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/restore_above.h"
#include "cli/restore_names.h"
#include "cli/restore_spool.h"
#include "lib/bytes.h"
#include "lib/inside.h"
#include "lib/link_map.h"
#include "lib/sha256.h"
#include "wire/codec.h"
#include "wire/entry_codec.h"

#define PIECE_BYTES 131072u
#define TIME_STEP_S 2 /* of FAT */

static const uint8_t no_hash[32] = { 0 };

struct restore_plan {
	struct restore_plan_options options;
	struct restore_spool *spool;
	struct inside *inside; /* the target; NULL: nothing is there */
	struct link_map *links;
	struct link_map *live; /* over: which inode of the vault an inode with several names here is to be */
	struct restore_above above;
	struct restore_holds holds;
	struct restore_names *names; /* NULL: the target can hold any */
	struct sha256 sha;
	struct entry_memory memory, have_memory;
	uint8_t *payload; /* of the entry under way */
	size_t payload_bytes;
	struct entry entry; /* its path is that in the target … */
	const char *asked;  /* … and this the one in the generation */
	bool skips;         /* … of a file that is not taken */
	bool in_file;       /* an ENTRY came, and its end did not yet */
	struct restore_plan_totals totals;
	uint64_t largest_bytes; /* of the files that give back the room of what they replace */
	char first[WIRE_PATH_MAX + 1];
	struct entry_xattr kept[TAME_XATTRS_MOST];
	uint8_t piece[PIECE_BYTES];
};

int restore_plan_new(const struct restore_plan_options *options, struct restore_plan **plan, struct error *err)
{
	struct restore_plan *made = calloc(1, sizeof(*made));

	*plan = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->options = *options;
	if (options->holds != NULL)
		made->holds = *options->holds;
	else
		restore_holds_guess(-1, &made->holds);
	entry_memory_init(&made->memory);
	entry_memory_init(&made->have_memory);
	restore_above_init(&made->above);
	made->payload = malloc(RESTORE_SPOOL_PAYLOAD_MOST);
	if (made->payload == NULL)
		(void)error_set(err, ERR_SYSTEM, "out of memory");
	else if (restore_spool_new(&made->spool, err) == 0 && link_map_new(&made->links, err) == 0 &&
	         (!options->over || link_map_new(&made->live, err) == 0) &&
	         (restore_holds_names(&made->holds) || restore_names_new(&made->holds, &made->names, err) == 0) &&
	         (options->target_fd < 0 || options->empty ||
	          inside_new(options->target_fd, &made->inside, err) == 0)) {
		*plan = made;
		return 0;
	}
	restore_plan_destroy(&made);
	return -1;
}

void restore_plan_destroy(struct restore_plan **plan)
{
	struct restore_plan *p = *plan;

	if (p == NULL)
		return;
	*plan = NULL;
	restore_spool_destroy(&p->spool);
	link_map_destroy(&p->links);
	link_map_destroy(&p->live);
	restore_above_done(&p->above);
	restore_names_destroy(&p->names);
	inside_destroy(&p->inside);
	entry_memory_done(&p->memory);
	entry_memory_done(&p->have_memory);
	free(p->payload);
	free(p);
}

struct restore_plan_totals restore_plan_totals(const struct restore_plan *plan)
{
	struct restore_plan_totals totals = plan->totals;

	totals.room_bytes += plan->largest_bytes;
	return totals;
}

enum restore_action restore_plan_decide(const struct entry *want, const struct entry *have, bool same_content)
{
	bool same = have != NULL && entry_same_metadata(want, have);

	if (want->type == ENTRY_FOLDER)
		return RESTORE_FOLDER;
	if (want->type != ENTRY_FILE)
		return same ? RESTORE_NOTHING : RESTORE_SPECIAL;
	if (have == NULL || have->type != ENTRY_FILE || !same_content)
		return RESTORE_CONTENT;
	return same ? RESTORE_NOTHING : RESTORE_META;
}

/* 1: it has that content, 0: it has not, or can't be read; -1: busy's. */
static int has_content(struct restore_plan *p, int parent_fd, const char *leaf, const uint8_t sha256[32],
                       struct error *err)
{
	int fd = openat(parent_fd, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	uint8_t have[SHA256_BYTES];
	ssize_t n = -1;

	if (fd < 0)
		return 0;
	sha256_init(&p->sha);
	do {
		if (p->options.busy != NULL && p->options.busy(p->options.context, err) != 0) {
			(void)close(fd);
			return -1;
		}
		n = read(fd, p->piece, sizeof(p->piece));
		if (n > 0)
			sha256_update(&p->sha, p->piece, (size_t)n);
	} while (n > 0 || (n < 0 && errno == EINTR));
	(void)close(fd);
	sha256_so_far(&p->sha, have);
	return n == 0 && memcmp(have, sha256, 32) == 0;
}

static uint64_t apart_s(const struct entry *a, const struct entry *b)
{
	return a->mtime_s > b->mtime_s ? (uint64_t)a->mtime_s - (uint64_t)b->mtime_s
	                               : (uint64_t)b->mtime_s - (uint64_t)a->mtime_s;
}

static int same_content(struct restore_plan *p, int parent_fd, const char *leaf, const struct entry *want,
                        const struct entry *have, const uint8_t sha256[32], struct error *err)
{
	if (have->type != ENTRY_FILE || have->size_bytes != want->size_bytes)
		return 0;
	if (p->options.trust == RESTORE_TRUST_TIME && p->holds.times)
		return have->mtime_s == want->mtime_s && have->mtime_ns == want->mtime_ns;
	if (p->options.trust == RESTORE_TRUST_TIME && apart_s(want, have) <= TIME_STEP_S)
		return 1;
	return memcmp(sha256, no_hash, sizeof(no_hash)) == 0 ? 0 : has_content(p, parent_fd, leaf, sha256, err);
}

/* What the target has at a place, and what is to be done there. */
struct verdict {
	enum restore_action action;
	bool there;        /* something is */
	bool folder_there; /* … a folder, where one is to be */
	bool has_basis;
	uint64_t freed_bytes; /* by what is replaced, at most */
	int64_t ctime_s;      /* of what is there */
	uint32_t ctime_ns;
	unsigned tamed; /* as tame_loses */
};

/* Whatever is done to an inode with several names is done to all of them, and some may be no part of this: it is left to them, and another made. Two files that are one here but
 * not in the vault are parted likewise. */
static int part_names(struct restore_plan *p, const struct entry *have, struct verdict *v, struct error *err)
{
	uint64_t inode = 0;
	size_t n;
	int rc;

	if (!p->options.over || have->links < 2 || (v->action != RESTORE_META && v->action != RESTORE_NOTHING))
		return 0;
	rc = v->action == RESTORE_NOTHING ? link_map_get(p->live, have->inode, &inode, sizeof(inode), &n, err) : 1;
	if (rc == 0)
		return link_map_put(p->live, have->inode, &p->entry.inode, sizeof(p->entry.inode), err);
	v->action = RESTORE_CONTENT;
	return rc < 0 ? -1 : 0;
}

/* What a restart has torn has the time that it was given before it had its name; another one somebody has given it since. */
static bool is_worked_with(const struct restore_plan *p, const struct entry *want, const struct entry *have)
{
	return !p->options.over && p->options.trust == RESTORE_TRUST_NONE && have->type != ENTRY_FOLDER &&
	       apart_s(want, have) > TIME_STEP_S;
}

static int decide(struct restore_plan *p, const uint8_t sha256[32], struct verdict *v, struct error *err)
{
	struct entry want = tame_entry(&p->options.tame, &p->entry, p->kept);
	struct entry have;
	int parent_fd;
	const char *leaf;
	int same = 0;

	*v = (struct verdict){ .action = restore_plan_decide(&want, NULL, false),
		               .tamed = tame_loses(&p->options.tame, &p->entry, &want) };
	if (p->inside == NULL)
		return 0;
	/* What can't be looked at will be told of when something is to be put there. */
	if (inside_parent(p->inside, want.path, &parent_fd, &leaf, NULL) != 0 ||
	    entry_read(parent_fd, leaf, want.path, true, &p->have_memory, &have, NULL) != 0)
		return 0;
	if (want.type == ENTRY_FILE)
		same = same_content(p, parent_fd, leaf, &want, &have, sha256, err);
	if (same < 0)
		return -1;
	v->action = restore_plan_decide(&want, &have, same != 0);
	v->there = true;
	v->ctime_s = have.ctime_s;
	v->ctime_ns = have.ctime_ns;
	v->folder_there = v->action == RESTORE_FOLDER && have.type == ENTRY_FOLDER;
	if (v->action == RESTORE_CONTENT && is_worked_with(p, &want, &have))
		return error_set(
		        err, ERR_REFUSED,
		        "\"%.300s\" is not what this restore put there before the machine was restarted, but was "
		        "written to since; move it away, and the same command goes on",
		        want.path);
	if (want.type == ENTRY_FILE && have.type == ENTRY_FILE) {
		if (part_names(p, &have, v, err) != 0)
			return -1;
		v->has_basis = p->options.over && have.size_bytes >= RESTORE_BASIS_LEAST &&
		               want.size_bytes >= RESTORE_BASIS_LEAST;
		v->freed_bytes = p->options.discards && have.links == 1 ? have.size_bytes : 0;
	}
	return 0;
}

static void count(struct restore_plan *p, const struct restore_plan_record *record, uint64_t room_bytes)
{
	struct restore_plan_totals *t = &p->totals;
	bool is_file = p->entry.type == ENTRY_FILE;
	uint64_t size_bytes = p->entry.size_bytes;

	t->entries++;
	t->files += is_file && record->action != RESTORE_LEFT_OUT;
	switch (record->action) {
	case RESTORE_CONTENT:
		t->bytes += size_bytes;
		t->carry_bytes += size_bytes - record->part_bytes;
		t->room_bytes += room_bytes > record->part_bytes ? room_bytes - record->part_bytes : 0;
		t->inodes++;
		break;
	case RESTORE_NOTHING:
	case RESTORE_META:
		t->bytes += is_file ? size_bytes : 0;
		t->there_bytes += is_file ? size_bytes : 0;
		t->there_files += is_file;
		break;
	case RESTORE_FOLDER:
	case RESTORE_SPECIAL:
		t->inodes++;
		break;
	case RESTORE_LEFT_OUT:
		t->left_out++;
		break;
	case RESTORE_NOT_HELD:
		t->lost.symlinks++;
		break;
	case RESTORE_LINK:
		break;
	}
	t->lost.names += restore_names_changed(p->asked, p->entry.path);
}

/* What is decided of p->entry. */
static int write_record(struct restore_plan *p, const struct restore_plan_record *record, uint64_t room_bytes,
                        struct error *err)
{
	count(p, record, room_bytes);
	return restore_spool_add(p->spool, record, p->payload, p->payload_bytes, err);
}

/* 1: it is another name of what came before, which is in p->first; 0; -1. */
static int known_link(struct restore_plan *p, struct error *err)
{
	size_t n;
	int rc;

	if (p->entry.links < 2 || p->entry.type == ENTRY_FOLDER)
		return 0;
	rc = link_map_get(p->links, p->entry.inode, p->first, sizeof(p->first) - 1, &n, err);
	if (rc == 1)
		p->first[n] = '\0';
	if (rc == 0)
		rc = link_map_put(p->links, p->entry.inode, p->entry.path, strlen(p->entry.path), err);
	if (rc != 1 || p->holds.links)
		return rc;
	p->totals.lost.links++;
	return 0;
}

/* What the content of p->entry will take, where it takes so much in the vault. */
static uint64_t room_of(const struct restore_plan *p, uint64_t there_bytes)
{
	uint64_t bytes = p->entry.size_bytes;
	uint64_t cluster = p->holds.cluster_bytes;

	/* Of what has no holes the vault's file system may take less, as it compresses. */
	if ((p->entry.flags & ENTRY_SPARSE) != 0 && p->holds.holes && there_bytes < bytes)
		bytes = there_bytes;
	return cluster != 0 && bytes <= INT64_MAX ? (bytes + cluster - 1) / cluster * cluster : bytes;
}

static void look_at_size(struct restore_plan *p)
{
	char size[BYTES_TEXT_SIZE];
	char most[BYTES_TEXT_SIZE];
	char what[128];

	if (p->entry.type != ENTRY_FILE || p->entry.size_bytes <= p->holds.file_most)
		return;
	p->totals.too_large++;
	(void)snprintf(what, sizeof(what), "it has %s, and a file there can have %s",
	               bytes_text(p->entry.size_bytes, size, sizeof(size)),
	               bytes_text(p->holds.file_most, most, sizeof(most)));
	if (p->options.tell != NULL)
		p->options.tell(p->options.context, p->asked, what);
}

/* room: what its content takes in the vault. */
static int add(struct restore_plan *p, const uint8_t sha256[32], uint64_t room_bytes, struct error *err)
{
	struct restore_plan_record record = { .action = RESTORE_LEFT_OUT, .asked = p->asked, .entry = p->entry };
	struct verdict v;
	int rc;

	memcpy(record.sha256, sha256, sizeof(record.sha256));
	record.entry.ctime_s = 0;
	record.entry.ctime_ns = 0;
	if (tame_leaves_out(&p->options.tame, &p->entry))
		return write_record(p, &record, 0, err);
	if (p->entry.type == ENTRY_SYMLINK && !p->holds.symlinks) {
		record.action = RESTORE_NOT_HELD;
		return write_record(p, &record, 0, err);
	}
	look_at_size(p);
	rc = known_link(p, err);
	if (rc < 0)
		return -1;
	if (rc == 1) {
		record.action = RESTORE_LINK;
		record.entry.target = p->first;
		return write_record(p, &record, 0, err);
	}
	if (decide(p, sha256, &v, err) != 0)
		return -1;
	record.action = v.action;
	record.entry.ctime_s = v.ctime_s;
	record.entry.ctime_ns = v.ctime_ns;
	record.has_basis = v.has_basis && v.action == RESTORE_CONTENT;
	p->totals.replaced += v.there && !v.folder_there && v.action != RESTORE_NOTHING && v.action != RESTORE_META;
	p->totals.inodes -= v.folder_there; /* write_record counts it */
	p->totals.ownerless += (p->entry.flags & ENTRY_OWNERLESS) != 0;
	restore_lost_count(&p->totals.tamed, v.tamed);
	if (v.action == RESTORE_CONTENT && p->options.part != NULL) {
		record.part_bytes = p->options.part(p->options.context, &p->entry, sha256);
		if (record.part_bytes > p->entry.size_bytes)
			record.part_bytes = p->entry.size_bytes;
	}
	room_bytes = room_of(p, room_bytes);
	/* One file is there twice while the new one is made. */
	if (v.action == RESTORE_CONTENT && v.freed_bytes != 0) {
		p->largest_bytes = room_bytes > p->largest_bytes ? room_bytes : p->largest_bytes;
		room_bytes -= room_bytes < v.freed_bytes ? room_bytes : v.freed_bytes;
	}
	return write_record(p, &record, room_bytes, err);
}

static bool is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return n != 0 && strncmp(path, folder, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

static int load(struct restore_plan *p, const uint8_t *payload, size_t payload_bytes, struct error *err)
{
	struct decoder d;

	memcpy(p->payload, payload, payload_bytes);
	p->payload_bytes = payload_bytes;
	decoder_init(&d, p->payload, p->payload_bytes);
	get_entry(&d, &p->memory, &p->entry);
	p->asked = p->entry.path;
	return codec_done(&d, "ENTRY", err);
}

/* By which path it stands in the target. A live folder's own names are all such as can be held. */
static int find_place(struct restore_plan *p, struct error *err)
{
	if (p->names == NULL)
		return 0;
	if (restore_names_place(p->names, p->asked, &p->entry.path, err) != 0)
		return -1;
	return !p->options.over || p->entry.path == p->asked
	               ? 0
	               : error_set(err, ERR_REFUSED,
	                           "\"%.300s\" can't have its name on %s, or only one of two that are the same there; "
	                           "restore into an empty folder, where it gets another one",
	                           p->asked, p->holds.kind);
}

/* The folders above what is taken, which are not taken themselves: made as they were, but over a live folder only where they are missing. */
static int add_above(struct restore_plan *p, const struct frame *frame, struct error *err)
{
	const uint8_t *payload;
	size_t n;

	while (restore_above_next(&p->above, p->asked, &payload, &n)) {
		struct verdict v = { .folder_there = false };

		if (load(p, payload, n, err) != 0 || find_place(p, err) != 0 ||
		    (p->options.over && decide(p, no_hash, &v, err) != 0) ||
		    (!v.folder_there && add(p, no_hash, 0, err) != 0) ||
		    load(p, frame->payload, frame->len_bytes, err) != 0)
			return -1;
	}
	return 0;
}

static int take_entry(struct restore_plan *p, const struct frame *frame, struct error *err)
{
	if (p->in_file)
		return error_set(err, ERR_PROTOCOL, "ENTRY inside a file");
	if (load(p, frame->payload, frame->len_bytes, err) != 0)
		return -1;
	if ((p->entry.flags & ENTRY_DIGEST_ONLY) != 0)
		return error_set(err, ERR_PROTOCOL, "\"%.300s\" comes without its attributes", p->entry.path);
	for (size_t i = 0; i < RESTORE_RESERVED; i++)
		if (p->options.reserved[i] != NULL && is_below(p->entry.path, p->options.reserved[i]))
			return error_set(err, ERR_PROTOCOL, "\"%.300s\" is the name of this restore's own folder",
			                 p->entry.path);
	p->skips = p->options.takes != NULL && !p->options.takes(p->options.context, p->asked);
	if (p->entry.type == ENTRY_FOLDER && p->skips)
		return restore_above_pass(&p->above, p->asked, frame->payload, frame->len_bytes, err);
	if (!p->skips && (add_above(p, frame, err) != 0 || find_place(p, err) != 0))
		return -1;
	if (p->entry.type == ENTRY_FILE) {
		p->in_file = true;
		return 0;
	}
	return p->skips ? 0 : add(p, no_hash, 0, err);
}

static int take_file_end(struct restore_plan *p, const struct frame *frame, struct error *err)
{
	const uint8_t *sha256;
	uint64_t room_bytes;
	struct decoder d;

	if (!p->in_file)
		return error_set(err, ERR_PROTOCOL, "FETCH_FILE_END outside a file");
	decoder_init(&d, frame->payload, frame->len_bytes);
	sha256 = get_raw(&d, 32);
	room_bytes = get_u64(&d);
	if (codec_done(&d, "FETCH_FILE_END", err) != 0)
		return -1;
	p->in_file = false;
	return p->skips ? 0 : add(p, sha256, room_bytes, err);
}

int restore_plan_take(struct restore_plan *plan, const struct frame *frame, struct error *err)
{
	if (frame->type == FRAME_ENTRY)
		return take_entry(plan, frame, err);
	if (frame->type == FRAME_FETCH_FILE_END)
		return take_file_end(plan, frame, err);
	return error_set(err, ERR_PROTOCOL, "%s in the answer to TREE", frame_name(frame->type));
}

int restore_plan_end(struct restore_plan *plan, struct error *err)
{
	if (plan->in_file)
		return error_set(err, ERR_PROTOCOL, "the answer ends inside a file");
	return restore_spool_end(plan->spool, err);
}

int restore_plan_seek(struct restore_plan *plan, uint64_t at, struct error *err)
{
	return restore_spool_seek(plan->spool, at, err);
}

uint64_t restore_plan_tell(const struct restore_plan *plan)
{
	return restore_spool_tell(plan->spool);
}

int restore_plan_next(struct restore_plan *plan, struct restore_plan_record *record, struct error *err)
{
	return restore_spool_next(plan->spool, record, err);
}
