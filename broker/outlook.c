#include "broker/outlook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/reply.h"
#include "broker/safety_json.h"
#include "broker/watch_state.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/reason.h"

#define DAY_S 86400
#define TELLING_BYTES (1 << 20) /* a shorter transfer says nothing about its link */
#define TELLING_S 2

const char *outlook_words(unsigned warnings, char *out, size_t size)
{
	out[0] = '\0';
	for (unsigned i = 0; forecast_word(i) != NULL; i++)
		if ((warnings & 1u << i) != 0)
			reason_add(out, size, "%s", forecast_word(i));
	return out;
}

static int add_space(struct broker *broker, const char *pipeline, const char *place, const struct reply_space *seen,
                     struct error *err)
{
	struct figures_space space = { broker_wall(), seen->free_bytes, seen->total_bytes };

	return seen->total_bytes == 0 ? 0 : figures_space_add(broker->store, pipeline, place, &space, err);
}

int outlook_measured(struct broker *broker, const struct run *run, const char *service, const char *result_json,
                     struct error *err)
{
	const char *pipeline = run->record.pipeline;
	struct reply_figures seen;
	struct figures_totals more;

	if (reply_figures(result_json, &seen, err) != 0)
		return -1;
	if (strcmp(service, "snapshot") == 0)
		return add_space(broker, pipeline, "source", &seen.source, err);
	if (strcmp(service, "transfer") != 0)
		return 0;
	more = (struct figures_totals){ .literal_bytes = seen.literal_bytes,
		                        .matched_bytes = seen.matched_bytes,
		                        .wire_sent = seen.wire_sent,
		                        .wire_received = seen.wire_received };
	if (figures_totals_add(broker->store, pipeline, &more, err) != 0 ||
	    add_space(broker, pipeline, "vault", &seen.vault, err) != 0)
		return -1;
	broker->outlook_ms = 0;
	if (seen.wire_sent < TELLING_BYTES || seen.seconds < TELLING_S)
		return 0;
	return figures_speed_add(broker->store, run->config->vault, seen.wire_sent / seen.seconds, err);
}

/* ---- the forecast */

/* What has not crossed: of a transfer at work what it tells, else what may have changed since. */
static void find_backlog(struct broker *broker, const struct config_pipeline *pipeline, struct forecast_input *in)
{
	const struct run *run = runs_of(broker, pipeline->name);
	const struct run_step *step = run != NULL ? &run->record.steps[runs_step(run)] : NULL;
	struct alarms_state state;
	struct history_watch watch;

	alarms_get(broker, pipeline, &state);
	watch_state_get(broker, pipeline, &watch);
	in->behind =
	        run != NULL || strcmp(watch.state, "active") == 0 || strcmp(watch.state, "idle") == 0 || !state.good;
	if (step != NULL && strcmp(step->service, "transfer") == 0 && run->has_progress &&
	    run->progress.total_bytes > 0) {
		in->backlog_known = true;
		in->backlog_bytes = run->progress.total_bytes > run->progress.done_bytes
		                            ? run->progress.total_bytes - run->progress.done_bytes
		                            : 0;
		if (in->link_bytes_per_s == 0)
			in->link_bytes_per_s = run->progress.rate_bps;
	} else if (state.good && in->change_span_s >= FORECAST_CHANGE_S) {
		in->backlog_known = true;
		in->backlog_bytes =
		        (uint64_t)((double)in->change_bytes / (double)in->change_span_s * (double)state.age_s);
	}
}

static int fill(struct broker *broker, const struct config_pipeline *pipeline, struct forecast_input *in,
                struct error *err)
{
	int64_t bytes;
	int64_t speed;

