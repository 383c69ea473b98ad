#include "cli/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "cli/interrupt.h"
#include "cli/restore_aside.h"
#include "cli/restore_bare.h"
#include "cli/restore_carry.h"
#include "cli/restore_excludes.h"
#include "cli/restore_fit.h"
#include "cli/restore_holds.h"
#include "cli/restore_options.h"
#include "cli/restore_plan.h"
#include "cli/restore_report.h"
#include "cli/restore_sweep.h"
#include "cli/restore_work.h"
#include "cli/unpack.h"
#include "lib/clock.h"
#include "lib/config.h"
#include "lib/crash_point.h"
#include "lib/durable.h"
#include "lib/inside.h"
#include "lib/log.h"
#include "lib/progress.h"
#include "lib/rate.h"
#include "wire/choose.h"
#include "wire/remote.h"
#include "wire/remote_list.h"

#define COMPLAINTS_MOST 1000 /* lines about single files */
#define NAP_US 500000

struct restore {
	struct restore_options options;
	int target_fd;
	struct restore_work_key key;
	char wanted[4096];
	struct restore_pick pick;
	struct config_rate window; /* --rate, all day */
	struct rate rate;
	uint64_t paced_bytes; /* of those that came in */
	struct restore_work work;
	struct restore_holds holds; /* of the target */
	struct remote *remote;      /* NULL: not yet, or not any more */
	struct restore_plan *plan;
	struct unpack *unpack;
	struct progress_bar bar;
	const char *generation; /* that is wanted; NULL: the current one */
	char chosen[32];        /* the generation */
	uint64_t complaints;
	bool complete; /* an earlier run of the same was, all but */
	/* over what is there: */
	char aside_name[RESTORE_ASIDE_NAME_SIZE];
	struct restore_aside *aside;
	struct restore_excludes excludes;
	struct restore_report_over told;
	struct restore_report_course course;
};

static int give_up_if_asked(void *context, struct error *err)
{
	(void)context;
	return interrupt_asked() ? error_set(err, ERR_CANCELLED, "interrupted") : 0;
}

static void tell(void *context, const char *path, const char *what)
{
	struct restore *r = context;
	char safe[1024];

	if (++r->complaints > COMPLAINTS_MOST)
		return;
	progress_clear(&r->bar);
	(void)fprintf(stderr, "aob restore: %s: %s\n", log_escape(path, safe, sizeof(safe)), what);
}

/* what: static */
static void complain(void *context, const char *path, const char *what)
{
	struct restore *r = context;
	struct restore_report_course *course = &r->course;

	if (course->n_wrong < RESTORE_REPORT_WRONG_MAX && (course->wrong[course->n_wrong] = strdup(path)) != NULL)
		course->reasons[course->n_wrong++] = what;
	tell(r, path, what);
}

/* In long work without a word to the far end. */
static int busy(void *context, struct error *err)
{
	struct restore *r = context;

	if (give_up_if_asked(r, err) != 0)
		return -1;
	return r->remote != NULL ? wire_keepalive(remote_wire(r->remote), err) : 0;
}

/* Where what is replaced is kept: the day and the time say which restore it was. */
static void name_aside(struct restore *r)
{
	time_t now = time(NULL);
	struct tm tm;

	(void)gmtime_r(&now, &tm);
	(void)strftime(r->aside_name, sizeof(r->aside_name), RESTORE_ASIDE_PREFIX "%Y-%m-%dT%H-%M-%SZ", &tm);
}

/* An earlier run was killed behind its last file. */
static int finish_earlier(struct restore *r, struct error *err)
{
	if (!r->work.complete || r->options.dry_run)
		return 0;
	(void)snprintf(r->chosen, sizeof(r->chosen), "%s", r->work.generation);
	if (restore_work_finish(&r->work, err) != 0)
		return -1;
	/* What is live has gone on since, perhaps. */
	r->complete = !r->options.over;
	return 0;
}

