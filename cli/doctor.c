#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/doctor_judge.h"
#include "cli/doctor_metrics.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "lib/clock.h"
#include "lib/config.h"
#include "lib/host_probe.h"
#include "lib/json_text.h"
#include "lib/version.h"
#include "wire/remote_facts.h"

#define FAR_MS 120000 /* of one vault, in all */
#define KEYGEN_MS 5000
#define RECORD "doctor.prom" /* beside the run store */

static const char usage[] =
        "usage: aob doctor [--json] [--record]\n"
        "\n"
        "How are the machines? This one, and that of each vault, which its receiver tells: pending security updates, a "
        "restart that an\n"
        "update waits for, the end of support of the system, clocks, disks, room, keys, sandboxes, versions. Each "
        "finding comes with what\n"
        "to do. Takes up to a minute for each machine. There is no secret in it, so that it can go into a report.\n"
        "\n"
        "  --json     all facts, too, as an object\n"
        "  --record   write it as metrics beside the run store, for aob-monitor\n"
        "\n"
        "Exit status 0 (OK), 1 (WARNING), 2 (CRITICAL) or 3 (UNKNOWN), as aob health has it.\n";

struct patience {
	int64_t until_ms;
};

static int waiting(void *context, struct error *err)
{
	const struct patience *patience = context;

	if (interrupt_asked())
		return error_set(err, ERR_CANCELLED, "interrupted");
	return clock_now_ms() > patience->until_ms ? error_set(err, ERR_LINK, "no answer within %d s", FAR_MS / 1000)
	                                           : 0;
}

static int64_t wall_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct key {
	struct host_facts *facts;
	char name[HOST_FACTS_NAME_SIZE];
};

/* 256 SHA256:... COMMENT (ED25519): its length and kind alone. */
static void key_line(void *context, const char *text)
{
	const struct key *key = context;
	const char *kind = strrchr(text, '(');
	size_t n = kind != NULL ? strcspn(kind + 1, ")") : 0;

	if (n > 0)
		host_facts_put(key->facts, key->name, "%ld %.*s", strtol(text, NULL, 10), (int)n, kind + 1);
}

static void key_facts(const struct config_vault *vault, struct host_facts *facts)
{
	static const char known[] = "UserKnownHostsFile=";
	struct key key = { .facts = facts };

	(void)snprintf(key.name, sizeof(key.name), "key.ssh key for %.20s", vault->name);
	if (vault->identity != NULL)
		(void)host_probe_run((const char *const[]){ "ssh-keygen", "-l", "-f", vault->identity, NULL },
		                     KEYGEN_MS, key_line, &key);
	(void)snprintf(key.name, sizeof(key.name), "key.host key of %.20s", vault->name);
	for (const char *const *option = vault->ssh_options; *option != NULL; option++)
		if (strncmp(*option, known, sizeof(known) - 1) == 0)
			(void)host_probe_run(
			        (const char *const[]){ "ssh-keygen", "-l", "-f", *option + sizeof(known) - 1, NULL },
			        KEYGEN_MS, key_line, &key);
}

/* The run store's folder: `--record` writes there, and its disk is the one that counts here. */
static char *state_folder(const struct config *config)
{
	const char *slash = strrchr(config->state, '/');

	return strndup(config->state, slash != NULL && slash != config->state ? (size_t)(slash - config->state) : 1);
}

static void look_here(const struct config *config, struct doctor_host *host)
{
	char *folder = state_folder(config);

	host_facts_put(&host->facts, "software", "aob " AOB_VERSION);
	host_facts_put(&host->facts, "protocol", "%d", WIRE_VERSION);
	for (size_t i = 0; i < config->n_vaults; i++)
		key_facts(&config->vaults[i], &host->facts);
	host_facts_collect(folder != NULL ? folder : "/", &host->facts);
	doctor_judge(&host->facts, time(NULL), &host->findings);
	free(folder);
}

/* A receiver that knows no doctor opens the pipeline's vault; it is told as what it is. */
static const char *pipeline_of(const struct config *config, const struct config_vault *vault)
{
	for (size_t i = 0; i < config->n_pipelines; i++)
		if (config->pipelines[i].vault == vault)
			return config->pipelines[i].name;
	return vault->name;
}

static int ask_far(const struct config *config, const struct config_vault *vault, struct host_facts *facts,
                   char software[64], struct error *err)
{
	struct patience patience = { .until_ms = clock_now_ms() + FAR_MS };
	struct wire_hooks hooks = { .waiting = waiting, .context = &patience };
	struct remote *remote = NULL;
	int64_t far_us;
	int rc;

	if (remote_open(vault, pipeline_of(config, vault), "doctor", &hooks, &remote, err) != 0)
		return -1;
	(void)snprintf(software, 64, "%s", remote_welcome(remote)->software);
	rc = remote_facts(remote, facts, err);
	if (rc != 0) {
		remote_explain(remote, err);
	} else {
		far_us = strtoll(host_facts_get(facts, "clock.us"), NULL, 10);
		if (far_us > 0) /* else it told none, or nonsense */
			host_facts_put(facts, "clock.off_ms", "%lld", (long long)((far_us - wall_us()) / 1000));
		host_facts_put(facts, "software", "%s", remote_welcome(remote)->software);
		host_facts_put(facts, "protocol", "%d", remote_welcome(remote)->version);
	}
	remote_close(&remote);
	return rc;
}

