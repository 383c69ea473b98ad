#include "cli/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/style.h"
#include "lib/hex.h"
#include "lib/log.h"

#define SET_UID 04000u
#define SET_GID 02000u
#define STICKY 01000u

static const struct {
	char letter;
	const char *kind;
} types[] = {
	[ENTRY_FILE] = { '-', "file" },
	[ENTRY_FOLDER] = { 'd', "folder" },
	[ENTRY_SYMLINK] = { 'l', "symlink" },
	[ENTRY_FIFO] = { 'p', "pipe" },
	[ENTRY_CHAR_DEVICE] = { 'c', "character-device" },
	[ENTRY_BLOCK_DEVICE] = { 'b', "block-device" },
	[ENTRY_SOCKET] = { 's', "socket" },
};

const char *listing_mode(const struct entry *entry, char out[LISTING_MODE_SIZE])
{
	static const char bits[] = "rwxrwxrwx";

	out[0] = types[entry->type].letter;
	for (unsigned i = 0; i < 9; i++)
		out[i + 1] = (entry->mode & (0400u >> i)) != 0 ? bits[i] : '-';
	if ((entry->mode & SET_UID) != 0)
		out[3] = out[3] == 'x' ? 's' : 'S';
	if ((entry->mode & SET_GID) != 0)
		out[6] = out[6] == 'x' ? 's' : 'S';
	if ((entry->mode & STICKY) != 0)
		out[9] = out[9] == 'x' ? 't' : 'T';
	out[10] = '\0';
	return out;
}

const char *listing_kind(enum entry_type type)
{
	return types[type].kind;
}

const char *listing_when(int64_t at_s, char *out, size_t size)
{
	return style_when(at_s != 0 ? at_s : 1, out, size); /* of the same minute */
}

static int add_hex(json_t *object, const char *key, const char *name)
{
	size_t n = strlen(name);
	char *hex = malloc(2 * n + 1);
	char whole[64];
	int rc;

	if (hex == NULL)
		return -1;
	hex_text((const uint8_t *)name, n, hex);
	(void)snprintf(whole, sizeof(whole), "%s_hex", key);
	rc = json_object_set_new(object, whole, json_string(hex));
	free(hex);
	return rc;
}

int listing_name_json(json_t *object, const char *key, const char *name)
{
	json_t *text = json_string(name); /* NULL for what is no UTF-8 */
	size_t room = 4 * strlen(name) + 1;
	char *safe;

	if (text != NULL)
		return json_object_set_new(object, key, text);
	safe = malloc(room);
	if (safe == NULL)
		return -1;
	text = json_string(log_escape(name, safe, room));
	free(safe);
	return json_object_set_new(object, key, text) == 0 ? add_hex(object, key, name) : -1;
}

json_t *listing_json(const struct entry *entry, const char *path)
{
	json_t *object = json_object();
	char mode[8];

	(void)snprintf(mode, sizeof(mode), "%04o", entry->mode & 07777u);
	if ((path == NULL || listing_name_json(object, "path", path) == 0) &&
	    json_object_update_new(object,
	                           json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "kind", listing_kind(entry->type),
	                                     "mode", mode, "uid", (json_int_t)entry->uid, "gid", (json_int_t)entry->gid,
	                                     "size", (json_int_t)entry->size_bytes, "mtime", (json_int_t)entry->mtime_s,
	                                     "mtime_ns", (json_int_t)entry->mtime_ns)) == 0 &&
	    (entry->type != ENTRY_SYMLINK || listing_name_json(object, "target", entry->target) == 0))
		return object;
	json_decref(object);
	return NULL;
}

int listing_print_json(json_t *object, struct error *err)
{
	int rc = object != NULL ? json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) : -1;

	(void)fputc('\n', stdout);
	if (object == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	json_decref(object);
	return rc == 0 ? 0 : error_set(err, ERR_IO, "what is told can't be written");
}
