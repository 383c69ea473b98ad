#include "broker/reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/alarms.h"
#include "broker/holds.h"
#include "broker/outdated.h"
#include "broker/runs.h"
#include "broker/status_json.h"
#include "broker/watch_state.h"
#include "lib/log.h"

static bool same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* What sockets and the store were opened with. */
static int check_fixed(const struct config *now, const struct config *next, struct error *err)
{
	const struct {
		const char *key, *now, *next;
	} fixed[] = {
		{ "broker.endpoint", now->endpoint, next->endpoint },
		{ "broker.events", now->events, next->events },
		{ "broker.state", now->state, next->state },
		{ "broker.curve.server_certificate", now->curve.server_certificate, next->curve.server_certificate },
		{ "broker.curve.client_certificates", now->curve.client_certificates, next->curve.client_certificates },
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (!same(fixed[i].now, fixed[i].next))
			return error_set(err, ERR_CONFIG, "%s: %s has changed; that takes a restart of the broker",
			                 next->path, fixed[i].key);
	return 0;
}

static int load(const char *path, struct config **config, struct error *err)
{
	char *faults = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&faults, &len);
	int rc;

	rc = config_load(path, config, stream, err);
	if (stream != NULL)
		(void)fclose(stream);
	/* The whole list says more than its first line. */
	if (rc != 0 && len > 0) {
		while (len > 0 && faults[len - 1] == '\n')
			faults[--len] = '\0';
		(void)error_set(err, ERR_CONFIG, "%s", faults);
	}
	free(faults);
	return rc;
}

static bool still_there(void *cookie, const char *pipeline)
{
	struct broker *broker = cookie;

	return strcmp(pipeline, EVENTS_NO_PIPELINE) == 0 || config_pipeline(broker->config, pipeline) != NULL ||
	       runs_of(broker, pipeline) != NULL || runs_care_of(broker, pipeline) != NULL;
}

void reload_loaded(struct broker *broker)
{
	json_t *data =
	        json_pack("{s:s, s:I}", "path", broker->path, "pipelines", (json_int_t)broker->config->n_pipelines);

	log_line(LOG_NOTICE, "configuration %s loaded, %zu pipelines", broker->path, broker->config->n_pipelines);
	outdated_mark(broker);
	holds_let_go(broker, ""); /* sources, hosts and `min_free` may be others */
	events_forget(broker->events, still_there, broker);
	events_emit(broker->events, EVENTS_NO_PIPELINE, "config.loaded", &data);
}

static void tell_lines(const char *text)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");

		log_line(LOG_ERR, "%.*s", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

int reload_config(struct broker *broker, struct error *err)
{
	struct config *next = NULL;
	struct config *before = broker->config;
	json_t *data = NULL;
	int rc;

	if (load(broker->path, &next, err) != 0 || config_for_broker(next, err) != 0 ||
	    check_fixed(before, next, err) != 0)
		goto refused;
	broker->config = next;
	rc = watch_state_load(broker, err) == 0 && alarms_load(broker, err) == 0 ? 0 : -1;
	if (rc != 0)
		broker->config = before;
	/* What the one in force does not have: pipelines that are gone, or those of the one that is refused. */
	watch_state_drop(broker);
	alarms_drop(broker);
	if (rc != 0)
		goto refused;
	reload_loaded(broker);
	config_destroy(&before);
	return 0;
refused:
	config_destroy(&next);
	log_line(LOG_ERR, "the new configuration is refused, the old one stays in force:");
	tell_lines(err->text);
	data = json_pack("{s:s, s:o}", "path", broker->path, "error", status_json_error(err));
	events_emit(broker->events, EVENTS_NO_PIPELINE, "config.refused", &data);
	return -1;
}
