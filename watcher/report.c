#include "watcher/report.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include <string.h>

#include "lib/hex.h"
#include "lib/log.h"
#include "lib/stage_msg.h"

#define BODY_BYTES (STAGE_MESSAGE_MAX / 2) /* of a message; one source's part is smaller than that */

static json_t *escaped(const char *text)
{
	char safe[4 * TIME_MACHINE_PATH_SIZE];

	return json_string(log_escape(text, safe, sizeof(safe)));
}

static json_t *mac_json(const struct macs_one *one, int64_t wall_s)
{
	const struct time_machine *marks = &one->marks;

	return json_pack("{s:o, s:o, s:s, s:b, s:I, s:I, s:I, s:I, s:b, s:b, s:o}", "bundle", escaped(marks->path),
	                 "name", escaped(marks->name), "state", mac_state_name(one->verdict.state), "finished",
	                 (int)one->verdict.finished, "completed_at", (json_int_t)one->mac.completed_at_s, "used_at",
	                 (json_int_t)one->mac.used_at_s, "wrote_at",
	                 (json_int_t)(one->mac.wrote_seen ? wall_s - one->verdict.quiet_ms / 1000 : one->newest_s),
	                 "handles", (json_int_t)one->mac.handles, "attached", (int)one->mac.attached,
	                 "verification_failed", (int)marks->verification_failed, "trouble", escaped(marks->trouble));
}

