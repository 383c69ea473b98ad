#include "receiver/vault_clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <jansson.h>

#include "lib/clock.h"
#include "lib/durable.h"
#include "lib/durable_json.h"
#include "lib/log.h"
#include "receiver/aside.h"
#include "receiver/record.h"

#define FILE_NAME "clock.json"
#define BYTES_MOST 4096u

int64_t vault_clock_after(const struct vault_clock *then, const struct vault_clock *now)
{
	bool same_boot = then->boot_id[0] != '\0' && strcmp(then->boot_id, now->boot_id) == 0;
	int64_t passed_s = same_boot ? now->boot_s - then->boot_s : now->day_s - then->day_s;

	if (passed_s < 0)
		passed_s = 0;
	if (!same_boot && passed_s > VAULT_CLOCK_AWAY_MOST_S)
		passed_s = VAULT_CLOCK_AWAY_MOST_S;
	return then->elapsed_s + passed_s;
}

static struct vault_clock here(void)
{
	struct vault_clock now = { .boot_s = clock_boot_s(), .day_s = time(NULL) };

	boot_id_read(now.boot_id);
	return now;
}

static bool sane(json_int_t seconds)
{
	return seconds >= 0 && seconds <= VAULT_CLOCK_MOST_S;
}

/* It is so until it is written anew. Not: that the vault's file system is away for a while, or that this machine has no memory. */
static bool is_lost(const struct error *fault)
{
	return error_not_given(fault) || fault->sys == ELOOP; /* a symlink */
}

/* 1; 0: there is none, it can't be read, or there is no sense in it; -1. */
static int load(const struct vault *vault, struct vault_clock *clock, struct error *err)
{
	const char *boot_id = NULL;
	json_int_t n[3];
	char *text = NULL;
	size_t len = 0;
	struct error fault = { .class = ERR_NONE };
	json_t *json;
	int rc;

	if (durable_read(vault->aob_fd, FILE_NAME, BYTES_MOST, &text, &len, &fault) != 0) {
		if (fault.class == ERR_NOT_FOUND)
			return 0;
		if (is_lost(&fault)) {
			log_error(LOG_WARNING, &fault,
			          "%s: the vault's clock (.aob/" FILE_NAME ") goes on from its records",
			          vault->pipeline);
			return 0;
		}
		if (err != NULL)
			*err = fault;
		return error_prefix(err, "the vault's clock");
	}
	json = json_loadb(text, len, 0, NULL);
	free(text);
	rc = json != NULL &&
	     json_unpack(json, "{s:I, s:I, s:I, s:s}", "elapsed", &n[0], "uptime", &n[1], "time", &n[2], "boot_id",
	                 &boot_id) == 0 &&
	     sane(n[0]) && sane(n[1]) && sane(n[2]) && strlen(boot_id) < sizeof(clock->boot_id);
	if (rc == 1) {
		*clock = (struct vault_clock){ .elapsed_s = n[0], .boot_s = n[1], .day_s = n[2] };
		memcpy(clock->boot_id, boot_id, strlen(boot_id));
	} else {
		log_line(LOG_WARNING, "%s: .aob/" FILE_NAME " is damaged: the vault's clock goes on from its records",
		         vault->pipeline);
	}
	json_decref(json);
	return rc;
}

int vault_clock_read(const struct vault *vault, int64_t *now_s, struct error *err)
{
	struct vault_clock now = here();
	struct vault_clock then;
	int rc = load(vault, &then, err);

	*now_s = rc == 1 ? vault_clock_after(&then, &now) : -1;
	return rc < 0 ? -1 : 0;
}

static int highest_recorded(const struct vault *vault, int64_t *elapsed_s, struct error *err)
{
	char(*names)[32];
	size_t n;

	*elapsed_s = 0;
	if (record_names(vault, &names, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct record record;

		if (record_read(vault, names[i], &record, NULL) == 0 && record.vault_clock_s > *elapsed_s)
			*elapsed_s = record.vault_clock_s;
	}
	free(names);
	return 0;
}

static int store(const struct vault *vault, const struct vault_clock *clock, struct error *err)
{
	json_t *json =
	        json_pack("{s:I, s:I, s:I, s:s}", "elapsed", (json_int_t)clock->elapsed_s, "uptime",
	                  (json_int_t)clock->boot_s, "time", (json_int_t)clock->day_s, "boot_id", clock->boot_id);
	int rc = durable_json_write(vault->aob_fd, FILE_NAME, DURABLE_PUBLIC, json, JSON_COMPACT, err);

	return rc == 0 ? 0 : error_prefix(err, "keeping the vault's clock");
}

/* A folder in its place, which no file can take: whose it is nobody knows, so it is not removed. */
static int move_folder_aside(const struct vault *vault, struct error *err)
{
	char aside[ASIDE_NAME_SIZE];
	struct stat st;

	if (fstatat(vault->aob_fd, FILE_NAME, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(st.st_mode))
		return 0;
	if (aside_name(FILE_NAME ".", aside, err) != 0)
		return -1;
	if (renameat(vault->aob_fd, FILE_NAME, vault->aob_fd, aside) != 0)
		return error_sys(err, errno, "moving the folder .aob/" FILE_NAME " aside, to %s", aside);
	log_line(LOG_WARNING, "%s: .aob/" FILE_NAME " was a folder, which is .aob/%s now", vault->pipeline, aside);
	return 0;
}

int vault_clock_keep(const struct vault *vault, int64_t *now_s, struct error *err)
{
	struct vault_clock now = here();
	struct vault_clock then;
	int rc = load(vault, &then, err);

	if (rc == 1)
		now.elapsed_s = vault_clock_after(&then, &now);
	if (rc < 0 ||
	    (rc == 0 && (highest_recorded(vault, &now.elapsed_s, err) != 0 || move_folder_aside(vault, err) != 0)) ||
	    store(vault, &now, err) != 0)
		return -1;
	*now_s = now.elapsed_s;
	return 0;
}
