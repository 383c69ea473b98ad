#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "cli/ask.h"
#include "cli/interrupt.h"
#include "cli/verbs.h"
#include "lib/bytes.h"
#include "lib/clock.h"
#include "lib/config.h"
#include "lib/duration.h"
#include "lib/json_text.h"
#include "lib/log.h"
#include "wire/measure.h"
#include "wire/remote.h"

#define MOST_BYTES (UINT64_C(8) << 20)
#define WITHIN_MS UINT64_C(10000)
/* What was sent may still be on its way when no more is begun. After so many times as long it is given up. */
#define PATIENCE 4

static const char usage_text[] =
        "usage: aob link [VAULT] [--no-measure] [--most SIZE] [--within TIME] [--json]\n"
        "\n"
        "Is the vault (without VAULT: each) to be reached, who answers there, and how fast is the way to it? What is "
        "measured\n"
        "is sending, without the vault's `rate`. Needs no broker. Exit status 0 if each was reached, else why the "
        "first was not.\n"
        "\n"
        "  --no-measure    only reach it\n"
        "  --most SIZE     send at most so much (8 MiB)\n"
        "  --within TIME   begin nothing more behind so much time (10s); what is on its way then is waited for\n"
        "  --json          an object for each vault\n";

struct link {
	const char *vault; /* NULL: each */
	struct measure_limits limits;
	bool measures, json;
	int64_t until_ms; /* 0: as long as it takes */
};

struct found {
	struct remote_welcome welcome;
	double clock_off_s; /* the far clock, less ours; the way there and back in half */
	bool measured;
	struct measure_result upload;
};

static int waiting(void *context, struct error *err)
{
	const struct link *link = context;

	if (interrupt_asked())
		return error_set(err, ERR_CANCELLED, "interrupted");
	if (link->until_ms != 0 && clock_now_ms() > link->until_ms)
		return error_set(err, ERR_LINK, "the way there is too slow to be measured in this time");
	return 0;
}

static double wall_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int measure(struct link *link, struct remote *remote, struct found *found, struct error *err)
{
	char safe[128];

	if (!link->measures)
		return 0;
	if (!found->welcome.doctors)
		return error_set(err, ERR_CONFIG, "the far end (%s) can't measure; install a newer aob-receiver there",
		                 log_escape(found->welcome.software, safe, sizeof(safe)));
	link->until_ms = clock_now_ms() + (int64_t)link->limits.ms * PATIENCE;
	found->measured = measure_link(remote_wire(remote), &link->limits, &found->upload, err) == 0;
	link->until_ms = 0;
	return found->measured ? 0 : -1;
}

/* The pipeline is for a receiver that knows no doctor, as it opens its vault. */
static int look(struct link *link, const struct config_vault *of, const char *pipeline, struct found *found,
                struct error *err)
{
	struct wire_hooks hooks = { .waiting = waiting, .context = link };
	struct config_vault vault = *of;
	struct remote *remote = NULL;
	int rc;

	*found = (struct found){ 0 };
	vault.plain = true;
	if (remote_open(&vault, pipeline, "doctor", &hooks, &remote, err) != 0)
		return -1;
	found->welcome = *remote_welcome(remote);
	/* It told whole seconds. */
	found->clock_off_s = (double)found->welcome.clock_s + 0.5 - wall_s();
	rc = measure(link, remote, found, err);
	if (rc != 0 && err->class == ERR_LINK)
		remote_explain(remote, err);
	remote_close(&remote);
	return rc;
}

static void print(const struct config_vault *vault, const struct found *found)
{
	char safe[256];
	char free_text[BYTES_TEXT_SIZE];
	char total_text[BYTES_TEXT_SIZE];
	char rate[BYTES_TEXT_SIZE];
	char sent[BYTES_TEXT_SIZE];
	double mbits = (double)found->upload.rate_bps * 8 / 1e6;

	(void)printf("%s: %s%s%s answers", vault->name, vault->ssh != NULL ? vault->ssh : vault->root,
	             vault->ssh != NULL ? ":" : "", vault->ssh != NULL ? vault->root : "");
	(void)printf(" (%s)", log_escape(found->welcome.software, safe, sizeof(safe)));
	if (found->welcome.total_bytes != 0)
		(void)printf(", %s free of %s", bytes_text(found->welcome.free_bytes, free_text, sizeof(free_text)),
		             bytes_text(found->welcome.total_bytes, total_text, sizeof(total_text)));
	(void)printf("\n");
	if (found->measured)
		(void)printf("  sending: %.*f Mbit/s (%s), by %s in %.1f s\n", mbits < 100 ? 2 : 0, mbits,
		             bytes_rate_text(found->upload.rate_bps, rate, sizeof(rate)),
		             bytes_text(found->upload.bytes, sent, sizeof(sent)), (double)found->upload.us / 1e6);
}

