#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config_build.h"
#include "lib/config_schema.h"
#include "lib/config_value.h"
#include "lib/suggest.h"

#define NOTIFIERS_MAX 32
#define RECIPIENTS_MAX 32
#define WORDS_MAX 64
#define MQTT_PORT 1883
#define MQTTS_PORT 8883
#define SENDMAIL "/usr/sbin/sendmail"

static const char *const notices[CONFIG_NOTICES] = {
	[CONFIG_NOTICE_FAILED] = "failed",
	[CONFIG_NOTICE_OVERDUE] = "overdue",
	[CONFIG_NOTICE_DAMAGED] = "damaged",
	[CONFIG_NOTICE_BRAKED] = "braked",
	[CONFIG_NOTICE_NOT_RESTORABLE] = "not-restorable",
	[CONFIG_NOTICE_FORECAST] = "forecast",
	[CONFIG_NOTICE_BROKER] = "broker-down",
	[CONFIG_NOTICE_RECOVERED] = "recovered",
	[CONFIG_NOTICE_STARTED] = "started",
	[CONFIG_NOTICE_FINISHED] = "finished",
};

static const struct {
	const char *word;
	unsigned usual; /* without `on` */
} webhooks[] = {
	[CONFIG_WEBHOOK_CLOUDEVENTS] = { "cloudevents", CONFIG_NOTICES_ALARMS },
	[CONFIG_WEBHOOK_NTFY] = { "ntfy", CONFIG_NOTICES_ALARMS },
	[CONFIG_WEBHOOK_GOTIFY] = { "gotify", CONFIG_NOTICES_ALARMS },
	/* It keeps an own clock of what is overdue, so it wants every run. */
	[CONFIG_WEBHOOK_HEALTHCHECKS] = { "healthchecks",
	                                  1u << CONFIG_NOTICE_STARTED | 1u << CONFIG_NOTICE_FINISHED |
	                                          1u << CONFIG_NOTICE_FAILED | 1u << CONFIG_NOTICE_DAMAGED |
	                                          1u << CONFIG_NOTICE_NOT_RESTORABLE | 1u << CONFIG_NOTICE_BRAKED },
};

const char *config_notify_notice(enum config_notice notice)
{
	return notices[notice];
}

static void wrong(struct config_build *b, const struct yaml_pos *place, const char *text)
{
	faults_add(b->faults, place->line, place->column, "%s", text);
}

static unsigned read_on(struct config_build *b, const struct yaml_pos *list, unsigned usual)
{
	unsigned on = 0;

	if (list == NULL || list->kind != YAML_POS_LIST)
		return usual;
	if (list->n_items == 0)
		wrong(b, list, "'on' is empty, so nothing would ever be told; name what is, or leave 'on' out");
	for (const struct yaml_pos *item = list->first; item != NULL; item = item->next) {
		const char *near = NULL;
		size_t i = 0;

		if (item->kind != YAML_POS_TEXT || item->text[0] == '\0')
			continue; /* told by the schema */
		while (i < CONFIG_NOTICES && strcmp(notices[i], item->text) != 0)
			i++;
		if (i < CONFIG_NOTICES) {
			on |= 1u << i;
			continue;
		}
		near = suggest_nearest(item->text, notices, CONFIG_NOTICES);
		if (near != NULL)
			faults_add(b->faults, item->line, item->column, "unknown notice '%.64s'; did you mean '%s'?",
			           item->text, near);
		else
			faults_add(b->faults, item->line, item->column,
			           "unknown notice '%.64s'; want failed, overdue, damaged, not-restorable, braked, "
			           "forecast, "
			           "broker-down, recovered, started or finished",
			           item->text);
	}
	return on;
}

