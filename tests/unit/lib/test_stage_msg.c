/* Requests from the network are taken whole and right, or refused with what is wrong; replies are what docs/protocol.md says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/stage_msg.h"

#define RUN "20261123T053600Z-1f2e3d4c"
#define VAULT "{\"name\":\"dad\",\"root\":\"/v\"}"

static const char whole[] =
        "{\"v\":1,\"job\":\"" RUN "/1\",\"run\":\"" RUN "\",\"pipeline\":\"time.machine-1\",\"attempt\":2,"
        "\"trigger\":\"max-wait\",\"dry_run\":true,\"source\":\"/volume1/Fotos \xc3\xbc\",\"unknown\":[1,{}],"
        "\"vault\":{\"name\":\"dad\",\"ssh\":\"backup@dad:22\",\"identity\":\"/"
        "k\",\"ssh_options\":[\"Port=22\",\"X=y\"],"
        "\"root\":\"/"
        "v\",\"contact\":{\"language\":\"de\",\"name\":\"Anna\"},\"compression\":\"off\",\"rates\":[{\"from\":0,\"to\":"
        "1439,\"bytes_per_s\":200000},{\"from\":1,\"to\":2,"
        "\"bytes_per_s\":0}]},"
        "\"with\":{\"driver\":\"btrfs\",\"last\":3,\"fast\":true,\"exclude\":[\"@eaDir\",\"#recycle\"],\"mixed\":[1]},"
        "\"results\":{\"snapshot\":{\"path\":\"/s\",\"ctransid\":9007199254740993}}}";

static struct stage_request *parse(const char *json)
{
	struct stage_request *request = NULL;
	struct error err = { 0 };

	if (stage_request_parse(json, strlen(json), &request, &err) != 0)
		fail_msg("%s", err.text);
	return request;
}

static void a_whole_request_is_read(void **state)
{
	struct stage_request *r = parse(whole);
	const struct config_vault *vault = stage_request_vault(r);
	int64_t number = 0;

	(void)state;
	assert_string_equal(stage_request_job(r), RUN "/1");
	assert_string_equal(stage_request_run(r), RUN);
	assert_string_equal(stage_request_pipeline(r), "time.machine-1");
	assert_string_equal(stage_request_source(r), "/volume1/Fotos \xc3\xbc");
	assert_int_equal(stage_request_attempt(r), 2);
	assert_int_equal(stage_request_trigger(r), TRIGGER_MAX_WAIT);
	assert_true(stage_request_dry_run(r));
	assert_string_equal(vault->ssh, "backup@dad:22");
	assert_string_equal(vault->identity, "/k");
	assert_string_equal(vault->ssh_options[1], "X=y");
	assert_null(vault->ssh_options[2]);
	assert_int_equal(vault->n_rates, 2);
	assert_true(vault->plain);
	assert_string_equal(vault->contact->language, "de");
	assert_string_equal(vault->contact->name, "Anna");
	assert_string_equal(vault->contact->phone, "");
	assert_int_equal(vault->rates[0].to_minute, 1439);
	assert_int_equal(vault->rates[0].bytes_per_s, 200000);
	assert_string_equal(stage_request_result_string(r, "snapshot", "path"), "/s");
	assert_int_equal(stage_request_result_integer(r, "snapshot", "ctransid", &number), 0);
	assert_true(number == 9007199254740993); /* beyond what a double holds */
	assert_null(stage_request_result_string(r, "snapshot", "ctransid"));
	assert_null(stage_request_result_string(r, "transfer", "path"));
	assert_int_equal(stage_request_result_integer(r, "snapshot", "path", &number), -1);
	stage_request_destroy(&r);
	assert_null(r);
	stage_request_destroy(&r);
}

