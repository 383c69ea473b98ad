/* A right configuration is held as it was written; a wrong one is refused with every fault, each at its line and column with the remedy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/config.h"
#include "tests/unit/scratch.h"

/* Lines 1 to 4, and 5 to 11, of most texts below. */
#define VAULTS                                                                                                         \
	"vaults:\n"                                                                                                    \
	"  dad:\n"                                                                                                     \
	"    ssh: backup@dad\n"                                                                                        \
	"    root: /offsite\n"
#define PIPELINES                                                                                                      \
	"pipelines:\n"                                                                                                 \
	"  photos:\n"                                                                                                  \
	"    source: /volume1/photos\n"                                                                                \
	"    vault: dad\n"                                                                                             \
	"    stages:\n"                                                                                                \
	"      - snapshot:\n"                                                                                          \
	"      - transfer:\n"

static char folder[48];
static char file[64];

static int make_folder(void **state)
{
	(void)state;
	if (scratch_make(folder, sizeof(folder), "config") != 0)
		return -1;
	(void)snprintf(file, sizeof(file), "%s/aob.yaml", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	(void)unlink(file);
	return rmdir(folder);
}

static void write_text(const char *text, size_t len)
{
	FILE *out = fopen(file, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
}

static struct config *load(const char *text)
{
	struct config *config = NULL;
	struct error err = { 0 };

	write_text(text, strlen(text));
	if (config_load(file, &config, stderr, &err) != 0)
		fail_msg("%s", err.text);
	return config;
}

/* The faults of the file, without its name in front of each. Free it. */
static char *faults_of(struct error *err)
{
	struct config *config = NULL;
	char *told = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&told, &size);
	char prefix[80];
	char *to = NULL;

	assert_non_null(out);
	assert_int_equal(config_load(file, &config, out, err), -1);
	assert_null(config);
	assert_int_equal(fclose(out), 0);
	(void)snprintf(prefix, sizeof(prefix), "%s:", file);
	to = told;
	for (char *line = told; *line != '\0';) {
		size_t len = strcspn(line, "\n") + 1;

		assert_memory_equal(line, prefix, strlen(prefix));
		memmove(to, line + strlen(prefix), len - strlen(prefix));
		to += len - strlen(prefix);
		line += len;
	}
	*to = '\0';
	return told;
}

/* clang-format off */
static const struct {
	const char *name;
	const char *yaml;
	const char *faults; /* all of them */
} wrong[] = {
#include "tests/unit/lib/config_wrong.inc"
};
/* clang-format on */

static void every_fault_is_told_at_its_place_with_the_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct error err = { 0 };
		char *told = NULL;

		write_text(wrong[i].yaml, strlen(wrong[i].yaml));
		told = faults_of(&err);
		if (strcmp(told, wrong[i].faults) != 0)
			fail_msg("%s:\n--- told\n%s--- expected\n%s", wrong[i].name, told, wrong[i].faults);
		assert_int_equal(err.class, ERR_CONFIG);
		free(told);
	}
}

static void the_error_is_the_first_fault_and_how_many_more(void **state)
{
	struct error err = { 0 };
	char expected[512];

	(void)state;
	write_text("vaults: 1\nfoo: 2\n", 17);
	free(faults_of(&err));
	(void)snprintf(expected, sizeof(expected), "%s:1:1: 'pipelines' is missing; ", file);
	assert_memory_equal(err.text, expected, strlen(expected));
	assert_non_null(strstr(err.text, " (and 2 more)"));
}

