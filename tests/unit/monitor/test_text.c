/* Texts grow up to a limit; what comes from elsewhere is escaped; templates are filled, or fail. */
#include "monitor/template.h"
#include "tests/unit/monitor/monitor_lab.h"

static void what_is_hostile_is_escaped(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "photos", "photos" },
		{ "<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" },
		{ "\" onload=\"x", "&quot; onload=&quot;x" },
		{ "a & b", "a &amp; b" },
		{ "\x1b[31m", "\\x1B[31m" },
		{ "ü", "ü" },
		{ "\xff", "\\xFF" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text text;

		text_init(&text);
		text_html(&text, rows[i].in);
		if (strcasecmp(text.data, rows[i].out) != 0)
			fail_msg("%s became %s", rows[i].in, text.data);
		text_done(&text);
	}
}

static void labels_are_escaped(void **state)
{
	struct text text;

	(void)state;
	text_init(&text);
	text_label(&text, "a\"b\\c");
	assert_string_equal(text.data, "a\\\"b\\\\c");
	text_done(&text);
}

static void it_grows_to_its_limit_and_no_further(void **state)
{
	struct text text;
	size_t len = 0;

	(void)state;
	text_init(&text);
	for (int i = 0; i < 10000; i++)
		text_add(&text, "%d,", i);
	assert_int_equal(text.len_bytes, 48890);
	while (!text_failed(&text))
		text_put(&text, "0123456789abcdef", 16);
	assert_true(text.len_bytes < TEXT_MAX_BYTES);
	assert_null(text_take(&text, &len));
	assert_null(text.data);
}

static void an_empty_text_is_a_text(void **state)
{
	struct text text;
	size_t len = 1;
	char *data = NULL;

	(void)state;
	text_init(&text);
	data = text_take(&text, &len);
	assert_string_equal(data, "");
	assert_int_equal(len, 0);
	free(data);
}

static void templates_are_filled(void **state)
{
	static const struct template_value values[] = { { "a", "<1>" }, { "b", "" }, { "c", NULL } };
	static const struct {
		const char *template, *out; /* NULL: it fails */
	} rows[] = {
		{ "plain", "plain" },
		{ "x{{a}}y", "x&lt;1&gt;y" },
		{ "x{{{a}}}y", "x<1>y" },
		{ "{{?a}}[{{a}}]{{/a}}", "[&lt;1&gt;]" },
		{ "x{{?b}}[{{a}}]{{/b}}y", "xy" },
		{ "x{{?c}}{{?a}}z{{/a}}{{/c}}y", "xy" },
		{ "{{c}}", "" },
		{ "{{unknown}}", NULL },
		{ "{{a", NULL },
		{ "{{?b}}never closed", NULL },
		{ "{{{a}}", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text text;

		text_init(&text);
		template_fill(&text, rows[i].template, values, 3);
		if (rows[i].out == NULL)
			assert_true(text_failed(&text));
		else
			assert_string_equal(text.data != NULL ? text.data : "", rows[i].out);
		text_done(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_hostile_is_escaped),
		cmocka_unit_test(labels_are_escaped),
		cmocka_unit_test(it_grows_to_its_limit_and_no_further),
		cmocka_unit_test(an_empty_text_is_a_text),
		cmocka_unit_test(templates_are_filled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
