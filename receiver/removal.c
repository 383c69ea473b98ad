#include "receiver/removal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "lib/crash_point.h"
#include "lib/durable.h"
#include "receiver/brake_mark.h"
#include "receiver/floor.h"
#include "lib/generation_name.h"
#include "receiver/readme_page.h"
#include "receiver/record.h"
#include "receiver/trash.h"
#include "receiver/vault_clock.h"

static bool at_rest(const struct record *record)
{
	return strcmp(record->state, "clean") == 0 || strcmp(record->state, "quiet") == 0;
}

/* Its record, or its folder, can't be looked at: whether it is pinned, or whole, nobody knows. */
static bool is_hidden(bool read, const struct record *record, const struct error *fault)
{
	return read ? !record->there && !record->gone : fault->class != ERR_NOT_FOUND;
}

/* One that is there, from the oldest to the newest. */
static void count_age(struct floor_question *question, const struct record *record, bool asked_for, int64_t clock_s)
{
	bool has_vault_clock = record->vault_clock_s >= 0;
	int64_t published_at_s = record->published_at_s > 0 ? record->published_at_s : 0;
	int64_t by_day_s = question->now_s - published_at_s;
	/* A clock that is lost goes on with the next generation. */
	int64_t by_vault_clock_s = has_vault_clock && clock_s >= 0 ? clock_s - record->vault_clock_s : 0;
	int64_t by_both_s = by_day_s < by_vault_clock_s ? by_day_s : by_vault_clock_s;

	if (asked_for) {
		question->published_at_s = published_at_s;
		question->has_vault_clock = has_vault_clock;
		question->by_vault_clock_s = by_vault_clock_s;
		question->later_s = 0;
	} else if (by_both_s > question->later_s) {
		question->later_s = by_both_s;
	}
}

/* Fills the question from all records. Returns 1, 0 if the generation is not there, -1. */
static int ask(const struct vault *vault, const char *name, struct floor_question *question, struct error *err)
{
	char(*names)[32];
	char current[32];
	char newest[32] = "";
	char newest_whole[32] = "";
	char newest_clean[32] = "";
	struct brake_mark mark;
	int64_t clock_s;
	size_t n;
	int found = 0;

	if (brake_mark_read(vault, &mark, err) != 0 || vault_clock_read(vault, &clock_s, err) != 0 ||
	    record_names(vault, &names, &n, err) != 0)
		return -1;
	question->now_s = time(NULL);
	for (size_t i = 0; i < n; i++) {
		struct error fault = { .class = ERR_NONE };
		struct record record;
		bool asked_for = strcmp(names[i], name) == 0;
		bool read = record_read(vault, names[i], &record, &fault) == 0;

		if (!read || !record.there) {
			if (asked_for && is_hidden(read, &record, &fault))
				found = question->is_hidden = true;
			continue;
		}
		question->n_there++;
		memcpy(newest, record.name, sizeof(newest));
		if (at_rest(&record))
			memcpy(newest_whole, record.name, sizeof(newest_whole));
		if (strcmp(record.state, "clean") == 0)
			memcpy(newest_clean, record.name, sizeof(newest_clean));
		if (asked_for) {
			found = 1;
			question->is_pinned = record.pinned;
		}
		count_age(question, &record, asked_for, clock_s);
	}
	free(names);
	if (vault_current(vault, current, err) != 0)
		return -1;
	question->is_current = strcmp(current, name) == 0;
	question->is_newest = strcmp(newest, name) == 0;
	question->is_newest_whole = strcmp(newest_whole, name) == 0;
	question->is_newest_clean = strcmp(newest_clean, name) == 0;
	question->is_held = brake_mark_holds(&mark, name);
	return found;
}

/* Who reads a generation holds a shared lock on its folder. */
static int lock_folder(const struct vault *vault, const char *name, int *fd, struct error *err)
{
	*fd = openat(vault->generations_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0)
		return error_sys(err, errno, "opening generation %s", name);
	return flock(*fd, LOCK_EX | LOCK_NB) == 0 ? 1
	       : errno == EWOULDBLOCK             ? 0
	                                          : error_sys(err, errno, "locking generation %s", name);
}

/* Others may write as soon as it is out of sight; the deleting itself needs no lock. */
static int take_away(struct vault *vault, const char *name, struct ticker *ticker, struct error *err)
{
	int rc;

	if (trash_put(vault, vault->generations_fd, name, err) != 0 ||
	    durable_sync(vault->generations_fd, "the generations' folder", err) != 0)
		return -1;
	crash_point("trashed");
	if (record_remove(vault, name, err) != 0)
		return -1;
	crash_point("record-removed");
	/* On a full disk there is no room for the page until what goes is gone. */
	rc = readme_page_write(vault, err);
	if (rc != 0 && err->class == ERR_SPACE && trash_empty(vault, ticker, err) == 0)
		rc = readme_page_write(vault, err);
	if (rc != 0)
		return -1;
	vault_unlock(vault);
	ticker_begin(ticker, "removing an old generation", 0);
	return trash_empty(vault, ticker, err);
}

int removal_left(const struct vault *vault, bool *left, struct error *err)
{
	char(*names)[32];
	size_t n;

	if (trash_any(vault, left, err) != 0 || record_names(vault, &names, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n && !*left; i++) {
		struct record record;

		*left = record_read(vault, names[i], &record, NULL) == 0 && record.gone;
	}
	free(names);
	return 0;
}

int removal_generation(struct vault *vault, const char *name, struct ticker *ticker, enum removal_result *result,
                       const char **reason, struct error *err)
{
	struct floor_question question = { 0 };
	int fd = -1;
	int rc;

	*reason = "";
	if (!generation_name_valid(name))
		return error_set(err, ERR_INPUT, "\"%.64s\" is not the name of a generation", name);
	rc = ask(vault, name, &question, err);
	if (rc <= 0) {
		*result = REMOVAL_ABSENT;
		return rc;
	}
	*result = REMOVAL_REFUSED;
	*reason = floor_refuses(vault->options, &question);
	if (*reason != NULL)
		return 0;
	rc = lock_folder(vault, name, &fd, err);
	if (rc == 0)
		*reason = "it is being read";
	if (rc == 1) {
		*reason = "";
		*result = REMOVAL_DONE;
		rc = take_away(vault, name, ticker, err);
	}
	if (fd >= 0)
		(void)close(fd);
	return rc < 0 ? -1 : 0;
}
