/* What another process sent is of the kind that is wanted, or is refused by its name. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/json_want.h"

static bool is_too_deep(const char *text, size_t len)
{
	struct error err = { .class = ERR_NONE };
	json_t *loaded = json_want_load(text, len, ERR_INPUT, &err);

	json_decref(loaded);
	return loaded == NULL && strstr(err.text, "nested deeper than 32 levels") != NULL;
}

static json_t *object(const char *text)
{
	json_t *made = json_loads(text, JSON_DECODE_ANY, NULL);

	assert_non_null(made);
	return made;
}

static void depth_is_counted_outside_of_strings(void **state)
{
	static const char escaped[] = "\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[";
	char deep[2 * JSON_WANT_DEPTH + 3];

	(void)state;
	memset(deep, '[', JSON_WANT_DEPTH);
	memset(deep + JSON_WANT_DEPTH, ']', JSON_WANT_DEPTH);
	assert_false(is_too_deep(deep, (size_t)2 * JSON_WANT_DEPTH));
	memset(deep, '{', JSON_WANT_DEPTH + 1);
	assert_true(is_too_deep(deep, JSON_WANT_DEPTH + 1));
	deep[0] = '"';
	assert_false(is_too_deep(deep, JSON_WANT_DEPTH + 1));
	/* An escaped quote ends no string; what closes more than it opened counts for nothing. */
	assert_false(is_too_deep(escaped, sizeof(escaped) - 1));
	assert_false(is_too_deep("]]]]]]][]", 9));
}

static void a_text_that_is_no_object_is_refused_in_the_class_asked_for(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "empty" },
		{ "[]", "want an object" },
		{ "{\"a\": 1", "no JSON" },
		{ "{\"a\": 1, \"a\": 2}", "no JSON" },
		{ "{} {}", "no JSON" },
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		err = (struct error){ .class = ERR_NONE };
		assert_null(json_want_load(rows[i].text, strlen(rows[i].text), ERR_PROTOCOL, &err));
		assert_int_equal(err.class, ERR_PROTOCOL);
		assert_non_null(strstr(err.text, rows[i].why));
	}
	json_decref(json_want_load("{\"a\": 1}", 8, ERR_PROTOCOL, &err));
}

struct row {
	const char *json;
	bool good;
};

static void a_name_is_short_and_begins_with_a_letter_or_digit(void **state)
{
	static const struct row rows[] = {
		{ "{\"n\":\"a\"}", true },
		{ "{\"n\":\"a.b_c-9\"}", true },
		{ "{\"n\":\"123456789\"}", true },
		{ "{\"n\":\"\"}", false },
		{ "{\"n\":\"1234567890\"}", false },
		{ "{\"n\":\".a\"}", false },
		{ "{\"n\":\"-a\"}", false },
		{ "{\"n\":\"a/b\"}", false },
		{ "{\"n\":\"a b\"}", false },
		{ "{\"n\":7}", false },
		{ "{\"n\":null}", false },
		{ "{}", false },
		{ "[]", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = { .class = ERR_NONE };
		json_t *in = object(rows[i].json);
		const char *value = NULL;
		int rc = json_want_name(in, "x.", "n", JSON_WANT_NAME, 9, &value, &err);

		if ((rc == 0) != rows[i].good)
			fail_msg("%s: %d, %s", rows[i].json, rc, err.text);
		if (rc != 0) {
			assert_int_equal(err.class, ERR_INPUT);
			assert_non_null(strstr(err.text, "x.n: "));
		}
		json_decref(in);
	}
}

static void a_path_is_absolute_and_fits(void **state)
{
	char text[PATH_MAX + 32];
	struct error err = { .class = ERR_NONE };
	const char *value = "";
	json_t *in = object("{\"p\":\"relative\"}");

	(void)state;
	assert_int_equal(json_want_path(in, "", "p", true, &value, &err), -1);
	assert_int_equal(json_want_path(in, "", "absent", false, &value, &err), 0);
	assert_null(value);
	json_decref(in);
	(void)snprintf(text, sizeof(text), "{\"p\":\"/%0*d\"}", PATH_MAX - 2, 0);
	in = object(text);
	assert_int_equal(json_want_path(in, "", "p", true, &value, &err), 0);
	json_decref(in);
	(void)snprintf(text, sizeof(text), "{\"p\":\"/%0*d\"}", PATH_MAX - 1, 0);
	in = object(text);
	assert_int_equal(json_want_path(in, "", "p", true, &value, &err), -1);
	json_decref(in);
}

static void an_integer_is_within_its_bounds(void **state)
{
	static const struct row rows[] = { { "{\"i\":2}", true },  { "{\"i\":5}", true },    { "{\"i\":1}", false },
		                           { "{\"i\":6}", false }, { "{\"i\":2.0}", false }, { "{\"i\":\"2\"}", false },
		                           { "{}", false },        { "{\"i\":null}", false } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = { .class = ERR_NONE };
		json_t *in = object(rows[i].json);
		json_int_t value = 0;

		if ((json_want_integer(in, "", "i", 2, 5, &value, &err) == 0) != rows[i].good)
			fail_msg("%s", rows[i].json);
		json_decref(in);
	}
}

static void a_list_of_strings_has_nothing_else(void **state)
{
	struct error err = { .class = ERR_NONE };
	const char **strings = NULL;
	json_t *in = object("[\"a\", \"b\"]");

	(void)state;
	assert_int_equal(json_want_strings(in, "list", &strings, &err), 0);
	assert_string_equal(strings[0], "a");
	assert_string_equal(strings[1], "b");
	assert_null(strings[2]);
	free(strings);
	json_decref(in);
	assert_int_equal(json_want_strings(NULL, "list", &strings, &err), 0);
	assert_null(strings[0]);
	free(strings);
	in = object("[\"a\", 1]");
	assert_int_equal(json_want_strings(in, "list", &strings, &err), -1);
	assert_string_equal(err.text, "list[1]: want a string");
	json_decref(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(depth_is_counted_outside_of_strings),
		cmocka_unit_test(a_text_that_is_no_object_is_refused_in_the_class_asked_for),
		cmocka_unit_test(a_name_is_short_and_begins_with_a_letter_or_digit),
		cmocka_unit_test(a_path_is_absolute_and_fits),
		cmocka_unit_test(an_integer_is_within_its_bounds),
		cmocka_unit_test(a_list_of_strings_has_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
