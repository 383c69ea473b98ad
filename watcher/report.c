#include "watcher/report.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/log.h"

static json_t *report_json(const struct source_report *report)
{
	const char *trigger = idle_trigger_name(report->verdict.trigger);
	char reason[4 * sizeof(report->verdict.reason)];

	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:s?}", "pipeline", report->pipeline, "state",
	                 idle_state_name(report->verdict.state), "reason",
	                 log_escape(report->verdict.reason, reason, sizeof(reason)), "since",
	                 (json_int_t)report->since_s, "ctransid", (json_int_t)report->ctransid, "trigger", trigger);
}

char *report_text(const struct source_report *reports, size_t n)
{
	json_t *sources = json_array();
	json_t *body;
	char *text;
	int failed = sources == NULL;

	for (size_t i = 0; i < n && failed == 0; i++)
		failed = json_array_append_new(sources, report_json(&reports[i]));
	body = failed == 0 ? json_pack("{s:i, s:s, s:O}", "v", 1, "verb", "watch-report", "sources", sources) : NULL;
	text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
	json_decref(body);
	json_decref(sources);
	return text;
}

static int read_order(json_t *json, struct source_order *order)
{
	const char *pipeline;
	const char *path;
	const char *uuid = "";
	json_int_t idle_ms;
	json_int_t max_wait_ms;
	json_int_t ctransid = 0;
	int running;
	int paused;

	if (json_unpack(json, "{s:s, s:s, s:I, s:I, s:b, s:b, s?I, s?s}", "pipeline", &pipeline, "source", &path,
	                "idle_ms", &idle_ms, "max_wait_ms", &max_wait_ms, "running", &running, "paused", &paused,
	                "last_ctransid", &ctransid, "last_source_uuid", &uuid) != 0 ||
	    idle_ms < 0 || max_wait_ms < 0)
		return -1;
	if (snprintf(order->pipeline, sizeof(order->pipeline), "%s", pipeline) >= (int)sizeof(order->pipeline) ||
	    snprintf(order->path, sizeof(order->path), "%s", path) >= (int)sizeof(order->path) ||
	    snprintf(order->last_source_uuid, sizeof(order->last_source_uuid), "%s", uuid) >=
	            (int)sizeof(order->last_source_uuid))
		return -1;
	order->idle_ms = (uint64_t)idle_ms;
	order->max_wait_ms = (uint64_t)max_wait_ms;
	order->last_ctransid = (uint64_t)ctransid;
	order->running = running != 0;
	order->paused = paused != 0;
	return 0;
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
			free(*orders);
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