/* The target is made, or is an empty folder, or one that this restore has begun with: nothing of the user's is ever written over, unless that is wanted. */
static int open_target(struct restore *r, struct error *err)
{
	if (restore_fit_place(r->options.to, err) != 0)
		return -1;
	if (!r->options.dry_run && mkdir(r->options.to, 0700) != 0 && errno != EEXIST)
		return error_sys(err, errno, "making the folder %s", r->options.to);
	r->target_fd = open(r->options.to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->target_fd < 0 && r->options.dry_run && errno == ENOENT)
		return 0;
	if (r->target_fd < 0)
		return error_sys(err, errno, "opening %s", r->options.to);
	restore_options_wanted(&r->options, r->wanted, sizeof(r->wanted));
	r->key = (struct restore_work_key){ .pipeline = r->options.pipeline,
		                            .wanted = r->wanted,
		                            .generation = r->generation };
	if (r->options.over) {
		name_aside(r);
		r->key.aside = r->aside_name;
	}
	if (restore_work_open(&r->work, r->target_fd, &r->key, err) != 0 || finish_earlier(r, err) != 0)
		return error_prefix(err, "%s", r->options.to);
	if (r->complete)
		return 0;
	if (r->work.generation[0] == '\0' && r->work.others && !r->options.over)
		return error_set(err, ERR_REFUSED,
		                 "%s is not empty; name a folder that is, or that does not exist yet, or give --over",
		                 r->options.to);
	if (r->work.generation[0] != '\0')
		r->generation = r->work.generation; /* the vault's current one may have become another meanwhile */
	return 0;
}

/* Finds the generation, for its name. */
static int choose(struct restore *r, struct error *err)
{
	struct generation_info chosen;

	if (choose_generation(r->remote, r->options.pipeline, r->generation, &chosen, err) != 0)
		return -1;
	(void)snprintf(r->chosen, sizeof(r->chosen), "%s", chosen.name);
	return 0;
}

/* --rate: what came too fast is waited for before more is read; the far end, and the link, wait then too. */
static int slow_down(struct restore *r, struct error *err)
{
	while (r->options.rate_bps != 0 && r->remote != NULL) {
		uint64_t left_bytes = wire_bytes_in(remote_wire(r->remote)) - r->paced_bytes;
		uint64_t wait_us = 0;

		if (left_bytes == 0)
			break;
		r->paced_bytes +=
		        rate_take(&r->rate, (size_t)left_bytes, clock_now_us(), clock_minute_of_day(), &wait_us);
		if (give_up_if_asked(r, err) != 0)
			return -1;
		if (wait_us > NAP_US)
			wait_us = NAP_US;
		if (wait_us != 0)
			(void)nanosleep(&(struct timespec){ .tv_nsec = (long)wait_us * 1000L }, NULL);
	}
	return 0;
}

static int receive_tree(struct restore *r, struct error *err)
{
	for (;;) {
		struct frame frame;
		int rc = wire_receive(remote_wire(r->remote), &frame, err);

		if (rc == 0)
			return error_set(err, ERR_LINK, "the connection was lost");
		if (rc < 0)
			return -1;
		if (frame.type == FRAME_FETCH_END)
			return 0;
		if ((frame.type != FRAME_NOTE && restore_plan_take(r->plan, &frame, err) != 0) ||
		    slow_down(r, err) != 0 || give_up_if_asked(r, err) != 0)
			return -1;
		r->bar.files = restore_plan_totals(r->plan).files;
		progress_show(&r->bar);
	}
}

static uint64_t part_of(void *context, const struct entry *entry, const uint8_t sha256[32])
{
	const struct restore *r = context;

	return unpack_part_bytes(&r->work, entry, sha256);
}

static bool takes(void *context, const char *path)
{
	const struct restore *r = context;

	return restore_pick_takes(&r->pick, path);
}

