#include "receiver/record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/durable.h"
#include "lib/durable_json.h"
#include "lib/generation_name.h"
#include "wire/macs_json.h"
#include "receiver/vault_clock.h"

#define RECORD_BYTES_MAX 65536
#define NAMES_MAX ((size_t)100000)
#define FILE_SIZE 40

static const char *file_name(const char *name, char out[FILE_SIZE])
{
	(void)snprintf(out, FILE_SIZE, "%.31s.json", name);
	return out;
}

/* The caller's; NULL: no memory, or what has to be in it can't be. */
static json_t *written_json(const struct record *r, const struct wire_macs *macs)
{
	/* Source and host are for people; a name that is not UTF-8 is left out rather than the record. */
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "generation", r->name,
	                         "run", r->run, "state", r->state, "snapshot_uuid", r->snapshot_uuid, "view", r->view,
	                         "ctransid", (json_int_t)r->ctransid, "taken_at", (json_int_t)r->taken_at_s,
	                         "published_at", (json_int_t)r->published_at_s, "files", (json_int_t)r->files, "bytes",
	                         (json_int_t)r->bytes, "new_bytes", (json_int_t)r->new_bytes, "pinned", (int)r->pinned);
	int failed = 0;

	if (json == NULL)
		return NULL;
	(void)json_object_set_new(json, "source", json_string(r->source));
	(void)json_object_set_new(json, "host", json_string(r->host));
	if (r->own_files >= 0 && r->own_bytes >= 0)
		failed = json_object_set_new(json, "own_files", json_integer(r->own_files)) |
		         json_object_set_new(json, "own_bytes", json_integer(r->own_bytes));
	if (r->vault_clock_s >= 0)
		failed |= json_object_set_new(json, "vault_clock", json_integer(r->vault_clock_s));
	if (r->root[0] != '\0')
		failed |= json_object_set_new(json, "root", json_string(r->root));
	if (macs->n > 0)
		failed |= json_object_set_new(json, "macs", macs_json(macs));
	if (failed == 0)
		return json;
	json_decref(json);
	return NULL;
}

int record_write(const struct vault *vault, const struct record *r, const struct wire_macs *macs, struct error *err)
{
	char file[FILE_SIZE];
	json_t *json = written_json(r, macs);

	if (json == NULL)
		return error_set(err, ERR_INPUT, "the record of generation %s can't be written as JSON", r->name);
	return durable_json_write(vault->records_fd, file_name(r->name, file), DURABLE_PUBLIC, json, JSON_INDENT(2),
	                          err);
}

static void copy(char *out, size_t size, const char *in)
{
	(void)snprintf(out, size, "%s", in != NULL ? in : "");
}

/* Less than 0 also for what makes no sense. */
static int64_t own(const json_t *json, const char *key)
{
	const json_t *number = json_object_get(json, key);

	return json_is_integer(number) ? json_integer_value(number) : -1;
}

json_t *record_json(const struct vault *vault, const char *name)
{
	char file[FILE_SIZE];
	char *text = NULL;
	size_t len_bytes = 0;
	json_t *json = NULL;

	if (durable_read(vault->records_fd, file_name(name, file), RECORD_BYTES_MAX, &text, &len_bytes, NULL) == 0)
		json = json_loadb(text, len_bytes, 0, NULL);
	free(text);
	return json;
}