static json_t *as_json(const struct config_vault *vault, const struct found *found, const struct error *err)
{
	char safe[256];
	json_t *json = json_pack("{s:s, s:b}", "vault", vault->name, "reached", found->welcome.version != 0);

	if (json == NULL)
		return NULL;
	if (found->welcome.version != 0)
		(void)json_object_update_new(json, json_pack("{s:s, s:i, s:I, s:I, s:f}", "software",
		                                             log_escape(found->welcome.software, safe, sizeof(safe)),
		                                             "version", (int)found->welcome.version, "free_bytes",
		                                             (json_int_t)found->welcome.free_bytes, "total_bytes",
		                                             (json_int_t)found->welcome.total_bytes, "clock_off_s",
		                                             found->clock_off_s));
	if (found->measured)
		(void)json_object_set_new(
		        json, "upload",
		        json_pack("{s:I, s:I, s:f, s:I}", "bytes_per_s", (json_int_t)found->upload.rate_bps, "bytes",
		                  (json_int_t)found->upload.bytes, "seconds", (double)found->upload.us / 1e6,
		                  "sent_bytes", (json_int_t)found->upload.sent_bytes));
	if (err->class != ERR_NONE)
		(void)json_object_set_new(
		        json, "error",
		        json_pack("{s:s, s:o}", "code", error_code(err->class), "text", json_text(err->text)));
	return json;
}

static int one(struct link *link, const struct config_vault *vault, const char *pipeline)
{
	struct error err = { .class = ERR_NONE };
	struct found found;
	int rc = look(link, vault, pipeline, &found, &err);
	json_t *json;

	if (link->json) {
		json = as_json(vault, &found, &err);
		ask_print(json);
		json_decref(json);
	} else if (found.welcome.version != 0) {
		print(vault, &found);
	}
	(void)fflush(stdout);
	return rc == 0 ? EX_OK : ask_failed("link", &err);
}

static const char *a_pipeline(const struct config *config, const struct config_vault *vault)
{
	for (size_t i = 0; i < config->n_pipelines; i++)
		if (config->pipelines[i].vault == vault)
			return config->pipelines[i].name;
	return vault->name;
}

static int work(struct link *link, const struct config *config, struct error *err)
{
	int status = EX_OK;
	bool met = false;

	for (size_t i = 0; i < config->n_vaults; i++) {
		const struct config_vault *vault = &config->vaults[i];
		int its;

		if (link->vault != NULL && strcmp(link->vault, vault->name) != 0)
			continue;
		met = true;
		its = one(link, vault, a_pipeline(config, vault));
		if (status == EX_OK)
			status = its;
	}
	if (!met) {
		(void)error_set(err, ERR_NOT_FOUND, "there is no vault %s in %s", link->vault, config->path);
		return ask_failed("link", err);
	}
	return status;
}

/* -1: go on. */
static int read_options(int argc, char **argv, struct link *link, struct error *err)
{
	static const struct option options[] = {
		{ "no-measure", no_argument, NULL, 'n' },   { "most", required_argument, NULL, 'm' },
		{ "within", required_argument, NULL, 'w' }, { "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },         { NULL, 0, NULL, 0 }
	};
	int option;

	optind = 0;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'n')
			link->measures = false;
		else if ((option == 'm' && bytes_parse(optarg, &link->limits.bytes, err) != 0) ||
		         (option == 'w' && duration_parse(optarg, &link->limits.ms, err) != 0))
			return ask_failed("link", err);
		else if (option == 'j')
			link->json = true;
		else if (option == 'h' || option == '?') {
			(void)fputs(usage_text, option == 'h' ? stdout : stderr);
			return option == 'h' ? EX_OK : EX_USAGE;
		}
	}
	if (argc - optind > 1) {
		(void)fputs(usage_text, stderr);
		return EX_USAGE;
	}
	link->vault = argc > optind ? argv[optind] : NULL;
	return -1;
}

int link_main(int argc, char **argv, const char *config_path)
{
	struct link link = { .limits = { .bytes = MOST_BYTES, .ms = WITHIN_MS }, .measures = true };
	struct error err = { .class = ERR_NONE };
	struct config *config = NULL;
	int status = read_options(argc, argv, &link, &err);

	if (status >= 0)
		return status;
	interrupt_catch();
	if (config_load(config_path, &config, stderr, &err) != 0)
		return err.class == ERR_CONFIG ? EX_CONFIG : ask_failed("link", &err);
	status = work(&link, config, &err);
	config_destroy(&config);
	return status;
}
