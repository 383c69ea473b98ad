#include "receiver/incoming.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/boot_id.h"
#include "lib/crash_point.h"
#include "lib/durable.h"
#include "lib/durable_json.h"
#include "lib/log.h"
#include "receiver/build.h"
#include "lib/generation_name.h"
#include "receiver/only_copy.h"
#include "receiver/recheck.h"
#include "receiver/trash.h"

#define STATE "state.json"
#define STATE_BYTES_MAX 4096
#define WORK_PREFIX ".aob-"
#define ASIDE "new" /* and what makes it one of its own; the names of parts are hexadecimal */

/* state.json */
struct state {
	char base[32];
	char boot_id[BOOT_ID_SIZE];
	char work[INCOMING_WORK_SIZE];
	uint64_t new_bytes; /* content that has arrived; for people, so a crash may lose the last connection's */
	struct tally tally; /* unsure: the connection that was counting did not end by itself */
};

/* Without the tally while a connection goes on: if it is killed, nobody knows what it did after its last word. */
static int write_state(const struct incoming *in, bool with_tally, struct error *err)
{
	const struct tally *t = &in->tally;
	char boot[BOOT_ID_SIZE];
	json_t *json;

	boot_id_read(boot);
	json = json_pack("{s:i, s:s, s:s, s:s, s:I}", "format", 1, "base", in->base, "boot_id", boot, "work", in->work,
	                 "new_bytes", (json_int_t)in->record.new_bytes);
	if (json != NULL && with_tally && !t->unsure)
		(void)json_object_set_new(json, "tally",
		                          json_pack("{s:I, s:I, s:I, s:I, s:s, s:I, s:I}", "files",
		                                    (json_int_t)t->files, "bytes", (json_int_t)t->bytes, "lost_files",
		                                    (json_int_t)t->lost_files, "lost_bytes", (json_int_t)t->lost_bytes,
		                                    "part", t->part, "kept_bytes", (json_int_t)t->kept_bytes, "kept_to",
		                                    (json_int_t)t->kept_to));
	return durable_json_write(in->fd, STATE, DURABLE_PUBLIC, json, 0, err);
}

static void read_tally(json_t *json, struct tally *tally)
{
	json_int_t n[6] = { 0 };
	const char *part = NULL;

	*tally = (struct tally){ .unsure = true };
	if (json_unpack(json, "{s:I, s:I, s:I, s:I, s:s, s:I, s:I}", "files", &n[0], "bytes", &n[1], "lost_files",
	                &n[2], "lost_bytes", &n[3], "part", &part, "kept_bytes", &n[4], "kept_to", &n[5]) != 0 ||
	    strlen(part) >= sizeof(tally->part))
		return;
	*tally = (struct tally){ .files = n[0],
		                 .bytes = n[1],
		                 .lost_files = (uint64_t)n[2],
		                 .lost_bytes = (uint64_t)n[3],
		                 .kept_bytes = (uint64_t)n[4],
		                 .kept_to = (uint64_t)n[5] };
	(void)snprintf(tally->part, sizeof(tally->part), "%s", part);
}

/* 1; 0: there is none, as the clone was not finished, or it is damaged: then it is begun anew; -1: its disk does not give it. */
static int read_state(int fd, struct state *state, struct error *err)
{
	struct error fault = { .class = ERR_NONE };
	char *text = NULL;
	size_t len_bytes = 0;
	const char *base = "";
	const char *boot = "";
	const char *work = "";
	json_int_t new_bytes = 0;
	json_t *json = NULL;
	int good = 0;

	if (durable_read(fd, STATE, STATE_BYTES_MAX, &text, &len_bytes, &fault) == 0) {
		json = json_loadb(text, len_bytes, 0, NULL);
	} else if (fault.class != ERR_NOT_FOUND && fault.class != ERR_DAMAGED) {
		if (err != NULL)
			*err = fault;
		return -1;
	}
	if (json != NULL &&
	    json_unpack(json, "{s:s, s:s, s:s, s?I}", "base", &base, "boot_id", &boot, "work", &work, "new_bytes",
	                &new_bytes) == 0 &&
	    strncmp(work, WORK_PREFIX, strlen(WORK_PREFIX)) == 0 && strchr(work, '/') == NULL &&
	    strlen(work) < sizeof(state->work) && strlen(base) < sizeof(state->base) &&
	    strlen(boot) < sizeof(state->boot_id)) {
		(void)snprintf(state->base, sizeof(state->base), "%s", base);
		(void)snprintf(state->boot_id, sizeof(state->boot_id), "%s", boot);
		(void)snprintf(state->work, sizeof(state->work), "%s", work);
		state->new_bytes = (uint64_t)new_bytes;
		read_tally(json_object_get(json, "tally"), &state->tally);
		good = 1;
	}
	json_decref(json);
	free(text);
	return good;
}

