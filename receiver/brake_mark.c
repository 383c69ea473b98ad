#include "receiver/brake_mark.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/durable.h"
#include "lib/durable_json.h"
#include "lib/crash_point.h"
#include "lib/generation_name.h"
#include "lib/json_text.h"

#define MARK "brake.json"
#define MARK_BYTES_MAX 262144

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static bool is_mark(const json_t *json)
{
	const json_t *runs = json_object_get(json, "runs");
	size_t i;
	json_t *run;

	if (!json_is_array(runs) || !json_is_integer(json_object_get(json, "since")))
		return false;
	json_array_foreach(runs, i, run)
	{
		if (!generation_name_valid(text_of(run, "generation")))
			return false;
	}
	return true;
}

/* *json: the caller's; NULL: there is no mark, or it is damaged: damaged->class then, ERR_IO if its disk does not give it, which may do so the next time. */
static int load(const struct vault *vault, json_t **json, struct error *damaged, struct error *err)
{
	struct error fault = { .class = ERR_NONE };
	char *text = NULL;
	size_t len_bytes = 0;

	*json = NULL;
	error_clear(damaged);
	if (durable_read(vault->aob_fd, MARK, MARK_BYTES_MAX, &text, &len_bytes, &fault) != 0) {
		if (fault.class == ERR_NOT_FOUND)
			return 0;
		if (fault.class == ERR_DAMAGED || fault.class == ERR_IO)
			*damaged = fault;
		else if (err != NULL)
			*err = fault;
		return damaged->class != ERR_NONE ? 0 : -1;
	}
	*json = json_loadb(text, len_bytes, 0, NULL);
	free(text);
	if (is_mark(*json))
		return 0;
	json_decref(*json);
	*json = NULL;
	(void)error_set(damaged, ERR_DAMAGED, "it is no mark of ours");
	return 0;
}

/* Its record and its folder are there; if the folder can't be looked at, what it brought counts, and is held. "": none is. */
static int newest_there(const struct vault *vault, char newest[32], struct error *err)
{
	char(*names)[32];
	size_t n;

	newest[0] = '\0';
	if (record_names(vault, &names, &n, err) != 0)
		return -1;
	while (n > 0 && vault_has(vault, names[n - 1], NULL) == 0)
		n--;
	if (n > 0)
		memcpy(newest, names[n - 1], sizeof(names[0]));
	free(names);
	return 0;
}

static void copy(char *out, size_t size, const char *text)
{
	(void)snprintf(out, size, "%s", text);
}

static void fill(const json_t *json, const char *newest, struct brake_mark *mark)
{
	size_t i;
	json_t *run;

	json_array_foreach(json_object_get(json, "runs"), i, run)
	{
		if (strcmp(text_of(run, "generation"), newest) > 0)
			continue; /* never published */
		mark->held = true;
		mark->runs++;
		copy(mark->run, sizeof(mark->run), text_of(run, "run"));
		copy(mark->generation, sizeof(mark->generation), text_of(run, "generation"));
		copy(mark->reason, sizeof(mark->reason), text_of(run, "reason"));
	}
	if (mark->held)
		mark->runs += (uint32_t)json_integer_value(json_object_get(json, "more_runs"));
	mark->since_s = json_integer_value(json_object_get(json, "since"));
}

int brake_mark_read(const struct vault *vault, struct brake_mark *mark, struct error *err)
{
	char newest[32];
	json_t *json;
	struct error damaged;

	*mark = (struct brake_mark){ .held = false };
	if (load(vault, &json, &damaged, err) != 0)
		return -1;
	if (damaged.class != ERR_NONE) {
		*mark = (struct brake_mark){ .held = true, .damaged = true };
		copy(mark->reason, sizeof(mark->reason), ".aob/" MARK " of this vault can't be read");
	}
	if (json == NULL)
		return 0;
	if (newest_there(vault, newest, err) != 0) {
		json_decref(json);
		return -1;
	}
	fill(json, newest, mark);
	json_decref(json);
	return 0;
}

bool brake_mark_holds(const struct brake_mark *mark, const char *generation)
{
	return mark->damaged || (mark->held && strcmp(generation, mark->generation) < 0);
}

int brake_mark_count(const struct vault *vault, const struct brake_mark *mark, uint32_t *n, struct error *err)
{
	char(*names)[32];
	size_t n_names;

	*n = 0;
	if (!mark->held)
		return 0;
	if (record_names(vault, &names, &n_names, err) != 0)
		return -1;
	for (size_t i = 0; i < n_names; i++)
		*n += brake_mark_holds(mark, names[i]);
	free(names);
	return 0;
}

