#include "cli/restore_bare.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/interrupt.h"
#include "cli/restore_fit.h"
#include "cli/restore_work.h"
#include "lib/bytes.h"
#include "lib/durable.h"
#include "lib/progress.h"
#include "wire/bare_list.h"
#include "wire/bare_rsync.h"

#define OPTIONS_MAX 16
#define ORPHAN_MS 30000
#define NAP_MS 100
#define LIST_MAX (1u << 20)

struct bare_restore {
	const struct restore_options *options;
	const char *pipeline;
	struct config_vault vault; /* with this restore's rate */
	struct config_rate window;
	struct bare *bare;
	struct generation_info *list;
	const struct generation_info *chosen;
	char to[PATH_MAX];
	int target_fd;
	char wanted[4096];
	struct restore_work work;
	struct restore_work_key key;
	struct progress_bar bar;
	struct bare_output output;
};

static int give_up_if_asked(void *context, struct error *err)
{
	(void)context;
	return interrupt_asked()
	               ? error_set(err, ERR_CANCELLED, "interrupted; the same command goes on where this one ended")
	               : 0;
}

static int while_rsync_works(void *context, struct error *err)
{
	struct bare_restore *r = context;

	return give_up_if_asked(NULL, err) == 0 ? bare_ping(r->bare, err) : -1;
}

static void tell(void *context, const struct bare_output *output)
{
	struct bare_restore *r = context;

	r->bar.done = output->done_bytes;
	r->bar.files = output->files;
	progress_show(&r->bar);
}

/* What takes a receiver at the other end. */
static int refuse(const struct restore_options *options, struct error *err)
{
	const char *word = options->over ? "--over" : options->globs[0] != NULL ? "--glob" : NULL;

	if (word == NULL)
		return 0;
	return error_set(
	        err, ERR_CONFIG,
	        "%s takes an aob-receiver at the far end, and this vault is reached by the engine rsync: restore to an "
	        "empty folder, with --path for a part",
	        word);
}

