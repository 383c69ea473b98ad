/* What a monitoring system is told: status, one line, performance data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/health.h"
#include "cli/verbs.h"
#include "tests/unit/cli/verb_lab.h"

static const struct verb verbs[] = { { "health", health_main } };

#define WATCHED "\"watch\":{\"state\":\"unchanged\"}"
#define SAFE(name) "{\"name\":\"" name "\",\"age_s\":7200,\"max_age_s\":93600,\"alarms\":[]," WATCHED "}"
#define PIPELINES(...) "{\"pipelines\":[" __VA_ARGS__ "]}"

static const struct {
	const char *name;
	const char *status;
	const char *pipeline;
	int64_t max_age_s;
	enum health health;
	const char *out;
} rows[] = {
	{ "safe", PIPELINES(SAFE("photos")), NULL, 0, HEALTH_OK,
	  "AOB OK - photos safe, 2 h old | 'photos_age'=7200s;;93600;0;\n" },
	{ "all safe", PIPELINES(SAFE("photos") "," SAFE("mac")), NULL, 0, HEALTH_OK,
	  "AOB OK - 2 pipelines are safe | 'photos_age'=7200s;;93600;0; 'mac_age'=7200s;;93600;0;\nOK photos: safe, 2 "
	  "h old\nOK mac: safe, 2 h old\n" },
	{ "only one is asked for", PIPELINES(SAFE("photos") ",{\"name\":\"mac\",\"age_s\":null,\"max_age_s\":1}"),
	  "photos", 0, HEALTH_OK, "AOB OK - photos safe, 2 h old | 'photos_age'=7200s;;93600;0;\n" },
	{ "older than asked", PIPELINES(SAFE("photos")), NULL, 3600, HEALTH_CRITICAL,
	  "AOB CRITICAL - photos the state in the vault is 2 h old | 'photos_age'=7200s;;3600;0;\n" },
	{ "overdue",
	  PIPELINES("{\"name\":\"photos\",\"age_s\":100000,\"max_age_s\":93600,\"overdue\":{\"reason\":\"no | "
	            "route\"},\"alarms\":[{\"kind\":\"overdue\"}]," WATCHED "}"),
	  NULL, 0, HEALTH_CRITICAL,
	  "AOB CRITICAL - photos the state in the vault is 1 d 3 h old: no / route | "
	  "'photos_age'=100000s;;93600;0;\n" },
	{ "overdue, but younger than asked",
	  PIPELINES("{\"name\":\"photos\",\"age_s\":100000,\"max_age_s\":93600,\"overdue\":{\"reason\":\"x\"},"
	            "\"alarms\":[{\"kind\":\"overdue\"}]," WATCHED "}"),
	  NULL, 200000, HEALTH_OK, "AOB OK - photos safe, 1 d 3 h old | 'photos_age'=100000s;;200000;0;\n" },
	{ "failed",
	  PIPELINES("{\"name\":\"photos\",\"age_s\":7200,\"max_age_s\":0,\"alarms\":[{\"kind\":\"forecast\",\"reason\":"
	            "\"full soon\"},{\"kind\":\"failed\",\"reason\":\"no room\"}]," WATCHED "}"),
	  NULL, 0, HEALTH_CRITICAL, "AOB CRITICAL - photos failed: no room | 'photos_age'=7200s;;;0;\n" },
	{ "forecast, and space",
	  PIPELINES("{\"name\":\"photos\",\"age_s\":7200,\"max_age_s\":0,\"space\":{\"vault_free_bytes\":5,\"vault_"
	            "total_bytes\":9},\"alarms\":[{\"kind\":\"forecast\",\"reason\":\"full soon\"}]," WATCHED "}"),
	  NULL, 0, HEALTH_WARNING,
	  "AOB WARNING - photos forecast: full soon | 'photos_age'=7200s;;;0; 'photos_vault_free'=5B;;;0;9\n" },
	{ "braked, with the remedy",
	  PIPELINES("{\"name\":\"photos\",\"age_s\":7200,\"max_age_s\":0,\"alarms\":[{\"kind\":\"braked\",\"reason\":"
	            "\"97 of 100 files; aob release photos\"}]," WATCHED "}"),
	  NULL, 0, HEALTH_CRITICAL,
	  "AOB CRITICAL - photos braked: 97 of 100 files; aob release photos | 'photos_age'=7200s;;;0;\n" },
	{ "an alarm of days to come",
	  PIPELINES("{\"name\":\"photos\",\"age_s\":7200,\"max_age_s\":0,\"alarms\":[{\"kind\":\"melted\",\"reason\":"
	            "\"hot\"}]," WATCHED "}"),
	  NULL, 0, HEALTH_WARNING, "AOB WARNING - photos melted: hot | 'photos_age'=7200s;;;0;\n" },
	{ "paused",
	  PIPELINES("{\"name\":\"photos\",\"paused\":true,\"age_s\":60,\"alarms\":[]," WATCHED "}," SAFE("mac")), NULL,
	  0, HEALTH_WARNING,
	  "AOB WARNING - photos paused: `aob resume` lets it go on (1 of 2 are well) | 'photos_age'=60s;;;0; "
	  "'mac_age'=7200s;;93600;0;\n"
	  "WARNING photos: paused: `aob resume` lets it go on\nOK mac: safe, 2 h old\n" },
	{ "nothing yet",
	  PIPELINES("{\"name\":\"photos\",\"age_s\":null,\"waits_for\":\"rest\",\"alarms\":[]," WATCHED "}"), NULL, 0,
	  HEALTH_WARNING, "AOB WARNING - photos nothing lies in the vault yet: rest |\n" },
	{ "nothing, and that is too little",
	  PIPELINES("{\"name\":\"photos\",\"age_s\":null,\"alarms\":[]," WATCHED "}"), NULL, 60, HEALTH_CRITICAL,
	  "AOB CRITICAL - photos nothing lies in the vault |\n" },
	{ "not watched",
	  PIPELINES("{\"name\":\"photos\",\"age_s\":60,\"alarms\":[],\"watch\":{\"state\":\"unknown\",\"reason\":"
	            "\"silent\"}}"),
	  NULL, 0, HEALTH_WARNING, "AOB WARNING - photos its source is not watched: silent | 'photos_age'=60s;;;0;\n" },
	{ "no such pipeline", PIPELINES(SAFE("photos")), "mac", 0, HEALTH_UNKNOWN,
	  "AOB UNKNOWN - there is no pipeline mac\n" },
};

static void the_table_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *status = json_loads(rows[i].status, 0, NULL);
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);
		enum health health = health_report(status, rows[i].pipeline, rows[i].max_age_s, 0, out);

		(void)fclose(out);
		if (health != rows[i].health || strcmp(text, rows[i].out) != 0)
			fail_msg("%s: %d\n%s--- expected %d\n%s", rows[i].name, (int)health, text, (int)rows[i].health,
			         rows[i].out);
		free(text);
		json_decref(status);
	}
}

static struct verb_lab lab;

static void it_asks_the_broker_and_exits_as_nagios_wants(void **state)
{
	const char *const plain[] = { "health", "--max-age", "1h", NULL };
	const char *const json[] = { "health", "photos", "--json", NULL };
	const char *const wrong[] = { "health", "--max-age", "26", NULL };
	const char *const help[] = { "health", "--help", NULL };

	(void)state;
	verb_lab_open(&lab);
	verb_lab_start(&lab, plain);
	verb_lab_answer(&lab, "{\"status\":\"ok\",\"result\":" PIPELINES(SAFE("photos")) "}");
	verb_lab_end(&lab);
	assert_int_equal(lab.status, 2);
	assert_non_null(strstr(lab.asked, "\"status\""));
	assert_memory_equal(lab.out, "AOB CRITICAL - photos", 21);
	verb_lab_start(&lab, json);
	verb_lab_answer(&lab, "{\"status\":\"ok\",\"result\":" PIPELINES(SAFE("photos")) "}");
	verb_lab_end(&lab);
	assert_int_equal(lab.status, 0);
	assert_non_null(strstr(lab.out, "\"health\": \"OK\""));
	verb_lab_start(&lab, wrong);
	verb_lab_end(&lab);
	assert_int_equal(lab.status, 3);
	assert_string_equal(lab.out, "AOB UNKNOWN - --max-age: '26' has no unit; write 26s, 26m or 26h\n");
	verb_lab_start(&lab, help);
	verb_lab_end(&lab);
	assert_int_equal(lab.status, 3); /* nothing was checked */
	assert_memory_equal(lab.out, "usage: aob health", 17);
	verb_lab_close(&lab);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_holds),
		cmocka_unit_test(it_asks_the_broker_and_exits_as_nagios_wants),
	};

	verb_lab_self(argc, argv, verbs, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
