#include "lib/config_schema.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/config.h"
#include "lib/config_value.h"
#include "lib/suggest.h"

#define KEYS_MAX 32
#define DAY_MS 86400000LL
#define KEEP_MAX 100000

#define SCHEMA(label, table)                                                                                           \
	{                                                                                                              \
		.name = (label), .keys = (table), .n_keys = sizeof(table) / sizeof((table)[0])                         \
	}

static const struct schema_key root_keys[] = {
	{ "broker", SCHEMA_MAP, false, 0, 0, NULL, "a map with endpoint, events and state; or leave 'broker' out" },
	{ "host", SCHEMA_TEXT, false, 0, 0, NULL, "what this machine is called, such as nas2" },
	{ "monitor", SCHEMA_MAP, false, 0, 0, NULL,
	  "a map with listen, textfile and host_names; or leave 'monitor' out" },
	{ "vaults", SCHEMA_MAP, true, 0, 0, NULL,
	  "a map of names, such as dad: { ssh: backup@dad.example.net, root: /volume1/offsite }" },
	{ "pipelines", SCHEMA_MAP, true, 0, 0, NULL,
	  "a map of names, such as photos: { source: …, vault: …, stages: … }" },
	{ "notify", SCHEMA_LIST, false, 0, 0, NULL, "a list such as - mail: { to: [me@example.net] }" },
	{ "contact", SCHEMA_MAP, false, 0, 0, NULL,
	  "a map such as { name: Anna, phone: \"+49 30 1234567\", language: de }" },
};

static const char *const languages[] = {
#define LANGUAGE(code) #code,
#include "lib/languages.def"
#undef LANGUAGE
	NULL
};
static const struct schema_key contact_keys[] = {
	{ "name", SCHEMA_TEXT, false, 0, 0, NULL, "who is to be called, such as Anna Example" },
	{ "phone", SCHEMA_TEXT, false, 0, 0, NULL, "a telephone number, such as \"+49 30 1234567\"" },
	{ "mail", SCHEMA_TEXT, false, 0, 0, NULL, "an address, such as anna@example.net" },
	{ "language", SCHEMA_CHOICE, false, 0, 0, languages, "the language of who opens the vault, such as en or de" },
};

static const struct schema_key broker_keys[] = {
	{ "endpoint", SCHEMA_TEXT, false, 0, 0, NULL, "an endpoint, such as ipc:///run/aob/broker" },
	{ "events", SCHEMA_TEXT, false, 0, 0, NULL, "an endpoint, such as ipc:///run/aob/events" },
	{ "state", SCHEMA_PATH, false, 0, 0, NULL, "the file of the run store, such as /var/lib/aob/state.db" },
	{ "history", SCHEMA_DURATION, false, 31 * DAY_MS, 3650 * DAY_MS, NULL,
	  "how long runs are remembered, such as 400d" },
	{ "curve", SCHEMA_MAP, false, 0, 0, NULL,
	  "a map with server_certificate, client_certificates and own_certificate" },
};

static const struct schema_key curve_keys[] = {
	{ "server_certificate", SCHEMA_PATH, true, 0, 0, NULL,
	  "the broker's certificate, such as /etc/aob/curve/broker.cert" },
	{ "client_certificates", SCHEMA_PATH, false, 0, 0, NULL,
	  "the folder of those that may connect, such as /etc/aob/curve/clients" },
	{ "own_certificate", SCHEMA_PATH, true, 0, 0, NULL,
	  "what stages and aob present, such as /etc/aob/curve/stage.cert" },
};

static const struct schema_key monitor_keys[] = {
	{ "listen", SCHEMA_TEXT, false, 0, 0, NULL, "an address with a port, such as 127.0.0.1:9877" },
	{ "textfile", SCHEMA_PATH, false, 0, 0, NULL,
	  "a file for node_exporter, such as /var/lib/prometheus/node-exporter/aob.prom" },
	{ "host_names", SCHEMA_TEXTS, false, 0, 0, NULL,
	  "a list of the names that browsers may use for the page, such as [nas.example.net]" },
};

