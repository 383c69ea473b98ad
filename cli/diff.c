#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/listing.h"
#include "cli/looking.h"
#include "cli/verbs.h"
#include "lib/bytes.h"
#include "wire/choose.h"
#include "wire/look_codec.h"

static const char usage[] = "usage: aob diff PIPELINE G1 G2 [PATH] [--json]\n"
                            "\n"
                            "What generation G2 has otherwise than G1, below PATH or at all: added, removed, changed "
                            "(content), metadata (rights,\n"
                            "owner, time, attributes), and how much of each. The vault is only read. That there are "
                            "differences is no failure.\n"
                            "\n"
                            "  --json   an object a line, the last one the totals\n";

enum what { ADDED, REMOVED, CHANGED, METADATA, WHATS };
static const char *const words[WHATS] = { "added", "removed", "changed", "metadata" };

struct totals {
	uint64_t entries, bytes_before, bytes_after;
};

struct diff {
	struct looking *looking;
	const char *path;
	char room[WIRE_PATH_MAX + 1];
	struct generation_info before, after;
	struct look_codec_memory memory;
	struct totals totals[WHATS];
};

static enum what what_of(const struct wire_difference *d)
{
	if (d->before == NULL)
		return ADDED;
	if (d->after == NULL)
		return REMOVED;
	return d->content ? CHANGED : METADATA;
}

/* The i-th thing in which their metadata differ; NULL: not in that. */
static const char *differs_in(const struct wire_difference *d, unsigned i)
{
	const struct entry *a = d->before;
	const struct entry *b = d->after;

	switch (i) {
	case 0:
		return a->mode != b->mode && a->type != ENTRY_SYMLINK ? "mode" : NULL;
	case 1:
		return a->uid != b->uid || a->gid != b->gid ? "owner" : NULL;
	case 2:
		return a->type != ENTRY_FOLDER && (a->mtime_s != b->mtime_s || a->mtime_ns != b->mtime_ns) ? "time"
		                                                                                           : NULL;
	default:
		return memcmp(a->xattr_digest, b->xattr_digest, ENTRY_DIGEST_BYTES) != 0 ? "attributes" : NULL;
	}
}
#define DIFFER_IN 4u

static const char *size_of(const struct entry *entry, char *out, size_t size)
{
	return entry->type == ENTRY_FILE ? bytes_text(entry->size_bytes, out, size) : listing_kind(entry->type);
}

/* The middle column of a line. */
static const char *detail(const struct wire_difference *d, enum what what, char *out, size_t size)
{
	char before[BYTES_TEXT_SIZE];
	char after[BYTES_TEXT_SIZE];
	size_t n = 0;

	out[0] = '\0';
	if (what == CHANGED) {
		(void)snprintf(out, size, "%s -> %s", size_of(d->before, before, sizeof(before)),
		               size_of(d->after, after, sizeof(after)));
	} else if (what == METADATA) {
		for (unsigned i = 0; i < DIFFER_IN && n < size; i++)
			if (differs_in(d, i) != NULL)
				n += (size_t)snprintf(out + n, size - n, "%s%s", n != 0 ? ", " : "", differs_in(d, i));
	} else {
		(void)snprintf(out, size, "%s", size_of(what == ADDED ? d->after : d->before, after, sizeof(after)));
	}
	return out;
}

static const char *path_of(const struct wire_difference *d)
{
	return d->after != NULL ? d->after->path : d->before->path;
}

static int print_json(const struct wire_difference *d, enum what what, struct error *err)
{
	json_t *object = json_object();

	if (listing_name_json(object, "path", path_of(d)) != 0) {
		json_decref(object);
		return error_set(err, ERR_SYSTEM, "out of memory");
	}
	(void)json_object_set_new(object, "what", json_string(words[what]));
	(void)json_object_set_new(object, "before", d->before != NULL ? listing_json(d->before, NULL) : json_null());
	(void)json_object_set_new(object, "after", d->after != NULL ? listing_json(d->after, NULL) : json_null());
	if (what == METADATA) {
		json_t *list = json_array();

		for (unsigned i = 0; i < DIFFER_IN; i++)
			if (differs_in(d, i) != NULL)
				(void)json_array_append_new(list, json_string(differs_in(d, i)));
		(void)json_object_set_new(object, "metadata", list);
	}
	return listing_print_json(object, err);
}