static void check_pipelines(struct config_build *b, const struct yaml_pos *list)
{
	const char **names = arena_array(b->arena, b->config->n_pipelines + 1, sizeof(*names));

	if (names == NULL || list == NULL || list->kind != YAML_POS_LIST)
		return;
	if (list->n_items == 0)
		wrong(b, list, "'pipelines' is empty, so nothing would ever be told; leave it out for all");
	for (size_t i = 0; i < b->config->n_pipelines; i++)
		names[i] = b->config->pipelines[i].name;
	for (const struct yaml_pos *item = list->first; item != NULL; item = item->next) {
		const char *near = NULL;

		if (item->kind != YAML_POS_TEXT || item->text[0] == '\0' ||
		    config_pipeline(b->config, item->text) != NULL)
			continue;
		near = suggest_nearest(item->text, names, b->config->n_pipelines);
		faults_add(b->faults, item->line, item->column,
		           near != NULL ? "there is no pipeline '%.64s'; did you mean '%s'?"
		                        : "there is no pipeline '%.64s'",
		           item->text, near);
	}
}

/* ---- command */

static void read_command(struct config_build *b, const struct yaml_pos *value, struct config_notify *notify)
{
	const struct yaml_pos *run = yaml_pos_get(value, "run");

	notify->run = config_value_texts(run, b->arena);
	if (run == NULL || run->kind != YAML_POS_LIST)
		return;
	if (run->n_items == 0 || run->n_items > WORDS_MAX)
		wrong(b, run, "'run' wants a program and its arguments, such as [/usr/local/bin/tell, --urgent]");
	else if (run->first->kind == YAML_POS_TEXT && run->first->text[0] != '/')
		faults_add(b->faults, run->first->line, run->first->column,
		           "'%.100s' is no absolute path; write where the program lies", run->first->text);
}

/* ---- mail */

/* It goes into a header, where these would make something else of it. */
static void check_address(struct config_build *b, const struct yaml_pos *address)
{
	if (address == NULL || address->kind != YAML_POS_TEXT || address->text[0] == '\0')
		return;
	if (strpbrk(address->text, " ,;:<>()\"") != NULL || strlen(address->text) > 254)
		faults_add(b->faults, address->line, address->column,
		           "'%.100s' is no plain address; write it as me@example.net", address->text);
}

static void read_mail(struct config_build *b, const struct yaml_pos *value, struct config_notify *notify)
{
	const struct yaml_pos *to = yaml_pos_get(value, "to");

	notify->to = config_value_texts(to, b->arena);
	notify->from = config_value_text(value, "from", NULL);
	notify->sendmail = config_value_path(value, "sendmail", SENDMAIL, b->arena);
	check_address(b, yaml_pos_get(value, "from"));
	if (to == NULL || to->kind != YAML_POS_LIST)
		return;
	if (to->n_items == 0 || to->n_items > RECIPIENTS_MAX)
		faults_add(b->faults, to->line, to->column, "'to' wants 1 to %d addresses, such as [me@example.net]",
		           RECIPIENTS_MAX);
	for (const struct yaml_pos *item = to->first; item != NULL; item = item->next)
		check_address(b, item);
}

/* ---- webhook and mqtt */

/* Only what is printed ASCII without spaces is a URL (RFC 3986). */
static bool is_url(const char *text, const char *scheme)
{
	size_t n = strlen(scheme);

	if (strncmp(text, scheme, n) != 0 || text[n] == '\0' || text[n] == '/')
		return false;
	for (const char *s = text; *s != '\0'; s++)
		if (*s <= 0x20 || *s >= 0x7f)
			return false;
	return true;
}

static void read_webhook(struct config_build *b, const struct yaml_pos *value, struct config_notify *notify)
{
	const struct yaml_pos *url = yaml_pos_get(value, "url");
	const char *form = config_value_text(value, "template", "cloudevents");

	notify->url = config_value_text(value, "url", NULL);
	notify->token_file = config_value_path(value, "token_file", NULL, b->arena);
	notify->ca_file = config_value_path(value, "ca_file", NULL, b->arena);
	for (size_t i = 0; i < sizeof(webhooks) / sizeof(webhooks[0]); i++)
		if (strcmp(webhooks[i].word, form) == 0)
			notify->webhook = (enum config_webhook)i;
	if (notify->url != NULL && !is_url(notify->url, "https://") && !is_url(notify->url, "http://"))
		faults_add(b->faults, url->line, url->column,
		           "this 'url' is no web address; want https://… or http://… (it is not shown, as it may be a "
		           "secret)");
	if (notify->webhook == CONFIG_WEBHOOK_GOTIFY && notify->token_file == NULL &&
	    yaml_pos_get(value, "token_file") == NULL)
		faults_add(b->faults, value->key->line, value->key->column,
		           "Gotify wants a token; add 'token_file' with the file that the application's token lies in");
}

