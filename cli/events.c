#include <czmq.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/ask.h"
#include "cli/options.h"
#include "cli/style.h"
#include "cli/verbs.h"
#include "lib/log.h"
#include "lib/mdp.h"

#define QUIET_MS 1000  /* without --follow: that long without an event is the end … */
#define ENOUGH_MS 3000 /* … and so long at most: a run tells how far it is all the time */

static const char usage[] = "usage: aob events [PIPELINE] [--follow] [--json]\n"
                            "\n"
                            "The last event of each kind, as CloudEvents 1.0; with --follow also those to come, until "
                            "interrupted.\n"
                            "\n"
                            "  --json   one JSON object a line, as it was published\n";

/* "2026-11-23T05:36:00Z photos generation.published generation=…" */
static void print_human(const json_t *event)
{
	const char *type = ask_text(event, "type");
	const char *key;
	json_t *value;
	char safe[512];

	(void)printf("%s%s%s %s%s%s %s", style_code(STYLE_DIM), ask_text(event, "time"), style_code(STYLE_PLAIN),
	             style_code(STYLE_BOLD), log_escape(ask_text(event, "subject"), safe, sizeof(safe)),
	             style_code(STYLE_PLAIN), strncmp(type, "aob.", 4) == 0 ? type + 4 : type);
	json_object_foreach(json_object_get(event, "data"), key, value)
	{
		if (json_is_string(value) && *json_string_value(value) != '\0')
			(void)printf(" %s=%s", key, log_escape(json_string_value(value), safe, sizeof(safe)));
		else if (json_is_integer(value))
			(void)printf(" %s=%lld", key, (long long)json_integer_value(value));
	}
	(void)putchar('\n');
}

static void print_event(const struct options *options, zframe_t *frame)
{
	json_t *event = json_loadb((const char *)zframe_data(frame), zframe_size(frame), 0, NULL);

	/* A topic's prefix may be another pipeline's too: names hold dots. */
	if (event != NULL && (options->word == NULL || strcmp(ask_text(event, "subject"), options->word) == 0)) {
		if (options->json)
			(void)printf("%.*s\n", (int)zframe_size(frame), (const char *)zframe_data(frame));
		else
			print_human(event);
		(void)fflush(stdout);
	}
	json_decref(event);
}

static int receive(const struct options *options, zsock_t *socket)
{
	int64_t until = zclock_mono() + ENOUGH_MS;

	zsock_set_rcvtimeo(socket, options->follow ? -1 : QUIET_MS);
	for (;;) {
		zmsg_t *message = options->follow || zclock_mono() < until ? zmsg_recv(socket) : NULL;

		if (message == NULL)
			return ferror(stdout) != 0 ? EX_IOERR : EX_OK;
		if (zmsg_size(message) == 2)
			print_event(options, zmsg_last(message));
		zmsg_destroy(&message);
		if (ferror(stdout) != 0)
			return EX_IOERR; /* nobody reads any more */
	}
}

static int subscribe(const struct options *options, const struct config *config, struct error *err)
{
	char topic[128];
	zsock_t *socket;
	int status;

	mdp_start();
	if (mdp_connect(ZMQ_SUB, config->events, &config->curve, MDP_MESSAGE_MAX, &socket, err) != 0)
		return ask_failed("events", err);
	(void)snprintf(topic, sizeof(topic), "aob.%s", options->word != NULL ? options->word : "");
	zsock_set_subscribe(socket, topic);
	status = receive(options, socket);
	zsock_destroy(&socket);
	return status;
}

/* A subscriber hears nothing from a broker that is not there, nor of a pipeline that does not exist: so they are asked for first. */
static int look_for(struct ask *ask, const char *pipeline, struct error *err)
{
	json_t *result = NULL;
	size_t i;
	json_t *row;
	int rc = ask_verb(ask, "status", json_object(), &result, err);

	if (rc == 0 && pipeline != NULL) {
		rc = -1;
		json_array_foreach(json_object_get(result, "pipelines"), i,
		                   row) if (strcmp(ask_text(row, "name"), pipeline) == 0) rc = 0;
		if (rc != 0)
			(void)error_set(err, ERR_NOT_FOUND, "there is no pipeline %s", pipeline);
	}
	json_decref(result);
	return rc;
}

int events_main(int argc, char **argv, const char *config_path)
{
	struct error err = { .class = ERR_NONE };
	struct ask *ask = NULL;
	struct options options;
	int status = options_read(argc, argv, "follow json ", OPTIONS_MAY_WORD, usage, &options);

	if (status >= 0)
		return status;
	if (ask_open(config_path, &ask, &err) != 0 || look_for(ask, options.word, &err) != 0)
		status = ask_failed("events", &err);
	else
		status = subscribe(&options, ask_config(ask), &err);
	ask_close(&ask);
	return status;
}
