/* What the watcher tells the broker, and what it hears. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "lib/stage_msg.h"
#include "watcher/report.h"

/* A name as long as the file system takes, of letters that take more than one byte. */
static void fill(struct macs_one *one, size_t number)
{
	size_t used = (size_t)snprintf(one->marks.path, sizeof(one->marks.path), "%zu", number);

	for (; used < 240; used += 2)
		memcpy(one->marks.path + used, "\xc3\xa4", 3);
	(void)snprintf(one->marks.path + used, sizeof(one->marks.path) - used, ".sparsebundle");
	time_machine_mac_name(one->marks.path, one->marks.name);
	one->marks.is_backup = true;
	memset(one->marks.trouble, '\\', sizeof(one->marks.trouble) - 1);
}

static struct macs_one list[TIME_MACHINE_BUNDLES_MAX];
static const struct macs macs = { .list = list, .n = TIME_MACHINE_BUNDLES_MAX };

static struct source_report report_of(const char *pipeline)
{
	struct source_report report = { .pipeline = pipeline, .time_machine = true, .macs = &macs };

	report.verdict.state = IDLE_ACTIVE;
	memset(report.verdict.reason, 0xff, sizeof(report.verdict.reason) - 1);
	return report;
}

static void any_name_can_be_told(void **state)
{
	struct source_report report = report_of("tm");
	char *text;
	json_t *json;
	const json_t *told;
	size_t next = 0;

	(void)state;
	for (size_t i = 0; i < macs.n; i++)
		fill(&list[i], i);
	text = report_text("nas2", &report, 1, &next);
	assert_non_null(text);
	assert_int_equal(next, 1);
	json = json_loads(text, 0, NULL);
	told = json_object_get(json_array_get(json_object_get(json, "sources"), 0), "macs");
	assert_int_equal(json_array_size(told), macs.n);
	json_decref(json);
	free(text);
}

/* A message has a greatest size, and a source that has much to tell must not keep the others from being heard. */
static void as_many_messages_as_it_takes(void **state)
{
	static struct source_report reports[REPORT_SOURCES_MAX];
	size_t told = 0;
	size_t messages = 0;

	(void)state;
	for (size_t i = 0; i < macs.n; i++)
		fill(&list[i], i);
	for (size_t i = 0; i < REPORT_SOURCES_MAX; i++)
		reports[i] = report_of("tm");
	do {
		size_t next = told;
		char *text = report_text("nas2", reports + told, REPORT_SOURCES_MAX - told, &next);

		assert_non_null(text);
		assert_true(strlen(text) < STAGE_MESSAGE_MAX);
		free(text);
		messages++;
		assert_true(next > 0);
		told += next;
	} while (told < REPORT_SOURCES_MAX);
	assert_int_equal(told, REPORT_SOURCES_MAX);
	assert_true(messages > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_name_can_be_told),
		cmocka_unit_test(as_many_messages_as_it_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