static void options_are_typed_and_keep_their_presets(void **state)
{
	struct stage_request *r = parse(whole);
	struct error err = { 0 };
	const char *text = "preset";
	int64_t number = 7;
	bool flag = false;
	const char *const *list = NULL;

	(void)state;
	assert_int_equal(stage_request_with_string(r, "driver", &text, &err), 0);
	assert_string_equal(text, "btrfs");
	assert_int_equal(stage_request_with_integer(r, "absent", &number, &err), 0);
	assert_int_equal(number, 7);
	assert_int_equal(stage_request_with_integer(r, "last", &number, &err), 0);
	assert_int_equal(number, 3);
	assert_int_equal(stage_request_with_bool(r, "fast", &flag, &err), 0);
	assert_true(flag);
	assert_int_equal(stage_request_with_strings(r, "absent", &list, &err), 0);
	assert_null(list);
	assert_int_equal(stage_request_with_strings(r, "exclude", &list, &err), 0);
	assert_string_equal(list[0], "@eaDir");
	assert_string_equal(list[1], "#recycle");
	assert_null(list[2]);
	assert_int_equal(stage_request_with_string(r, "last", &text, &err), -1);
	assert_int_equal(err.class, ERR_INPUT);
	assert_string_equal(err.text, "with.last: want a string");
	assert_int_equal(stage_request_with_integer(r, "driver", &number, &err), -1);
	assert_int_equal(stage_request_with_bool(r, "last", &flag, &err), -1);
	assert_int_equal(stage_request_with_strings(r, "driver", &list, &err), -1);
	assert_int_equal(stage_request_with_strings(r, "mixed", &list, &err), -1);
	assert_string_equal(err.text, "with.mixed: want a list of strings");
	stage_request_destroy(&r);
}

#define START                                                                                                          \
	"{\"v\":1,\"job\":\"r/0\",\"run\":\"r\",\"pipeline\":\"p\",\"attempt\":1,\"trigger\":\"idle\",\"source\":\"/"  \
	"s\""

static void the_shortest_request_is_taken(void **state)
{
	struct stage_request *r = parse(START ",\"vault\":" VAULT "}");
	const char *text = NULL;

	(void)state;
	assert_null(stage_request_vault(r)->ssh);
	assert_null(stage_request_vault(r)->ssh_options[0]);
	assert_false(stage_request_dry_run(r));
	assert_null(stage_request_snapshots(r)->anchor);
	assert_false(stage_request_snapshots(r)->release);
	assert_int_equal(stage_request_brake(r), 50);
	assert_false(stage_request_seed(r)->writes);
	assert_null(stage_request_seed(r)->run);
	assert_int_equal(stage_request_with_string(r, "driver", &text, NULL), 0);
	assert_null(text);
	assert_null(stage_request_result_string(r, "snapshot", "path"));
	stage_request_destroy(&r);
}

