#include "receiver/mend_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/crash_point.h"
#include "lib/durable.h"
#include "lib/durable_json.h"
#include "lib/hex.h"
#include "lib/inside.h"
#include "lib/log.h"
#include "lib/generation_name.h"
#include "receiver/incoming.h"
#include "receiver/json_path.h"
#include "receiver/mend_place.h"
#include "wire/wire.h"

#define FIRST "mend.json"
#define FIRST_NEW ".mend.json.new"
#define FIRST_BYTES_MAX ((size_t)1 << 20)
#define NAMES "mend.names"
#define NAMES_NEW ".mend.names.new"
#define LINE_SIZE ((size_t)6 * WIRE_PATH_MAX + 512) /* each byte of a path as \u00XX, and the rest */

struct mend_journal {
	const struct vault *vault;
	FILE *names; /* NULL: there is but one */
	uint64_t n;  /* that were added, or read */
	char *line;  /* LINE_SIZE */
	char temp[MEND_JOURNAL_TEMP_SIZE];
	ino_t inode;
	uint8_t sha256[HASH_TAG_BYTES];
	struct mend_journal_name first;
	char first_path[WIRE_PATH_MAX + 1];
	char path[WIRE_PATH_MAX + 1];
};

/* NULL: out of memory. */
static struct mend_journal *make(const struct vault *vault, struct error *err)
{
	struct mend_journal *j = calloc(1, sizeof(*j));

	if (j != NULL)
		j->line = malloc(LINE_SIZE);
	if (j != NULL && j->line != NULL) {
		j->vault = vault;
		return j;
	}
	free(j);
	(void)error_set(err, ERR_SYSTEM, "out of memory");
	return NULL;
}

void mend_journal_close(struct mend_journal **journal)
{
	struct mend_journal *j = *journal;

	if (j == NULL)
		return;
	*journal = NULL;
	if (j->names != NULL)
		(void)fclose(j->names);
	free(j->line);
	free(j);
}

