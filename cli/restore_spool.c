#include "cli/restore_spool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/scratch.h"
#include "wire/codec.h"
#include "wire/entry_codec.h"

/* Before the entry's payload, a link's first name and its place. */
struct head {
	uint64_t part_bytes;
	int64_t ctime_s; /* of what is there, when it was looked at */
	uint32_t ctime_ns;
	uint32_t payload_bytes, first_bytes;
	uint32_t place_bytes; /* 0: it stands by its own path */
	uint8_t action;
	uint8_t has_basis;
	uint8_t sha256[32];
};

struct restore_spool {
	FILE *file;
	uint64_t at; /* of the next record */
	struct entry_memory memory;
	uint8_t *payload;
	char first[WIRE_PATH_MAX + 1];
	char place[WIRE_PATH_MAX + 1];
};

int restore_spool_new(struct restore_spool **spool, struct error *err)
{
	struct restore_spool *made = calloc(1, sizeof(*made));

	*spool = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	entry_memory_init(&made->memory);
	made->payload = malloc(RESTORE_SPOOL_PAYLOAD_MOST);
	made->file = scratch_file(err);
	if (made->payload == NULL)
		(void)error_set(err, ERR_SYSTEM, "out of memory");
	else if (made->file != NULL) {
		*spool = made;
		return 0;
	}
	restore_spool_destroy(&made);
	return -1;
}

void restore_spool_destroy(struct restore_spool **spool)
{
	struct restore_spool *s = *spool;

	if (s == NULL)
		return;
	*spool = NULL;
	if (s->file != NULL)
		(void)fclose(s->file);
	entry_memory_done(&s->memory);
	free(s->payload);
	free(s);
}

int restore_spool_add(struct restore_spool *spool, const struct restore_plan_record *record, const uint8_t *payload,
                      size_t payload_bytes, struct error *err)
{
	const char *first = record->action == RESTORE_LINK ? record->entry.target : "";
	const char *place = record->entry.path != record->asked ? record->entry.path : "";
	struct head head = { .part_bytes = record->part_bytes,
		             .ctime_s = record->entry.ctime_s,
		             .ctime_ns = record->entry.ctime_ns,
		             .payload_bytes = (uint32_t)payload_bytes,
		             .first_bytes = (uint32_t)strlen(first),
		             .place_bytes = (uint32_t)strlen(place),
		             .action = (uint8_t)record->action,
		             .has_basis = record->has_basis };

	memcpy(head.sha256, record->sha256, sizeof(head.sha256));
	if (fwrite(&head, sizeof(head), 1, spool->file) != 1 ||
	    fwrite(payload, 1, payload_bytes, spool->file) != payload_bytes ||
	    fwrite(first, 1, head.first_bytes, spool->file) != head.first_bytes ||
	    fwrite(place, 1, head.place_bytes, spool->file) != head.place_bytes)
		return error_sys(err, errno, "writing a temporary file");
	return 0;
}

int restore_spool_end(struct restore_spool *spool, struct error *err)
{
	return fflush(spool->file) == 0 ? 0 : error_sys(err, errno, "writing a temporary file");
}

int restore_spool_seek(struct restore_spool *spool, uint64_t at, struct error *err)
{
	spool->at = at;
	return fseeko(spool->file, (off_t)at, SEEK_SET) == 0 ? 0 : error_sys(err, errno, "reading a temporary file");
}

uint64_t restore_spool_tell(const struct restore_spool *spool)
{
	return spool->at;
}

static bool read_text(struct restore_spool *spool, char text[WIRE_PATH_MAX + 1], uint32_t bytes)
{
	if (bytes > WIRE_PATH_MAX || fread(text, 1, bytes, spool->file) != bytes)
		return false;
	text[bytes] = '\0';
	return true;
}

int restore_spool_next(struct restore_spool *spool, struct restore_plan_record *record, struct error *err)
{
	struct head head;
	struct decoder d;

	if (fread(&head, sizeof(head), 1, spool->file) != 1)
		return ferror(spool->file) == 0 ? 0 : error_sys(err, errno, "reading a temporary file");
	if (head.payload_bytes > RESTORE_SPOOL_PAYLOAD_MOST ||
	    fread(spool->payload, 1, head.payload_bytes, spool->file) != head.payload_bytes ||
	    !read_text(spool, spool->first, head.first_bytes) || !read_text(spool, spool->place, head.place_bytes))
		return error_set(err, ERR_IO, "a temporary file is cut short");
	decoder_init(&d, spool->payload, head.payload_bytes);
	get_entry(&d, &spool->memory, &record->entry);
	if (codec_done(&d, "ENTRY", err) != 0)
		return -1;
	record->action = (enum restore_action)head.action;
	record->asked = record->entry.path;
	if (head.place_bytes != 0)
		record->entry.path = spool->place;
	record->entry.ctime_s = head.ctime_s;
	record->entry.ctime_ns = head.ctime_ns;
	if (record->action == RESTORE_LINK)
		record->entry.target = spool->first;
	memcpy(record->sha256, head.sha256, sizeof(record->sha256));
	record->part_bytes = head.part_bytes;
	record->has_basis = head.has_basis != 0;
	spool->at += sizeof(head) + head.payload_bytes + head.first_bytes + head.place_bytes;
	return 1;
}