static const char *const strategies[] = { "auto", "snapshot", "reflink", "hardlink", NULL };
static const char *const compressions[] = { "auto", "off", NULL };
static const struct schema_key vault_keys[] = {
	{ "ssh", SCHEMA_TEXT, false, 0, 0, NULL, "[user@]host[:port], such as backup@dad.example.net" },
	{ "root", SCHEMA_PATH, false, 0, 0, NULL, "the vault's folder at the far end, such as /volume1/offsite" },
	{ "path", SCHEMA_PATH, false, 0, 0, NULL, "a folder of this machine, such as /mnt/usb/offsite" },
	{ "identity", SCHEMA_PATH, false, 0, 0, NULL, "the file of a private key, such as /etc/aob/vault_key" },
	{ "ssh_options", SCHEMA_TEXTS, false, 0, 0, NULL, "a list as for ssh -o, such as [\"ConnectTimeout=20\"]" },
	{ "strategy", SCHEMA_CHOICE, false, 0, 0, strategies, "auto, snapshot, reflink or hardlink" },
	{ "rate", SCHEMA_OTHER, false, 0, 0, NULL,
	  "a rate such as 1.6 Mbit/s, unlimited, or a list of { from: 06:00, to: 23:00, rate: … }" },
	{ "compression", SCHEMA_CHOICE, false, 0, 0, compressions, "auto or off" },
	{ "transfers", SCHEMA_INTEGER, false, 1, 1000, NULL, "how many transfers may go there at a time, such as 1" },
};

static const struct schema_key window_keys[] = {
	{ "from", SCHEMA_TEXT, true, 0, 0, NULL, "a time of the day, such as 06:00" },
	{ "to", SCHEMA_TEXT, true, 0, 0, NULL, "a time of the day, such as 23:00" },
	{ "rate", SCHEMA_TEXT, true, 0, 0, NULL, "a rate, such as 1.6 Mbit/s or unlimited" },
};

static const char *const kinds[] = { "auto", "time-machine", "generic", NULL };
static const struct schema_key pipeline_keys[] = {
	{ "source", SCHEMA_PATH, true, 0, 0, NULL, "the folder to back up, such as /volume1/photos" },
	{ "vault", SCHEMA_TEXT, true, 0, 0, NULL, "the name of a vault" },
	{ "host", SCHEMA_TEXT, false, 0, 0, NULL, "the machine that has the source, such as nas2" },
	{ "kind", SCHEMA_CHOICE, false, 0, 0, kinds, "auto, time-machine or generic" },
	{ "watch", SCHEMA_OTHER, false, 0, 0, NULL, "{ idle: 10m, max_wait: 24h }, or off" },
	{ "max_age", SCHEMA_OTHER, false, 0, 0, NULL,
	  "how old the state in the vault may get before it is overdue, such as 26h, or never" },
	{ "verify_every", SCHEMA_OTHER, false, 0, 0, NULL,
	  "how often all that lies in the vault is read again, such as 30d, or never" },
	{ "rehearse", SCHEMA_OTHER, false, 0, 0, NULL,
	  "how often a restore is rehearsed: monthly, weekly, a time such as 14d, or never" },
	{ "brake", SCHEMA_TEXT, false, 0, 0, NULL,
	  "how much of the last generation a run may remove or rewrite, such as 50%, or off" },
	{ "stages", SCHEMA_LIST, true, 0, 0, NULL, "a list such as - snapshot: { driver: btrfs }" },
};

