#include "receiver/spans.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/scratch.h"
#include "wire/entry_codec.h"

#define ENTRY_BYTES_MAX ((size_t)256 << 10) /* of one with its digest only */

/* An open span in the scratch file; so many bytes of its entry come behind. */
struct row {
	struct version version;
	char first[LOOK_CODEC_GENERATION_SIZE], last[LOOK_CODEC_GENERATION_SIZE];
	uint32_t generations;
	uint32_t entry_bytes;
};

struct spans {
	spans_each *each;
	void *context;
	char generation[LOOK_CODEC_GENERATION_SIZE]; /* "": none yet */
	FILE *before, *now;                          /* as the generation before left them, and as this one does */
	struct row row;                              /* the next one of before … */
	bool in_row;                                 /* … if there is one more */
	struct entry entry;
	struct entry_memory memory;
	struct encoder encoder;
	uint8_t *payload;
};

int spans_new(spans_each *each, void *context, struct spans **spans, struct error *err)
{
	struct spans *made = calloc(1, sizeof(*made));

	*spans = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->each = each;
	made->context = context;
	entry_memory_init(&made->memory);
	encoder_init(&made->encoder);
	made->payload = malloc(ENTRY_BYTES_MAX);
	if (made->payload == NULL)
		(void)error_set(err, ERR_SYSTEM, "out of memory");
	else if ((made->before = scratch_file(err)) != NULL && (made->now = scratch_file(err)) != NULL) {
		*spans = made;
		return 0;
	}
	spans_destroy(&made);
	return -1;
}

void spans_destroy(struct spans **spans)
{
	struct spans *s = *spans;

	if (s == NULL)
		return;
	*spans = NULL;
	if (s->before != NULL)
		(void)fclose(s->before);
	if (s->now != NULL)
		(void)fclose(s->now);
	entry_memory_done(&s->memory);
	encoder_done(&s->encoder);
	free(s->payload);
	free(s);
}

static int next_row(struct spans *s, struct error *err)
{
	struct decoder d;

	s->in_row = fread(&s->row, sizeof(s->row), 1, s->before) == 1;
	if (!s->in_row)
		return ferror(s->before) == 0 ? 0 : error_sys(err, errno, "reading a temporary file");
	if (s->row.entry_bytes > ENTRY_BYTES_MAX ||
	    fread(s->payload, 1, s->row.entry_bytes, s->before) != s->row.entry_bytes)
		return error_set(err, ERR_IO, "a temporary file is cut short");
	decoder_init(&d, s->payload, s->row.entry_bytes);
	get_entry(&d, &s->memory, &s->entry);
	return codec_done(&d, "ENTRY", err);
}

static int write_row(struct spans *s, struct row *row, const struct entry *entry, struct error *err)
{
	encoder_reset(&s->encoder);
	put_entry(&s->encoder, entry);
	if (s->encoder.bad || s->encoder.len_bytes > ENTRY_BYTES_MAX)
		return error_set(err, ERR_SYSTEM, "out of memory");
	row->entry_bytes = (uint32_t)s->encoder.len_bytes;
	if (fwrite(row, sizeof(*row), 1, s->now) != 1 ||
	    fwrite(s->encoder.data, 1, s->encoder.len_bytes, s->now) != s->encoder.len_bytes)
		return error_sys(err, errno, "writing a temporary file");
	return 0;
}

/* The span ended with the generation before. */
static int end_row(struct spans *s, struct error *err)
{
	struct wire_found found = { .generations = s->row.generations, .entry = s->entry };

	memcpy(found.first, s->row.first, sizeof(found.first));
	memcpy(found.last, s->row.last, sizeof(found.last));
	return s->each(s->context, &found, err) == 0 ? next_row(s, err) : -1;
}

bool spans_same(const struct entry *before, const struct version *before_version, const struct entry *now,
                const struct version *now_version)
{
	if (before->type != now->type)
		return false;
	if (now->type == ENTRY_FOLDER || version_untouched(&before_version->st, &now_version->st))
		return true;
	if (before->mtime_s != now->mtime_s || before->mtime_ns != now->mtime_ns)
		return false;
	if (now->type == ENTRY_FILE)
		return version_same_content(before_version, now_version);
	return strcmp(before->target, now->target) == 0 && before->rdev_major == now->rdev_major &&
	       before->rdev_minor == now->rdev_minor;
}

/* What is known of an inode already is not read again. */
static void want_hash(struct spans_match *match, const struct row *known)
{
	struct version *version = &match->version;

	if (match->entry->type != ENTRY_FILE || version->hashed)
		return;
	if (known != NULL && version_untouched(&known->version.st, &version->st)) {
		version->hashed = known->version.hashed;
		memcpy(version->sha256, known->version.sha256, sizeof(version->sha256));
		return;
	}
	version_read_hash(version, match->parent_fd, match->name);
}

int spans_add(struct spans *spans, struct spans_match *match, struct error *err)
{
	struct row row;
	bool met;

	memset(&row, 0, sizeof(row)); /* also between the members: it goes to a disk */
	row.generations = 1;
	while (spans->in_row && entry_order(spans->entry.path, match->entry->path) < 0)
		if (end_row(spans, err) != 0)
			return -1;
	met = spans->in_row && strcmp(spans->entry.path, match->entry->path) == 0;
	want_hash(match, met ? &spans->row : NULL);
	memcpy(row.first, spans->generation, sizeof(row.first));
	memcpy(row.last, spans->generation, sizeof(row.last));
	row.version = match->version;
	if (met && spans_same(&spans->entry, &spans->row.version, match->entry, &match->version)) {
		memcpy(row.first, spans->row.first, sizeof(row.first));
		row.generations = spans->row.generations + 1;
		if (next_row(spans, err) != 0)
			return -1;
	} else if (met && end_row(spans, err) != 0) {
		return -1;
	}
	return write_row(spans, &row, match->entry, err);
}

/* What this generation did not have ended with the one before; what it had is what the next one is held against. */
static int end_generation(struct spans *s, struct error *err)
{
	FILE *was = s->before;

	while (s->in_row)
		if (end_row(s, err) != 0)
			return -1;
	if (fflush(s->now) != 0)
		return error_sys(err, errno, "writing a temporary file");
	rewind(was);
	if (ftruncate(fileno(was), 0) != 0)
		return error_sys(err, errno, "emptying a temporary file");
	rewind(s->now);
	s->before = s->now;
	s->now = was;
	return next_row(s, err);
}

int spans_generation(struct spans *spans, const char *generation, struct error *err)
{
	if (spans->generation[0] != '\0' && end_generation(spans, err) != 0)
		return -1;
	(void)snprintf(spans->generation, sizeof(spans->generation), "%s", generation);
	return 0;
}

int spans_finish(struct spans *spans, struct error *err)
{
	if (spans->generation[0] != '\0' && end_generation(spans, err) != 0)
		return -1;
	while (spans->in_row)
		if (end_row(spans, err) != 0)
			return -1;
	return 0;
}