static void count(struct diff *diff, const struct wire_difference *d, enum what what)
{
	struct totals *t = &diff->totals[what];

	t->entries++;
	t->bytes_before += d->before != NULL ? d->before->size_bytes : 0;
	t->bytes_after += d->after != NULL ? d->after->size_bytes : 0;
}

static int take(void *context, const struct frame *frame, struct error *err)
{
	struct diff *diff = context;
	struct wire_difference difference;
	struct decoder d;
	enum what what;
	char text[96];
	const char *path;

	decoder_init(&d, frame->payload, frame->len_bytes);
	get_difference(&d, &diff->memory, &difference);
	if (codec_done(&d, "DIFFERENCE", err) != 0)
		return -1;
	what = what_of(&difference);
	count(diff, &difference, what);
	if (diff->looking->json)
		return print_json(&difference, what, err);
	path = path_of(&difference);
	(void)printf("%-8s  %-22s  %s\n", words[what], detail(&difference, what, text, sizeof(text)),
	             *path != '\0' ? looking_safe(diff->looking, path) : ".");
	return 0;
}

static int totals_json(const struct diff *diff, struct error *err)
{
	json_t *object =
	        json_pack("{s:s, s:s, s:s}", "what", "totals", "first", diff->before.name, "second", diff->after.name);

	for (unsigned i = 0; i < WHATS; i++) {
		const struct totals *t = &diff->totals[i];

		(void)json_object_set_new(object, words[i],
		                          json_pack("{s:I, s:I, s:I}", "entries", (json_int_t)t->entries,
		                                    "bytes_before", (json_int_t)t->bytes_before, "bytes_after",
		                                    (json_int_t)t->bytes_after));
	}
	return listing_print_json(object, err);
}

static int print_totals(const struct diff *diff, struct error *err)
{
	const struct totals *t = diff->totals;
	char bytes[4][BYTES_TEXT_SIZE];

	if (diff->looking->json)
		return totals_json(diff, err);
	(void)printf("%s to %s: %" PRIu64 " added (%s), %" PRIu64 " removed (%s), %" PRIu64
	             " changed (%s -> %s), of %" PRIu64 " the metadata alone\n",
	             diff->before.name, diff->after.name, t[ADDED].entries,
	             bytes_text(t[ADDED].bytes_after, bytes[0], sizeof(bytes[0])), t[REMOVED].entries,
	             bytes_text(t[REMOVED].bytes_before, bytes[1], sizeof(bytes[1])), t[CHANGED].entries,
	             bytes_text(t[CHANGED].bytes_before, bytes[2], sizeof(bytes[2])),
	             bytes_text(t[CHANGED].bytes_after, bytes[3], sizeof(bytes[3])), t[METADATA].entries);
	return 0;
}

static int ask(struct diff *diff, struct error *err)
{
	struct looking *looking = diff->looking;
	struct encoder e;
	int rc;

	diff->path = looking->words[2];
	if (looking_path(&diff->path, diff->room, sizeof(diff->room), err) != 0 ||
	    choose_generation(looking->remote, looking->pipeline, looking->words[0], &diff->before, err) != 0 ||
	    choose_generation(looking->remote, looking->pipeline, looking->words[1], &diff->after, err) != 0)
		return -1;
	encoder_init(&e);
	put_string(&e, diff->before.name);
	put_string(&e, diff->after.name);
	put_bytes(&e, diff->path, strlen(diff->path));
	rc = looking_ask(looking, FRAME_DIFF, &e, err);
	encoder_done(&e);
	return rc;
}

static int compare(struct diff *diff, struct error *err)
{
	const struct looking_answer answer = {
		.each = FRAME_DIFFERENCE, .end = FRAME_DIFF_END, .take = take, .context = diff
	};

	if (ask(diff, err) != 0)
		return -1;
	return looking_take(diff->looking, &answer, err) == 0 ? print_totals(diff, err)
	                                                      : looking_missing(diff->looking, diff->path, err);
}

static int work(struct looking *looking, struct error *err)
{
	struct diff *diff = calloc(1, sizeof(*diff));
	int rc;

	if (diff == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	diff->looking = looking;
	look_codec_memory_init(&diff->memory);
	rc = compare(diff, err);
	look_codec_memory_done(&diff->memory);
	free(diff);
	return rc;
}

int diff_main(int argc, char **argv, const char *config_path)
{
	static const struct looking_command command = {
		.usage = usage, .words_least = 2, .words_most = 3, .work = work
	};

	return looking_main(&command, argc, argv, config_path);
}