/* Of .aob itself, as nothing else locks that. Held until it is closed. */
static int lock(const struct vault *vault, struct error *err)
{
	int fd = openat(vault->aob_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_sys(err, errno, "opening .aob");
	while (flock(fd, LOCK_EX) != 0)
		if (errno != EINTR) {
			(void)error_sys(err, errno, "locking the brake's mark");
			(void)close(fd);
			return -1;
		}
	return fd;
}

static int save(const struct vault *vault, json_t *json, struct error *err)
{
	return durable_json_write(vault->aob_fd, MARK, DURABLE_PUBLIC, json_incref(json), JSON_INDENT(2), err);
}

/* Removes the runs whose generation is (older == true: up to, else: newer than) this one. */
static void drop(json_t *runs, const char *generation, bool older)
{
	for (size_t i = json_array_size(runs); i > 0; i--) {
		bool newer = strcmp(text_of(json_array_get(runs, i - 1), "generation"), generation) > 0;

		if (newer != older)
			(void)json_array_remove(runs, i - 1);
	}
}

static json_t *run_json(const struct record *record, const char *base, const struct brake_question *q,
                        const char *reason)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:i, s:I, s:I, s:I, s:I, s:o}", "run", record->run, "generation",
	                 record->name, "base", base, "at", (json_int_t)time(NULL), "percent", (int)q->percent, "files",
	                 (json_int_t)q->files, "lost_files", (json_int_t)q->lost_files, "bytes", (json_int_t)q->bytes,
	                 "lost_bytes", (json_int_t)q->lost_bytes, "reason", json_text(reason));
}

/* What this machine must remember of it: the first, which tells since when, and the newest, which tells what is held. */
static void shorten(json_t *json)
{
	json_t *runs = json_object_get(json, "runs");
	json_int_t more = json_integer_value(json_object_get(json, "more_runs"));

	for (; json_array_size(runs) > BRAKE_MARK_RUNS_MAX; more++)
		(void)json_array_remove(runs, 1);
	(void)json_object_set_new(json, "more_runs", json_integer(more));
}

static int add(const struct vault *vault, const struct record *record, json_t *run, struct error *err)
{
	char newest[32];
	json_t *json;
	json_t *runs;
	struct error damaged;
	int rc;

	if (load(vault, &json, &damaged, err) != 0)
		return -1;
	/* It holds all there is; what it said is for a person to look at. But if it can be read again the next time, this run must be in it. */
	if (damaged.class == ERR_IO)
		return error_set(err, ERR_IO,
		                 "marking generation %s for the brake: %s; if it stays so: look at .aob/" MARK
		                 ", and then `aob release %s`",
		                 record->name, damaged.text, vault->pipeline);
	if (damaged.class != ERR_NONE)
		return 0;
	if (json == NULL)
		json = json_pack("{s:i, s:I, s:[]}", "format", 1, "since", (json_int_t)time(NULL), "runs");
	runs = json_object_get(json, "runs");
	rc = newest_there(vault, newest, err);
	if (rc == 0) {
		/* An earlier attempt's, or of a run that never came to its end. */
		drop(runs, newest, false);
		if (json_array_size(runs) == 0)
			(void)json_object_set_new(json, "since", json_integer(time(NULL)));
		if (json_array_append(runs, run) != 0)
			rc = error_set(err, ERR_SYSTEM, "out of memory");
	}
	if (rc == 0) {
		shorten(json);
		rc = save(vault, json, err);
	}
	json_decref(json);
	return rc == 0 ? 0 : error_prefix(err, "marking generation %s for the brake", record->name);
}

int brake_mark_add(const struct vault *vault, const struct record *record, const char *base,
                   const struct brake_question *question, const char *reason, struct error *err)
{
	json_t *run = run_json(record, base, question, reason);
	int fd = run != NULL ? lock(vault, err) : error_set(err, ERR_SYSTEM, "out of memory");
	int rc = fd >= 0 ? add(vault, record, run, err) : -1;

	if (fd >= 0)
		(void)close(fd);
	json_decref(run);
	return rc;
}

static int remove_mark(const struct vault *vault, struct error *err)
{
	if (unlinkat(vault->aob_fd, MARK, 0) != 0 && errno != ENOENT)
		return error_sys(err, errno, "removing the brake's mark");
	crash_point("released");
	return durable_sync(vault->aob_fd, ".aob", err);
}

static bool is_in(const json_t *json, const char *generation)
{
	size_t i;
	json_t *run;

	json_array_foreach(json_object_get(json, "runs"), i, run)
	{
		if (strcmp(text_of(run, "generation"), generation) == 0)
			return true;
	}
	return false;
}

static int release(const struct vault *vault, const char *generation, struct error *err)
{
	json_t *json;
	struct error damaged;
	int rc = 0;

	if (load(vault, &json, &damaged, err) != 0)
		return -1;
	if (damaged.class != ERR_NONE)
		return *generation == '\0' ? remove_mark(vault, err) : 0;
	/* Only who names what there is has seen it. */
	if (!is_in(json, generation))
		goto out;
	drop(json_object_get(json, "runs"), generation, true);
	if (json_array_size(json_object_get(json, "runs")) == 0) {
		rc = remove_mark(vault, err);
	} else {
		const json_t *first = json_array_get(json_object_get(json, "runs"), 0);

		(void)json_object_set(json, "since", json_object_get(first, "at"));
		(void)json_object_set_new(json, "more_runs", json_integer(0));
		rc = save(vault, json, err);
	}
out:
	json_decref(json);
	return rc;
}

int brake_mark_release(const struct vault *vault, const char *generation, struct brake_mark *left, struct error *err)
{
	int fd = lock(vault, err);
	int rc = fd >= 0 ? release(vault, generation, err) : -1;

	if (fd >= 0)
		(void)close(fd);
	return rc == 0 ? brake_mark_read(vault, left, err) : -1;
}