static const struct {
	const char *json;
	const char *told; /* part of the message */
} wrong[] = {
	{ "", "empty" },
	{ "{", "no JSON" },
	{ "[]", "want an object" },
	{ "null", "" },
	{ "{}", "v: want" },
	{ START ",\"vault\":" VAULT "} x", "no JSON" },
	{ START ",\"vault\":" VAULT ",\"v\":1}", "duplicate" },
	{ START ",\"vault\":" VAULT ",\"with\":{\"a\":\"\xff\"}}", "0xff" },
	{ START ",\"vault\":" VAULT ",\"with\":{\"a\":\"\\u0000\"}}", "no JSON" },
	{ START ",\"vault\":" VAULT ",\"with\":{\"a\":\"\\ud800\"}}", "no JSON" },
	{ START ",\"vault\":" VAULT ",\"with\":{\"a\":99999999999999999999}}", "no JSON" },
	{ START ",\"vault\":" VAULT ",\"with\":[]}", "with: want an object" },
	{ START ",\"vault\":" VAULT ",\"results\":{\"snapshot\":1}}", "results.snapshot: want an object" },
	{ START ",\"vault\":" VAULT ",\"results\":\"x\"}", "results: want an object" },
	{ START ",\"vault\":" VAULT ",\"dry_run\":1}", "dry_run: want" },
	{ START ",\"vault\":" VAULT ",\"anchor\":1}", "anchor: want" },
	{ START ",\"vault\":" VAULT ",\"local\":-1}", "local: want" },
	{ START ",\"vault\":" VAULT ",\"release\":1}", "release: want" },
	{ START ",\"vault\":" VAULT ",\"seeding\":1}", "seeding: want" },
	{ START ",\"vault\":" VAULT ",\"seed\":{\"run\":\"r\",\"taken_at\":1}}", "seed.snapshot_uuid: missing" },
	{ START "}", "vault: want an object" },
	{ START ",\"vault\":{\"name\":\"dad\"}}", "vault.root: missing" },
	{ START ",\"vault\":{\"name\":\"dad\",\"root\":\"v\"}}", "vault.root: want an absolute path" },
	{ START ",\"vault\":{\"name\":1,\"root\":\"/v\"}}", "vault.name: want a string" },
	{ START ",\"vault\":{\"name\":\"../x\",\"root\":\"/v\"}}", "vault.name" },
	{ START ",\"vault\":{\"name\":\"d\",\"root\":\"/v\",\"ssh\":\"-oProxyCommand=x\"}}", "vault.ssh" },
	{ START ",\"vault\":{\"name\":\"d\",\"root\":\"/v\",\"ssh\":\"a b\"}}", "vault.ssh" },
	{ START ",\"vault\":{\"name\":\"d\",\"root\":\"/v\",\"ssh\":7}}", "vault.ssh: want a string" },
	{ START ",\"vault\":{\"name\":\"d\",\"root\":\"/v\",\"ssh_options\":{}}}", "vault.ssh_options: want a list" },
	{ START ",\"vault\":{\"name\":\"d\",\"root\":\"/v\",\"ssh_options\":[\"a\",1]}}",
	  "ssh_options[1]: want a string" },
	{ START ",\"vault\":{\"name\":\"d\",\"root\":\"/v\",\"compression\":\"zstd\"}}",
	  "vault.compression: want auto or off" },
	{ START ",\"vault\":{\"name\":\"d\",\"root\":\"/v\",\"compression\":true}}",
	  "vault.compression: want a string" },
	{ START ",\"vault\":{\"name\":\"d\",\"root\":\"/v\",\"contact\":1}}", "vault.contact: want an object" },
	{ START ",\"vault\":{\"name\":\"d\",\"root\":\"/v\",\"contact\":{\"mail\":1}}}",
	  "vault.contact.mail: want a string" },
	{ START ",\"vault\":{\"name\":\"d\",\"root\":\"/v\",\"contact\":{\"language\":\"../x\"}}}",
	  "vault.contact.language: want a code" },
	{ START ",\"vault\":{\"name\":\"d\",\"root\":\"/v\",\"rates\":1}}", "vault.rates: want a list" },
	{ START ",\"vault\":{\"name\":\"d\",\"root\":\"/v\",\"rates\":[1]}}", "vault.rates[0].from: want" },
	{ START ",\"vault\":{\"name\":\"d\",\"root\":\"/v\",\"rates\":[{\"from\":1440,\"to\":0,\"bytes_per_s\":1}]}}",
	  "vault.rates[0].from: want an integer from 0 to 1439" },
	{ START ",\"vault\":{\"name\":\"d\",\"root\":\"/v\",\"rates\":[{\"from\":0,\"to\":0,\"bytes_per_s\":-1}]}}",
	  "bytes_per_s" },
	{ START ",\"vault\":{\"name\":\"d\",\"root\":\"/v\",\"rates\":[{\"from\":0,\"to\":0,\"bytes_per_s\":1.5}]}}",
	  "bytes_per_s" },
};

static void wrong_requests_are_refused_with_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct stage_request *r = NULL;
		struct error err = { 0 };

		if (stage_request_parse(wrong[i].json, strlen(wrong[i].json), &r, &err) == 0)
			fail_msg("taken: %s", wrong[i].json);
		assert_null(r);
		assert_int_equal(err.class, ERR_INPUT);
		if (strstr(err.text, wrong[i].told) == NULL)
			fail_msg("%s\nis told as: %s\nwant: %s", wrong[i].json, err.text, wrong[i].told);
	}
}

/* Each member of a right request, replaced by a value that it may not have. */
static const struct {
	const char *key;
	const char *value;
} members[] = {
	{ "v", "2" },
	{ "v", "\"1\"" },
	{ "v", "true" },
	{ "job", "\"\"" },
	{ "job", "7" },
	{ "job", "\"a#b\"" },
	{ "job", "\"/r\"" },
	{ "job", "\"a b\"" },
	{ "run", "\"../r\"" },
	{ "run", "\"r/1\"" },
	{ "run", "null" },
	{ "run", "\".\"" },
	{ "pipeline", "[]" },
	{ "pipeline", "\"a/b\"" },
	{ "pipeline", "\"\"" },
	{ "attempt", "0" },
	{ "attempt", "-1" },
	{ "attempt", "1.0" },
	{ "attempt", "1000000000" },
	{ "attempt", "\"1\"" },
	{ "trigger", "\"now\"" },
	{ "trigger", "1" },
	{ "source", "\"\"" },
	{ "source", "\"s\"" },
	{ "source", "{}" },
	{ "vault", "[]" },
	{ "vault", "\"dad\"" },
};