static int open_names(struct mend_journal *j, const char *name, int flags, const char *mode, struct error *err)
{
	int fd = openat(j->vault->aob_fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, DURABLE_PUBLIC);

	j->names = fd >= 0 ? fdopen(fd, mode) : NULL;
	if (j->names != NULL)
		return 0;
	(void)error_sys(err, errno, "opening .aob/%s", name);
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

int mend_journal_begin(const struct vault *vault, struct mend_journal **journal, struct error *err)
{
	*journal = make(vault, err);
	return *journal != NULL ? 0 : -1;
}

/* NULL: out of memory. */
static json_t *pack(const struct mend_journal_name *name)
{
	json_t *json = json_pack("{s:s, s:s, s:I, s:I}", "generation", name->place.generation, "run", name->place.run,
	                         "mtime_s", (json_int_t)name->folder_time.tv_sec, "mtime_ns",
	                         (json_int_t)name->folder_time.tv_nsec);

	if (json == NULL || json_path_put(json, "path", name->place.path) == 0)
		return json;
	json_decref(json);
	return NULL;
}

static int write_name(struct mend_journal *j, const struct mend_journal_name *name, struct error *err)
{
	json_t *json = pack(name);
	char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
	int rc = 0;

	if (text == NULL)
		rc = error_set(err, ERR_SYSTEM, "out of memory");
	else if (fprintf(j->names, "%s\n", text) < 0)
		rc = error_sys(err, errno, "writing .aob/" NAMES);
	free(text);
	json_decref(json);
	return rc;
}

int mend_journal_add(struct mend_journal *j, const struct mend_journal_name *name, struct error *err)
{
	if (j->n++ == 0) {
		j->first = *name;
		(void)snprintf(j->first_path, sizeof(j->first_path), "%s", name->place.path);
		j->first.place.path = j->first_path;
		return 0;
	}
	/* Of a file with one name, which is most of them, the list is not needed. */
	if (j->names == NULL && (open_names(j, NAMES_NEW, O_WRONLY | O_CREAT | O_TRUNC, "w", err) != 0 ||
	                         write_name(j, &j->first, err) != 0))
		return -1;
	return write_name(j, name, err);
}

static int keep_names(struct mend_journal *j, struct error *err)
{
	int aob_fd = j->vault->aob_fd;
	int rc = fflush(j->names) == 0 ? durable_sync(fileno(j->names), NAMES_NEW, err)
	                               : error_sys(err, errno, "writing .aob/" NAMES);

	if (fclose(j->names) != 0 && rc == 0)
		rc = error_sys(err, errno, "writing .aob/" NAMES);
	j->names = NULL;
	if (rc == 0 && renameat(aob_fd, NAMES_NEW, aob_fd, NAMES) != 0)
		rc = error_sys(err, errno, "writing .aob/" NAMES);
	if (rc == 0)
		rc = durable_sync(aob_fd, ".aob", err);
	crash_point("mend-listed"); /* killed here: a list that belongs to nothing goes */
	return rc;
}

int mend_journal_note(struct mend_journal *j, const char temp[MEND_JOURNAL_TEMP_SIZE], ino_t inode,
                      const uint8_t sha256[HASH_TAG_BYTES], struct error *err)
{
	char digits[2 * HASH_TAG_BYTES + 1];
	json_t *json;
	int rc;

	if (j->names != NULL && keep_names(j, err) != 0) {
		(void)mend_journal_remove(j->vault, NULL);
		return -1;
	}
	hex_text(sha256, HASH_TAG_BYTES, digits);
	json = pack(&j->first);
	/* An older receiver takes the first name for the only one, and undoes that. */
	if (json != NULL && (json_object_set_new(json, "temp", json_string(temp)) != 0 ||
	                     json_object_set_new(json, "names", json_integer((json_int_t)j->n)) != 0 ||
	                     json_object_set_new(json, "inode", json_integer((json_int_t)inode)) != 0 ||
	                     json_object_set_new(json, "sha256", json_string(digits)) != 0)) {
		json_decref(json);
		json = NULL;
	}
	rc = durable_json_write(j->vault->aob_fd, FIRST, DURABLE_PUBLIC, json, 0, err);
	if (rc != 0)
		(void)mend_journal_remove(j->vault, NULL);
	crash_point("mend-noted");
	return rc;
}

/* What can't be told counts as there: who opens it is told why. */
static bool is_left(const struct vault *vault, const char *name)
{
	struct stat st;

	return fstatat(vault->aob_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

bool mend_journal_left(const struct vault *vault)
{
	return is_left(vault, FIRST) || is_left(vault, NAMES);
}

/* One name, and nothing that leads elsewhere: it may have been changed. */
static bool parse(const json_t *json, struct mend_journal_name *name, char path[WIRE_PATH_MAX + 1])
{
	const char *generation = json_string_value(json_object_get(json, "generation"));
	const char *run = json_string_value(json_object_get(json, "run"));

	*name = (struct mend_journal_name){
		.place = { .path = path },
		.folder_time = { .tv_sec = json_integer_value(json_object_get(json, "mtime_s")),
		                 .tv_nsec = (long)json_integer_value(json_object_get(json, "mtime_ns")) }
	};
	if (generation == NULL || run == NULL || json_path_get(json, "path", path, WIRE_PATH_MAX + 1) != 0 ||
	    inside_valid(path, NULL) != 0 || name->folder_time.tv_nsec < 0 || name->folder_time.tv_nsec > 999999999 ||
	    (*generation != '\0' ? !generation_name_valid(generation) : !incoming_run_valid(run)))
		return false;
	(void)snprintf(name->place.generation, sizeof(name->place.generation), "%s", generation);
	(void)snprintf(name->place.run, sizeof(name->place.run), "%.63s", run);
	return true;
}

/* What is told of all names together. */
static bool parse_all(struct mend_journal *j, const json_t *json)
{
	const char *temp = json_string_value(json_object_get(json, "temp"));
	const char *sha256 = json_string_value(json_object_get(json, "sha256"));

	if (temp == NULL || (*temp != '\0' && (strncmp(temp, MEND_PLACE_TEMP, strlen(MEND_PLACE_TEMP)) != 0 ||
	                                       strchr(temp, '/') != NULL || strlen(temp) >= sizeof(j->temp))))
		return false;
	(void)snprintf(j->temp, sizeof(j->temp), "%s", temp);
	j->inode = (ino_t)json_integer_value(json_object_get(json, "inode"));
	j->n = (uint64_t)json_integer_value(json_object_get(json, "names"));
	if (j->n > 1 && (sha256 == NULL || !hex_is(sha256, HASH_TAG_BYTES)))
		j->n = 1;
	if (j->n > 1)
		(void)hex_bytes(sha256, j->sha256, sizeof(j->sha256));
	return true;
}

/* Not there, or nothing that we have written: a folder, a symlink. All else may be read the next time. */
static bool is_none(const struct error *fault)
{
	return fault->class == ERR_NOT_FOUND || fault->class == ERR_DAMAGED || fault->sys == ELOOP;
}

static int pass_on(const struct error *fault, struct error *err)
{
	if (err != NULL)
		*err = *fault;
	return -1;
}

/* 1, 0: it makes no sense, -1. */
static int read_first(struct mend_journal *j, struct error *err)
{
	struct error fault = { .class = ERR_NONE };
	json_error_t why = { .text = "" };
	size_t len_bytes = 0;
	char *text;
	json_t *json;
	bool good;

	if (durable_read(j->vault->aob_fd, FIRST, FIRST_BYTES_MAX, &text, &len_bytes, &fault) != 0) {
		if (fault.class != ERR_NOT_FOUND)
			log_error(LOG_WARNING, &fault, ".aob/" FIRST);
		return is_none(&fault) ? 0 : pass_on(&fault, err);
	}
	json = json_loadb(text, len_bytes, 0, &why);
	free(text);
	if (json == NULL && json_error_code(&why) == json_error_out_of_memory)
		return error_set(err, ERR_SYSTEM, "out of memory");
	good = parse(json, &j->first, j->first_path) && parse_all(j, json);
	json_decref(json);
	if (!good)
		log_line(LOG_WARNING, ".aob/" FIRST " makes no sense, and goes");
	return good;
}

int mend_journal_open(const struct vault *vault, struct mend_journal **journal, struct error *err)
{
	struct error fault = { .class = ERR_NONE };
	struct mend_journal *j = make(vault, err);
	int got;

	*journal = j;
	if (j == NULL)
		return -1;
	got = read_first(j, err);
	if (got == 1 && j->n > 1 && open_names(j, NAMES, O_RDONLY, "r", &fault) != 0) {
		log_error(LOG_WARNING, &fault, "of a mending that was cut off, one name is known");
		got = is_none(&fault) ? 1 : pass_on(&fault, err);
	}
	if (got == 1)
		mend_journal_rewind(j);
	else
		mend_journal_close(journal);
	return got < 0 ? -1 : 0;
}

/* 1, 0: no more. */
static int next_line(struct mend_journal *j, struct mend_journal_name *name, struct error *err)
{
	while (fgets(j->line, (int)LINE_SIZE, j->names) != NULL) {
		json_error_t why = { .text = "" };
		json_t *json = json_loads(j->line, 0, &why);
		bool good = parse(json, name, j->path);

		if (json == NULL && json_error_code(&why) == json_error_out_of_memory)
			return error_set(err, ERR_SYSTEM, "out of memory");
		json_decref(json);
		if (good)
			return 1;
	}
	return ferror(j->names) == 0 ? 0 : error_sys(err, errno, "reading .aob/" NAMES);
}

int mend_journal_next(struct mend_journal *j, struct mend_journal_name *name, struct error *err)
{
	if (j->names != NULL)
		return next_line(j, name, err);
	if (j->n++ != 0)
		return 0;
	*name = j->first;
	return 1;
}

void mend_journal_rewind(struct mend_journal *j)
{
	j->n = 0;
	if (j->names != NULL)
		rewind(j->names);
}

const char *mend_journal_temp(const struct mend_journal *j)
{
	return j->temp;
}

bool mend_journal_several(const struct mend_journal *j)
{
	return j->names != NULL;
}

ino_t mend_journal_inode(const struct mend_journal *j)
{
	return j->inode;
}

const uint8_t *mend_journal_sha256(const struct mend_journal *j)
{
	return j->sha256;
}

int mend_journal_remove(const struct vault *vault, struct error *err)
{
	if (!mend_journal_left(vault))
		return 0;
	if (unlinkat(vault->aob_fd, FIRST, 0) != 0 && errno != ENOENT)
		return error_sys(err, errno, "removing .aob/" FIRST);
	/* The list must not go before what says that it counts. */
	if (durable_sync(vault->aob_fd, ".aob", err) != 0)
		return -1;
	if (unlinkat(vault->aob_fd, NAMES, 0) != 0 && errno != ENOENT)
		return error_sys(err, errno, "removing .aob/" NAMES);
	return 0;
}

void mend_journal_sweep(const struct vault *vault)
{
	(void)unlinkat(vault->aob_fd, FIRST_NEW, 0);
	(void)unlinkat(vault->aob_fd, NAMES_NEW, 0);
}
