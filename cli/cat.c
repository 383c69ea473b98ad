#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/listing.h"
#include "cli/looking.h"
#include "cli/verbs.h"
#include "lib/hex.h"
#include "lib/sha256.h"
#include "wire/choose.h"
#include "wire/entry_codec.h"

static const char usage[] =
        "usage: aob cat PIPELINE PATH [--generation G] [--json]\n"
        "\n"
        "The content of a file of a generation (the newest without --generation), to standard output. It is checked\n"
        "against its SHA-256; if it is not what was backed up, that is said behind it, and the exit status is 65.\n"
        "\n"
        "  --json   what was written, as one object, to standard error\n";

struct cat {
	struct looking *looking;
	const char *path;
	char room[WIRE_PATH_MAX + 1];
	struct generation_info chosen;
	struct sha256 sha;
	uint64_t written;
	bool begun, ended; /* its entry has come; its end */
};

static int take_entry(struct cat *cat, const struct frame *frame, struct error *err)
{
	struct entry_memory memory;
	struct entry entry;
	struct decoder d;
	int rc;

	if (cat->begun)
		return error_set(err, ERR_PROTOCOL, "more than one file in the answer");
	cat->begun = true;
	entry_memory_init(&memory);
	decoder_init(&d, frame->payload, frame->len_bytes);
	get_entry(&d, &memory, &entry);
	rc = codec_done(&d, "ENTRY", err);
	if (rc == 0 && entry.type == ENTRY_SYMLINK)
		rc = error_set(err, ERR_INPUT, "that is a symlink, to %.300s",
		               looking_safe(cat->looking, entry.target));
	else if (rc == 0 && entry.type != ENTRY_FILE)
		rc = error_set(err, ERR_INPUT, "that is a %s; `aob ls %s '%.300s'` shows it", listing_kind(entry.type),
		               cat->looking->pipeline, looking_safe(cat->looking, cat->path));
	entry_memory_done(&memory);
	return rc;
}

static int take_data(struct cat *cat, const struct frame *frame, struct error *err)
{
	if (!cat->begun || cat->ended)
		return error_set(err, ERR_PROTOCOL, "FETCH_DATA outside a file");
	sha256_update(&cat->sha, frame->payload, frame->len_bytes);
	if (fwrite(frame->payload, 1, frame->len_bytes, stdout) != frame->len_bytes)
		return error_sys(err, errno, "writing to standard output");
	cat->written += frame->len_bytes;
	return 0;
}

static int print_json(const struct cat *cat, const uint8_t sha256[32], struct error *err)
{
	json_t *object = json_pack("{s:s, s:s, s:I}", "pipeline", cat->looking->pipeline, "generation",
	                           cat->chosen.name, "bytes", (json_int_t)cat->written);
	char hex[65];
	int rc;

	hex_text(sha256, 32, hex);
	(void)json_object_set_new(object, "sha256", json_string(hex));
	rc = listing_name_json(object, "path", cat->path);
	if (rc == 0)
		rc = json_dumpf(object, stderr, JSON_COMPACT | JSON_ENSURE_ASCII);
	(void)fputc('\n', stderr);
	json_decref(object);
	return rc == 0 ? 0 : error_set(err, ERR_SYSTEM, "out of memory");
}

static int take_file_end(struct cat *cat, const struct frame *frame, struct error *err)
{
	uint8_t have[SHA256_BYTES];
	const uint8_t *recorded;
	uint64_t size_bytes;
	struct decoder d;

	if (!cat->begun || cat->ended)
		return error_set(err, ERR_PROTOCOL, "FETCH_FILE_END outside a file");
	cat->ended = true;
	decoder_init(&d, frame->payload, frame->len_bytes);
	recorded = get_raw(&d, 32);
	size_bytes = get_u64(&d);
	if (codec_done(&d, "FETCH_FILE_END", err) != 0)
		return -1;
	sha256_so_far(&cat->sha, have);
	if (size_bytes == WIRE_FETCH_UNREADABLE)
		return error_set(err, ERR_DAMAGED,
		                 "the vault's disk could not read it; what was written ends before the fault");
	if (size_bytes != cat->written || memcmp(have, recorded, 32) != 0)
		return error_set(err, ERR_DAMAGED,
		                 "what was written is not what was backed up: its SHA-256 is another one; try an older "
		                 "generation");
	return cat->looking->json ? print_json(cat, have, err) : 0;
}

static int take(void *context, const struct frame *frame, struct error *err)
{
	struct cat *cat = context;

	switch (frame->type) {
	case FRAME_ENTRY:
		return take_entry(cat, frame, err);
	case FRAME_FETCH_DATA:
		return take_data(cat, frame, err);
	case FRAME_FETCH_FILE_END:
		return take_file_end(cat, frame, err);
	default:
		return error_set(err, ERR_PROTOCOL, "%s in the answer", frame_name(frame->type));
	}
}

static int write_out(struct cat *cat, struct error *err)
{
	const struct looking_answer answer = { .end = FRAME_FETCH_END, .take = take, .context = cat };
	struct looking *looking = cat->looking;

	cat->path = looking->words[0];
	if (looking_path(&cat->path, cat->room, sizeof(cat->room), err) != 0 ||
	    choose_generation(looking->remote, looking->pipeline, looking->generation, &cat->chosen, err) != 0 ||
	    remote_ask_part(looking->remote, FRAME_FETCH, cat->chosen.name, cat->path, err) != 0)
		return -1;
	if (looking_take(looking, &answer, err) != 0)
		return looking_missing(looking, cat->path, err);
	return cat->ended ? 0 : error_set(err, ERR_PROTOCOL, "the answer ends inside the file");
}

static int work(struct looking *looking, struct error *err)
{
	struct cat *cat = calloc(1, sizeof(*cat));
	int rc;

	if (cat == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	cat->looking = looking;
	sha256_init(&cat->sha);
	rc = write_out(cat, err);
	free(cat);
	return rc;
}

int cat_main(int argc, char **argv, const char *config_path)
{
	static const struct looking_command command = { .usage = usage,
		                                        .words_least = 1,
		                                        .words_most = 1,
		                                        .takes_generation = true,
		                                        .by_fetch = true,
		                                        .work = work };

	return looking_main(&command, argc, argv, config_path);
}