/* mqtt[s]://host[:port], an IPv6 address in brackets. Returns false if it is none. */
static bool split_broker(struct config_build *b, const char *url, struct config_notify *notify)
{
	bool tls = is_url(url, "mqtts://");
	const char *host = strstr(url, "://");
	const char *end = NULL;
	const char *close = NULL;
	char *rest = NULL;
	long port = tls ? MQTTS_PORT : MQTT_PORT;

	if (!tls && !is_url(url, "mqtt://"))
		return false;
	host += 3;
	if (strpbrk(host, "/@?#") != NULL)
		return false;
	close = *host == '[' ? strchr(host, ']') : NULL;
	if (*host == '[' && close == NULL)
		return false;
	end = close != NULL ? close + 1 : host + strcspn(host, ":");
	if (*end == ':') {
		port = strtol(end + 1, &rest, 10);
		if (end[1] < '0' || end[1] > '9' || *rest != '\0' || port < 1 || port > 65535)
			return false;
	} else if (*end != '\0') {
		return false;
	}
	if (close != NULL) {
		host++;
		end = close;
	}
	if (end == host)
		return false;
	notify->tls = tls;
	notify->port = (uint16_t)port;
	notify->host = arena_text(b->arena, host, (size_t)(end - host));
	return true;
}

/* A topic to publish to (MQTT 3.1.1, 4.7): no wildcards; and ours neither begin nor end with '/'. */
static void check_topic(struct config_build *b, const struct yaml_pos *value, const char *topic)
{
	if (value == NULL || topic == NULL)
		return;
	if (strpbrk(topic, "+#") != NULL || topic[0] == '/' || topic[0] == '$' || topic[strlen(topic) - 1] == '/' ||
	    strlen(topic) > 100)
		faults_add(b->faults, value->line, value->column,
		           "'%.100s' is no topic to publish below; want one such as aob or home/backup", topic);
}

static void read_mqtt(struct config_build *b, const struct yaml_pos *value, struct config_notify *notify)
{
	const struct yaml_pos *url = yaml_pos_get(value, "url");
	const char *text = config_value_text(value, "url", NULL);

	if (text != NULL && !split_broker(b, text, notify))
		faults_add(b->faults, url->line, url->column,
		           "this 'url' is no MQTT broker; want mqtt://host[:port] or mqtts://host[:port]");
	notify->user = config_value_text(value, "user", NULL);
	notify->password_file = config_value_path(value, "password_file", NULL, b->arena);
	notify->ca_file = config_value_path(value, "ca_file", NULL, b->arena);
	notify->topic = config_value_text(value, "topic", NULL);
	notify->discovery = config_value_text(value, "discovery", "homeassistant");
	check_topic(b, yaml_pos_get(value, "topic"), notify->topic);
	check_topic(b, yaml_pos_get(value, "discovery"), notify->discovery);
	if (strcmp(notify->discovery, "off") == 0)
		notify->discovery = NULL;
	if (notify->password_file != NULL && notify->user == NULL)
		wrong(b, yaml_pos_get(value, "password_file"), "'password_file' goes with 'user'; add that");
	if (notify->ca_file != NULL && notify->host != NULL && !notify->tls)
		wrong(b, yaml_pos_get(value, "ca_file"),
		      "'ca_file' goes with mqtts://; nothing is encrypted with mqtt://");
}

/* ---- all of them */

/* "mail", and "mail-2" for the second one. */
static const char *usual_name(struct config_build *b, const char *driver, const struct config_notify *before, size_t n)
{
	char name[CONFIG_NAME_MAX + 1];
	unsigned same = 1;

	for (size_t i = 0; i < n; i++)
		same += strcmp(before[i].driver_word, driver) == 0;
	(void)snprintf(name, sizeof(name), same == 1 ? "%.32s" : "%.32s-%u", driver, same);
	return arena_text(b->arena, name, strlen(name));
}

