#include "cli/looking.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/ask.h"
#include "lib/config.h"
#include "lib/inside.h"
#include "lib/log.h"
#include "wire/note.h"

#define SAFE_BYTES ((size_t)4 * WIRE_PATH_MAX + 1)
#define CLEAR_LINE "\r\x1b[K"

static int usage(const struct looking_command *command, FILE *out, int status)
{
	(void)fputs(command->usage, out);
	return status;
}

/* -1: go on; else the exit status. */
static int read_command_line(const struct looking_command *command, int argc, char **argv, struct looking *looking)
{
	struct option options[5] = { { "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' } };
	size_t n = 2;
	size_t words;
	int option;

	if (command->takes_generation)
		options[n++] = (struct option){ "generation", required_argument, NULL, 'g' };
	if (command->takes_deep)
		options[n++] = (struct option){ "recursive", no_argument, NULL, 'r' };
	optind = 0;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'j':
			looking->json = true;
			break;
		case 'g':
			looking->generation = optarg;
			break;
		case 'r':
			looking->deep = true;
			break;
		case 'h':
			return usage(command, stdout, EX_OK);
		default:
			return usage(command, stderr, EX_USAGE);
		}
	}
	words = (size_t)(argc - optind);
	if (words < 1 + command->words_least || words > 1 + command->words_most)
		return usage(command, stderr, EX_USAGE);
	looking->pipeline = argv[optind];
	for (size_t i = 1; i < words; i++)
		looking->words[i - 1] = argv[optind + (int)i];
	return -1;
}

int looking_path(const char **path, char *whole, size_t size, struct error *err)
{
	size_t n;
	const char *from = inside_trim(*path != NULL ? *path : "", &n);

	if (n >= size)
		return error_set(err, ERR_INPUT, "a path of %zu bytes is too long", n);
	memcpy(whole, from, n);
	whole[n] = '\0';
	*path = whole;
	return inside_valid(whole, err);
}

int looking_ask(struct looking *looking, unsigned type, const struct encoder *request, struct error *err)
{
	return request->bad ? error_set(err, ERR_SYSTEM, "out of memory")
	                    : wire_send(remote_wire(looking->remote), type, request->data, request->len_bytes, err);
}

static void clear_note(struct looking *looking)
{
	if (looking->noted)
		(void)fputs(CLEAR_LINE, stderr);
	looking->noted = false;
}

/* So that a terminal does not stand still while the far end reads its disk. */
static void show_note(struct looking *looking, const struct frame *frame)
{
	struct note note;
	char safe[256];

	if (isatty(STDERR_FILENO) != 1 || note_read(frame, &note, NULL) != 0)
		return;
	(void)fprintf(stderr, CLEAR_LINE "%s: %llu names", log_escape(note.text, safe, sizeof(safe)),
	              (unsigned long long)note.done);
	looking->noted = true;
}

/* 1: a frame of the answer; 0: its end, the frame `end`; -1 */
static int next(struct looking *looking, unsigned end, struct frame *frame, struct error *err)
{
	int rc;

	for (;;) {
		if (ferror(stdout) != 0)
			return error_set(err, ERR_IO, "what is told can't be written");
		rc = wire_receive(remote_wire(looking->remote), frame, err);
		if (rc == 0)
			return error_set(err, ERR_LINK, "the connection was lost");
		if (rc < 0)
			return -1;
		if (frame->type != FRAME_NOTE)
			break;
		(void)fflush(stdout);
		show_note(looking, frame);
	}
	clear_note(looking);
	return frame->type == end ? 0 : 1;
}

int looking_take(struct looking *looking, const struct looking_answer *answer, struct error *err)
{
	struct frame frame = { .payload = NULL };
	int rc;

	while ((rc = next(looking, answer->end, &frame, err)) == 1) {
		if (answer->each != 0 && frame.type != answer->each)
			return error_set(err, ERR_PROTOCOL, "%s in the answer", frame_name(frame.type));
		if (answer->take(answer->context, &frame, err) != 0)
			return -1;
	}
	return rc == 0 && answer->take_end != NULL ? answer->take_end(answer->context, &frame, err) : rc;
}

int looking_missing(const struct looking *looking, const char *path, struct error *err)
{
	char before[ERROR_TEXT_SIZE];
	char safe[256];

	if (err == NULL || err->class != ERR_NOT_FOUND || *path == '\0')
		return -1;
	(void)snprintf(before, sizeof(before), "%s", err->text);
	return error_set(err, ERR_NOT_FOUND, "%.600s; `aob find %s '%s'` shows which generations have it", before,
	                 looking->pipeline, log_escape(path, safe, sizeof(safe)));
}

const char *looking_safe(struct looking *looking, const char *name)
{
	return log_escape(name, looking->safe, SAFE_BYTES);
}

static int converse(const struct looking_command *command, struct looking *looking, const struct config *config,
                    struct error *err)
{
	const struct config_pipeline *pipeline = config_pipeline_asked(config, looking->pipeline, err);
	int rc;

	if (pipeline == NULL ||
	    remote_open(pipeline->vault, looking->pipeline, "restore", NULL, &looking->remote, err) != 0)
		return -1;
	if (!command->by_fetch && !remote_welcome(looking->remote)->looks)
		return error_set(err, ERR_CONFIG,
		                 "the receiver there (%s) is older and can't be looked into; install a newer one",
		                 looking_safe(looking, remote_welcome(looking->remote)->software));
	rc = command->work(looking, err);
	if (rc != 0)
		remote_explain(looking->remote, err);
	return rc;
}

int looking_main(const struct looking_command *command, int argc, char **argv, const char *config_path)
{
	struct looking looking = { .verb = argv[0] };
	struct error err = { .class = ERR_NONE };
	struct config *config = NULL;
	int status = read_command_line(command, argc, argv, &looking);

	if (status >= 0)
		return status;
	looking.safe = malloc(SAFE_BYTES);
	if (looking.safe == NULL)
		(void)error_set(&err, ERR_SYSTEM, "out of memory");
	else if (config_load(config_path, &config, stderr, &err) == 0)
		(void)converse(command, &looking, config, &err);
	clear_note(&looking);
	/* What was told before stands before what went wrong. */
	(void)fflush(stdout);
	status = err.class == ERR_NONE ? EX_OK : ask_failed(looking.verb, &err);
	remote_close(&looking.remote);
	config_destroy(&config);
	free(looking.safe);
	return status;
}
