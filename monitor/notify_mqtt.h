/* notify_mqtt: notices to an MQTT broker, and how each pipeline is as retained messages, with Home Assistant's discovery.
 *
 * <topic> is the configuration's, or "aob/<host>": two machines with pipelines of one name do not overwrite each other.
 *
 *   <topic>/status            "online"; "offline" by the broker when we are gone (last will); retained
 *   <topic>/<pipeline>/state  {"problem":"ON"|"OFF","alarms":"…","last_success":time|null}; retained
 *   <topic>/<pipeline>/notice a notice, as command and webhook have it
 *   <discovery>/binary_sensor/…/config, <discovery>/sensor/…/config   retained */
#ifndef AOB_MONITOR_NOTIFY_MQTT_H
#define AOB_MONITOR_NOTIFY_MQTT_H

#include <jansson.h>
#include <stddef.h>

#include "lib/config.h"
#include "monitor/notify_book.h"

#define NOTIFY_MQTT_TOPIC 400
#define NOTIFY_MQTT_MESSAGES 3 /* of a pipeline: state and two of discovery */

struct notify_mqtt_message {
	char topic[2 * NOTIFY_MQTT_TOPIC];
	char *payload; /* free(3); NULL: memory ran out */
};

struct notify_mqtt_place { /* where this machine's messages go */
	char host[256];    /* its name, as a part of topics and IDs: what is not a letter, digit or '-' is '_' there */
	char topic[NOTIFY_MQTT_TOPIC / 2];
	const char *discovery; /* borrowed from the configuration; NULL: off */
};
void notify_mqtt_place(const struct config_notify *config, const char *host, struct notify_mqtt_place *place);

/* notify_mqtt_view: the retained messages of one pipeline. Returns how many: 1 without discovery.
 * source: home-assistant.io/integrations/mqtt "MQTT discovery" */
size_t notify_mqtt_view(const struct notify_mqtt_place *place, const struct notify_view *view,
                        struct notify_mqtt_message messages[NOTIFY_MQTT_MESSAGES]);

#endif
