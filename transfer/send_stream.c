#include "transfer/send_stream.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/inside.h"

#define MAGIC "btrfs-stream" /* with its NUL */
#define MAGIC_BYTES 13u
#define VERSION_MOST 2u
#define HEAD_BYTES 10u                /* u32 length of what follows, u16 command, u32 crc32c */
#define BODY_MOST (UINT32_C(1) << 18) /* 64 KiB in version 1, 144 KiB in version 2 with pages of 4 KiB */
#define PATH_MOST 4095u
#define CRC_POLYNOMIAL 0x82f63b78u /* CRC-32C (Castagnoli), reflected */

/* enum btrfs_send_cmd and the attributes, fs/btrfs/send.h */
enum command {
	C_SUBVOL = 1,
	C_SNAPSHOT,
	C_MKFILE,
	C_MKDIR,
	C_MKNOD,
	C_MKFIFO,
	C_MKSOCK,
	C_SYMLINK,
	C_RENAME,
	C_LINK,
	C_UNLINK,
	C_RMDIR,
	C_SET_XATTR,
	C_REMOVE_XATTR,
	C_WRITE,
	C_CLONE,
	C_TRUNCATE,
	C_CHMOD,
	C_CHOWN,
	C_UTIMES,
	C_END,
	C_UPDATE_EXTENT,
	C_FALLOCATE, /* from here on version 2 */
	C_FILEATTR,
	C_ENCODED_WRITE,
	C_COUNT
};

enum attribute {
	A_INO = 3,
	A_SIZE = 4,
	A_PATH = 15,
	A_PATH_TO = 16,
	A_PATH_LINK = 17,
	A_FILE_OFFSET = 18,
	A_DATA = 19,
	A_CLONE_LEN = 24,
	A_UNENCODED_FILE_LEN = 27,
	A_COUNT = 36
};

struct field {
	const uint8_t *data; /* NULL: it is not there */
	uint32_t len_bytes;
};

struct send_stream {
	int (*read)(void *context, void *buffer, size_t size, size_t *got, struct error *err);
	void *context;
	uint64_t at; /* bytes of the stream before the command at hand */
	unsigned version;
	bool started, ended;
	uint32_t crc_table[256];
	struct field fields[A_COUNT];
	char path[PATH_MOST + 1];
	char to[PATH_MOST + 1];
	uint8_t command[HEAD_BYTES + BODY_MOST];
};

int send_stream_new(int (*read)(void *context, void *buffer, size_t size, size_t *got, struct error *err),
                    void *context, struct send_stream **stream, struct error *err)
{
	struct send_stream *s = malloc(sizeof(*s));

	*stream = s;
	if (s == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	s->read = read;
	s->context = context;
	s->at = 0;
	s->started = s->ended = false;
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ ((crc & 1) != 0 ? CRC_POLYNOMIAL : 0);
		s->crc_table[i] = crc;
	}
	return 0;
}

void send_stream_destroy(struct send_stream **stream)
{
	free(*stream);
	*stream = NULL;
}

/* Without the usual inversions: as btrfs does it. */
static uint32_t crc32c(const struct send_stream *s, const uint8_t *data, size_t len_bytes)
{
	uint32_t crc = 0;

	for (size_t i = 0; i < len_bytes; i++)
		crc = s->crc_table[(crc ^ data[i]) & 0xff] ^ (crc >> 8);
	return crc;
}

static int broken(const struct send_stream *s, const char *what, struct error *err)
{
	return error_set(err, ERR_PROTOCOL, "the send stream, at byte %llu: %s", (unsigned long long)s->at, what);
}

static uint64_t little(const uint8_t *data, size_t bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | data[bytes];
	return value;
}

static int fill(struct send_stream *s, uint8_t *out, size_t len_bytes, struct error *err)
{
	size_t used = 0;

	while (used < len_bytes) {
		size_t got = 0;

		if (s->read(s->context, out + used, len_bytes - used, &got, err) != 0)
			return -1;
		if (got == 0 || got > len_bytes - used)
			return broken(s, "it is cut short", err);
		used += got;
	}
	return 0;
}

static int start(struct send_stream *s, struct error *err)
{
	uint8_t head[MAGIC_BYTES + 4];

	if (fill(s, head, sizeof(head), err) != 0)
		return -1;
	if (memcmp(head, MAGIC, MAGIC_BYTES) != 0)
		return broken(s, "this is no send stream", err);
	s->version = (unsigned)little(head + MAGIC_BYTES, 4);
	if (s->version == 0 || s->version > VERSION_MOST)
		return broken(s, "its version is not known here", err);
	s->at = sizeof(head);
	s->started = true;
	return 0;
}

/* The attributes of one command. In version 2 the data come last, and have no length. */
static int split(struct send_stream *s, const uint8_t *body, uint32_t len_bytes, struct error *err)
{
	uint32_t at = 0;

	memset(s->fields, 0, sizeof(s->fields));
	while (at < len_bytes) {
		uint32_t left = len_bytes - at;
		uint32_t type;
		uint32_t n;

		if (left < 2)
			return broken(s, "an attribute is cut short", err);
		type = (uint32_t)little(body + at, 2);
		at += 2;
		left -= 2;
		if (s->version >= 2 && type == A_DATA) {
			n = left;
		} else {
			if (left < 2 || (n = (uint32_t)little(body + at, 2)) > left - 2)
				return broken(s, "an attribute is longer than its command", err);
			at += 2;
		}
		if (type == 0 || type >= A_COUNT)
			return broken(s, "an attribute that is not known here", err);
		if (s->fields[type].data != NULL)
			return broken(s, "an attribute is there twice", err);
		s->fields[type] = (struct field){ .data = body + at, .len_bytes = n };
		at += n;
	}
	return 0;
}