static void defaults_are_those_of_the_documentation(void **state)
{
	struct config *config = load(VAULTS PIPELINES);
	const struct config_pipeline *photos = config_pipeline(config, "photos");

	(void)state;
	assert_string_equal(config->endpoint, "ipc:///run/aob/broker");
	assert_string_equal(config->events, "ipc:///run/aob/events");
	assert_string_equal(config->state, "/var/lib/aob/state.db");
	assert_int_equal(config->history_ms, 400 * INT64_C(86400000));
	assert_null(config->curve.server_certificate);
	assert_string_equal(config->path, file);
	assert_non_null(photos);
	assert_true(photos->watched);
	assert_int_equal(photos->watch.idle_ms, 600000);
	assert_int_equal(photos->kind, CONFIG_KIND_AUTO);
	assert_int_equal(photos->watch.finished_ms, 60000);
	assert_int_equal(photos->watch.attached_ms, 120000);
	assert_int_equal(photos->watch.unfinished_ms, 1200000);
	assert_int_equal(photos->watch.apart_ms, 900000);
	assert_int_equal(photos->watch.max_wait_ms, 86400000);
	assert_ptr_equal(photos->vault, &config->vaults[0]);
	assert_null(photos->vault->identity);
	assert_null(photos->vault->ssh_options[0]);
	assert_int_equal(photos->vault->n_rates, 0);
	assert_int_equal(photos->n_stages, 2);
	assert_string_equal(photos->stages[0].with_json, "{}");
	assert_int_equal(photos->stages[0].when, WHEN_SUCCESS);
	assert_int_equal(photos->max_age_ms, 3 * 86400000);
	assert_int_equal(photos->brake, 50);
	assert_int_equal(config->n_notifiers, 0);
	assert_null(config_pipeline(config, "Photos"));
	config_destroy(&config);
	assert_null(config);
	config_destroy(&config);
}

static void everything_that_is_written_is_held(void **state)
{
	struct config *config = load(
	        "broker:\n"
	        "  endpoint: tcp://0.0.0.0:5555\n"
	        "  events: tcp://[::1]:5556\n"
	        "  state: /var//lib/./aob/s.db\n"
	        "  history: 60d\n"
	        "  curve: { server_certificate: /c/s, client_certificates: /c/clients/, own_certificate: /c/o }\n"
	        "vaults:\n"
	        "  dad:\n"
	        "    ssh: backup@[2001:db8::1]:2222\n"
	        "    root: /volume1//offsite/\n"
	        "    identity: /etc/aob/key\n"
	        "    ssh_options: [ConnectTimeout=20, \"ProxyJump=me@gate.example.net:22\", UserKnownHostsFile=/k]\n"
	        "    rate:\n"
	        "      - { from: 06:00, to: 22:30, rate: 1.6 Mbit/s }\n"
	        "      - { from: \"22:30\", to: \"06:00\", rate: unlimited }\n"
	        "  usb: { path: /mnt/usb, rate: 200 kB/s, compression: off }\n"
	        "pipelines:\n"
	        "  mac.1:\n"
	        "    source: /volume1/Time Machine\n"
	        "    vault: usb\n"
	        "    watch: { idle: 1h30m, max_wait: never }\n"
	        "    stages:\n"
	        "      - my-hook: { on: always, n: 3, x: -1.5, t: true, s: \"3\", l: [1, {a: ~}], v: 1.2.3 }\n"
	        "      - snapshot: { driver: btrfs, dir: /volume1/s }\n"
	        "      - transfer: { engine: native, exclude: [\"@eaDir\", 123] }\n"
	        "      - prune: { last: 3, yearly: 0, local: 2, on: failure }\n"
	        "  other: { source: /b, vault: dad, watch: off, stages: [notify] }\n"
	        "  ext4: { source: /c, vault: dad, stages: [snapshot: { driver: none }, transfer] }\n"
	        "  plain: { source: /d, vault: dad, stages: [snapshot, transfer] }\n");
	const struct config_pipeline *mac = config_pipeline(config, "mac.1");
	const struct config_vault *dad = &config->vaults[0];

	(void)state;
	assert_string_equal(config->endpoint, "tcp://0.0.0.0:5555");
	assert_string_equal(config->state, "/var/lib/aob/s.db");
	assert_int_equal(config->history_ms, 60 * INT64_C(86400000));
	assert_string_equal(config->curve.client_certificates, "/c/clients");
	assert_string_equal(dad->ssh, "backup@[2001:db8::1]:2222");
	assert_string_equal(dad->root, "/volume1/offsite");
	assert_string_equal(dad->identity, "/etc/aob/key");
	assert_string_equal(dad->ssh_options[1], "ProxyJump=me@gate.example.net:22");
	assert_null(dad->ssh_options[3]);
	assert_int_equal(dad->n_rates, 2);
	assert_false(dad->plain);
	assert_true(mac->vault->plain);
	assert_int_equal(dad->rates[0].from_minute, 360);
	assert_int_equal(dad->rates[0].to_minute, 1350);
	assert_int_equal(dad->rates[0].bytes_per_s, 200000);
	assert_int_equal(dad->rates[1].bytes_per_s, 0);
	assert_null(mac->vault->ssh);
	assert_string_equal(mac->vault->root, "/mnt/usb");
	assert_int_equal(mac->vault->n_rates, 1);
	assert_int_equal(mac->vault->rates[0].from_minute, mac->vault->rates[0].to_minute);
	assert_int_equal(mac->vault->rates[0].bytes_per_s, 200000);
	assert_string_equal(mac->source, "/volume1/Time Machine");
	assert_int_equal(mac->watch.idle_ms, 5400000);
	/* What is longer than a Mac's own quiet times raises them. */
	assert_int_equal(mac->watch.finished_ms, 5400000);
	assert_int_equal(mac->watch.unfinished_ms, 5400000);
	assert_int_equal(mac->watch.apart_ms, 900000);
	assert_int_equal(mac->watch.max_wait_ms, 0);
	assert_int_equal(mac->n_stages, 4);
	assert_int_equal(mac->stages[0].when, WHEN_ALWAYS);
	assert_string_equal(mac->stages[0].with_json,
	                    "{\"n\":3,\"x\":-1.5,\"t\":true,\"s\":\"3\",\"l\":[1,{\"a\":null}],\"v\":\"1.2.3\"}");
	assert_string_equal(mac->stages[2].with_json, "{\"engine\":\"native\",\"exclude\":[\"@eaDir\",\"123\"]}");
	assert_string_equal(mac->stages[3].with_json, "{\"last\":3,\"yearly\":0,\"local\":2}");
	assert_int_equal(mac->stages[3].when, WHEN_FAILURE);
	assert_false(config_pipeline(config, "other")->watched);
	assert_true(mac->frozen);
	assert_false(config_pipeline(config, "other")->frozen);
	assert_false(config_pipeline(config, "ext4")->frozen);
	assert_true(config_pipeline(config, "plain")->frozen);
	assert_string_equal(config_pipeline(config, "other")->stages[0].service, "notify");
	config_destroy(&config);
}