static void every_member_is_held_to_its_type_and_range(void **state)
{
	static const char *const keys[] = { "v", "job", "run", "pipeline", "attempt", "trigger", "source", "vault" };
	static const char *const values[] = { "1", "\"r/0\"", "\"r\"", "\"p\"", "1", "\"idle\"", "\"/s\"", VAULT };

	(void)state;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]) + 8; i++) {
		char json[1024] = "{";
		struct stage_request *r = NULL;
		struct error err = { 0 };
		bool missing = i < 8; /* the first rounds leave a member out */
		const char *key = missing ? keys[i] : members[i - 8].key;

		for (size_t k = 0; k < 8; k++) {
			bool this = strcmp(keys[k], key) == 0;
			size_t used = strlen(json);

			if (!(this && missing))
				(void)snprintf(json + used, sizeof(json) - used, "%s\"%s\":%s", used > 1 ? "," : "",
				               keys[k], this ? members[i - 8].value : values[k]);
		}
		strcat(json, "}");
		if (stage_request_parse(json, strlen(json), &r, &err) == 0)
			fail_msg("taken: %s", json);
		assert_int_equal(err.class, ERR_INPUT);
		assert_non_null(strstr(err.text, key));
	}
}

static void depth_and_size_are_bounded(void **state)
{
	struct stage_request *r = NULL;
	struct error err = { 0 };
	size_t size = STAGE_MESSAGE_MAX + 1;
	char *json = malloc(size);

	(void)state;
	memset(json, '[', size);
	assert_int_equal(stage_request_parse(json, size, &r, &err), -1);
	assert_non_null(strstr(err.text, "at most"));
	assert_int_equal(stage_request_parse(json, size - 1, &r, &err), -1);
	assert_non_null(strstr(err.text, "deeper"));
	memset(json, '"', 1);
	assert_int_equal(stage_request_parse(json, 100, &r, &err), -1); /* brackets in a string are no depth */
	assert_non_null(strstr(err.text, "no JSON"));
	memset(json, '\\', size);
	json[0] = '"';
	assert_int_equal(stage_request_parse(json, 2, &r, &err), -1); /* ends within an escape */
	free(json);
}

static void every_cut_of_a_request_is_refused(void **state)
{
	(void)state;
	for (size_t len = 0; len < strlen(whole); len++) {
		struct stage_request *r = NULL;
		char *exact = malloc(len + 1); /* so that a sanitizer sees a read behind the end */

		memcpy(exact, whole, len);
		exact = realloc(exact, len > 0 ? len : 1);
		assert_int_equal(stage_request_parse(exact, len, &r, NULL), -1);
		free(exact);
	}
}

static void damage_is_refused_or_read_but_never_followed(void **state)
{
	uint32_t random = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t len = strlen(whole);
		char *damaged = malloc(len);
		struct stage_request *r = NULL;
		struct error err = { 0 };
		char job[16];

		memcpy(damaged, whole, len);
		for (int i = 0; i < 1 + round % 3; i++) {
			random = random * 1664525 + 1013904223;
			damaged[(random >> 8) % len] = (char)(random >> 24);
		}
		if (stage_request_parse(damaged, len, &r, &err) != 0)
			assert_int_equal(err.class, ERR_INPUT);
		(void)stage_cancel_parse(damaged, len, job, sizeof(job));
		stage_request_destroy(&r);
		free(damaged);
	}
}

