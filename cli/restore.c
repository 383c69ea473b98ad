#include "cli/restore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/choose.h"
#include "lib/progress.h"
#include "cli/unpack.h"
#include "lib/bytes.h"
#include "lib/config.h"
#include "lib/inside.h"
#include "lib/log.h"
#include "wire/remote.h"

#define COMPLAINTS_MOST 1000 /* lines about single files */

struct restore {
	const char *pipeline, *generation, *path, *to;
	bool keep_special, json;
	int target_fd;
	struct remote *remote;
	struct unpack *unpack;
	struct progress_bar bar;
	char chosen[32]; /* the generation */
	uint64_t complaints;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

static int give_up_if_asked(void *context, struct error *err)
{
	(void)context;
	return interrupted != 0 ? error_set(err, ERR_CANCELLED, "interrupted; what came so far is left where it is")
	                        : 0;
}

static void complain(void *context, const char *path, const char *what)
{
	struct restore *r = context;
	char safe[1024];

	if (++r->complaints > COMPLAINTS_MOST)
		return;
	progress_clear(&r->bar);
	(void)fprintf(stderr, "aob restore: %s: %s\n", log_escape(path, safe, sizeof(safe)), what);
}

/* The target is made, or is an empty folder: nothing of the user's is ever written over. */
static int open_target(struct restore *r, struct error *err)
{
	DIR *dir;
	int n = 0;

	if (mkdir(r->to, 0700) != 0 && errno != EEXIST)
		return error_sys(err, errno, "making the folder %s", r->to);
	r->target_fd = open(r->to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->target_fd < 0)
		return error_sys(err, errno, "opening %s", r->to);
	dir = opendir(r->to);
	if (dir == NULL)
		return error_sys(err, errno, "opening %s", r->to);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	while (n < 3 && readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	if (n > 2)
		return error_set(err, ERR_REFUSED, "%s is not empty; name a folder that is, or that does not exist yet",
		                 r->to);
	return 0;
}

/* Finds the generation, for its name and its size. */
static int choose(struct restore *r, struct error *err)
{
	struct generation_info chosen;

	if (choose_generation(r->remote, r->pipeline, r->generation, &chosen, err) != 0)
		return -1;
	(void)snprintf(r->chosen, sizeof(r->chosen), "%s", chosen.name);
	r->bar.total = r->path[0] == '\0' ? chosen.bytes : 0;
	return 0;
}

static int take(struct restore *r, const struct frame *frame, struct error *err)
{
	switch (frame->type) {
	case FRAME_ENTRY:
		return unpack_entry(r->unpack, frame->payload, frame->len_bytes, err);
	case FRAME_FETCH_DATA:
		return unpack_data(r->unpack, frame->payload, frame->len_bytes, err);
	case FRAME_FETCH_FILE_END:
		return unpack_file_end(r->unpack, frame->payload, frame->len_bytes, err);
	case FRAME_NOTE:
		return 0;
	default:
		return error_set(err, ERR_PROTOCOL, "%s in the answer", frame_name(frame->type));
	}
}

static int receive(struct restore *r, struct error *err)
{
	for (;;) {
		struct unpack_totals totals;
		struct frame frame;
		int rc = wire_receive(remote_wire(r->remote), &frame, err);

		if (rc == 0)
			return error_set(err, ERR_LINK, "the connection was lost");
		if (rc < 0)
			return -1;
		if (frame.type == FRAME_FETCH_END)
			return unpack_finish(r->unpack, err);
		if (take(r, &frame, err) != 0 || give_up_if_asked(r, err) != 0)
			return -1;
		totals = unpack_totals(r->unpack);
		r->bar.done = totals.bytes;
		r->bar.files = totals.files;
		progress_show(&r->bar);
	}
}

static int run(struct restore *r, const struct config *config, struct error *err)
{
	const struct config_pipeline *pipeline = config_pipeline_asked(config, r->pipeline, err);
	struct unpack_options options = { .keep_special = r->keep_special, .complain = complain, .context = r };
	struct wire_hooks hooks = { .waiting = give_up_if_asked };
	bool made = access(r->to, F_OK) != 0;
	int rc;

	if (pipeline == NULL)
		return -1;
	if (inside_valid(r->path, err) != 0)
		return error_prefix(err, "--path");
	if (open_target(r, err) != 0 || unpack_new(r->target_fd, &options, &r->unpack, err) != 0)
		return -1;
	rc = remote_open(pipeline->vault, r->pipeline, "restore", &hooks, &r->remote, err);
	if (rc == 0) {
		rc = choose(r, err) == 0 && remote_fetch(r->remote, r->chosen, r->path, err) == 0 ? receive(r, err)
		                                                                                  : -1;
		if (rc != 0)
			remote_explain(r->remote, err);
	}
	/* A folder that was made for nothing does not stay. */
	if (rc != 0 && made)
		(void)rmdir(r->to);
	return rc;
}

static void report(const struct restore *r)
{
	struct unpack_totals t = unpack_totals(r->unpack);
	char bytes[32];

	if (r->json) {
		json_t *json = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "pipeline", r->pipeline,
		                         "generation", r->chosen, "to", r->to, "files", (json_int_t)t.files, "bytes",
		                         (json_int_t)t.bytes, "damaged", (json_int_t)t.damaged, "missing",
		                         (json_int_t)t.missing, "left_out", (json_int_t)t.left_out);

		if (json != NULL)
			(void)json_dumpf(json, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
		json_decref(json);
		return;
	}
	(void)printf("%s: %llu files, %s of generation %s, each checked against its SHA-256\n", r->to,
	             (unsigned long long)t.files, bytes_text(t.bytes, bytes, sizeof(bytes)), r->chosen);
	if (t.left_out != 0)
		(void)printf("%llu devices and pipes were left out; --keep-special brings them back\n",
		             (unsigned long long)t.left_out);
	if (t.damaged + t.missing != 0)
		(void)fprintf(stderr,
		              "aob restore: %llu files are damaged in the vault, %llu can't be read there; try an "
		              "older generation\n",
		              (unsigned long long)t.damaged, (unsigned long long)t.missing);
}

static int usage(FILE *out, int status)
{
	(void)fputs(
	        "usage: aob restore PIPELINE [--generation G] [--path P] --to DIR [--keep-special] [--json]\n"
	        "\n"
	        "Brings a generation (the newest without --generation), or the file or folder P of it, back into DIR,\n"
	        "which must be empty or not exist yet. Every file is checked against its SHA-256.\n"
	        "\n"
	        "  --keep-special   devices, pipes, and setuid and setgid bits too\n",
	        out);
	return status;
}

/* -1: go on; else the exit status. */
static int read_command_line(int argc, char **argv, struct restore *r)
{
	static const struct option options[] = { { "generation", required_argument, NULL, 'g' },
		                                 { "path", required_argument, NULL, 'p' },
		                                 { "to", required_argument, NULL, 't' },
		                                 { "keep-special", no_argument, NULL, 's' },
		                                 { "json", no_argument, NULL, 'j' },
		                                 { "help", no_argument, NULL, 'h' },
		                                 { NULL, 0, NULL, 0 } };
	int option;

	optind = 0;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'g':
			r->generation = optarg;
			break;
		case 'p':
			r->path = optarg;
			break;
		case 't':
			r->to = optarg;
			break;
		case 's':
			r->keep_special = true;
			break;
		case 'j':
			r->json = true;
			break;
		case 'h':
			return usage(stdout, EX_OK);
		default:
			return usage(stderr, EX_USAGE);
		}
	}
	if (optind + 1 != argc || r->to == NULL)
		return usage(stderr, EX_USAGE);
	r->pipeline = argv[optind];
	return -1;
}

int restore_main(int argc, char **argv, const char *config_path)
{
	struct restore r = { .path = "", .target_fd = -1 };
	struct sigaction stop = { .sa_handler = on_signal };
	struct error err = { .class = ERR_NONE };
	struct config *config = NULL;
	int status = read_command_line(argc, argv, &r);

	if (status >= 0)
		return status;
	(void)sigaction(SIGINT, &stop, NULL);
	(void)sigaction(SIGTERM, &stop, NULL);
	progress_begin(&r.bar, "restoring");
	status = EX_OK;
	if (config_load(config_path, &config, stderr, &err) != 0 || run(&r, config, &err) != 0)
		status = error_exit(err.class);
	progress_clear(&r.bar);
	if (status != EX_OK) {
		(void)fprintf(stderr, "aob restore: %s\n", err.text);
	} else {
		struct unpack_totals totals = unpack_totals(r.unpack);

		report(&r);
		if (totals.damaged + totals.missing != 0)
			status = EX_DATAERR;
	}
	remote_close(&r.remote);
	unpack_destroy(&r.unpack);
	if (r.target_fd >= 0)
		(void)close(r.target_fd);
	config_destroy(&config);
	return status;
}