static const struct schema_key watch_keys[] = {
	{ "idle", SCHEMA_DURATION, false, 100, 30 * DAY_MS, NULL, "how long the source must rest, such as 10m" },
	{ "max_wait", SCHEMA_OTHER, false, 0, 0, NULL,
	  "how long a changed source waits at most, such as 24h, or never" },
	{ "idle_finished", SCHEMA_DURATION, false, 100, 30 * DAY_MS, NULL,
	  "how long a Mac's finished backup must rest, such as 60s" },
	{ "idle_attached", SCHEMA_DURATION, false, 100, 30 * DAY_MS, NULL,
	  "how long a finished backup must rest that the Mac still has open, such as 2m" },
	{ "idle_unfinished", SCHEMA_DURATION, false, 100, 30 * DAY_MS, NULL,
	  "how long a Mac's unfinished backup must rest, such as 20m" },
	{ "apart", SCHEMA_DURATION, false, 0, 30 * DAY_MS, NULL,
	  "the time between two snapshots of what Macs back up to, such as 15m" },
};

static const char *const drivers[] = { "btrfs", "none", NULL };
static const struct schema_key snapshot_keys[] = {
	{ "driver", SCHEMA_CHOICE, false, 0, 0, drivers, "btrfs or none" },
	{ "dir", SCHEMA_PATH, false, 0, 0, NULL,
	  "a folder on the source's file system, such as /volume1/.aob-snapshots" },
	{ "min_free", SCHEMA_TEXT, false, 0, 0, NULL,
	  "how much of the source's disk snapshots must leave free, such as 5% or 20 GiB" },
};

static const char *const engines[] = { "native", "rsync", NULL };
static const char *const detections[] = { "auto", "snapshots", "listing", NULL };
static const struct schema_key transfer_keys[] = {
	{ "engine", SCHEMA_CHOICE, false, 0, 0, engines, "native or rsync" },
	{ "detection", SCHEMA_CHOICE, false, 0, 0, detections, "auto, snapshots or listing" },
	{ "exclude", SCHEMA_TEXTS, false, 0, 0, NULL,
	  "a list of names or patterns, such as [\"@eaDir\", \"#recycle\"]" },
};

#define KEEP(rule, what)                                                                                               \
	{                                                                                                              \
		(rule), SCHEMA_INTEGER, false, 0, KEEP_MAX, NULL, (what)                                               \
	}
static const struct schema_key prune_keys[] = {
	KEEP("last", "how many generations to keep, such as 3"),
	KEEP("hourly", "for how many hours to keep one, such as 24"),
	KEEP("daily", "for how many days to keep one, such as 14"),
	KEEP("weekly", "for how many weeks to keep one, such as 8"),
	KEEP("monthly", "for how many months to keep one, such as 12"),
	KEEP("yearly", "for how many years to keep one, such as 5"),
	{ "local", SCHEMA_INTEGER, false, 0, 1000, NULL,
	  "how many local snapshots to keep besides the anchor, such as 0" },
};

/* Of every notifier. */
#define NOTIFY_COMMON                                                                                                  \
	{ "name", SCHEMA_TEXT, false, 0, 0, NULL, "a name of its own, such as phone" },                                \
	        { "on", SCHEMA_TEXTS, false, 0, 0, NULL, "a list such as [failed, overdue, recovered]" },              \
	{                                                                                                              \
		"pipelines", SCHEMA_TEXTS, false, 0, 0, NULL, "a list of pipelines, such as [photos]"                  \
	}