/* What came and was not as it should be is tried again. Over a live folder it was not put in its place. */
static int drop_bad(void *context, const char *path, struct error *err)
{
	const struct restore *r = context;
	struct inside *inside;
	int parent_fd;
	const char *leaf;

	if (r->options.over)
		return 0;
	if (inside_new(r->target_fd, &inside, err) != 0)
		return -1;
	if (inside_parent(inside, path, &parent_fd, &leaf, NULL) == 0)
		(void)unlinkat(parent_fd, leaf, 0);
	inside_destroy(&inside);
	return 0;
}

/* What the target can hold: tried out, but for a dry run. */
static int find_holds(struct restore *r, struct error *err)
{
	restore_holds_guess(r->target_fd, &r->holds);
	if (r->options.dry_run)
		return 0;
	if (restore_work_prepare(&r->work, err) != 0 || restore_holds_try(r->work.fd, &r->holds, err) != 0)
		return error_prefix(err, "%s", r->options.to);
	/* What is there as Photo.jpg would be taken for new where the generation has photo.jpg. */
	if (r->options.over && !r->options.keep_new && !r->holds.cases)
		return error_set(err, ERR_REFUSED,
		                 "%s: %s takes large and small letters for the same, so what was not there then can't "
		                 "be told; give --keep-new too",
		                 r->options.to, r->holds.kind);
	return 0;
}

static int make_plan(struct restore *r, const struct tame *tame, struct error *err)
{
	struct restore_plan_options options = {
		.target_fd = r->target_fd,
		.empty = r->work.generation[0] == '\0' && !r->options.over,
		.trust = r->work.same_boot && !r->options.over ? RESTORE_TRUST_TIME : RESTORE_TRUST_NONE,
		.over = r->options.over,
		.discards = r->options.discards,
		.tame = *tame,
		.holds = &r->holds,
		.reserved = { r->work.name, r->work.aside[0] != '\0' ? r->work.aside : r->aside_name },
		.takes = takes,
		.part = part_of,
		.busy = busy,
		.tell = tell,
		.context = r,
	};

	progress_begin(&r->bar, "listing");
	if ((!r->options.dry_run && restore_work_each_bad(&r->work, drop_bad, r, err) != 0) ||
	    restore_plan_new(&options, &r->plan, err) != 0 || choose(r, err) != 0)
		return -1;
	for (size_t i = 0; i < r->pick.n_roots; i++)
		if (remote_ask_part(r->remote, FRAME_TREE, r->chosen, r->pick.roots[i], err) != 0 ||
		    receive_tree(r, err) != 0)
			return -1;
	if (restore_plan_end(r->plan, err) != 0)
		return -1;
	return restore_plan_totals(r->plan).entries != 0
	               ? 0
	               : error_set(err, ERR_NOT_FOUND, "nothing in generation %s matches", r->chosen);
}

static int moved(void *context, struct error *err)
{
	struct restore *r = context;
	struct unpack_totals totals = unpack_totals(r->unpack);

	r->bar.done = totals.bytes;
	r->bar.files = totals.files;
	progress_show(&r->bar);
	return slow_down(r, err) == 0 ? busy(r, err) : -1;
}

/* What is there and was not then. Without `aside` only counted. */
static int sweep(struct restore *r, struct restore_aside *aside, struct error *err)
{
	const struct restore_sweep sweep = { .target_fd = r->target_fd,
		                             .plan = r->plan,
		                             .aside = aside,
		                             .excludes = r->excludes.patterns,
		                             .work_name = r->work.name,
		                             .pick = &r->pick,
		                             .busy = busy,
		                             .context = r };

	if (!r->options.over || r->options.keep_new || r->target_fd < 0)
		return 0;
	return restore_sweep_run(&sweep, &r->told.removed, err);
}