bool incoming_run_valid(const char *run)
{
	size_t n = strlen(run);

	return n != 0 && n <= INCOMING_RUN_MAX && run[0] != '-' &&
	       strspn(run, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == n;
}

/* Looks for the run among the published generations, the newest first, and finds the newest name. */
static int find_published(struct incoming *in, char newest[32], bool *found, struct error *err)
{
	char(*names)[32];
	size_t n;
	int rc = 0;

	*found = false;
	if (record_names(in->vault, &names, &n, err) != 0)
		return -1;
	/* The current one may have lost its record. */
	(void)snprintf(newest, 32, "%s", n != 0 && strcmp(names[n - 1], in->base) > 0 ? names[n - 1] : in->base);
	for (size_t i = n; i > 0 && !*found && rc == 0; i--) {
		struct record record;

		if (record_read(in->vault, names[i - 1], &record, NULL) != 0 || strcmp(record.run, in->record.run) != 0)
			continue;
		rc = vault_has(in->vault, names[i - 1], err);
		*found = rc > 0;
		if (*found)
			in->record = record;
		rc = rc < 0 ? -1 : 0;
	}
	free(names);
	return rc;
}

/* Can a tree that was begun as that generation be gone on with? If it was the one that is current; or if somebody has removed it by hand: what had arrived
 * is in the tree all the same, and whatever it does not share with the current one is read again first. */
static bool base_fits(const struct incoming *in, const char *base)
{
	return strcmp(base, in->base) == 0 || (*base != '\0' && vault_has(in->vault, base, NULL) == 0);
}

/* What another run left: can it be gone on with? 1, 0; -1: what it is can't be read. */
static int other_fits(const struct incoming *in, const char *run, struct error *err)
{
	int fd = openat(in->vault->incoming_fd, run, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct state state;
	int rc;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : error_sys(err, errno, "opening the folder %s", run);
	rc = read_state(fd, &state, err);
	(void)close(fd);
	return rc == 1 ? base_fits(in, state.base) : rc;
}

/* What another run left goes into the trash, but for one tree that can be gone on with: its files need not cross again. What can't be read stays: it may be one, the next time. */
static int settle_others(const struct incoming *in, struct error *err)
{
	int fd = openat(in->vault->incoming_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct stat st;
	bool mine = fstatat(in->vault->incoming_fd, in->record.run, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
	struct dirent *found;
	int rc = 0;

	if (dir == NULL) {
		rc = error_sys(err, errno, "opening .aob/incoming");
		if (fd >= 0)
			(void)close(fd);
		return rc;
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while (rc == 0 && (found = readdir(dir)) != NULL) {
		struct error fault = { .class = ERR_NONE };
		int good;

		if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0 ||
		    strcmp(found->d_name, in->record.run) == 0)
			continue;
		good = only_copy_look(in->vault, found->d_name, &fault) < 0 ? -1
		       : mine                                               ? 0
		                                                            : other_fits(in, found->d_name, &fault);
		if (good < 0)
			log_error(LOG_WARNING, &fault, "what run %.100s has left stays", found->d_name);
		else if (good == 1 &&
		         renameat(in->vault->incoming_fd, found->d_name, in->vault->incoming_fd, in->record.run) == 0)
			mine = true;
		else
			rc = only_copy_trash(in->vault, found->d_name, err);
	}
	(void)closedir(dir);
	return rc;
}

static int open_in(int parent_fd, const char *name, bool create, int *fd, struct error *err)
{
	if (create && mkdirat(parent_fd, name, 0700) != 0 && errno != EEXIST)
		return error_sys(err, errno, "making the folder %s", name);
	*fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *fd >= 0 ? 0 : error_sys(err, errno, "opening the folder %s", name);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void close_all(struct incoming *in)
{
	inside_destroy(&in->tree);
	inside_destroy(&in->other);
	close_fd(&in->trash_fd);
	close_fd(&in->parts_fd);
	close_fd(&in->work_fd);
	close_fd(&in->tree_fd);
	close_fd(&in->fd);
}

int incoming_base(const struct incoming *in, int *base_fd, struct error *err)
{
	*base_fd = -1;
	if (in->base[0] == '\0')
		return 0;
	return open_in(in->vault->generations_fd, in->base, false, base_fd, err);
}

/* A name that nothing in the tree has. */
static int name_work(struct incoming *in, struct error *err)
{
	struct stat st;

	do {
		if (aside_name(WORK_PREFIX, in->work, err) != 0)
			return -1;
	} while (fstatat(in->tree_fd, in->work, &st, AT_SYMLINK_NOFOLLOW) == 0);
	return errno == ENOENT ? 0 : error_sys(err, errno, "looking for a free name in the tree");
}

int incoming_aside(struct incoming *in, struct error *err)
{
	int rc = 0;

	if (in->aside[0] != '\0' && unlinkat(in->parts_fd, in->aside, 0) != 0 && errno != ENOENT)
		rc = error_sys(err, errno, "clearing parts");
	return aside_name(ASIDE ".", in->aside, err) == 0 ? rc : -1;
}

/* Opens, or makes, the work folder. The time of the tree's root is that of the source, and not of this. */
static int open_work(struct incoming *in, struct error *err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { 0 } };
	struct error aside = { .class = ERR_NONE };
	struct stat st;

	if (fstat(in->tree_fd, &st) != 0)
		return error_sys(err, errno, "stat of the tree");
	if (open_in(in->tree_fd, in->work, true, &in->work_fd, err) != 0 ||
	    open_in(in->work_fd, "parts", true, &in->parts_fd, err) != 0 ||
	    open_in(in->work_fd, "trash", true, &in->trash_fd, err) != 0)
		return -1;
	/* What a killed receiver had not put in its place; what stays of it goes with the folder. */
	if (aside_clear(in->parts_fd, ASIDE, &aside) != 0)
		log_error(LOG_WARNING, &aside, "clearing parts");
	times[1] = st.st_mtim;
	if (futimens(in->tree_fd, times) != 0)
		return error_sys(err, errno, "setting the time of the tree's root");
	if (inside_new(in->tree_fd, &in->tree, err) != 0 || inside_new(in->tree_fd, &in->other, err) != 0)
		return -1;
	return 0;
}

int incoming_allows(const struct incoming *in, const char *path, struct error *err)
{
	size_t n = strlen(in->work);

	if (n == 0 || strncmp(path, in->work, n) != 0 || (path[n] != '\0' && path[n] != '/'))
		return 0;
	return error_set(err, ERR_REFUSED, "\"%.300s\" is this receiver's own", path);
}

int incoming_trash(struct incoming *in, int parent_fd, const char *name, struct error *err)
{
	return trash_put_in(in->trash_fd, parent_fd, name, err);
}

static int clone_base(struct incoming *in, struct ticker *ticker, struct error *err)
{
	int base_fd;
	int rc;

	if (incoming_base(in, &base_fd, err) != 0)
		return -1;
	ticker_begin(ticker, "beginning from the last generation", 0);
	rc = build_tree(in->vault, base_fd, in->fd, "tree", ticker, &in->relinked, err);
	close_fd(&base_fd);
	return rc;
}

int incoming_build(struct incoming *in, struct ticker *ticker, struct error *err)
{
	if (in->built)
		return 0;
	if (only_copy_trash(in->vault, in->record.run, err) != 0 ||
	    open_in(in->vault->incoming_fd, in->record.run, true, &in->fd, err) != 0)
		return -1;
	if (clone_base(in, ticker, err) != 0) {
		if (err->class != ERR_SPACE)
			return -1;
		/* What waits in the trash may be just the room that is missing. */
		error_clear(err);
		if (trash_put(in->vault, in->fd, "tree", err) != 0 || trash_empty(in->vault, ticker, err) != 0 ||
		    clone_base(in, ticker, err) != 0)
			return -1;
	}
	crash_point("cloned");
	if (open_in(in->fd, "tree", false, &in->tree_fd, err) != 0 || name_work(in, err) != 0 ||
	    open_work(in, err) != 0)
		return -1;
	in->built = in->going_on = true;
	return write_state(in, false, err);
}

int incoming_finish(struct incoming *in, struct ticker *ticker, struct error *err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { 0 } };
	struct stat st;

	if (fstat(in->tree_fd, &st) != 0)
		return error_sys(err, errno, "stat of the tree");
	times[1] = st.st_mtim;
	/* Out of the tree at one stroke where that is possible: from a subvolume it is not. */
	if (trash_put(in->vault, in->fd, "work", err) != 0)
		return -1;
	if (renameat(in->tree_fd, in->work, in->fd, "work") != 0) {
		if (errno != EXDEV)
			return error_sys(err, errno, "taking the work folder out of the tree");
		if (trash_put_in(in->trash_fd, in->work_fd, "parts", err) != 0 ||
		    trash_empty_bin(in->trash_fd, ticker, err) != 0)
			return -1;
		if (unlinkat(in->work_fd, "trash", AT_REMOVEDIR) != 0 ||
		    unlinkat(in->tree_fd, in->work, AT_REMOVEDIR) != 0)
			return error_sys(err, errno, "removing the work folder");
	}
	if (futimens(in->tree_fd, times) != 0)
		return error_sys(err, errno, "setting the time of the tree's root");
	return 0;
}

/* What this run has brought so far, opened. 1, 0: nothing that can be gone on with, -1: it can't be read. */
static int open_left(struct incoming *in, struct state *state, struct error *err)
{
	struct error fault = { .class = ERR_NONE };
	int rc;

	if (open_in(in->vault->incoming_fd, in->record.run, false, &in->fd, &fault) == 0 &&
	    open_in(in->fd, "tree", false, &in->tree_fd, &fault) == 0) {
		rc = read_state(in->fd, state, err);
		return rc == 1 ? base_fits(in, state->base) : rc;
	}
	if (fault.class == ERR_NOT_FOUND)
		return 0;
	if (err != NULL)
		*err = fault;
	return -1;
}

/* 1: gone on with, 0: nothing there that can be, -1. */
static int try_resume(struct incoming *in, int from_fd, struct ticker *ticker, struct error *err)
{
	int held = only_copy_look(in->vault, in->record.run, err);
	struct state state;
	char boot[BOOT_ID_SIZE];
	int base_fd;
	int rc;

	if (held < 0)
		return -1;
	rc = open_left(in, &state, err);
	if (rc == 0 && held != 0)
		rc = error_set(err, ERR_DAMAGED,
		               ".aob/incoming/%s can't be gone on with (its " STATE
		               " is damaged), and files that were moved are in its tree alone: move them back by hand, "
		               "and remove that folder",
		               in->record.run);
	if (rc != 1) {
		close_all(in);
		return rc;
	}
	(void)snprintf(in->work, sizeof(in->work), "%s", state.work);
	in->record.new_bytes = state.new_bytes;
	in->tally = state.tally;
	if (open_work(in, err) != 0)
		return -1;
	in->built = true;
	boot_id_read(boot);
	if (boot[0] != '\0' && strcmp(boot, state.boot_id) == 0 && strcmp(state.base, in->base) == 0)
		return write_state(in, false, err) == 0 ? 1 : -1;
	in->tally.unsure = true;
	log_line(LOG_NOTICE, "%s since run %s began: what had arrived is read again",
	         strcmp(state.base, in->base) == 0 ? "the machine was restarted"
	                                           : "the generation that it began as was removed",
	         in->record.run);
	if (incoming_base(in, &base_fd, err) != 0)
		return -1;
	ticker_begin(ticker, "reading again what had arrived", 0);
	rc = recheck_tree(in->tree_fd, base_fd, held != 0 ? from_fd : -1, in->work, ticker, err);
	close_fd(&base_fd);
	return rc == 0 && write_state(in, false, err) == 0 ? 1 : -1;
}

/* Of one whose record can't be read nobody knows what it was made of, nor how many files it had; it is there all the same: it is listed and compared, and the brake looks at both trees. */
static int read_base(struct incoming *in, struct error *err)
{
	struct error fault = { .class = ERR_NONE };

	if (in->base[0] == '\0' || record_read(in->vault, in->base, &in->base_record, &fault) == 0)
		return 0;
	if (fault.class != ERR_DAMAGED && fault.class != ERR_IO && fault.class != ERR_NOT_FOUND) {
		if (err != NULL)
			*err = fault;
		return -1;
	}
	log_error(LOG_ERR, &fault, "generation %s has no record; all of it is compared", in->base);
	in->base_record = (struct record){ .own_files = -1, .own_bytes = -1, .vault_clock_s = -1 };
	return 0;
}

static int begin(struct incoming *in, int from_fd, struct ticker *ticker, enum incoming_how *how, struct error *err)
{
	char newest[32];
	bool found;
	int rc;

	if (!incoming_run_valid(in->record.run))
		return error_set(err, ERR_INPUT, "\"%.63s\" is not the ID of a run", in->record.run);
	if (only_copy_refuse(in->vault, from_fd >= 0 ? in->record.run : NULL, err) != 0 ||
	    vault_current(in->vault, in->base, err) != 0 || find_published(in, newest, &found, err) != 0)
		return -1;
	if (found) {
		*how = INCOMING_PUBLISHED;
		return only_copy_trash(in->vault, in->record.run, err);
	}
	generation_name_make(in->record.taken_at_s, newest[0] != '\0' ? newest : NULL, in->record.name);
	if (strcmp(in->record.name, newest) <= 0)
		return error_set(err, ERR_REFUSED, "no generation can come after %s; remove its record at the vault",
		                 newest);
	if (read_base(in, err) != 0)
		return -1;
	if (settle_others(in, err) != 0)
		return -1;
	rc = try_resume(in, from_fd, ticker, err);
	*how = rc == 1 ? INCOMING_RESUMED : INCOMING_FRESH;
	return rc < 0 ? -1 : 0;
}

int incoming_begin(const struct vault *vault, const struct record *wanted, int from_fd, struct ticker *ticker,
                   struct incoming **incoming, enum incoming_how *how, struct error *err)
{
	struct incoming *made = calloc(1, sizeof(*made));

	*incoming = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->vault = vault;
	made->record = *wanted;
	made->fd = made->tree_fd = made->work_fd = made->parts_fd = made->trash_fd = -1;
	if (begin(made, from_fd, ticker, how, err) != 0) {
		incoming_end(&made);
		return -1;
	}
	made->going_on = *how == INCOMING_RESUMED;
	*incoming = made;
	return 0;
}

void incoming_end(struct incoming **incoming)
{
	if (*incoming == NULL)
		return;
	if ((*incoming)->going_on)
		(void)write_state(*incoming, true, NULL);
	close_all(*incoming);
	free(*incoming);
	*incoming = NULL;
}