int record_read(const struct vault *vault, const char *name, struct record *r, struct error *err)
{
	char file[FILE_SIZE];
	char *text = NULL;
	size_t len_bytes = 0;
	json_int_t n[6] = { 0 };
	const char *s[8] = { 0 };
	int pinned = 0;
	json_t *json;
	int has;
	int rc;

	*r = (struct record){ 0 };
	if (durable_read(vault->records_fd, file_name(name, file), RECORD_BYTES_MAX, &text, &len_bytes, err) != 0)
		return -1;
	json = json_loadb(text, len_bytes, 0, NULL);
	rc = json == NULL ? -1
	                  : json_unpack(json,
	                                "{s:s, s:s, s:s, s?s, s?s, s?s, s?s, s?I, s:I, s:I, s:I, s:I, s?I, s?b, "
	                                "s?s}",
	                                "generation", &s[0], "run", &s[1], "state", &s[2], "snapshot_uuid", &s[3],
	                                "source", &s[4], "host", &s[5], "view", &s[6], "ctransid", &n[0], "taken_at",
	                                &n[1], "published_at", &n[2], "files", &n[3], "bytes", &n[4], "new_bytes",
	                                &n[5], "pinned", &pinned, "root", &s[7]);
	if (rc != 0 || strcmp(s[0], name) != 0) {
		rc = error_set(err, ERR_DAMAGED, "the record of generation %s (.aob/generations/%s) can't be read",
		               name, file);
	} else {
		copy(r->name, sizeof(r->name), s[0]);
		copy(r->run, sizeof(r->run), s[1]);
		copy(r->state, sizeof(r->state), s[2]);
		copy(r->snapshot_uuid, sizeof(r->snapshot_uuid), s[3]);
		copy(r->source, sizeof(r->source), s[4]);
		copy(r->host, sizeof(r->host), s[5]);
		copy(r->view, sizeof(r->view), s[6]);
		copy(r->root, sizeof(r->root), s[7]);
		r->ctransid = (uint64_t)n[0];
		r->taken_at_s = n[1];
		r->published_at_s = n[2];
		r->files = (uint64_t)n[3];
		r->bytes = (uint64_t)n[4];
		r->new_bytes = (uint64_t)n[5];
		r->pinned = pinned != 0;
		r->own_files = own(json, "own_files");
		r->own_bytes = own(json, "own_bytes");
		r->vault_clock_s = own(json, "vault_clock");
		if (r->vault_clock_s > VAULT_CLOCK_MOST_S)
			r->vault_clock_s = -1;
		has = vault_has(vault, name, NULL);
		r->there = has > 0;
		r->gone = has == 0;
	}
	json_decref(json);
	free(text);
	return rc;
}

int record_remove(const struct vault *vault, const char *name, struct error *err)
{
	char file[FILE_SIZE];

	if (unlinkat(vault->records_fd, file_name(name, file), 0) != 0 && errno != ENOENT)
		return error_sys(err, errno, "removing the record of %s", name);
	return durable_sync(vault->records_fd, "the records' folder", err);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int add_name(char (**names)[32], size_t *n, size_t *room, const char *name, struct error *err)
{
	if (*n == *room) {
		size_t more = *room != 0 ? 2 * *room : 64;
		char(*grown)[32] = more <= NAMES_MAX * 2 ? realloc(*names, more * sizeof(**names)) : NULL;

		if (grown == NULL)
			return error_set(err, ERR_SYSTEM, "too many generations (%zu)", *n);
		*names = grown;
		*room = more;
	}
	(void)snprintf((*names)[(*n)++], 32, "%s", name);
	return 0;
}

int record_names(const struct vault *vault, char (**names)[32], size_t *n, struct error *err)
{
	int fd = openat(vault->records_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *found;
	size_t room = 0;
	int rc = 0;

	*names = NULL;
	*n = 0;
	if (dir == NULL) {
		rc = error_sys(err, errno, "reading the records' folder");
		if (fd >= 0)
			(void)close(fd);
		return rc;
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while (rc == 0 && (errno = 0, found = readdir(dir)) != NULL) {
		char name[32];
		size_t bytes = strlen(found->d_name);

		if (bytes != GENERATION_NAME_SIZE - 1 + 5 || strcmp(found->d_name + bytes - 5, ".json") != 0)
			continue;
		(void)snprintf(name, sizeof(name), "%.*s", GENERATION_NAME_SIZE - 1, found->d_name);
		if (generation_name_valid(name))
			rc = add_name(names, n, &room, name, err);
	}
	if (rc == 0 && errno != 0)
		rc = error_sys(err, errno, "reading the records' folder");
	(void)closedir(dir);
	if (rc != 0) {
		free(*names);
		*names = NULL;
		*n = 0;
	} else if (*n > 1) {
		qsort(*names, *n, sizeof(**names), by_name);
	}
	return rc;
}
