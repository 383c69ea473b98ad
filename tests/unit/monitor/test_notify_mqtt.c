/* What Home Assistant is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/notify_mqtt.h"

static const char *text_of(const json_t *json, const char *key)
{
	return json_string_value(json_object_get(json, key));
}

static void a_pipeline_has_its_state_and_two_entities(void **state)
{
	struct config_notify config = { .topic = "home/aob", .discovery = "homeassistant" };
	struct notify_view view = { .pipeline = "mac.1", .alarms = "failed", .last_success_at = 1795316400 };
	struct notify_mqtt_message messages[NOTIFY_MQTT_MESSAGES];
	struct notify_mqtt_place place;
	json_t *json[NOTIFY_MQTT_MESSAGES];

	(void)state;
	notify_mqtt_place(&config, "nas", &place);
	assert_int_equal(notify_mqtt_view(&place, &view, messages), 3);
	for (size_t i = 0; i < 3; i++)
		assert_non_null(json[i] = json_loads(messages[i].payload, 0, NULL));
	assert_string_equal(messages[0].topic, "home/aob/mac.1/state");
	assert_string_equal(messages[0].payload,
	                    "{\"problem\":\"ON\",\"alarms\":\"failed\",\"last_success\":\"2026-11-22T03:00:00Z\"}");
	assert_string_equal(messages[1].topic, "homeassistant/binary_sensor/aob_nas_mac__1/problem/config");
	assert_string_equal(text_of(json[1], "state_topic"), messages[0].topic);
	assert_string_equal(text_of(json[1], "device_class"), "problem");
	assert_string_equal(text_of(json[1], "unique_id"), "aob_nas_mac.1_problem");
	assert_string_equal(text_of(json[1], "availability_topic"), "home/aob/status");
	assert_string_equal(messages[2].topic, "homeassistant/sensor/aob_nas_mac__1/last_success/config");
	assert_string_equal(text_of(json[2], "device_class"), "timestamp");
	assert_string_equal(text_of(json_object_get(json[1], "device"), "name"), "Backup mac.1 (nas)");
	assert_true(json_equal(json_object_get(json[1], "device"), json_object_get(json[2], "device")));
	for (size_t i = 0; i < 3; i++) {
		json_decref(json[i]);
		free(messages[i].payload);
	}
}

static void without_discovery_only_the_state(void **state)
{
	struct config_notify config = { .topic = "aob" };
	struct notify_view view = { .pipeline = "p" };
	struct notify_mqtt_message messages[NOTIFY_MQTT_MESSAGES];
	struct notify_mqtt_place place;

	(void)state;
	notify_mqtt_place(&config, "nas", &place);
	assert_int_equal(notify_mqtt_view(&place, &view, messages), 1);
	assert_string_equal(messages[0].topic, "aob/p/state");
	assert_string_equal(messages[0].payload, "{\"problem\":\"OFF\",\"alarms\":\"\",\"last_success\":null}");
	free(messages[0].payload);
}

static void two_machines_with_one_pipeline_name_share_no_topic(void **state)
{
	static const char *const hosts[] = { "nas", "nas.attic+#/x" };
	struct config_notify config = { .discovery = "homeassistant" };
	struct notify_view view = { .pipeline = "photos" };
	struct notify_mqtt_message messages[2][NOTIFY_MQTT_MESSAGES];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct notify_mqtt_place place;

		notify_mqtt_place(&config, hosts[i], &place);
		assert_int_equal(notify_mqtt_view(&place, &view, messages[i]), 3);
	}
	assert_string_equal(messages[0][0].topic, "aob/nas/photos/state");
	assert_string_equal(messages[1][0].topic,
	                    "aob/nas_attic___x/photos/state"); /* nothing that MQTT reads otherwise */
	for (size_t i = 0; i < 3; i++) {
		assert_string_not_equal(messages[0][i].topic, messages[1][i].topic);
		free(messages[0][i].payload);
		free(messages[1][i].payload);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pipeline_has_its_state_and_two_entities),
		cmocka_unit_test(without_discovery_only_the_state),
		cmocka_unit_test(two_machines_with_one_pipeline_name_share_no_topic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
