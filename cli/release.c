#include <stdio.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/options.h"
#include "cli/style.h"
#include "cli/verbs.h"
#include "wire/remote.h"

static const char usage[] =
        "usage: aob release PIPELINE [--json]\n"
        "\n"
        "A run that removed or rewrote most of the last generation was published, and the vault holds the generations\n"
        "before it, so that pruning does not take them. Says what is held and why, and takes the brake off.\n"
        "\n"
        "Look first: aob list PIPELINE, and aob restore PIPELINE --generation G brings back what was there.\n";

struct release {
	const char *pipeline;
	struct remote_brake seen; /* what was held */
	struct remote_brake now;
	bool released;
	bool told; /* the broker */
};

static int ask_vault(const struct config_pipeline *pipeline, struct release *r, struct error *err)
{
	struct remote *remote;
	int rc = remote_open(pipeline->vault, pipeline->name, "release", NULL, &remote, err);

	if (rc != 0)
		return -1;
	rc = remote_brake_ask(remote, &r->seen, err);
	r->now = r->seen;
	if (rc == 0 && r->seen.state == WIRE_BRAKE_HOLDS) {
		rc = remote_brake_release(remote, &r->seen, &r->now, err);
		r->released = rc == 0 && r->now.state != WIRE_BRAKE_REFUSED;
	}
	if (rc != 0)
		remote_explain(remote, err);
	remote_close(&remote);
	return rc;
}

/* The alarm ends with it. Without a broker the next run finds out. */
static void tell_broker(struct ask *ask, struct release *r)
{
	struct error aside = { .class = ERR_NONE };
	json_t *body = json_pack("{s:s}", "pipeline", r->pipeline);

	if (r->released)
		(void)json_object_set_new(body, "generation", json_string(r->seen.generation));
	r->told = ask_verb(ask, "released", body, NULL, &aside) == 0;
	if (!r->told)
		(void)fprintf(stderr,
		              "aob release: the broker could not be told (%s); the alarm ends with the next run\n",
		              aside.text);
}

static void print_json(const struct release *r)
{
	json_t *json = json_pack("{s:s, s:b, s:b, s:I, s:I, s:s, s:s, s:I, s:s, s:b}", "pipeline", r->pipeline,
	                         "released", (int)r->released, "held", (int)(r->now.state == WIRE_BRAKE_HOLDS),
	                         "generations", (json_int_t)r->seen.held, "runs", (json_int_t)r->seen.runs, "run",
	                         r->seen.run, "generation", r->seen.generation, "since", (json_int_t)r->seen.since_s,
	                         "reason", r->seen.reason, "broker_told", (int)r->told);

	ask_print(json);
	json_decref(json);
}

static void print_text(const struct release *r)
{
	char when[32];

	if (!r->released) {
		(void)printf("%s: nothing is held\n", r->pipeline);
		return;
	}
	if (r->seen.generation[0] == '\0')
		(void)printf("%s: was held: all generations, as %s\n", r->pipeline, r->seen.reason);
	else
		(void)printf("%s: held since %s: the generations before %s (%u), in which %s\n", r->pipeline,
		             style_when(r->seen.since_s, when, sizeof(when)), r->seen.generation,
		             (unsigned)r->seen.held, r->seen.reason);
	if (r->now.state == WIRE_BRAKE_HOLDS)
		(void)printf("released; but generation %s tripped the brake meanwhile: %s\n", r->now.generation,
		             r->now.reason);
	else
		(void)puts("released: pruning may take them");
}

static int work(struct ask *ask, const struct options *options, struct error *err)
{
	const struct config_pipeline *pipeline = config_pipeline_asked(ask_config(ask), options->word, err);
	struct release r = { .pipeline = options->word };

	if (pipeline == NULL)
		return -1;
	if (ask_vault(pipeline, &r, err) != 0)
		return -1;
	if (r.now.state == WIRE_BRAKE_REFUSED)
		return error_set(err, ERR_REFUSED, "the generations before %s are held (%u): %s", r.seen.generation,
		                 (unsigned)r.seen.held, r.now.reason);
	tell_broker(ask, &r);
	if (options->json)
		print_json(&r);
	else
		print_text(&r);
	return 0;
}

int release_main(int argc, char **argv, const char *config_path)
{
	static const struct ask_command command = { "json ", OPTIONS_WANT_WORD, usage, work };

	return ask_main(&command, argc, argv, config_path);
}