static int choose(struct bare_restore *r, struct error *err)
{
	const char *wanted = r->options->generation;
	struct bare_hooks hooks = { .waiting = give_up_if_asked };
	size_t n = 0;

	if (wanted == NULL && r->work.generation[0] != '\0')
		wanted = r->work.generation;
	if (bare_open(&r->vault, r->pipeline, BARE_READS, &hooks, &r->bare, err) != 0 ||
	    bare_list_read(r->bare, &r->list, NULL, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (wanted != NULL ? strcmp(r->list[i].name, wanted) == 0 : r->list[i].current || i + 1 == n) {
			r->chosen = &r->list[i];
			if (wanted != NULL || r->list[i].current)
				break;
		}
	if (r->chosen != NULL)
		return 0;
	if (wanted == NULL)
		return error_set(err, ERR_NOT_FOUND, "pipeline %s has no generation yet", r->pipeline);
	return error_set(err, ERR_NOT_FOUND, "there is no generation %.40s; `aob list %s --vault` shows those that are",
	                 wanted, r->pipeline);
}

static int open_target(struct bare_restore *r, struct error *err)
{
	const struct restore_options *options = r->options;

	if (restore_fit_place(options->to, err) != 0)
		return -1;
	if (!options->dry_run && mkdir(options->to, 0700) != 0 && errno != EEXIST)
		return error_sys(err, errno, "making the folder %s", options->to);
	r->target_fd = open(options->to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->target_fd < 0 && options->dry_run && errno == ENOENT)
		return 0;
	if (r->target_fd < 0 || realpath(options->to, r->to) == NULL)
		return error_sys(err, errno, "opening %s", options->to);
	restore_options_wanted(options, r->wanted, sizeof(r->wanted));
	r->key = (struct restore_work_key){ .pipeline = r->pipeline,
		                            .wanted = r->wanted,
		                            .generation = options->generation };
	if (restore_work_open(&r->work, r->target_fd, &r->key, err) != 0 ||
	    (r->work.complete && !options->dry_run && restore_work_finish(&r->work, err) != 0))
		return error_prefix(err, "%s", options->to);
	if (r->work.generation[0] != '\0' || !r->work.others)
		return 0;
	return error_set(err, ERR_REFUSED, "%s is not empty; name a folder that is, or that does not exist yet",
	                 options->to);
}

/* The paths that were asked for, each with a NUL behind. Without "./" rsync takes one that begins with '#' or ';' for a comment. */
static char *list_of(const struct restore_options *options, size_t *bytes, struct error *err)
{
	char *list = calloc(1, LIST_MAX);

	*bytes = 0;
	if (list == NULL)
		(void)error_set(err, ERR_SYSTEM, "out of memory");
	for (size_t i = 0; list != NULL && options->paths[i] != NULL; i++) {
		size_t n = strlen(options->paths[i]) + sizeof("./");

		if (n > LIST_MAX - *bytes) {
			free(list);
			(void)error_set(err, ERR_INPUT, "the paths of --path are more than %u bytes: restore a folder",
			                LIST_MAX);
			return NULL;
		}
		(void)snprintf(list + *bytes, n, "./%s", options->paths[i]);
		*bytes += n;
	}
	return list;
}

/* An rsync whose aob was killed ends by itself, soon: until then it writes there. */
static int wait_for_the_one_before(const struct bare_restore *r, struct error *err)
{
	for (int i = 0; flock(r->work.fd, LOCK_EX | LOCK_NB) != 0; i++) {
		if (errno != EWOULDBLOCK)
			return error_sys(err, errno, "locking %s", r->work.name);
		if (i == ORPHAN_MS / NAP_MS)
			return error_set(err, ERR_LOCKED, "the rsync of an earlier restore still writes to %s",
			                 r->options->to);
		if (give_up_if_asked(NULL, err) != 0)
			return -1;
		(void)usleep(NAP_MS * 1000);
	}
	return flock(r->work.fd, LOCK_UN) == 0 ? 0 : error_sys(err, errno, "unlocking %s", r->work.name);
}

static int run_rsync(struct bare_restore *r, const char *place, struct error *err)
{
	const struct restore_options *options = r->options;
	char from[128];
	char held[64];
	char to[PATH_MAX + 1];
	char parts[PATH_MAX + 64];
	char temporary[PATH_MAX + 64];
	char ours[RESTORE_WORK_NAME_SIZE + 16];
	char work[PATH_MAX + 64];
	const char *words[OPTIONS_MAX + 1] = { NULL };
	size_t n = 0;
	size_t list_bytes = 0;
	char *list = list_of(options, &list_bytes, err);
	struct bare_rsync rsync = { .vault = &r->vault,
		                    .pipeline = r->pipeline,
		                    .held = held,
		                    .fake_super = !bare_greeting(r->bare)->is_root,
		                    .fine_times = bare_greeting(r->bare)->rsync >= BARE_WELCOME_FINE_SINCE,
		                    .options = words,
		                    .from = from,
		                    .to = to,
		                    .list = list,
		                    .list_bytes = list_bytes,
		                    /* What was there before a restart may not have reached the disk. */
		                    .by_content = r->work.generation[0] != '\0' && !r->work.same_boot,
		                    .waiting = while_rsync_works,
		                    .told = tell,
		                    .context = r };
	int rc;

	(void)snprintf(held, sizeof(held), "generations/%s", r->chosen->name);
	(void)snprintf(from, sizeof(from), BARE_RSYNC_FAR "%s/", held);
	(void)snprintf(to, sizeof(to), "%s/", place);
	(void)snprintf(parts, sizeof(parts), "--partial-dir=%s/%s/" RESTORE_WORK_PARTS, place, r->work.name);
	(void)snprintf(temporary, sizeof(temporary), "--temp-dir=%s/%s", place, r->work.name);
	(void)snprintf(ours, sizeof(ours), "--filter=- /%s", r->work.name);
	if (options->dry_run) {
		words[n++] = "--dry-run";
	} else {
		(void)snprintf(work, sizeof(work), "%s/%s", place, r->work.name);
		rsync.locks = work;
		words[n++] = parts;
		words[n++] = temporary;
		/* Nothing that a far end sends comes there. */
		words[n++] = ours;
	}
	/* As cli/tame.h has it. */
	if (!options->keep_special) {
		words[n++] = "--no-D";
		words[n++] = "--chmod=Fu-s,Fg-s";
		words[n++] = "--filter=-x security.capability";
	}
	if (geteuid() != 0)
		words[n++] = "--filter=-x security.*";
	if (list_bytes != 0) {
		words[n++] = "--recursive";
		words[n++] = "--from0";
		words[n++] = "--files-from=-";
	}
	rc = list != NULL ? bare_rsync_run(&rsync, &r->output, err) : -1;
	free(list);
	return rc;
}

static void warn_of_old_rsync(void)
{
	unsigned version = bare_rsync_version();

	if (version != 0 && version < BARE_WELCOME_SAFE_SINCE)
		(void)fprintf(stderr,
		              "aob restore: rsync %u.%u.%u of this machine believes whatever the far end sends "
		              "(CVE-2022-29154, mended in 3.2.5 and in what distributions mend): keep it up to date\n",
		              version / 10000, version / 100 % 100, version % 100);
}

/* Whole generations alone are counted. */
static int check_count(const struct bare_restore *r, struct error *err)
{
	if (r->options->paths[0] != NULL || r->output.regular_files == r->chosen->files)
		return 0;
	return error_set(
	        err, ERR_DAMAGED,
	        "generation %s has %llu files, and had %llu when it was published: somebody has changed it by hand, or "
	        "its disk is damaged; another generation may be whole, and --path brings parts of this one",
	        r->chosen->name, (unsigned long long)r->output.regular_files, (unsigned long long)r->chosen->files);
}

static int bring(struct bare_restore *r, struct error *err)
{
	struct restore_room room;

	if (r->options->paths[0] == NULL && r->work.generation[0] == '\0' &&
	    (restore_fit_read(r->options->to, &room, err) != 0 ||
	     restore_fit_check(&room, r->chosen->bytes, r->chosen->files, err) != 0))
		return -1;
	if (r->options->dry_run)
		/* Held against a folder that is empty for sure, if there is no other yet. */
		return run_rsync(r, r->target_fd >= 0 ? r->to : "/nonexistent/aob", err);
	warn_of_old_rsync();
	progress_begin(&r->bar, "restoring");
	r->bar.total = r->chosen->bytes;
	if (restore_work_begin(&r->work, &r->key, r->chosen->name, err) != 0 || wait_for_the_one_before(r, err) != 0 ||
	    run_rsync(r, r->to, err) != 0)
		return -1;
	progress_clear(&r->bar);
	if (check_count(r, err) != 0)
		return -1;
	if (syncfs(r->target_fd) != 0)
		return error_sys(err, errno, "syncing %s", r->options->to);
	if (restore_work_end(&r->work, err) != 0)
		return -1;
	return durable_sync(r->target_fd, r->options->to, err);
}

static void report(const struct bare_restore *r)
{
	char bytes[BYTES_TEXT_SIZE];
	json_t *json;
	char *text;

	if (!r->options->json) {
		(void)printf("%s: %llu files of generation %s, %s of them %s; rsync has checked what crossed\n",
		             r->options->to, (unsigned long long)r->output.regular_files, r->chosen->name,
		             bytes_text(r->output.literal_bytes, bytes, sizeof(bytes)),
		             r->options->dry_run ? "would cross" : "crossed now");
		return;
	}
	json = json_pack("{s:s, s:s, s:s, s:I, s:I, s:b, s:s}", "pipeline", r->pipeline, "generation", r->chosen->name,
	                 "to", r->options->to, "files", (json_int_t)r->output.regular_files, "carried_bytes",
	                 (json_int_t)r->output.literal_bytes, "dry_run", (int)r->options->dry_run, "engine", "rsync");
	text = json != NULL ? json_dumps(json, JSON_INDENT(2)) : NULL;
	if (text != NULL)
		(void)puts(text);
	free(text);
	json_decref(json);
}

int restore_bare_run(const struct restore_options *options, const struct config_pipeline *pipeline, struct error *err)
{
	struct bare_restore *r = calloc(1, sizeof(*r));
	bool made = !options->dry_run && access(options->to, F_OK) != 0 && errno == ENOENT;
	int rc;

	if (r == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	r->options = options;
	r->pipeline = pipeline->name;
	r->vault = *pipeline->vault;
	r->window.bytes_per_s = options->rate_bps;
	r->vault.rates = &r->window;
	r->vault.n_rates = 1;
	r->target_fd = -1;
	r->work = (struct restore_work){ .fd = -1, .bad_fd = -1 };
	rc = refuse(options, err) == 0 && open_target(r, err) == 0 && choose(r, err) == 0 ? bring(r, err) : -1;
	progress_clear(&r->bar);
	if (rc == 0)
		report(r);
	else
		restore_work_give_up(&r->work);
	if (rc != 0 && made)
		(void)rmdir(options->to);
	bare_close(&r->bare);
	restore_work_close(&r->work);
	if (r->target_fd >= 0)
		(void)close(r->target_fd);
	free(r->list);
	free(r);
	return rc;
}