static const struct schema_key command_keys[] = {
	NOTIFY_COMMON,
	{ "run", SCHEMA_TEXTS, true, 0, 0, NULL, "a program and its arguments, such as [/usr/local/bin/tell]" },
};
static const struct schema_key mail_keys[] = {
	NOTIFY_COMMON,
	{ "to", SCHEMA_TEXTS, true, 0, 0, NULL, "a list of addresses, such as [me@example.net]" },
	{ "from", SCHEMA_TEXT, false, 0, 0, NULL, "an address, such as nas@example.net" },
	{ "sendmail", SCHEMA_PATH, false, 0, 0, NULL, "the program that sends mail, such as /usr/sbin/sendmail" },
};
static const char *const templates[] = { "cloudevents", "ntfy", "gotify", "healthchecks", NULL };
static const struct schema_key webhook_keys[] = {
	NOTIFY_COMMON,
	{ "url", SCHEMA_TEXT, true, 0, 0, NULL, "a web address, such as https://ntfy.sh/my-topic" },
	{ "template", SCHEMA_CHOICE, false, 0, 0, templates, "cloudevents, ntfy, gotify or healthchecks" },
	{ "token_file", SCHEMA_PATH, false, 0, 0, NULL,
	  "the file that the token lies in, such as /etc/aob/ntfy-token" },
	{ "ca_file", SCHEMA_PATH, false, 0, 0, NULL, "the certificates to trust, such as /etc/aob/ca.pem" },
};
static const struct schema_key mqtt_keys[] = {
	NOTIFY_COMMON,
	{ "url", SCHEMA_TEXT, true, 0, 0, NULL, "the MQTT broker, such as mqtt://homeassistant.local" },
	{ "user", SCHEMA_TEXT, false, 0, 0, NULL, "a user of the MQTT broker, such as aob" },
	{ "password_file", SCHEMA_PATH, false, 0, 0, NULL,
	  "the file that the password lies in, such as /etc/aob/mqtt-password" },
	{ "ca_file", SCHEMA_PATH, false, 0, 0, NULL, "the certificates to trust, such as /etc/aob/ca.pem" },
	{ "topic", SCHEMA_TEXT, false, 0, 0, NULL, "what our topics begin with, such as aob" },
	{ "discovery", SCHEMA_TEXT, false, 0, 0, NULL, "Home Assistant's prefix, such as homeassistant, or off" },
};

const struct schema config_schema_root = SCHEMA("the top level", root_keys);
const struct schema config_schema_elsewhere = {
	.name = "the top level", .keys = root_keys, .n_keys = sizeof(root_keys) / sizeof(root_keys[0]), .optional = true
};
const struct schema config_schema_broker = SCHEMA("'broker'", broker_keys);
const struct schema config_schema_curve = SCHEMA("'curve'", curve_keys);
const struct schema config_schema_monitor = SCHEMA("'monitor'", monitor_keys);
const struct schema config_schema_contact = SCHEMA("'contact'", contact_keys);
const struct schema config_schema_vault = SCHEMA("a vault", vault_keys);
const struct schema config_schema_window = SCHEMA("a window of 'rate'", window_keys);
const struct schema config_schema_pipeline = SCHEMA("a pipeline", pipeline_keys);
const struct schema config_schema_watch = SCHEMA("'watch'", watch_keys);

static const struct {
	const char *service;
	struct schema schema;
} stages[] = {
	{ "snapshot", SCHEMA("the stage 'snapshot'", snapshot_keys) },
	{ "transfer", SCHEMA("the stage 'transfer'", transfer_keys) },
	{ "prune", SCHEMA("the stage 'prune'", prune_keys) },
};

static const struct {
	const char *word;
	struct schema schema;
} notifiers[] = {
	[CONFIG_NOTIFY_COMMAND] = { "command", SCHEMA("the notifier 'command'", command_keys) },
	[CONFIG_NOTIFY_MAIL] = { "mail", SCHEMA("the notifier 'mail'", mail_keys) },
	[CONFIG_NOTIFY_WEBHOOK] = { "webhook", SCHEMA("the notifier 'webhook'", webhook_keys) },
	[CONFIG_NOTIFY_MQTT] = { "mqtt", SCHEMA("the notifier 'mqtt'", mqtt_keys) },
};

#define N_NOTIFIERS (sizeof(notifiers) / sizeof(notifiers[0]))

const char *config_schema_notify_word(size_t at)
{
	return notifiers[at].word;
}

const struct schema *config_schema_notify(size_t at)
{
	return &notifiers[at].schema;
}

#define N_STAGES (sizeof(stages) / sizeof(stages[0]))

const struct schema *config_schema_stage(const char *service)
{
	for (size_t i = 0; i < N_STAGES; i++)
		if (strcmp(service, stages[i].service) == 0)
			return &stages[i].schema;
	return NULL;
}

const char *config_schema_misspelt(const char *service)
{
	for (size_t i = 0; i < N_STAGES; i++)
		if (strcmp(service, stages[i].service) != 0 && suggest_distance(service, stages[i].service) <= 1)
			return stages[i].service;
	return NULL;
}

