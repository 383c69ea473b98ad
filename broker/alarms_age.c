#include "broker/alarms_age.h"

#include <string.h>

#include "broker/alarms.h"
#include "broker/overdue.h"
#include "lib/log.h"

#define MOST_S ((int64_t)3650 * 86400)

bool alarms_age_of_copies(const struct config_pipeline *pipeline)
{
	for (size_t i = 0; i < pipeline->n_stages; i++)
		if (strcmp(pipeline->stages[i].service, "transfer") == 0)
			return true;
	return false;
}

int64_t alarms_age_max_s(const struct config_pipeline *pipeline)
{
	return (int64_t)((pipeline->max_age_ms + 999) / 1000);
}

int64_t alarms_age_before(int64_t now_s, int64_t old_s)
{
	if (old_s < 0)
		return now_s;
	return now_s - (old_s < MOST_S ? old_s : MOST_S);
}

/* For a pipeline that has no clock yet: all that the store tells is a wall clock's time. */
int alarms_age_begin(struct broker *broker, const char *pipeline, struct figures_age *age, struct error *err)
{
	const struct config_pipeline *configured = config_pipeline(broker->config, pipeline);
	struct history_generation last;
	int found = configured != NULL
	                    ? history_last_good_in(broker->store, pipeline, configured->vault->name, &last, err)
	                    : 0;
	int64_t old_s = found == 1 ? broker_wall() - last.taken_at : 0;

	if (found < 0)
		return -1;
	*age = (struct figures_age){ .known_s = alarms_now_s(broker), .good_s = OVERDUE_NOTHING };
	if (found == 1)
		age->good_s = alarms_age_before(age->known_s, old_s);
	return figures_age_keep(broker->store, pipeline, age, err);
}

int alarms_age_look(struct broker *broker, const struct config_pipeline *pipeline, struct error *err)
{
	struct history_generation last;
	struct figures_age age;
	int found = figures_age(broker->store, pipeline->name, &age, err);
	int there;

	if (found != 1 || !alarms_age_of_copies(pipeline))
		return found < 0 ? -1 : 0;
	there = history_last_good_in(broker->store, pipeline->name, pipeline->vault->name, &last, err);
	if (there < 0 || (there == 1) == (age.good_s != OVERDUE_NOTHING))
		return there < 0 ? -1 : 0;
	alarms_stale(broker, pipeline->name);
	if (there == 1)
		return alarms_age_begin(broker, pipeline->name, &age, err);
	log_line(LOG_NOTICE, "pipeline=%s nothing of it lies in vault %s: its age begins anew", pipeline->name,
	         pipeline->vault->name);
	age = (struct figures_age){ .known_s = alarms_now_s(broker), .good_s = OVERDUE_NOTHING };
	return figures_age_keep(broker->store, pipeline->name, &age, err);
}
