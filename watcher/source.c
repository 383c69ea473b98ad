#include "watcher/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"
#include "watcher/source_internal.h"

#define HANDLES_EVERY_MS 2000
#define HANDLES_AWAKE_MS 10000 /* while it is written to, only to tell how many there are */
#define READ_EVERY_MS 5000     /* property lists, while it is written to */

void source_order_done(struct source_order *order)
{
	free(order->past);
	order->past = NULL;
	order->n_past = 0;
}

struct source *source_new(void)
{
	struct source *made = calloc(1, sizeof(*made));

	if (made == NULL)
		return NULL;
	macs_init(&made->macs);
	made->changed_since_ms = -1;
	made->handles_ms = -1;
	made->state_since_s = time(NULL);
	return made;
}

void source_destroy(struct source **source)
{
	if (*source == NULL)
		return;
	source_hold_let_go(*source);
	source_order_done(&(*source)->order);
	free(*source);
	*source = NULL;
}

const char *source_pipeline(const struct source *source)
{
	return source->order.pipeline;
}

/* max_wait counts from the last run that made something of it, whatever that was: a writer that never stops gets one each max_wait, not one behind the other. A run that
 * found no rest (deferred) made nothing. The broker knows, and also of the time before the watch began. */
static bool waits_anew(const struct source_order *before, const struct source_order *now)
{
	if (now->waiting_since_s != 0)
		return now->waiting_since_s != before->waiting_since_s;
	return now->running || now->last_ctransid != before->last_ctransid;
}

void source_update(struct source *source, struct source_order *order)
{
	const struct source_order *before = &source->order;

	if (strcmp(before->path, order->path) != 0 || before->kind != order->kind ||
	    before->snapshots != order->snapshots)
		source_hold_let_go(source);
	if (waits_anew(before, order))
		source->changed_since_ms = -1;
	source_order_done(&source->order);
	source->order = *order;
	order->past = NULL;
	order->n_past = 0;
}

int source_fd(const struct source *source)
{
	return source->inotify != NULL ? signal_inotify_fd(source->inotify) : -1;
}

bool source_is_time_machine(const struct source *source)
{
	return source->order.kind == CONFIG_KIND_TIME_MACHINE ||
	       (source->order.kind == CONFIG_KIND_AUTO && macs_any(&source->macs));
}

/* ---- put together */

static struct macs_rest rest_of(struct source *source, int64_t now_ms)
{
	struct macs_rest rest = { .need_ms = source->order.idle_ms };
	struct macs_rest others;
	int64_t quiet_ms = now_ms - source->last_activity_ms;
	bool macs = source_is_time_machine(source);

	if (macs) {
		rest = macs_decide(&source->macs, &source->order.quiet, now_ms);
		others = (struct macs_rest){ .need_ms = source->macs.more ? source->order.quiet.unfinished_ms
			                                                  : source->order.quiet.finished_ms };
	} else {
		others = rest;
	}
	others.quiet_ms = quiet_ms;
	others.left_ms = (int64_t)others.need_ms > quiet_ms ? (int64_t)others.need_ms - quiet_ms : 0;
	idle_holder_files(source->sign, quiet_ms, others.need_ms, others.holder);
	if (!macs || others.left_ms > rest.left_ms) {
		others.quiet_ms = macs && rest.quiet_ms < quiet_ms ? rest.quiet_ms : quiet_ms;
		return others;
	}
	rest.quiet_ms = rest.quiet_ms < quiet_ms ? rest.quiet_ms : quiet_ms;
	return rest;
}

bool source_is_changed(const struct source *source)
{
	const struct source_order *order = &source->order;
	bool same =
	        source->subvolume.ctransid == order->last_ctransid && order->last_ctransid != 0 &&
	        (order->last_source_uuid[0] == '\0' || strcmp(order->last_source_uuid, source->subvolume.uuid) == 0);

	return source->read_once && (!same || source->wrote_unseen);
}

/* Not longer than max_wait, lest a clock that jumps counts for more. */
static int64_t waited_ms(const struct look *look)
{
	const struct source_order *order = &look->source->order;
	int64_t waited_s = look->wall_s - order->waiting_since_s;

	if (order->waiting_since_s == 0 || waited_s <= 0)
		return 0;
	return waited_s < (int64_t)(order->max_wait_ms / 1000) ? waited_s * 1000 : (int64_t)order->max_wait_ms;
}

static struct idle_facts facts_of(const struct look *look, const struct macs_rest *rest)
{
	struct source *source = look->source;
	const struct source_order *order = &source->order;
	bool changed = source_is_changed(source);

