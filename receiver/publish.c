#include "receiver/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/crash_point.h"
#include "lib/durable.h"
#include "lib/log.h"
#include "receiver/aside.h"
#include "receiver/braking.h"
#include "receiver/only_copy.h"
#include "receiver/readme_page.h"
#include "receiver/trash.h"
#include "receiver/vault_clock.h"

#define CURRENT "current"
#define RUN_SIZE sizeof(((struct record *)NULL)->run)
#define CURRENT_NEW "current." /* in .aob */

static int point_current(const struct vault *vault, const char *name, struct error *err)
{
	char target[64];
	char link[ASIDE_NAME_SIZE];
	struct error aside = { .class = ERR_NONE };

	/* On GlusterFS a symlink that was made in the moment in which a brick died can't be removed until it is mended. */
	if (aside_clear(vault->aob_fd, CURRENT_NEW, &aside) != 0)
		log_error(LOG_WARNING, &aside, "what a killed receiver left stays");
	if (aside_name(CURRENT_NEW, link, err) != 0)
		return -1;
	(void)snprintf(target, sizeof(target), "generations/%.31s", name);
	if (symlinkat(target, vault->aob_fd, link) != 0)
		return error_sys(err, errno, "making %s", link);
	if (renameat(vault->aob_fd, link, vault->folder_fd, CURRENT) != 0)
		return error_sys(err, errno, "making `current` lead to %s", name);
	return durable_sync(vault->folder_fd, "the vault's folder", err);
}

static int make_visible(struct incoming *in, struct ticker *ticker, struct error *err)
{
	const struct vault *vault = in->vault;

	/* Content, names and metadata of the tree; syncfs(2) tells of writes that failed since the descriptor was opened. */
	if (syncfs(in->tree_fd) != 0)
		return error_sys(err, errno, "syncing the vault's file system");
	crash_point("synced");
	if (braking_look(in, ticker, err) != 0)
		return -1;
	in->record.published_at_s = time(NULL);
	if (vault_clock_keep(vault, &in->record.vault_clock_s, err) != 0 ||
	    record_write(vault, &in->record, &in->macs, err) != 0)
		return -1;
	crash_point("recorded");
	if (renameat(in->fd, "tree", vault->generations_fd, in->record.name) != 0)
		return error_sys(err, errno, "publishing %s", in->record.name);
	crash_point("renamed");
	if (durable_sync(vault->generations_fd, "the generations' folder", err) != 0 ||
	    durable_sync(in->fd, "the incoming folder", err) != 0 || point_current(vault, in->record.name, err) != 0)
		return -1;
	crash_point("current");
	return 0;
}

int publish_commit(struct incoming *incoming, struct ticker *ticker, struct error *err)
{
	const struct vault *vault = incoming->vault;
	struct error aside = { .class = ERR_NONE };

	ticker_begin(ticker, "syncing", 0);
	if (incoming_build(incoming, ticker, err) != 0 || incoming_finish(incoming, ticker, err) != 0)
		return -1;
	if (make_visible(incoming, ticker, err) != 0)
		return -1;
	incoming->going_on = false;
	/* The generation is whole and visible; what follows is housekeeping that the next connection would do as well. */
	if (trash_put(vault, vault->incoming_fd, incoming->record.run, &aside) != 0)
		log_error(LOG_WARNING, &aside, "after publishing %s", incoming->record.name);
	if (readme_page_write(vault, &aside) != 0)
		log_error(LOG_WARNING, &aside, "after publishing %s", incoming->record.name);
	return 0;
}

/* What only waits for its turn: a full disk must not keep anybody from removing something. */
static void put_in_order(const struct vault *vault, const char *run)
{
	struct error aside = { .class = ERR_NONE };

	/* Killed, or without room, right behind its publishing. */
	if (incoming_run_valid(run) && only_copy_trash(vault, run, &aside) != 0)
		log_error(LOG_WARNING, &aside, "what run %s has left stays", run);
	if (readme_page_refresh(vault, &aside) != 0)
		log_error(LOG_WARNING, &aside, "the pages are not written yet");
}

/* One of the generations, from the oldest to the newest. Only a record whose folder the kernel says is not there goes: what can't be looked at, or read, is for a person to look at; it hides one
 * generation, which may be there again at the next time, and must not stop the others. */
static int settle(const struct vault *vault, const char *name, const char **newest, char run[RUN_SIZE],
                  struct error *err)
{
	struct record record;
	int has;

	if (record_read(vault, name, &record, err) != 0 || (has = vault_has(vault, name, err)) < 0) {
		log_error(LOG_ERR, err, "generation %s is kept", name);
		error_clear(err);
		return 0;
	}
	if (has == 0)
		return record_remove(vault, name, err);
	*newest = name;
	(void)snprintf(run, RUN_SIZE, "%s", record.run);
	return 0;
}

int publish_recover(const struct vault *vault, struct error *err)
{
	char(*names)[32];
	char current[32];
	char run[RUN_SIZE] = ""; /* of the newest */
	const char *newest = "";
	size_t n;
	int rc = 0;

	if (record_names(vault, &names, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = settle(vault, names[i], &newest, run, err);
	if (rc == 0)
		rc = vault_current(vault, current, err);
	if (rc == 0 && *newest != '\0' && strcmp(newest, current) != 0) {
		log_line(LOG_NOTICE, "`current` led to %s; it now leads to %s",
		         current[0] != '\0' ? current : "nothing", newest);
		rc = point_current(vault, newest, err);
	}
	if (rc == 0)
		put_in_order(vault, run);
	free(names);
	return rc;
}