/* Killed anywhere here: the same command finds what is complete in its place, and the rest in the work folder. */
static int carry_out(struct restore *r, const struct tame *tame, struct error *err)
{
	struct unpack_options options = { .tame = *tame,
		                          .replaces = r->work.generation[0] != '\0' && !r->work.same_boot,
		                          .discards = r->options.discards,
		                          .complain = complain,
		                          .tell = tell,
		                          .busy = busy,
		                          .context = r };
	struct restore_carry carry = {
		.wire = remote_wire(r->remote), .plan = r->plan, .target_fd = r->target_fd, .moved = moved, .context = r
	};

	if (restore_work_begin(&r->work, &r->key, r->chosen, err) != 0 ||
	    (r->options.over && restore_aside_new(r->target_fd, r->work.aside, &r->aside, err) != 0))
		return -1;
	options.aside = r->aside;
	if (unpack_new(&r->work, &options, &r->unpack, err) != 0)
		return -1;
	progress_begin(&r->bar, "restoring");
	r->bar.total = restore_plan_totals(r->plan).carry_bytes;
	carry.unpack = r->unpack;
	r->course.carry_us = -clock_now_us();
	if (restore_carry_run(&carry, err) != 0)
		return -1;
	r->course.carry_us += clock_now_us();
	remote_close(&r->remote);
	if (sweep(r, r->aside, err) != 0 || restore_carry_settle(&carry, false, err) != 0 ||
	    unpack_sync(r->unpack, err) != 0)
		return -1;
	crash_point("restore-synced");
	if (restore_carry_settle(&carry, true, err) != 0 || restore_work_end(&r->work, err) != 0)
		return -1;
	return durable_sync(r->target_fd, r->options.to, err);
}

/* Nothing has been written yet. */
static int fit(struct restore *r, struct error *err)
{
	struct restore_plan_totals totals = restore_plan_totals(r->plan);
	struct restore_room room;
	int rc;

	if (restore_fit_read(r->options.to, &room, err) != 0)
		return -1;
	if (r->options.dry_run && sweep(r, NULL, err) != 0)
		return -1;
	r->told.replaced = totals.replaced;
	r->told.aside = r->work.aside[0] != '\0' ? r->work.aside : r->aside_name;
	rc = restore_fit_check(&room, totals.room_bytes, totals.inodes, err);
	if (rc == 0 && totals.too_large != 0)
		rc = error_set(err, ERR_REFUSED,
		               "%llu files, named above, are larger than one can be on %s; name a disk of another kind "
		               "(exFAT, "
		               "NTFS, ext4), or restore a part",
		               (unsigned long long)totals.too_large, r->holds.kind);
	progress_clear(&r->bar);
	if (r->options.dry_run)
		restore_report_plan(&r->options, r->chosen, &totals, &room, rc == 0, r->options.over ? &r->told : NULL);
	return rc == 0 ? 0 : error_prefix(err, "%s", r->options.to);
}

static int connect_vault(struct restore *r, const struct config_vault *vault, struct error *err)
{
	struct wire_hooks hooks = { .waiting = give_up_if_asked };
	char safe[128];

	if (remote_open(vault, r->options.pipeline, "restore", &hooks, &r->remote, err) != 0)
		return -1;
	if (remote_welcome(r->remote)->gives)
		return 0;
	return error_set(err, ERR_CONFIG, "the far end (%s) can't restore in parts; install a newer aob-receiver there",
	                 log_escape(remote_welcome(r->remote)->software, safe, sizeof(safe)));
}

static int run(struct restore *r, const struct config_vault *vault, struct error *err)
{
	const struct tame tame = { .keep_special = r->options.keep_special, .user_only = geteuid() != 0 };
	bool made = !r->options.dry_run && access(r->options.to, F_OK) != 0 && errno == ENOENT;
	int rc;

	if (restore_pick_init(&r->pick, r->options.paths, r->options.globs, err) != 0 || open_target(r, err) != 0)
		return -1;
	if (r->complete)
		return 0;
	rc = connect_vault(r, vault, err);
	if (rc == 0 && (find_holds(r, err) != 0 || make_plan(r, &tame, err) != 0 || fit(r, err) != 0 ||
	                (!r->options.dry_run && carry_out(r, &tame, err) != 0))) {
		rc = -1;
		if (r->remote != NULL)
			remote_explain(r->remote, err);
		if (r->work.bad_fd >= 0)
			(void)error_prefix(err, "not finished; the same command goes on where this one ended");
	}
	/* A folder that was made for nothing does not stay. */
	if (rc != 0)
		restore_work_give_up(&r->work);
	if (rc != 0 && made)
		(void)rmdir(r->options.to);
	return rc;
}