static void whom_a_relative_calls_is_held_by_each_vault(void **state)
{
	struct config *config = load("vaults: { v: { path: /v } }\n"
	                             "pipelines: { a: { source: /a, vault: v, stages: [x] } }\n"
	                             "contact: { name: \"Anna M\xc3\xbcller\", phone: \"+49 30\", language: de }\n");

	(void)state;
	assert_ptr_equal(config->vaults[0].contact, &config->contact);
	assert_string_equal(config->contact.name, "Anna M\xc3\xbcller");
	assert_string_equal(config->contact.phone, "+49 30");
	assert_string_equal(config->contact.mail, "");
	assert_string_equal(config->contact.language, "de");
	config_destroy(&config);
	config = load(VAULTS PIPELINES);
	assert_string_equal(config->vaults[0].contact->language, CONFIG_DEFAULT_LANGUAGE);
	assert_string_equal(config->vaults[0].contact->name, "");
	config_destroy(&config);
}

static void a_contact_is_no_letter(void **state)
{
	char text[1000];
	char name[CONFIG_CONTACT_MAX + 2];
	struct config *config = NULL;
	struct error err = { 0 };

	(void)state;
	for (size_t over = 0; over < 2; over++) {
		memset(name, 'x', sizeof(name));
		name[CONFIG_CONTACT_MAX + over] = '\0';
		(void)snprintf(text, sizeof(text), VAULTS PIPELINES "contact: { name: %s }\n", name);
		write_text(text, strlen(text));
		assert_int_equal(config_load(file, &config, NULL, &err), over == 0 ? 0 : -1);
		if (over == 0)
			config_destroy(&config);
	}
	assert_non_null(strstr(err.text, ":12:18: 'name' is longer than 255 bytes; make it shorter"));
}

