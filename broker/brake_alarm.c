#include "broker/brake_alarm.h"

#include <stdio.h>
#include <string.h>

#include "broker/alarms.h"
#include "broker/reply.h"
#include "lib/json_text.h"
#include "lib/log.h"

static const char *const braked[] = { "braked", NULL };

/* 1: it is in force, 0: not, -1. */
static int in_force(struct broker *broker, const char *pipeline, struct error *err)
{
	struct figures_alarm alarms[FIGURES_ALARMS_MAX];
	size_t n;

	if (figures_alarms(broker->store, pipeline, alarms, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (strcmp(alarms[i].kind, braked[0]) == 0)
			return 1;
	return 0;
}

/* The remedy stands in it: it is what people are shown everywhere. */
static void say(const char *pipeline, const struct reply_brake *brake, struct figures_alarm *alarm)
{
	if (brake->generation[0] == '\0')
		(void)snprintf(alarm->reason, sizeof(alarm->reason),
		               "%s; so the vault removes nothing. Look at the vault, then: aob release %s",
		               brake->reason, pipeline);
	else
		(void)snprintf(
		        alarm->reason, sizeof(alarm->reason),
		        "in generation %s %s; the generations before it (%lld) are held. Look at them; if the change "
		        "is right: aob release %s",
		        brake->generation, brake->reason, (long long)brake->held, pipeline);
}

static int begin(struct broker *broker, const struct run *run, const struct reply_brake *brake, struct error *err)
{
	const char *pipeline = run->record.pipeline;
	struct figures_alarm alarm = { .since = broker_wall() };
	json_t *data = NULL;

	(void)snprintf(alarm.kind, sizeof(alarm.kind), "%s", braked[0]);
	say(pipeline, brake, &alarm);
	if (figures_alarm_keep(broker->store, pipeline, &alarm, err) != 0 ||
	    figures_brake_keep(broker->store, pipeline, brake->generation, err) != 0)
		return -1;
	alarms_stale(broker, pipeline);
	log_line(LOG_ERR, "pipeline=%s braked: %s", pipeline, alarm.reason);
	data = json_pack("{s:s, s:s, s:I, s:o}", "run", brake->run, "generation", brake->generation, "held_generations",
	                 (json_int_t)brake->held, "reason", json_text(alarm.reason));
	return broker_event(broker, pipeline, "pipeline.braked", &data, err);
}

int brake_alarm_told(struct broker *broker, const struct run *run, const char *result_json, struct error *err)
{
	const char *pipeline = run->record.pipeline;
	char known[HISTORY_TEXT_SIZE];
	struct reply_brake brake;
	int is;

	if (reply_brake(result_json, &brake, err) != 0)
		return -1;
	if (!brake.known || config_pipeline(broker->config, pipeline) == NULL)
		return 0;
	if (!brake.braked)
		return alarms_end(broker, pipeline, braked, NULL, err);
	is = in_force(broker, pipeline, err);
	if (is < 0 || figures_brake(broker->store, pipeline, known, err) < 0)
		return -1;
	/* A further run that trips it is told of, too. */
	return is == 1 && strcmp(known, brake.generation) == 0 ? 0 : begin(broker, run, &brake, err);
}

int brake_alarm_released(struct broker *broker, const char *pipeline, const char *generation, struct error *err)
{
	char known[HISTORY_TEXT_SIZE];
	int found = figures_brake(broker->store, pipeline, known, err);

	if (found < 0)
		return -1;
	/* What tripped after it is held still. */
	if (found == 0 || (generation != NULL && strcmp(known, generation) > 0))
		return 0;
	if (broker_begin(broker, err) != 0)
		return -1;
	if (alarms_end(broker, pipeline, braked, NULL, err) != 0) {
		broker_undo(broker, err);
		return -1;
	}
	return broker_commit(broker, err);
}

bool brake_alarm_holds(struct broker *broker, const char *pipeline, const char *generation)
{
	char known[HISTORY_TEXT_SIZE];
	struct error err;

	return figures_brake(broker->store, pipeline, known, &err) == 1 &&
	       (known[0] == '\0' || strcmp(generation, known) < 0);
}