static int take_path(struct send_stream *s, enum attribute which, char out[PATH_MOST + 1], struct error *err)
{
	const struct field *field = &s->fields[which];
	struct error aside = { .class = ERR_NONE };

	if (field->data == NULL || field->len_bytes > PATH_MOST)
		return broken(s, field->data == NULL ? "a path is missing" : "a path is too long", err);
	memcpy(out, field->data, field->len_bytes);
	out[field->len_bytes] = '\0';
	if (strlen(out) != field->len_bytes || inside_valid(out, &aside) != 0)
		return broken(s, "a path that leads out of the subvolume, or is none", err);
	return 0;
}

static int take_number(struct send_stream *s, enum attribute which, uint64_t *value, struct error *err)
{
	const struct field *field = &s->fields[which];

	if (field->data == NULL || field->len_bytes != 8)
		return broken(s, "a number is missing, or of another width", err);
	*value = little(field->data, 8);
	return *value <= INT64_MAX ? 0 : broken(s, "a number that no file can have", err);
}

static int take_extent(struct send_stream *s, enum attribute length, struct send_change *change, struct error *err)
{
	change->op = SEND_EXTENT;
	if (take_number(s, A_FILE_OFFSET, &change->offset_bytes, err) != 0)
		return -1;
	if (length == A_DATA)
		change->len_bytes = s->fields[A_DATA].len_bytes;
	else if (take_number(s, length, &change->len_bytes, err) != 0)
		return -1;
	return change->len_bytes <= (uint64_t)INT64_MAX - change->offset_bytes
	               ? 0
	               : broken(s, "an extent that no file can have", err);
}

/* What an ordinary command says, beyond its path. */
static int interpret(struct send_stream *s, unsigned command, struct send_change *change, struct error *err)
{
	switch (command) {
	case C_MKFILE:
	case C_MKDIR:
	case C_MKNOD:
	case C_MKFIFO:
	case C_MKSOCK:
	case C_SYMLINK:
		change->op = command == C_MKFILE  ? SEND_MAKE_FILE
		             : command == C_MKDIR ? SEND_MAKE_FOLDER
		                                  : SEND_MAKE_OTHER;
		return take_number(s, A_INO, &change->inode, err);
	case C_RENAME:
		change->op = SEND_RENAME;
		change->to = s->to;
		return take_path(s, A_PATH_TO, s->to, err);
	case C_LINK:
		change->op = SEND_LINK;
		change->to = s->to;
		return take_path(s, A_PATH_LINK, s->to, err);
	case C_UNLINK:
	case C_RMDIR:
		change->op = command == C_UNLINK ? SEND_UNLINK : SEND_RMDIR;
		return 0;
	case C_WRITE:
		return take_extent(s, A_DATA, change, err);
	case C_CLONE:
		return take_extent(s, A_CLONE_LEN, change, err);
	case C_UPDATE_EXTENT:
	case C_FALLOCATE:
		return take_extent(s, A_SIZE, change, err);
	case C_ENCODED_WRITE:
		return take_extent(s, A_UNENCODED_FILE_LEN, change, err);
	case C_TRUNCATE:
		change->op = SEND_TRUNCATE;
		return take_number(s, A_SIZE, &change->len_bytes, err);
	default:
		change->op = SEND_META;
		return 0;
	}
}

/* The next command's bytes, checked. */
static int take_command(struct send_stream *s, unsigned *command, uint32_t *body_bytes, struct error *err)
{
	static const uint8_t zeros[4];
	uint32_t crc;

	if (fill(s, s->command, HEAD_BYTES, err) != 0)
		return -1;
	*body_bytes = (uint32_t)little(s->command, 4);
	*command = (unsigned)little(s->command + 4, 2);
	crc = (uint32_t)little(s->command + 6, 4);
	if (*body_bytes > BODY_MOST)
		return broken(s, "a command is too long", err);
	if (*command == 0 || *command >= (s->version >= 2 ? C_COUNT : C_FALLOCATE))
		return broken(s, "a command that is not known here", err);
	if (fill(s, s->command + HEAD_BYTES, *body_bytes, err) != 0)
		return -1;
	memcpy(s->command + 6, zeros, sizeof(zeros));
	return crc32c(s, s->command, HEAD_BYTES + *body_bytes) == crc ? 0 : broken(s, "a checksum does not fit", err);
}

int send_stream_next(struct send_stream *s, struct send_change *change, struct error *err)
{
	if (!s->started && start(s, err) != 0)
		return -1;
	while (!s->ended) {
		unsigned command;
		uint32_t body_bytes;
		bool says;

		if (take_command(s, &command, &body_bytes, err) != 0 ||
		    split(s, s->command + HEAD_BYTES, body_bytes, err) != 0)
			return -1;
		*change = (struct send_change){ .path = s->path, .to = "" };
		s->ended = command == C_END;
		says = command != C_END && command != C_SUBVOL && command != C_SNAPSHOT;
		if ((!s->ended && take_path(s, A_PATH, s->path, err) != 0) ||
		    (says && interpret(s, command, change, err) != 0))
			return -1;
		s->at += HEAD_BYTES + body_bytes;
		if (says)
			return 1;
	}
	return 0;
}