	*in = (struct forecast_input){ .now_s = broker_wall(),
		                       .minute = clock_minute_of_day(),
		                       .rates = pipeline->vault->rates,
		                       .n_rates = pipeline->vault->n_rates };
	if (figures_change(broker->store, pipeline->name, in->now_s, &bytes, &in->change_span_s, err) < 0 ||
	    figures_speed(broker->store, pipeline->vault->name, &speed, err) < 0 ||
	    figures_space_trend(broker->store, pipeline->name, "vault", in->now_s, &in->vault, err) != 0 ||
	    figures_space_trend(broker->store, pipeline->name, "source", in->now_s, &in->source, err) != 0)
		return -1;
	in->change_bytes = (uint64_t)bytes;
	in->link_bytes_per_s = (uint64_t)speed;
	find_backlog(broker, pipeline, in);
	return 0;
}

static void add_others(struct broker *broker, struct forecast_input *in)
{
	for (size_t i = 0; i < broker->config->n_pipelines; i++) {
		const struct config_pipeline *self = &broker->config->pipelines[i];

		for (size_t k = 0; k < broker->config->n_pipelines; k++)
			if (k != i && broker->config->pipelines[k].vault == self->vault &&
			    in[k].change_span_s >= FORECAST_CHANGE_S)
				in[i].others_bytes_per_day +=
				        (uint64_t)((double)in[k].change_bytes * DAY_S / (double)in[k].change_span_s);
	}
}

static int tell(struct broker *broker, const struct alarms_clock *clock, const struct forecast *now, struct error *err)
{
	struct figures_alarm alarm = { .kind = "forecast", .since = broker_wall() };
	json_t *data = safety_json_forecast(now);

	(void)snprintf(alarm.reason, sizeof(alarm.reason), "%s", now->reason);
	if ((now->warnings != 0 ? figures_alarm_keep(broker->store, clock->pipeline, &alarm, err)
	                        : figures_alarm_drop(broker->store, clock->pipeline, "forecast", err)) != 0) {
		json_decref(data);
		return -1;
	}
	return broker_event(broker, clock->pipeline, "pipeline.forecast", &data, err);
}

static void take_forecast(struct broker *broker, struct alarms_clock *clock, const struct forecast *now)
{
	unsigned warned = clock->warned == ALARMS_WARNED && now->warnings != 0 ? now->warnings : clock->warned;
	struct error err;
	char words[64];

	clock->forecast = *now;
	clock->forecast_made = true;
	if (now->warnings == warned) {
		clock->warned = warned;
		return;
	}
	if (broker_begin(broker, &err) != 0)
		return;
	if (tell(broker, clock, now, &err) != 0) {
		broker_undo(broker, &err);
		return;
	}
	if (broker_commit(broker, &err) != 0)
		return;
	clock->warned = now->warnings;
	if (now->warnings != 0)
		log_line(LOG_WARNING, "pipeline=%s forecast: %s: %s", clock->pipeline,
		         outlook_words(now->warnings, words, sizeof(words)), now->reason);
	else
		log_line(LOG_NOTICE, "pipeline=%s forecast: nothing to warn of any more", clock->pipeline);
}

void outlook_turn(struct broker *broker)
{
	struct forecast_input *in = NULL;
	struct error err;

	if (broker->now_ms < broker->outlook_ms)
		return;
	broker->outlook_ms = broker->now_ms + OUTLOOK_LOOK_MS;
	in = calloc(broker->config->n_pipelines + 1, sizeof(*in));
	for (size_t i = 0; in != NULL && i < broker->config->n_pipelines; i++)
		if (fill(broker, &broker->config->pipelines[i], &in[i], &err) != 0) {
			log_error(LOG_ERR, &err, "pipeline=%s no forecast", broker->config->pipelines[i].name);
			goto out;
		}
	if (in == NULL)
		return; /* then in a minute */
	add_others(broker, in);
	for (size_t i = 0; i < broker->config->n_pipelines; i++) {
		struct alarms_clock *clock = alarms_clock_of(broker, broker->config->pipelines[i].name);
		struct forecast now;

		if (clock == NULL)
			continue;
		forecast_make(&in[i], &now);
		take_forecast(broker, clock, &now);
	}
out:
	free(in);
}
