#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/listing.h"
#include "cli/looking.h"
#include "cli/style.h"
#include "cli/verbs.h"
#include "lib/bytes.h"
#include "lib/log.h"
#include "wire/look_codec.h"

static const char usage[] =
        "usage: aob find PIPELINE NAME [--json]\n"
        "\n"
        "In which generations something is: each version of it once, with the first and the last of the generations "
        "one\n"
        "behind the other that have it, how many they are, its size and time. Versions are told as they end; those "
        "that\n"
        "the newest generation still has come last. The vault is only read.\n"
        "\n"
        "  NAME     a shell's pattern ('*.jpg') for the name of files and folders; with a `/` in it a path (a/b, /a)\n"
        "  --json   an object a line\n";

struct find {
	struct looking *looking;
	char wanted[WIRE_PATH_MAX + 1];
	struct entry_memory memory;
	bool any;
};

static int print_json(const struct wire_found *found, struct error *err)
{
	json_t *object = listing_json(&found->entry, found->entry.path);

	(void)json_object_set_new(object, "first", json_string(found->first));
	(void)json_object_set_new(object, "last", json_string(found->last));
	(void)json_object_set_new(object, "generations", json_integer(found->generations));
	return listing_print_json(object, err);
}

static void print_line(struct find *find, const struct wire_found *found)
{
	const struct entry *entry = &found->entry;
	char size[BYTES_TEXT_SIZE];
	char when[32];

	if (!find->any)
		(void)printf("%s%-20s  %-20s  %6s  %9s  %-16s  %s%s\n", style_code(STYLE_BOLD), "FROM", "TO", "IN",
		             "SIZE", "MODIFIED (local)", "PATH", style_code(STYLE_PLAIN));
	(void)printf("%-20s  %-20s  %6u  %9s  %s  %s%s\n", found->first, found->last, found->generations,
	             entry->type == ENTRY_FILE ? bytes_text(entry->size_bytes, size, sizeof(size)) : "-",
	             listing_when(entry->mtime_s, when, sizeof(when)), looking_safe(find->looking, entry->path),
	             entry->type == ENTRY_FOLDER ? "/" : "");
}

static int take(void *context, const struct frame *frame, struct error *err)
{
	struct find *find = context;
	struct wire_found found;
	struct decoder d;

	decoder_init(&d, frame->payload, frame->len_bytes);
	get_found(&d, &find->memory, &found);
	if (codec_done(&d, "FOUND", err) != 0)
		return -1;
	if (find->looking->json) {
		if (print_json(&found, err) != 0)
			return -1;
	} else {
		print_line(find, &found);
	}
	find->any = true;
	return 0;
}

/* A name, or a path if there is a `/` in it: then as it is told to the receiver. */
static int ask(struct find *find, struct error *err)
{
	const char *word = find->looking->words[0];
	bool by_path = strchr(word, '/') != NULL;
	struct encoder e;
	int rc;

	if (by_path && looking_path(&word, find->wanted, sizeof(find->wanted), err) != 0)
		return -1;
	if (*word == '\0')
		return error_set(err, ERR_USAGE, "what is to be found? `aob ls %s` shows what there is",
		                 find->looking->pipeline);
	if (!by_path && strlen(word) > WIRE_PATTERN_MAX)
		return error_set(err, ERR_USAGE, "a pattern of %zu bytes: at most %u are taken", strlen(word),
		                 WIRE_PATTERN_MAX);
	encoder_init(&e);
	put_u8(&e, by_path);
	put_bytes(&e, word, strlen(word));
	rc = looking_ask(find->looking, FRAME_FIND, &e, err);
	encoder_done(&e);
	return rc;
}

static int take_end(void *context, const struct frame *frame, struct error *err)
{
	const struct find *find = context;
	uint64_t looked_into;
	struct decoder d;
	char safe[256];

	decoder_init(&d, frame->payload, frame->len_bytes);
	(void)get_u64(&d);
	looked_into = get_u64(&d);
	if (codec_done(&d, "FIND_END", err) != 0)
		return -1;
	if (find->any)
		return 0;
	return error_set(err, ERR_NOT_FOUND, "none of %llu generations has %s; `aob ls %s` shows what the newest has",
	                 (unsigned long long)looked_into, log_escape(find->looking->words[0], safe, sizeof(safe)),
	                 find->looking->pipeline);
}

static int work(struct looking *looking, struct error *err)
{
	struct find *find = calloc(1, sizeof(*find));
	const struct looking_answer answer = {
		.each = FRAME_FOUND, .end = FRAME_FIND_END, .take = take, .take_end = take_end, .context = find
	};
	int rc;

	if (find == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	find->looking = looking;
	entry_memory_init(&find->memory);
	rc = ask(find, err) == 0 ? looking_take(looking, &answer, err) : -1;
	entry_memory_done(&find->memory);
	free(find);
	return rc;
}

int find_main(int argc, char **argv, const char *config_path)
{
	static const struct looking_command command = {
		.usage = usage, .words_least = 1, .words_most = 1, .work = work
	};

	return looking_main(&command, argc, argv, config_path);
}