static json_t *macs_json(const struct source_report *report)
{
	json_t *list = json_array();

	for (size_t i = 0; report->macs != NULL && i < report->macs->n; i++)
		if (report->macs->list[i].marks.is_backup &&
		    json_array_append_new(list, mac_json(&report->macs->list[i], report->wall_s)) != 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *room_json(const struct source_report *report)
{
	char filesystem[2 * sizeof(report->room.filesystem) + 1];

	if (!report->room_seen)
		return json_null();
	hex_text(report->room.filesystem, sizeof(report->room.filesystem), filesystem);
	return json_pack("{s:I, s:I, s:s}", "free_bytes", (json_int_t)report->room.free_bytes, "total_bytes",
	                 (json_int_t)report->room.total_bytes, "filesystem", filesystem);
}

static json_t *report_json(const struct source_report *report)
{
	const char *trigger = idle_trigger_name(report->verdict.trigger);

	return json_pack("{s:s, s:s, s:o, s:I, s:I, s:s, s:s?, s:s, s:I, s:o, s:o}", "pipeline", report->pipeline,
	                 "state", idle_state_name(report->verdict.state), "reason", escaped(report->verdict.reason),
	                 "since", (json_int_t)report->since_s, "ctransid", (json_int_t)report->ctransid, "source_uuid",
	                 report->uuid, "trigger", trigger, "kind",
	                 config_kind_name(report->time_machine ? CONFIG_KIND_TIME_MACHINE : CONFIG_KIND_GENERIC),
	                 "forced_at", (json_int_t)report->verdict.forced_at_s, "macs", macs_json(report), "room",
	                 room_json(report));
}

static char *body_of(const char *host, json_t *sources)
{
	json_t *body =
	        json_pack("{s:i, s:s, s:s, s:O}", "v", 1, "verb", "watch-report", "host", host, "sources", sources);
	char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;

	json_decref(body);
	return text;
}

char *report_text(const char *host, const struct source_report *reports, size_t n, size_t *told)
{
	json_t *sources = json_array();
	size_t used = 0;
	char *text;

	for (*told = 0; *told < n && sources != NULL; ++*told) {
		json_t *one = report_json(&reports[*told]);
		size_t bytes = one != NULL ? json_dumpb(one, NULL, 0, JSON_COMPACT) : 0;

		if (one != NULL && *told > 0 && used + bytes > BODY_BYTES) {
			json_decref(one);
			break;
		}
		used += bytes;
		if (one == NULL || json_array_append_new(sources, one) != 0) {
			json_decref(sources);
			return NULL;
		}
	}
	text = sources != NULL ? body_of(host, sources) : NULL;
	json_decref(sources);
	return text;
}

static bool take(char *out, size_t size, const char *text)
{
	return snprintf(out, size, "%s", text) < (int)size;
}

/* One that can't be read is left out: then nothing is known of that bundle, which costs a longer wait, no more. */
static void read_past(struct source_order *order, const json_t *list)
{
	size_t n = json_array_size(list);

	if (n > TIME_MACHINE_BUNDLES_MAX)
		n = TIME_MACHINE_BUNDLES_MAX;
	order->past = n > 0 ? calloc(n, sizeof(*order->past)) : NULL;
	for (size_t i = 0; order->past != NULL && i < n; i++) {
		struct macs_past *past = &order->past[order->n_past];
		json_int_t used_at = 0;
		json_int_t clean_at = 0;
		const char *bundle;

		if (json_unpack(json_array_get(list, i), "{s:s, s?I, s?I}", "bundle", &bundle, "used_at", &used_at,
		                "clean_at", &clean_at) != 0 ||
		    !take(past->bundle, sizeof(past->bundle), bundle))
			continue;
		past->used_at_s = used_at;
		past->clean_at_s = clean_at;
		order->n_past++;
	}
}

static int read_order(json_t *json, struct source_order *order)
{
	const char *pipeline;
	const char *path;
	const char *kind = "auto";
	const char *uuid = "";
	const char *clean_uuid = "";
	json_int_t idle_ms;
	json_int_t max_wait_ms;
	json_int_t quiet[4] = { 0 }; /* finished, attached, unfinished, apart */
	/* The counter at the last generation, and at the last clean one; when the last one was taken; since when it waits. */
	json_int_t last[4] = { 0 };
	const char *snapshot_uuid = "";
	int snapshots = 1;
	int running;
	int paused;
	int room = 0;

	if (json_unpack(json,
	                "{s:s, s:s, s?s, s:I, s:I, s:b, s:b, s?b, s?I, s?I, s?I, s?I, s?I, s?I, s?I, s?I, s?s, s?s, "
	                "s?s, s?b}",
	                "pipeline", &pipeline, "source", &path, "kind", &kind, "idle_ms", &idle_ms, "max_wait_ms",
	                &max_wait_ms, "running", &running, "paused", &paused, "snapshots", &snapshots, "finished_ms",
	                &quiet[0], "attached_ms", &quiet[1], "unfinished_ms", &quiet[2], "apart_ms", &quiet[3],
	                "last_ctransid", &last[0], "clean_ctransid", &last[1], "last_taken_at", &last[2],
	                "waiting_since", &last[3], "last_source_uuid", &uuid, "clean_source_uuid", &clean_uuid,
	                "last_snapshot_uuid", &snapshot_uuid, "room", &room) != 0 ||
	    idle_ms < 0 || max_wait_ms < 0 || config_kind_of(kind) < 0 || quiet[0] < 0 || quiet[1] < 0 ||
	    quiet[2] < 0 || quiet[3] < 0)
		return -1;
	if (!take(order->pipeline, sizeof(order->pipeline), pipeline) ||
	    !take(order->path, sizeof(order->path), path) ||
	    !take(order->last_source_uuid, sizeof(order->last_source_uuid), uuid) ||
	    !take(order->last_snapshot_uuid, sizeof(order->last_snapshot_uuid), snapshot_uuid) ||
	    !take(order->clean_source_uuid, sizeof(order->clean_source_uuid), clean_uuid))
		return -1;
	order->kind = (enum config_kind)config_kind_of(kind);
	order->snapshots = snapshots != 0;
	order->idle_ms = (uint64_t)idle_ms;
	order->max_wait_ms = (uint64_t)max_wait_ms;
	order->quiet = (struct mac_quiet){ (uint64_t)quiet[0], (uint64_t)quiet[1], (uint64_t)quiet[2] };
	order->apart_ms = (uint64_t)quiet[3];
	order->last_ctransid = (uint64_t)last[0];
	order->clean_ctransid = (uint64_t)last[1];
	order->last_taken_s = last[2];
	order->waiting_since_s = last[3];
	order->running = running != 0;
	order->paused = paused != 0;
	order->room = room != 0;
	read_past(order, json_object_get(json, "macs"));
	return 0;
}

void report_orders_free(struct source_order *orders, size_t n)
{
	for (size_t i = 0; orders != NULL && i < n; i++)
		source_order_done(&orders[i]);
	free(orders);
}

static int read_list(const json_t *list, struct source_order **orders, size_t *n, struct error *err)
{
	size_t i;
	json_t *item;

	if (!json_is_array(list) || json_array_size(list) > REPORT_SOURCES_MAX)
		return error_set(err, ERR_PROTOCOL, "the broker's answer holds no list of pipelines");
	*orders = calloc(json_array_size(list) + 1, sizeof(**orders));
	if (*orders == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	json_array_foreach(list, i, item)
	{
		if (read_order(item, &(*orders)[*n]) != 0) {
			report_orders_free(*orders, *n);
			*orders = NULL;
			return error_set(err, ERR_PROTOCOL, "pipeline %zu of the broker's answer can't be read", i + 1);
		}
		(*n)++;
	}
	return 0;
}

int report_read(const char *reply, size_t len_bytes, struct source_order **orders, size_t *n, struct error *err)
{
	json_t *json = json_loadb(reply, len_bytes, 0, NULL);
	const json_t *fault = json_object_get(json, "error");
	const char *code = json_string_value(json_object_get(fault, "code"));
	const char *message = json_string_value(json_object_get(fault, "message"));
	int rc;

	*orders = NULL;
	*n = 0;
	if (fault != NULL)
		rc = error_set(err, error_class_of(code != NULL ? code : ""), "the broker: %s",
		               message != NULL ? message : "");
	else
		rc = read_list(json_object_get(json_object_get(json, "result"), "pipelines"), orders, n, err);
	json_decref(json);
	return rc;
}