static void how_old_a_state_may_get_follows_how_long_it_may_wait(void **state)
{
	struct config *config = load("vaults: { v: { path: /v } }\n"
	                             "pipelines:\n"
	                             "  a: { source: /a, vault: v, max_age: 26h, stages: [x] }\n"
	                             "  b: { source: /b, vault: v, max_age: never, stages: [x] }\n"
	                             "  c: { source: /c, vault: v, watch: { max_wait: 2d }, stages: [x] }\n"
	                             "  d: { source: /d, vault: v, watch: { max_wait: never }, stages: [x] }\n"
	                             "  e: { source: /e, vault: v, watch: off, stages: [x] }\n"
	                             "  f: { source: /f, vault: v, watch: off, max_age: 30d, stages: [x] }\n");
	static const uint64_t hours[] = { 26, 0, 144, 72, 0, 720 };

	(void)state;
	assert_int_equal(config->n_pipelines, 6);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(config->pipelines[i].max_age_ms, hours[i] * 3600000);
	config_destroy(&config);
}

static void how_often_a_vault_is_read_again(void **state)
{
	struct config *config = load("vaults: { v: { path: /v } }\n"
	                             "pipelines:\n"
	                             "  a: { source: /a, vault: v, stages: [x] }\n"
	                             "  b: { source: /b, vault: v, verify_every: 90d, stages: [x] }\n"
	                             "  c: { source: /c, vault: v, verify_every: never, stages: [x] }\n");
	static const uint64_t days[] = { 30, 90, 0 };

	(void)state;
	assert_int_equal(config->n_pipelines, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(config->pipelines[i].verify_every_ms, days[i] * 24 * 3600000);
	config_destroy(&config);
}

static void how_often_a_restore_is_rehearsed(void **state)
{
	struct config *config = load("vaults: { v: { path: /v } }\n"
	                             "pipelines:\n"
	                             "  a: { source: /a, vault: v, stages: [x] }\n"
	                             "  b: { source: /b, vault: v, rehearse: weekly, stages: [x] }\n"
	                             "  c: { source: /c, vault: v, rehearse: never, stages: [x] }\n"
	                             "  d: { source: /d, vault: v, rehearse: monthly, stages: [x] }\n"
	                             "  e: { source: /e, vault: v, rehearse: 90d, stages: [x] }\n");
	static const uint64_t days[] = { 30, 7, 0, 30, 90 };

	(void)state;
	assert_int_equal(config->n_pipelines, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(config->pipelines[i].rehearse_ms, days[i] * 24 * 3600000);
	config_destroy(&config);
}

static void notifiers_are_held_with_their_defaults(void **state)
{
	struct config *config = load(
	        VAULTS PIPELINES
	        "notify:\n"
	        "  - mail: { to: [a@b, root] }\n"
	        "  - mail: { to: [c@d], from: nas@b, sendmail: /usr/bin/msmtp, on: [overdue, recovered], pipelines: "
	        "[photos] }\n"
	        "  - command: { run: [/x, y], name: pager }\n"
	        "  - webhook: { url: \"https://ntfy.sh/x\", template: ntfy, token_file: /t }\n"
	        "  - webhook: { url: \"https://hc-ping.com/u\", template: healthchecks, ca_file: /c }\n"
	        "  - mqtt: { url: \"mqtt://h\" }\n"
	        "  - mqtt: { url: \"mqtts://[::1]:99\", user: u, password_file: /p, topic: a/b, discovery: off }\n");
	const struct config_notify *n = config->notifiers;

	(void)state;
	assert_int_equal(config->n_notifiers, 7);
	assert_string_equal(n[0].name, "mail");
	assert_string_equal(n[0].sendmail, "/usr/sbin/sendmail");
	assert_string_equal(n[0].to[1], "root");
	assert_null(n[0].from);
	assert_null(n[0].pipelines[0]);
	assert_int_equal(n[0].on, CONFIG_NOTICES_ALARMS);
	assert_string_equal(n[1].name, "mail-2");
	assert_string_equal(n[1].from, "nas@b");
	assert_string_equal(n[1].sendmail, "/usr/bin/msmtp");
	assert_string_equal(n[1].pipelines[0], "photos");
	assert_int_equal(n[1].on, 1u << CONFIG_NOTICE_OVERDUE | 1u << CONFIG_NOTICE_RECOVERED);
	assert_string_equal(n[2].name, "pager");
	assert_string_equal(n[2].run[1], "y");
	assert_null(n[2].run[2]);
	assert_int_equal(n[3].webhook, CONFIG_WEBHOOK_NTFY);
	assert_string_equal(n[3].token_file, "/t");
	assert_int_equal(n[3].on, CONFIG_NOTICES_ALARMS);
	assert_int_equal(n[4].webhook, CONFIG_WEBHOOK_HEALTHCHECKS);
	assert_true((n[4].on & 1u << CONFIG_NOTICE_STARTED) != 0);
	assert_true((n[4].on & 1u << CONFIG_NOTICE_OVERDUE) == 0);
	assert_string_equal(n[5].host, "h");
	assert_int_equal(n[5].port, 1883);
	assert_false(n[5].tls);
	assert_null(n[5].topic); /* by the name of this machine */
	assert_string_equal(n[5].discovery, "homeassistant");
	assert_string_equal(n[6].host, "::1");
	assert_int_equal(n[6].port, 99);
	assert_true(n[6].tls);
	assert_null(n[6].discovery);
	assert_string_equal(config_notify_notice(CONFIG_NOTICE_BRAKED), "braked");
	config_destroy(&config);
}

static void what_only_looks_alike_is_taken(void **state)
{
	static const char *const right[] = {
		/* one source into two vaults */
		VAULTS "  mum: { ssh: mum, root: /offsite }\n" PIPELINES
		       "  photos-too: { source: /volume1/photos, vault: mum, stages: [snapshot, transfer] }\n",
		/* names that differ in case only, in different places */
		VAULTS "  mum: { ssh: mum, root: /offsite }\n" PIPELINES
		       "  Photos: { source: /volume1/photos, vault: mum, stages: [snapshot, transfer] }\n",
		/* another port is another machine behind the same address */
		VAULTS "  mum: { ssh: dad:2222, root: /offsite/photos }\n" PIPELINES
		       "  x: { source: /volume1/photos, vault: mum, stages: [snapshot, transfer] }\n",
		/* a vault beside a source, with its name as the beginning */
		VAULTS "  usb: { path: /volume1/photos2 }\n" PIPELINES,
		/* the whole day, and a window over midnight that meets another one */
		VAULTS "    rate: [{ from: 00:00, to: 24:00, rate: 1 MB/s }]\n" PIPELINES,
		VAULTS
		"    rate: [{ from: 22:00, to: 06:00, rate: unlimited }, { from: 06:00, to: 07:00, rate: 1 GiB/s "
		"}]\n" PIPELINES,
		/* nothing but comments between, documents marked, DOS line ends */
		"%YAML 1.1\n---\n# x\n" VAULTS "# y\n" PIPELINES "...\n",
		("vaults:\r\n  dad: { path: /v }\r\npipelines:\r\n  p: { source: /s, vault: dad, stages: [snapshot] "
		 "}\r\n"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		struct config *config = load(right[i]);

		config_destroy(&config);
	}
}

static void a_vault_behind_a_symlink_into_a_source_is_found(void **state)
{
	char text[1024];
	char link[80];
	char source[80];
	struct error err = { 0 };
	char *told = NULL;

	(void)state;
	(void)snprintf(source, sizeof(source), "%s/source", folder);
	(void)snprintf(link, sizeof(link), "%s/link", folder);
	assert_int_equal(mkdir(source, 0700), 0);
	assert_int_equal(symlink(source, link), 0);
	(void)snprintf(
	        text, sizeof(text),
	        "vaults: { usb: { path: %s } }\npipelines: { p: { source: %s, vault: usb, stages: [snapshot] } }\n",
	        link, source);
	write_text(text, strlen(text));
	told = faults_of(&err);
	assert_non_null(strstr(told, "1:24: the vault lies inside the source of 'p'"));
	free(told);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(rmdir(source), 0);
}

static void a_file_that_is_none_is_refused(void **state)
{
	struct config *config = NULL;
	struct error err = { 0 };
	char *large = calloc(1, (2 << 20) + 1);
	char *told = NULL;
	char fifo[80];

	(void)state;
	assert_int_equal(config_load("/does/not/exist", &config, NULL, &err), -1);
	assert_int_equal(err.class, ERR_NOT_FOUND);
	assert_int_equal(config_load(folder, &config, NULL, &err), -1);
	assert_non_null(strstr(err.text, ":1:1: this is no regular file"));
	(void)snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(config_load(fifo, &config, NULL, &err), -1); /* and does not hang */
	assert_int_equal(err.class, ERR_CONFIG);
	assert_int_equal(unlink(fifo), 0);

	assert_non_null(large);
	memset(large, '#', (2 << 20) + 1);
	write_text(large, (2 << 20) + 1);
	free(large);
	told = faults_of(&err);
	assert_string_equal(told, "1:1: the file is larger than 2097152 bytes; this can't be a configuration\n");
	free(told);

	write_text(VAULTS PIPELINES, strlen(VAULTS PIPELINES));
	assert_int_equal(chmod(file, 0666), 0);
	told = faults_of(&err);
	assert_string_equal(told, "1:1: everybody may write this file, and so decide what is run; use chmod o-w\n");
	free(told);
	assert_int_equal(chmod(file, 0600), 0);
}

static void hostile_texts_end_with_a_fault(void **state)
{
	static const char *const pieces[] = { "[",    "{", "- ", "? ",    "a: &a [*a]\n", "\"\\x00\": 1\n",
		                              "!!x ", "'", "%",  "a: |\n" };
	char text[40000];

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct error err = { 0 };
		size_t used = 0;

		while (used + strlen(pieces[i]) < sizeof(text)) {
			memcpy(text + used, pieces[i], strlen(pieces[i]));
			used += strlen(pieces[i]);
		}
		write_text(text, used);
		free(faults_of(&err));
		assert_int_equal(err.class, ERR_CONFIG);
	}
}

static void many_faults_are_counted_not_all_told(void **state)
{
	char text[16000] = "";
	size_t used = 0;
	struct error err = { 0 };
	struct config *config = NULL;

	(void)state;
	for (unsigned i = 0; i < 500; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "zzz%u: 1\n", i);
	write_text(text, used);
	assert_int_equal(config_load(file, &config, NULL, &err), -1);
	assert_non_null(strstr(err.text, "(and 501 more)"));
}

/* As many as there may be, written at length, are found by their names; one more is too many. */
static void a_whole_fleet_is_held(void **state)
{
	static char text[CONFIG_PIPELINES_MAX * 400];
	struct error err = { 0 };
	struct config *config = NULL;
	size_t used = (size_t)snprintf(text, sizeof(text), VAULTS "pipelines:\n");
	char name[32];

	(void)state;
	for (int i = 0; i < CONFIG_PIPELINES_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
		                         "  p%d:\n    source: /volume1/a/rather/long/path/to/what/is/backed/up/%d\n    "
		                         "vault: dad\n    max_age: 2d\n"
		                         "    verify_every: never\n    rehearse: weekly\n    brake: 40%%\n    watch: { "
		                         "idle: 5m, max_wait: 12h }\n    stages:\n"
		                         "      - snapshot: { driver: btrfs }\n      - transfer: { engine: native, "
		                         "exclude: ['a', 'b'] }\n"
		                         "      - prune: { last: 3, daily: 14, weekly: 8, monthly: 6 }\n",
		                         (i * 7) % CONFIG_PIPELINES_MAX, i);
	write_text(text, used);
	assert_int_equal(config_load(file, &config, stderr, &err), 0);
	assert_int_equal(config->n_pipelines, CONFIG_PIPELINES_MAX);
	for (int i = 0; i < CONFIG_PIPELINES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "p%d", (i * 7) % CONFIG_PIPELINES_MAX);
		assert_ptr_equal(config_pipeline(config, name), &config->pipelines[i]);
	}
	assert_null(config_pipeline(config, "p"));
	assert_null(config_pipeline(config, "p2000"));
	config_destroy(&config);
	used += (size_t)snprintf(text + used, sizeof(text) - used,
	                         "  more: { source: /volume1/more, vault: dad, stages: [snapshot] }\n");
	write_text(text, used);
	assert_int_equal(config_load(file, &config, NULL, &err), -1);
	assert_non_null(strstr(err.text, "more than 2000 items"));
}

static void the_path_comes_from_the_option_then_the_environment(void **state)
{
	(void)state;
	assert_int_equal(setenv("AOB_CONFIG", "/x", 1), 0);
	assert_string_equal(config_path("/y"), "/y");
	assert_string_equal(config_path(NULL), "/x");
	assert_int_equal(setenv("AOB_CONFIG", "", 1), 0);
	assert_string_equal(config_path(NULL), CONFIG_DEFAULT_PATH);
	assert_int_equal(unsetenv("AOB_CONFIG"), 0);
	assert_string_equal(config_path(NULL), CONFIG_DEFAULT_PATH);
}

static void hosts_and_turns(void **state)
{
	struct config *config = load("host: hub\n"
	                             "vaults:\n"
	                             "  dad: { path: /offsite, transfers: 2 }\n"
	                             "  mum: { ssh: m, root: /offsite }\n"
	                             "pipelines:\n"
	                             "  a: { source: /s, host: nas1, vault: dad, stages: [snapshot] }\n"
	                             "  b: { source: /s, vault: mum, stages: [snapshot] }\n");

	(void)state;
	assert_string_equal(config->host, "hub");
	assert_int_equal(config->vaults[0].transfers, 2);
	assert_int_equal(config->vaults[1].transfers, 0);
	assert_string_equal(config->pipelines[0].host, "nas1");
	assert_null(config->pipelines[1].host);
	assert_int_equal(config_for_broker(config, NULL), 0);
	config_destroy(&config);
}

/* The same paths on two machines are two places. */
static void what_lies_on_other_hosts(void **state)
{
	struct config *config = load("host: hub\n"
	                             "broker: { state: /a/state.db }\n"
	                             "vaults:\n"
	                             "  usb: { path: /a/usb }\n"
	                             "  mum: { ssh: m, root: /offsite }\n"
	                             "pipelines:\n"
	                             "  p: { source: /b, host: nas1, vault: usb, stages: [snapshot] }\n"
	                             "  P: { source: /b, host: nas2, vault: usb, stages: [snapshot] }\n"
	                             "  q: { source: /a, host: nas3, vault: mum, stages: [snapshot] }\n");

	(void)state;
	config_destroy(&config);
}

static void a_machine_that_works_for_a_broker_elsewhere(void **state)
{
	struct config *config = load("host: nas2\n"
	                             "broker:\n"
	                             "  endpoint: tcp://10.0.0.1:5555\n"
	                             "  events: tcp://10.0.0.1:5556\n"
	                             "  curve: { server_certificate: /c/broker, own_certificate: /c/nas2 }\n");
	struct error err = { .class = ERR_NONE };

	(void)state;
	assert_string_equal(config->host, "nas2");
	assert_int_equal(config->n_pipelines, 0);
	assert_int_equal(config->n_vaults, 0);
	assert_null(config->curve.client_certificates);
	assert_int_equal(config_for_broker(config, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_non_null(strstr(err.text, "the broker runs where the pipelines are"));
	config_destroy(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_and_turns),
		cmocka_unit_test(what_lies_on_other_hosts),
		cmocka_unit_test(a_machine_that_works_for_a_broker_elsewhere),
		cmocka_unit_test(every_fault_is_told_at_its_place_with_the_remedy),
		cmocka_unit_test(the_error_is_the_first_fault_and_how_many_more),
		cmocka_unit_test(defaults_are_those_of_the_documentation),
		cmocka_unit_test(everything_that_is_written_is_held),
		cmocka_unit_test(whom_a_relative_calls_is_held_by_each_vault),
		cmocka_unit_test(a_contact_is_no_letter),
		cmocka_unit_test(how_old_a_state_may_get_follows_how_long_it_may_wait),
		cmocka_unit_test(how_often_a_vault_is_read_again),
		cmocka_unit_test(how_often_a_restore_is_rehearsed),
		cmocka_unit_test(notifiers_are_held_with_their_defaults),
		cmocka_unit_test(what_only_looks_alike_is_taken),
		cmocka_unit_test(a_vault_behind_a_symlink_into_a_source_is_found),
		cmocka_unit_test(a_file_that_is_none_is_refused),
		cmocka_unit_test(hostile_texts_end_with_a_fault),
		cmocka_unit_test(many_faults_are_counted_not_all_told),
		cmocka_unit_test(a_whole_fleet_is_held),
		cmocka_unit_test(the_path_comes_from_the_option_then_the_environment),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