/* The exit status. */
static int finish(struct restore *r)
{
	struct restore_plan_totals totals = { .entries = 0 };
	struct unpack_totals done;
	int status = EX_OK;

	if (r->plan != NULL)
		totals = restore_plan_totals(r->plan);
	progress_clear(&r->bar);
	if (r->options.dry_run)
		return EX_OK;
	if (r->complete) {
		restore_report_complete(&r->options, r->chosen);
		return EX_OK;
	}
	done = unpack_totals(r->unpack);
	if (r->aside != NULL)
		r->told.kept = restore_aside_count(r->aside);
	restore_lost_add(&totals.lost, &done.lost);
	if (done.damaged + done.missing != 0)
		status = EX_DATAERR;
	else if (restore_lost_any(&totals.lost))
		status = RESTORE_EXIT_LOST;
	restore_report_done(&r->options, r->chosen, &totals, &done, r->holds.kind, &r->course,
	                    r->options.over ? &r->told : NULL);
	return status;
}

/* Which vault; then all the rest. */
static int find_and_run(struct restore *r, const char *config_path, struct error *err)
{
	const struct config_pipeline *pipeline;
	struct config *config = NULL;
	struct restore_from from;
	int rc;

	if (r->options.from != NULL) {
		rc = restore_from_init(&from, r->options.from, r->options.pipeline, r->options.identity,
		                       r->options.ssh_options, err);
		r->options.pipeline = from.pipeline;
		from.vault.plain = r->options.plain;
		rc = rc == 0 && restore_excludes_init(&r->excludes, NULL, err) == 0 ? run(r, &from.vault, err) : -1;
		if (rc == 0)
			rc = finish(r);
		restore_from_done(&from);
		return rc;
	}
	rc = config_load(config_path, &config, stderr, err);
	pipeline = rc == 0 ? config_pipeline_asked(config, r->options.pipeline, err) : NULL;
	if (pipeline != NULL && pipeline->vault->bare) {
		rc = restore_bare_run(&r->options, pipeline, err);
		config_destroy(&config);
		return rc;
	}
	rc = pipeline != NULL && restore_excludes_init(&r->excludes, pipeline, err) == 0 ? run(r, pipeline->vault, err)
	                                                                                 : -1;
	if (rc == 0)
		rc = finish(r);
	config_destroy(&config);
	return rc;
}

int restore_main(int argc, char **argv, const char *config_path)
{
	struct restore r = { .target_fd = -1, .work = { .fd = -1, .bad_fd = -1 } };
	struct error err = { .class = ERR_NONE };
	int status = restore_options_read(argc, argv, &r.options);

	if (status >= 0)
		return status;
	r.generation = r.options.generation;
	r.window.bytes_per_s = r.options.rate_bps;
	rate_init(&r.rate, &r.window, 1, clock_now_us());
	interrupt_catch();
	status = find_and_run(&r, config_path, &err);
	if (status < 0) {
		status = error_exit(err.class);
		progress_clear(&r.bar);
		(void)fprintf(stderr, "aob restore: %s\n", err.text);
	}
	remote_close(&r.remote);
	unpack_destroy(&r.unpack);
	restore_aside_destroy(&r.aside);
	restore_excludes_done(&r.excludes);
	restore_plan_destroy(&r.plan);
	restore_work_close(&r.work);
	restore_pick_done(&r.pick);
	for (size_t i = 0; i < r.course.n_wrong; i++)
		free(r.course.wrong[i]);
	if (r.target_fd >= 0)
		(void)close(r.target_fd);
	return status;
}