static void look_there(const struct config *config, const struct config_vault *vault, struct doctor_host *host)
{
	struct error err = { .class = ERR_NONE };
	char software[64] = "";
	int rc = ask_far(config, vault, &host->facts, software, &err);

	doctor_judge(&host->facts, time(NULL), &host->findings);
	if (rc == 0 && strcmp(software, "aob-receiver " AOB_VERSION) != 0)
		doctor_judge_add(&host->findings, HEALTH_OK, "version", "they may differ; upgrade both one day",
		                 "it has %s, this machine aob " AOB_VERSION, software);
	else if (rc != 0 && software[0] != '\0' && err.class == ERR_CONFIG)
		doctor_judge_add(&host->findings, HEALTH_WARNING, "version", "install a newer aob-receiver there", "%s",
		                 err.text);
	else if (rc != 0)
		doctor_judge_add(&host->findings, HEALTH_CRITICAL, "link", "aob link says more", "not asked: %s",
		                 err.text);
}

static void print(const struct doctor_host *host)
{
	static const char *const words[] = { "note", "WARNING", "CRITICAL", "UNKNOWN" };
	const struct host_facts *facts = &host->facts;

	(void)printf("%s%s%s%s%s%s%s%s\n", host->vault ? "vault " : "", host->name, facts->n > 0 ? ": " : "",
	             host_facts_get(facts, "os"), facts->n > 0 ? ", " : "", host_facts_get(facts, "kernel"),
	             facts->n > 0 ? ", " : "", host_facts_get(facts, "software"));
	if (host->findings.worst == HEALTH_OK)
		(void)printf("  OK\n");
	for (size_t i = 0; i < host->findings.n; i++) {
		const struct doctor_finding *finding = &host->findings.list[i];

		(void)printf("  %-8s  %s\n", words[finding->health], finding->text);
		if (*finding->remedy != '\0')
			(void)printf("            %s\n", finding->remedy);
	}
}

static json_t *as_json(const struct doctor_host *host)
{
	static const char *const words[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };
	json_t *facts = json_object();
	json_t *findings = json_array();

	for (size_t i = 0; i < host->facts.n; i++)
		(void)json_object_set_new(facts, host->facts.list[i].name, json_text(host->facts.list[i].value));
	for (size_t i = 0; i < host->findings.n; i++) {
		const struct doctor_finding *finding = &host->findings.list[i];

		(void)json_array_append_new(findings,
		                            json_pack("{s:s, s:s, s:o, s:o}", "health", words[finding->health], "what",
		                                      finding->what, "text", json_text(finding->text), "remedy",
		                                      json_text(finding->remedy)));
	}
	return json_pack("{s:s, s:s, s:s, s:o, s:o}", "host", host->name, "role", host->vault ? "vault" : "nas",
	                 "health", words[host->findings.worst], "findings", findings, "facts", facts);
}

static void report(const struct doctor_host *hosts, size_t n, bool json)
{
	json_t *list = json_array();
	json_t *all;

	for (size_t i = 0; i < n; i++) {
		if (json)
			(void)json_array_append_new(list, as_json(&hosts[i]));
		else
			print(&hosts[i]);
	}
	all = json_pack("{s:O}", "hosts", list);
	if (json)
		ask_print(all);
	json_decref(all);
	json_decref(list);
}

static int record(const struct config *config, const struct doctor_host *hosts, size_t n, struct error *err)
{
	char *folder = state_folder(config);
	int fd = folder != NULL ? open(folder, O_DIRECTORY | O_CLOEXEC) : -1;
	int rc = fd < 0 ? error_set(err, ERR_NOT_FOUND, "%s is not there", config->state)
	                : doctor_metrics_write(fd, RECORD, hosts, n, time(NULL), err);

	if (fd >= 0)
		(void)close(fd);
	free(folder);
	return rc;
}

static int look(const struct config *config, const struct options *options, struct error *err)
{
	size_t n = 1 + config->n_vaults;
	struct doctor_host *hosts = calloc(n, sizeof(*hosts));
	int worst = HEALTH_OK;

	if (hosts == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	hosts[0].name = "this machine";
	look_here(config, &hosts[0]);
	for (size_t i = 1; i < n && !interrupt_asked(); i++) {
		hosts[i].name = config->vaults[i - 1].name;
		hosts[i].vault = true;
		look_there(config, &config->vaults[i - 1], &hosts[i]);
	}
	for (size_t i = 0; i < n; i++)
		worst = (int)hosts[i].findings.worst > worst ? (int)hosts[i].findings.worst : worst;
	report(hosts, n, options->json);
	if (options->record && record(config, hosts, n, err) != 0) {
		free(hosts);
		return -1;
	}
	free(hosts);
	return worst;
}

int doctor_main(int argc, char **argv, const char *config_path)
{
	struct error err = { .class = ERR_NONE };
	struct config *config = NULL;
	struct options options;
	int status = options_read(argc, argv, "json record ", OPTIONS_NO_WORD, usage, &options);

	if (status >= 0)
		return status;
	interrupt_catch();
	status = config_load(config_path, &config, stderr, &err) == 0 ? look(config, &options, &err) : -1;
	config_destroy(&config);
	if (status >= 0)
		return status;
	(void)ask_failed("doctor", &err);
	return HEALTH_UNKNOWN;
}
