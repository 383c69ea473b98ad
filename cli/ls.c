#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/listing.h"
#include "cli/looking.h"
#include "cli/verbs.h"
#include "lib/bytes.h"
#include "wire/choose.h"
#include "wire/entry_codec.h"

static const char usage[] = "usage: aob ls PIPELINE [--generation G] [PATH] [--recursive] [--json]\n"
                            "\n"
                            "What is in a generation (the newest without --generation), or in the folder PATH of it: "
                            "kind and rights, owner\n"
                            "and group, size, time, name. The vault is only read.\n"
                            "\n"
                            "  --recursive   with all that lies in the folders\n"
                            "  --json        an object a line\n";

struct ls {
	struct looking *looking;
	const char *path; /* what was asked for */
	char room[WIRE_PATH_MAX + 1];
	struct generation_info chosen;
	struct entry_memory memory;
	bool folder; /* it is one: its own entry, the first, is not shown */
	bool begun;
};

/* Within the folder that was asked for. A receiver that lies gets its whole path shown. */
static const char *name_of(const struct ls *ls, const char *path)
{
	size_t n = strlen(ls->path);

	return ls->folder && n != 0 && strncmp(path, ls->path, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

static int print_json(const struct ls *ls, const struct entry *entry, struct error *err)
{
	json_t *object = listing_json(entry, entry->path);

	(void)json_object_set_new(object, "generation", json_string(ls->chosen.name));
	return listing_print_json(object, err);
}

static void print_line(const struct ls *ls, const struct entry *entry)
{
	char mode[LISTING_MODE_SIZE];
	char size[BYTES_TEXT_SIZE];
	char when[32];

	(void)printf("%s  %5u %5u  %9s  %s  %s", listing_mode(entry, mode), entry->uid, entry->gid,
	             entry->type == ENTRY_FILE ? bytes_text(entry->size_bytes, size, sizeof(size)) : "-",
	             listing_when(entry->mtime_s, when, sizeof(when)),
	             looking_safe(ls->looking, name_of(ls, entry->path)));
	if (entry->type == ENTRY_SYMLINK)
		(void)printf(" -> %s", looking_safe(ls->looking, entry->target));
	(void)puts(entry->type == ENTRY_FOLDER ? "/" : "");
}

static int take(void *context, const struct frame *frame, struct error *err)
{
	struct ls *ls = context;
	struct entry entry;
	struct decoder d;

	decoder_init(&d, frame->payload, frame->len_bytes);
	get_entry(&d, &ls->memory, &entry);
	if (codec_done(&d, "ENTRY", err) != 0)
		return -1;
	if (!ls->begun) {
		ls->begun = true;
		ls->folder = entry.type == ENTRY_FOLDER;
		if (ls->folder)
			return 0;
	}
	if (ls->looking->json)
		return print_json(ls, &entry, err);
	print_line(ls, &entry);
	return 0;
}

static int ask(struct ls *ls, struct error *err)
{
	struct encoder e;
	int rc;

	encoder_init(&e);
	put_string(&e, ls->chosen.name);
	put_bytes(&e, ls->path, strlen(ls->path));
	put_u8(&e, ls->looking->deep);
	rc = looking_ask(ls->looking, FRAME_LOOK, &e, err);
	encoder_done(&e);
	return rc;
}

static int list(struct ls *ls, struct error *err)
{
	const struct looking_answer answer = {
		.each = FRAME_ENTRY, .end = FRAME_LOOK_END, .take = take, .context = ls
	};
	struct looking *looking = ls->looking;

	ls->path = looking->words[0];
	if (looking_path(&ls->path, ls->room, sizeof(ls->room), err) != 0 ||
	    choose_generation(looking->remote, looking->pipeline, looking->generation, &ls->chosen, err) != 0 ||
	    ask(ls, err) != 0)
		return -1;
	return looking_take(looking, &answer, err) == 0 ? 0 : looking_missing(looking, ls->path, err);
}

static int work(struct looking *looking, struct error *err)
{
	struct ls *ls = calloc(1, sizeof(*ls));
	int rc;

	if (ls == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	ls->looking = looking;
	entry_memory_init(&ls->memory);
	rc = list(ls, err);
	entry_memory_done(&ls->memory);
	free(ls);
	return rc;
}

int ls_main(int argc, char **argv, const char *config_path)
{
	static const struct looking_command command = {
		.usage = usage, .words_most = 1, .takes_generation = true, .takes_deep = true, .work = work
	};

	return looking_main(&command, argc, argv, config_path);
}
