#include "receiver/verify_book.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/crash_point.h"
#include "lib/durable.h"
#include "lib/durable_json.h"
#include "lib/hex.h"
#include "lib/inside.h"
#include "lib/json_text.h"
#include "lib/log.h"
#include "lib/generation_name.h"
#include "receiver/json_path.h"

#define BOOK "verify.json"
#define LOCK "verify.lock"
#define BOOK_BYTES_MAX ((size_t)64 << 20)

static const char *const kinds[] = { [WIRE_DAMAGE_CONTENT] = "content",
	                             [WIRE_DAMAGE_UNREADABLE] = "unreadable",
	                             [WIRE_DAMAGE_MISSING] = "missing",
	                             [WIRE_DAMAGE_DIFFERS] = "differs" };

static uint64_t number(const json_t *object, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(object, key));

	return n > 0 ? (uint64_t)n : 0;
}

static bool get_generation(const json_t *value, char name[32])
{
	const char *text = json_string_value(value);

	if (text == NULL || !generation_name_valid(text))
		return false;
	(void)snprintf(name, 32, "%s", text);
	return true;
}

static int get_generations(const json_t *list, struct wire_damage *damage)
{
	size_t n = json_array_size(list);

	damage->generations = n != 0 ? calloc(n, sizeof(*damage->generations)) : NULL;
	if (damage->generations == NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (get_generation(json_array_get(list, i), damage->generations[damage->n_generations]))
			damage->n_generations++;
	return 0;
}

static int get_finding(const json_t *json, char *room, struct wire_damage *damage)
{
	const char *kind = json_string_value(json_object_get(json, "kind"));
	const char *sha256 = json_string_value(json_object_get(json, "sha256"));
	const char *reason = json_string_value(json_object_get(json, "reason"));

	*damage = (struct wire_damage){ .kind = WIRE_DAMAGE_KINDS };
	for (unsigned i = 0; i < WIRE_DAMAGE_KINDS && kind != NULL; i++)
		if (strcmp(kind, kinds[i]) == 0)
			damage->kind = (enum wire_damage_kind)i;
	if (damage->kind == WIRE_DAMAGE_KINDS ||
	    !get_generation(json_object_get(json, "generation"), damage->generation) ||
	    json_path_get(json, "path", room, WIRE_PATH_MAX + 1) != 0 || inside_valid(room, NULL) != 0 ||
	    get_generations(json_object_get(json, "generations"), damage) != 0)
		return -1;
	if (sha256 != NULL && hex_bytes(sha256, damage->sha256, sizeof(damage->sha256)) != sizeof(damage->sha256))
		return -1;
	damage->path = strdup(room);
	damage->size_bytes = number(json, "size");
	damage->found_at_s = (int64_t)number(json, "found_at");
	damage->given_up = json_is_true(json_object_get(json, "given_up"));
	(void)snprintf(damage->reason, sizeof(damage->reason), "%s", reason != NULL ? reason : "");
	return damage->path != NULL ? 0 : -1;
}

/* What makes no sense is left out: it will be found again. */
static int get_findings(const json_t *list, struct verify_book *book)
{
	size_t n = json_array_size(list) < VERIFY_BOOK_DAMAGE_MAX ? json_array_size(list) : VERIFY_BOOK_DAMAGE_MAX;

	for (size_t i = 0; i < n; i++) {
		struct wire_damage *damage = &book->damage[book->n_damage];

		if (get_finding(json_array_get(list, i), book->path, damage) == 0)
			book->n_damage++;
		else
			verify_codec_damage_done(damage);
	}
	return 0;
}

static void get_book(const json_t *json, struct verify_book *book)
{
	const json_t *round = json_object_get(json, "round");
	const json_t *last = json_object_get(json, "last_round");
	const json_t *cursor = json_object_get(json, "cursor");

	(void)get_findings(json_object_get(json, "damage"), book); /* the path is its scratch */
	book->more_damage = number(json, "more_damage");
	book->mended = number(json, "mended");
	book->began_at_s = (int64_t)number(round, "began_at");
	book->bytes = number(round, "bytes");
	book->files = number(round, "files");
	book->unhashed = number(round, "unhashed");
	book->last_began_s = (int64_t)number(last, "began_at");
	book->last_ended_s = (int64_t)number(last, "ended_at");
	book->last_bytes = number(last, "bytes");
	book->last_files = number(last, "files");
	book->path[0] = '\0';
	if (!get_generation(json_object_get(cursor, "generation"), book->generation))
		return;
	book->generation_done = json_is_true(json_object_get(cursor, "done"));
	book->generation_files = number(cursor, "files");
	if (json_path_get(cursor, "path", book->path, sizeof(book->path)) != 0) {
		book->path[0] = '\0'; /* all of that generation again */
		book->generation_files = 0;
	}
}

static int load(struct verify_book *book, struct error *err)
{
	struct error fault = { .class = ERR_NONE };
	char *text = NULL;
	size_t len_bytes = 0;
	json_t *json;

	if (durable_read(book->vault->aob_fd, BOOK, BOOK_BYTES_MAX, &text, &len_bytes, &fault) != 0) {
		if (fault.class == ERR_NOT_FOUND)
			return 0;
		if (fault.class != ERR_DAMAGED) {
			if (err != NULL)
				*err = fault;
			return error_prefix(err, fault.class == ERR_IO
			                                 ? "what is known to be damaged; if it stays so: rm .aob/" BOOK
			                                 : "what is known to be damaged");
		}
	}
	json = text != NULL ? json_loadb(text, len_bytes, 0, NULL) : NULL;
	free(text);
	if (!json_is_object(json))
		log_line(LOG_WARNING, ".aob/" BOOK " can't be read; the round begins anew");
	else
		get_book(json, book);
	json_decref(json);
	return 0;
}

/* A file of its own, as that of writers is not to be held for hours. */
static int lock(struct verify_book *book, struct error *err)
{
	book->lock_fd = openat(book->vault->aob_fd, LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (book->lock_fd < 0)
		return error_sys(err, errno, "opening .aob/" LOCK);
	if (flock(book->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? error_set(err, ERR_LOCKED, "these backups are being verified already")
	                            : error_sys(err, errno, "locking .aob/" LOCK);
}

int verify_book_open(const struct vault *vault, struct verify_book **book, struct error *err)
{
	struct verify_book *made = calloc(1, sizeof(*made));

	*book = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->vault = vault;
	made->lock_fd = -1;
	made->damage = calloc(VERIFY_BOOK_DAMAGE_MAX, sizeof(*made->damage));
	if (made->damage == NULL)
		(void)error_set(err, ERR_SYSTEM, "out of memory");
	if (made->damage == NULL || lock(made, err) != 0 || load(made, err) != 0) {
		verify_book_close(&made);
		return -1;
	}
	*book = made;
	return 0;
}

void verify_book_close(struct verify_book **book)
{
	struct verify_book *b = *book;

	if (b == NULL)
		return;
	*book = NULL;
	for (size_t i = 0; i < b->n_damage; i++)
		verify_codec_damage_done(&b->damage[i]);
	free(b->damage);
	if (b->lock_fd >= 0)
		(void)close(b->lock_fd);
	free(b);
}

static int add_finding(json_t *list, const struct wire_damage *damage)
{
	char sha256[65];
	json_t *generations = json_array();
	json_t *json;
	int failed = 0;

	hex_text(damage->sha256, sizeof(damage->sha256), sha256);
	for (size_t i = 0; i < damage->n_generations; i++)
		failed |= json_array_append_new(generations, json_string(damage->generations[i]));
	json = json_pack("{s:s, s:s, s:I, s:s, s:I, s:b, s:o, s:o}", "kind", kinds[damage->kind], "generation",
	                 damage->generation, "size", (json_int_t)damage->size_bytes, "sha256", sha256, "found_at",
	                 (json_int_t)damage->found_at_s, "given_up", (int)damage->given_up, "reason",
	                 json_text(damage->reason), "generations", generations);
	failed |= json == NULL ? -1 : json_path_put(json, "path", damage->path);
	return json_array_append_new(list, json) | failed;
}

static json_t *book_json(const struct verify_book *book)
{
	json_t *damage = json_array();
	json_t *cursor = json_pack("{s:s, s:b, s:I}", "generation", book->generation, "done",
	                           (int)book->generation_done, "files", (json_int_t)book->generation_files);
	int failed = cursor == NULL ? -1 : json_path_put(cursor, "path", book->path);
	json_t *json;

	for (size_t i = 0; i < book->n_damage; i++)
		if (book->damage[i].n_generations != 0)
			failed |= add_finding(damage, &book->damage[i]);
	json = json_pack("{s:{s:I, s:I, s:I, s:I}, s:{s:I, s:I, s:I, s:I}, s:o, s:I, s:o, s:I}", "round", "began_at",
	                 (json_int_t)book->began_at_s, "bytes", (json_int_t)book->bytes, "files",
	                 (json_int_t)book->files, "unhashed", (json_int_t)book->unhashed, "last_round", "began_at",
	                 (json_int_t)book->last_began_s, "ended_at", (json_int_t)book->last_ended_s, "bytes",
	                 (json_int_t)book->last_bytes, "files", (json_int_t)book->last_files, "cursor", cursor,
	                 "mended", (json_int_t)book->mended, "damage", damage, "more_damage",
	                 (json_int_t)book->more_damage);
	if (failed == 0)
		return json;
	json_decref(json);
	return NULL;
}

int verify_book_save(const struct verify_book *book, struct error *err)
{
	struct error fault = { .class = ERR_NONE };

	(void)durable_json_write(book->vault->aob_fd, BOOK, DURABLE_PUBLIC, book_json(book), JSON_INDENT(1), &fault);
	/* What was found is to be told all the same. */
	if (fault.class == ERR_SPACE) {
		log_error(LOG_WARNING, &fault, "what is read now is read again: .aob/" BOOK " can't be written");
		return 0;
	}
	if (fault.class == ERR_NONE) {
		crash_point("verify-kept");
		return 0;
	}
	if (err != NULL)
		*err = fault;
	return -1;
}

static void rewind_book(struct verify_book *book)
{
	book->bytes = book->files = book->unhashed = book->generation_files = book->more_damage = 0;
	book->generation[0] = book->path[0] = '\0';
	book->generation_done = false;
}

void verify_book_begin(struct verify_book *book, int64_t now_s)
{
	rewind_book(book);
	/* What has no name can't be looked up again; it is found again if it still is so. */
	for (size_t i = book->n_damage; i-- > 0;)
		if (*book->damage[i].path == '\0')
			verify_book_drop(book, i);
	book->began_at_s = now_s;
}

void verify_book_end(struct verify_book *book, int64_t now_s)
{
	uint64_t more = book->more_damage;

	book->last_began_s = book->began_at_s;
	book->last_ended_s = now_s;
	book->last_bytes = book->bytes;
	book->last_files = book->files;
	rewind_book(book);
	book->began_at_s = 0;
	book->more_damage = more; /* until the next round finds how it is */
}

size_t verify_book_find(const struct verify_book *book, const char *generation, const char *path)
{
	size_t i = 0;

	for (; i < book->n_damage; i++)
		if (strcmp(book->damage[i].path, path) == 0)
			for (size_t g = 0; g < book->damage[i].n_generations; g++)
				if (strcmp(book->damage[i].generations[g], generation) == 0)
					return i;
	return i;
}

int verify_book_add(struct verify_book *book, const struct wire_damage *found, const char *generation, const char *path,
                    struct error *err)
{
	struct wire_damage *damage;

	if (verify_book_find(book, generation, path) < book->n_damage)
		return 0;
	if (book->n_damage == VERIFY_BOOK_DAMAGE_MAX) {
		book->more_damage++;
		return 0;
	}
	damage = &book->damage[book->n_damage];
	*damage = *found;
	(void)snprintf(damage->generation, sizeof(damage->generation), "%.31s", generation);
	damage->path = strdup(path);
	damage->newest_path = NULL;
	damage->generations = NULL;
	damage->n_generations = 0;
	book->n_damage++;
	if (damage->path == NULL || verify_book_touch(book, book->n_damage - 1, generation, err) != 0) {
		verify_book_drop(book, book->n_damage - 1);
		return error_set(err, ERR_SYSTEM, "out of memory");
	}
	return 0;
}

void verify_book_drop(struct verify_book *book, size_t index)
{
	verify_codec_damage_done(&book->damage[index]);
	book->n_damage--;
	memmove(&book->damage[index], &book->damage[index + 1], (book->n_damage - index) * sizeof(*book->damage));
}

void verify_book_forget(struct verify_book *book, size_t index)
{
	free(book->damage[index].generations);
	book->damage[index].generations = NULL;
	book->damage[index].n_generations = 0;
}

size_t verify_book_count(const struct verify_book *book)
{
	size_t n = 0;

	for (size_t i = 0; i < book->n_damage; i++)
		n += book->damage[i].n_generations != 0;
	return n;
}

int verify_book_touch(struct verify_book *book, size_t index, const char *generation, struct error *err)
{
	struct wire_damage *damage = &book->damage[index];
	char(*grown)[VERIFY_CODEC_GENERATION_SIZE];
	size_t at = 0;

	while (at < damage->n_generations && strcmp(damage->generations[at], generation) < 0)
		at++;
	if (at < damage->n_generations && strcmp(damage->generations[at], generation) == 0)
		return 0;
	grown = realloc(damage->generations, (damage->n_generations + 1) * sizeof(*grown));
	if (grown == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	damage->generations = grown;
	memmove(&grown[at + 1], &grown[at], (damage->n_generations - at) * sizeof(*grown));
	(void)snprintf(grown[at], sizeof(grown[at]), "%.31s", generation);
	damage->n_generations++;
	return 0;
}