	if (!changed)
		source->changed_since_ms = -1;
	else if (source->changed_since_ms < 0)
		source->changed_since_ms = look->now_ms - waited_ms(look);
	return (struct idle_facts){ .now_ms = look->now_ms,
		                    .wall_s = look->wall_s,
		                    .changed_since_ms = source->changed_since_ms,
		                    .changed = changed,
		                    .confirmed = source->confirmed,
		                    .running = order->running,
		                    .paused = order->paused,
		                    .quiet_ms = rest->quiet_ms,
		                    .left_ms = rest->left_ms,
		                    .holder = rest->holder,
		                    .max_wait_ms = order->max_wait_ms,
		                    .last_taken_s = order->last_taken_s,
		                    .apart_ms = source_is_time_machine(source) ? order->apart_ms : 0 };
}

static int look_inside(const struct look *look, struct idle_verdict *verdict, struct error *err)
{
	struct source *source = look->source;
	const struct source_order *order = &source->order;
	struct macs_rest rest;
	struct idle_facts facts;

	source_signals_events(look);
	if (source_signals_counter(look, err) != 0)
		return -1;
	macs_read(&source->macs, look->fd, false, source_signals_every(READ_EVERY_MS, order->quiet.finished_ms),
	          look->now_ms, look->wall_s);
	rest = rest_of(source, look->now_ms);
	if (source->scan != NULL) {
		if (source_signals_look_through(look, &rest, err) != 0)
			return -1;
		if (!source->read_once) {
			*verdict = (struct idle_verdict){ .state = IDLE_ACTIVE };
			(void)snprintf(verdict->reason, sizeof(verdict->reason),
			               "waiting for idle: being looked through for the first time");
			return 0;
		}
	}
	facts = facts_of(look, &rest);
	if (facts.changed && !facts.running && !facts.paused) {
		bool half = rest.left_ms * 2 <= (int64_t)rest.need_ms;

		if (half && !source->settled && source_signals_settle(look, err) != 0)
			return -1;
		source_signals_handles(look,
		                       half ? source_signals_every(HANDLES_EVERY_MS, rest.need_ms) : HANDLES_AWAKE_MS);
		rest = rest_of(source, look->now_ms);
	}
	facts = facts_of(look, &rest);
	*verdict = idle_decide(&facts);
	if (!verdict->confirm || source->scan != NULL)
		return 0;
	if (source_signals_confirm(look, err) != 0)
		return -1;
	rest = rest_of(source, look->now_ms);
	facts = facts_of(look, &rest);
	*verdict = idle_decide(&facts);
	return 0;
}

static int look_at(struct look *look, struct idle_verdict *verdict, struct error *err)
{
	struct source *source = look->source;
	struct stat st = { 0 };
	int rc = 0;

	if (source_hold_open(source, &look->fd, &st, err) != 0)
		return -1;
	if (source->held && source_hold_is_other(look, &st)) {
		log_line(LOG_NOTICE, "pipeline=%s another folder lies at %s now; it is watched from here on",
		         source->order.pipeline, source->order.path);
		source_hold_let_go(source);
	}
	if (!source->held)
		rc = source_hold_take(look, &st, err);
	if (rc == 0)
		rc = look_inside(look, verdict, err);
	(void)close(look->fd);
	return rc;
}

struct source_report source_look(struct source *source, struct signal_openfiles *files, int64_t now_ms, int64_t wall_s)
{
	struct source_report report = { .pipeline = source->order.pipeline, .wall_s = wall_s };
	struct look look = { .source = source, .files = files, .fd = -1, .now_ms = now_ms, .wall_s = wall_s };
	struct error err = { .class = ERR_NONE };

	if (look_at(&look, &report.verdict, &err) != 0) {
		report.verdict = (struct idle_verdict){ .state = IDLE_UNKNOWN };
		(void)snprintf(report.verdict.reason, sizeof(report.verdict.reason), "%.*s", IDLE_REASON_SIZE - 1,
		               err.text);
		if (!source->said_failing)
			log_line(LOG_WARNING, "pipeline=%s can't be watched: %s", source->order.pipeline, err.text);
		source->said_failing = true;
		source_hold_let_go(source);
	} else {
		source->said_failing = false;
		report.time_machine = source_is_time_machine(source);
		report.macs = report.time_machine ? &source->macs : NULL;
		report.room_seen = source->order.room && room_read(source->order.path, &report.room, NULL) == 0;
		(void)snprintf(report.uuid, sizeof(report.uuid), "%s", source->subvolume.uuid);
	}
	if (report.verdict.state != source->state) {
		source->state = report.verdict.state;
		source->state_since_s = wall_s;
		log_line(LOG_INFO, "pipeline=%s %s: %s", source->order.pipeline, idle_state_name(source->state),
		         report.verdict.reason);
	}
	log_trace("idle", "pipeline=%s %s: %s; ctransid %llu", source->order.pipeline, idle_state_name(source->state),
	          report.verdict.reason, (unsigned long long)source->subvolume.ctransid);
	report.since_s = source->state_since_s;
	report.ctransid = source->subvolume.ctransid;
	return report;
}