static void read_name(struct config_build *b, const struct yaml_pos *value, const struct yaml_pos *place,
                      const struct config_notify *before, size_t n, struct config_notify *notify)
{
	const struct yaml_pos *name = yaml_pos_get(value, "name");

	notify->name = config_value_text(value, "name", NULL);
	if (notify->name != NULL)
		(void)config_value_name(name, "notifier", b->faults);
	else
		notify->name = usual_name(b, notify->driver_word, before, n);
	for (size_t i = 0; i < n && notify->name != NULL; i++)
		if (before[i].name != NULL && strcmp(before[i].name, notify->name) == 0)
			faults_add(b->faults, name != NULL ? name->line : place->line,
			           name != NULL ? name->column : place->column,
			           "there is a notifier '%.64s' already; give this one another 'name'", notify->name);
}

static void read_notifier(struct config_build *b, const struct yaml_pos *item, const struct config_notify *before,
                          size_t n, struct config_notify *notify)
{
	static void (*const readers[])(struct config_build *, const struct yaml_pos *, struct config_notify *) = {
		[CONFIG_NOTIFY_COMMAND] = read_command,
		[CONFIG_NOTIFY_MAIL] = read_mail,
		[CONFIG_NOTIFY_WEBHOOK] = read_webhook,
		[CONFIG_NOTIFY_MQTT] = read_mqtt,
	};
	const struct yaml_pos *value = item->first;
	const struct schema *schema = NULL;

	notify->driver_word = value->key->text;
	for (const struct yaml_pos *second = value->next; second != NULL; second = second->next)
		faults_add(b->faults, second->key->line, second->key->column,
		           "'%.64s' stands beside '%.64s'; indent it deeper if it belongs to it, or begin it with '- '",
		           second->key->text, value->key->text);
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		if (strcmp(config_schema_notify_word(i), value->key->text) == 0) {
			notify->driver = (enum config_notify_driver)i;
			schema = config_schema_notify(i);
		}
	if (schema == NULL) {
		const char *words[] = { config_schema_notify_word(0), config_schema_notify_word(1),
			                config_schema_notify_word(2), config_schema_notify_word(3) };
		const char *near = suggest_nearest(value->key->text, words, sizeof(words) / sizeof(words[0]));

		faults_add(b->faults, value->key->line, value->key->column,
		           near != NULL ? "unknown notifier '%.64s'; did you mean '%s'?"
		                        : "unknown notifier '%.64s'; want command, mail, webhook or mqtt",
		           value->key->text, near);
		return;
	}
	if (!config_schema_check(value, schema, b->faults))
		return;
	read_name(b, value, value->key, before, n, notify);
	readers[notify->driver](b, value, notify);
	notify->on = read_on(b, yaml_pos_get(value, "on"),
	                     notify->driver == CONFIG_NOTIFY_WEBHOOK ? webhooks[notify->webhook].usual
	                                                             : CONFIG_NOTICES_ALARMS);
	check_pipelines(b, yaml_pos_get(value, "pipelines"));
	notify->pipelines = config_value_texts(yaml_pos_get(value, "pipelines"), b->arena);
}

void config_notify_build(struct config_build *build)
{
	const struct yaml_pos *list = yaml_pos_get(build->root, "notify");
	struct config_notify *notifiers = NULL;
	size_t n = 0;

	if (list == NULL || list->kind != YAML_POS_LIST)
		return;
	if (list->n_items > NOTIFIERS_MAX) {
		faults_add(build->faults, list->line, list->column, "more than %d notifiers; leave the others out",
		           NOTIFIERS_MAX);
		return;
	}
	notifiers = arena_array(build->arena, list->n_items + 1, sizeof(*notifiers));
	if (notifiers == NULL)
		return;
	for (const struct yaml_pos *item = list->first; item != NULL; item = item->next) {
		if (item->kind != YAML_POS_MAP || item->first == NULL) {
			faults_add(build->faults, item->line, item->column,
			           "a notifier wants its kind and options, such as - mail: { to: [me@example.net] }");
			continue;
		}
		read_notifier(build, item, notifiers, n, &notifiers[n]);
		n++;
	}
	build->config->notifiers = notifiers;
	build->config->n_notifiers = n;
}