static const struct schema_key *key_of(const struct schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->n_keys; i++)
		if (strcmp(schema->keys[i].name, name) == 0)
			return &schema->keys[i];
	return NULL;
}

/* Where a key is known that is not known here; NULL: nowhere. */
static const char *elsewhere(const char *name)
{
	static const struct schema *const levels[] = { &config_schema_root,  &config_schema_broker,
		                                       &config_schema_curve, &config_schema_monitor,
		                                       &config_schema_vault, &config_schema_pipeline,
		                                       &config_schema_watch, &config_schema_contact };

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (key_of(levels[i], name) != NULL)
			return levels[i]->name;
	for (size_t i = 0; i < N_STAGES; i++)
		if (key_of(&stages[i].schema, name) != NULL)
			return stages[i].schema.name;
	for (size_t i = 0; i < N_NOTIFIERS; i++)
		if (key_of(&notifiers[i].schema, name) != NULL)
			return notifiers[i].schema.name;
	return NULL;
}

static const char *nearest(const char *name, const struct schema *schema)
{
	const char *words[KEYS_MAX];
	size_t n = 0;

	for (; n < schema->n_keys && n < KEYS_MAX; n++)
		words[n] = schema->keys[n].name;
	return suggest_nearest(name, words, n);
}

static void unknown(const struct yaml_pos *key, const struct schema *schema, struct faults *faults)
{
	const char *near = nearest(key->text, schema);
	char list[256] = "";

	for (size_t i = 0; i < schema->n_keys; i++) {
		size_t used = strlen(list);

		(void)snprintf(list + used, sizeof(list) - used, "%s%s", i == 0 ? "" : ", ", schema->keys[i].name);
	}
	if (near != NULL)
		faults_add(faults, key->line, key->column, "unknown key '%.64s'; did you mean '%s'?", key->text, near);
	else if (elsewhere(key->text) != NULL)
		faults_add(faults, key->line, key->column, "unknown key '%.64s' in %s; it belongs to %s", key->text,
		           schema->name, elsewhere(key->text));
	else
		faults_add(faults, key->line, key->column, "unknown key '%.64s'; %s has the keys %s", key->text,
		           schema->name, list);
}

/* There, or told as misspelt already. */
static bool is_there(const struct yaml_pos *map, const struct schema *schema, const char *name)
{
	for (const struct yaml_pos *item = map->first; item != NULL; item = item->next) {
		const char *near = NULL;

		if (strcmp(item->key->text, name) == 0)
			return true;
		if (key_of(schema, item->key->text) == NULL)
			near = nearest(item->key->text, schema);
		if (near != NULL && strcmp(near, name) == 0)
			return true;
	}
	return false;
}

bool config_schema_check(const struct yaml_pos *map, const struct schema *schema, struct faults *faults)
{
	const struct yaml_pos *place = yaml_pos_place(map);

	if (map->kind != YAML_POS_MAP) {
		const char *first = schema->keys[0].name;

		if (map->key != NULL)
			faults_add(faults, place->line, place->column,
			           "'%.64s' must be a map: lines such as '%s: …', indented by spaces", map->key->text,
			           first);
		else
			faults_add(faults, place->line, place->column, "%s must be a map: lines such as '%s: …'",
			           schema->name, first);
		return false;
	}
	for (const struct yaml_pos *item = map->first; item != NULL; item = item->next) {
		const struct schema_key *key = key_of(schema, item->key->text);

		if (key == NULL)
			unknown(item->key, schema, faults);
		else
			(void)config_value_check(item, key, faults);
	}
	for (size_t i = 0; i < schema->n_keys; i++)
		if (schema->keys[i].required && !schema->optional && !is_there(map, schema, schema->keys[i].name))
			faults_add(faults, place->line, place->column, "'%s' is missing; want %s", schema->keys[i].name,
			           schema->keys[i].want);
	return true;
}
