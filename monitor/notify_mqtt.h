/* notify_mqtt: notices to an MQTT broker, and how each pipeline is as retained messages, with Home Assistant's discovery.
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

#define NOTIFY_MQTT_MESSAGES 3 /* of a pipeline: state and two of discovery */

struct notify_mqtt_message {
	char topic[400];
	char *payload; /* free(3); NULL: memory ran out */
};

/* notify_mqtt_view: the retained messages of one pipeline. host: this machine's name. Returns how many: 1 without discovery.
 * source: home-assistant.io/integrations/mqtt "MQTT discovery" */
size_t notify_mqtt_view(const struct config_notify *config, const char *host, const struct notify_view *view,
                        struct notify_mqtt_message messages[NOTIFY_MQTT_MESSAGES]);

#endif
