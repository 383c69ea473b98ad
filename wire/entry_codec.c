#include "wire/entry_codec.h"

#include <stdlib.h>
#include <string.h>

#include "lib/inside.h"
#include "wire/wire.h"

#define XATTR_NAME_MAX 255
#define XATTRS_MAX 4096
#define TARGET_MAX 65535

void put_entry(struct encoder *e, const struct entry *entry)
{
	put_u8(e, (uint8_t)entry->type);
	put_u8(e, entry->flags);
	put_u32(e, entry->mode);
	put_u32(e, entry->uid);
	put_u32(e, entry->gid);
	put_u64(e, entry->size_bytes);
	put_i64(e, entry->mtime_s);
	put_u32(e, entry->mtime_ns);
	put_u32(e, entry->rdev_major);
	put_u32(e, entry->rdev_minor);
	put_u64(e, entry->inode);
	put_u32(e, entry->links);
	put_bytes(e, entry->path, strlen(entry->path));
	put_bytes(e, entry->target, strlen(entry->target));
	if ((entry->flags & ENTRY_DIGEST_ONLY) != 0) {
		put_raw(e, entry->xattr_digest, ENTRY_DIGEST_BYTES);
		return;
	}
	put_u16(e, (uint16_t)entry->n_xattrs);
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		put_bytes(e, entry->xattrs[i].name, strlen(entry->xattrs[i].name));
		put_bytes(e, entry->xattrs[i].value, entry->xattrs[i].len_bytes);
	}
}

/* All texts of one entry lie one behind the other in memory, each with a NUL; a payload's length bounds them. */
struct texts {
	struct entry_memory *memory;
	size_t at;
};

static const char *get_text(struct decoder *d, size_t limit_bytes, struct texts *texts)
{
	size_t len_bytes;
	const uint8_t *at = get_bytes(d, limit_bytes, &len_bytes);
	char *out = (char *)texts->memory->data + texts->at;

	if (at == NULL || memchr(at, '\0', len_bytes) != NULL) {
		d->bad = true;
		return "";
	}
	memcpy(out, at, len_bytes);
	out[len_bytes] = '\0';
	texts->at += len_bytes + 1;
	return out;
}

/* Copied, as an entry may outlive the frame that it came in. */
static const void *get_value(struct decoder *d, size_t *len_bytes, struct texts *texts)
{
	const uint8_t *at = get_bytes(d, ENTRY_XATTRS_MAX_BYTES, len_bytes);
	uint8_t *out = (uint8_t *)texts->memory->data + texts->at;

	if (*len_bytes != 0)
		memcpy(out, at, *len_bytes);
	texts->at += *len_bytes;
	return out;
}

static bool make_room(struct entry_memory *memory, size_t bytes, size_t xattrs)
{
	if (bytes > memory->room_bytes) {
		void *grown = realloc(memory->data, bytes);

		if (grown == NULL)
			return false;
		memory->data = grown;
		memory->room_bytes = bytes;
	}
	if (xattrs > memory->room_xattrs) {
		struct entry_xattr *grown = realloc(memory->xattrs, xattrs * sizeof(*grown));

		if (grown == NULL)
			return false;
		memory->xattrs = grown;
		memory->room_xattrs = xattrs;
	}
	return true;
}

static void get_xattrs(struct decoder *d, struct texts *texts, struct entry *entry)
{
	size_t n = get_u16(d);

	if (n > XATTRS_MAX || !make_room(texts->memory, 0, n)) {
		d->bad = true;
		return;
	}
	for (size_t i = 0; i < n && !d->bad; i++) {
		struct entry_xattr *x = &texts->memory->xattrs[i];

		x->name = get_text(d, XATTR_NAME_MAX, texts);
		x->value = get_value(d, &x->len_bytes, texts);
		/* Sorted, so that none comes twice and the digest is the only one possible. */
		if (x->name[0] == '\0' || (i > 0 && strcmp(x[-1].name, x->name) >= 0))
			d->bad = true;
	}
	if (d->bad)
		return;
	entry->xattrs = texts->memory->xattrs;
	entry->n_xattrs = n;
	entry_digest(entry->xattrs, n, entry->xattr_digest);
}

static bool plausible(const struct entry *entry)
{
	return entry->type >= ENTRY_FILE && entry->type <= ENTRY_SOCKET &&
	       (entry->flags & ~(ENTRY_SPARSE | ENTRY_DIGEST_ONLY | ENTRY_OWNERLESS | ENTRY_TIMELESS)) == 0 &&
	       entry->mode <= 07777 && entry->mtime_ns < 1000000000 && entry->size_bytes <= INT64_MAX &&
	       (entry->target[0] != '\0') == (entry->type == ENTRY_SYMLINK) && inside_valid(entry->path, NULL) == 0;
}

void get_entry(struct decoder *d, struct entry_memory *memory, struct entry *entry)
{
	struct texts texts = { .memory = memory };

	*entry = (struct entry){ .path = "", .target = "" };
	/* A text takes a byte more than its bytes (the NUL) and four less than its length on the wire. */
	if (!make_room(memory, d->len_bytes - d->at + 2, 0)) {
		d->bad = true;
		return;
	}
	entry->type = (enum entry_type)get_u8(d);
	entry->flags = get_u8(d);
	entry->mode = get_u32(d);
	entry->uid = get_u32(d);
	entry->gid = get_u32(d);
	entry->size_bytes = get_u64(d);
	entry->mtime_s = get_i64(d);
	entry->mtime_ns = get_u32(d);
	entry->rdev_major = get_u32(d);
	entry->rdev_minor = get_u32(d);
	entry->inode = get_u64(d);
	entry->links = get_u32(d);
	entry->path = get_text(d, WIRE_PATH_MAX, &texts);
	entry->target = get_text(d, TARGET_MAX, &texts);
	if ((entry->flags & ENTRY_DIGEST_ONLY) != 0) {
		const uint8_t *digest = get_raw(d, ENTRY_DIGEST_BYTES);

		if (digest != NULL)
			memcpy(entry->xattr_digest, digest, ENTRY_DIGEST_BYTES);
	} else {
		get_xattrs(d, &texts, entry);
	}
	if (d->bad || !plausible(entry)) {
		d->bad = true;
		*entry = (struct entry){ .path = "", .target = "", .type = ENTRY_FILE };
	}
}