static void a_cancel_is_told_from_a_request(void **state)
{
	char job[8];

	(void)state;
	assert_true(stage_cancel_parse("{\"v\":1,\"cancel\":\"r/1\"}", 22, job, sizeof(job)));
	assert_string_equal(job, "r/1");
	assert_false(stage_cancel_parse(whole, strlen(whole), job, sizeof(job)));
	assert_false(stage_cancel_parse("{\"v\":1,\"cancel\":\"r/12345678\"}", 29, job, sizeof(job)));
	assert_false(stage_cancel_parse("{\"v\":1,\"cancel\":7}", 18, job, sizeof(job)));
	assert_false(stage_cancel_parse("{\"cancel\":\"r/1\"}", 16, job, sizeof(job)));
	assert_false(stage_cancel_parse("", 0, job, sizeof(job)));
}

static void text_equals(char *text, const char *want)
{
	assert_non_null(text);
	assert_string_equal(text, want);
	free(text);
}

static void replies_are_as_the_protocol_says(void **state)
{
	struct stage_result *result = stage_result_new();
	struct stage_progress progress = { 4096, UINT64_MAX, 3, 100, -1, "copying" };

	(void)state;
	stage_result_string(result, "path", "/caf\xe9"); /* Latin-1: no UTF-8 */
	stage_result_integer(result, "n", 1);
	stage_result_integer(result, "n", INT64_MAX);
	stage_result_bool(result, "reused", false);
	for (int i = 0; i < 2; i++) {
		struct stage_result *row = stage_result_row(result, "rows");

		stage_result_integer(row, "i", i);
	}
	stage_result_integer(stage_result_row(stage_result_part(result, "part"), "rows"), "j", 7);
	text_equals(stage_reply_ok(result),
	            "{\"status\":\"ok\",\"result\":{\"path\":\"/caf\\\\xe9\",\"n\":9223372036854775807,"
	            "\"reused\":false,\"rows\":[{\"i\":0},{\"i\":1}],\"part\":{\"rows\":[{\"j\":7}]}}}");
	stage_result_destroy(&result);
	assert_null(result);
	text_equals(stage_progress_json(&progress),
	            "{\"done\":4096,\"total\":9223372036854775807,\"files\":3,\"rate\":100,"
	            "\"eta_s\":null,\"note\":\"copying\"}");
	text_equals(stage_ready_json("w", "h", "1", "r/1#2"),
	            "{\"worker\":\"w\",\"host\":\"h\",\"version\":\"1\",\"features\":[\"cancel\",\"reattach\"],"
	            "\"jobs\":[\"r/1#2\"]}");
	text_equals(stage_ready_json("w", "h", "1", NULL), "{\"worker\":\"w\",\"host\":\"h\",\"version\":\"1\","
	                                                   "\"features\":[\"cancel\",\"reattach\"],\"jobs\":[]}");
}

static void the_class_of_an_error_decides_the_status(void **state)
{
	static const struct {
		enum error_class class;
		const char *want;
	} table[] = {
		{ ERR_LINK, "{\"status\":\"retry\",\"error\":{\"code\":\"link\",\"message\":\"m\"}}" },
		{ ERR_SPACE, "{\"status\":\"retry\",\"error\":{\"code\":\"space\",\"message\":\"m\"}}" },
		{ ERR_CONFIG, "{\"status\":\"fail\",\"error\":{\"code\":\"config\",\"message\":\"m\"}}" },
		{ ERR_BUSY, "{\"status\":\"fail\",\"error\":{\"code\":\"busy\",\"message\":\"m\"}}" },
		{ ERR_CANCELLED, "{\"status\":\"fail\",\"error\":{\"code\":\"cancelled\",\"message\":\"m\"}}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct error err = { .class = table[i].class, .text = "m" };

		text_equals(stage_reply_error(&err), table[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_request_is_read),
		cmocka_unit_test(options_are_typed_and_keep_their_presets),
		cmocka_unit_test(the_shortest_request_is_taken),
		cmocka_unit_test(wrong_requests_are_refused_with_what_is_wrong),
		cmocka_unit_test(every_member_is_held_to_its_type_and_range),
		cmocka_unit_test(depth_and_size_are_bounded),
		cmocka_unit_test(every_cut_of_a_request_is_refused),
		cmocka_unit_test(damage_is_refused_or_read_but_never_followed),
		cmocka_unit_test(a_cancel_is_told_from_a_request),
		cmocka_unit_test(replies_are_as_the_protocol_says),
		cmocka_unit_test(the_class_of_an_error_decides_the_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
