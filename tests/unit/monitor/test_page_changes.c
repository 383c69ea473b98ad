/* What changed is told in a sentence and a list; names in it are text and nothing else. */
#include "monitor/page_changes.h"
#include "tests/unit/monitor/monitor_lab.h"

static void add(struct text *text, const char *result)
{
	struct view_detail *detail = result != NULL ? lab_detail(result) : NULL;

	text_init(text);
	page_changes_add(text, detail);
	view_detail_destroy(&detail);
}

static void a_sentence_and_a_list(void **state)
{
	struct text text;

	(void)state;
	add(&text,
	    "{\"base\":\"g\",\"changes\":{\"whole\":true,\"removed\":1,\"moved\":1,\"new\":1312,\"in_new_folders\":40,"
	    "\"left_out\":1311,\"entries\":[{\"kind\":\"removed\",\"path\":\"old/\"},"
	    "{\"kind\":\"moved\",\"path\":\"a\",\"to\":\"b\"},{\"kind\":\"new\",\"path\":\"c\",\"bytes\":12000}]}}");
	assert_holds(&text, "1 removed, 1 moved, 1\u202f312 new. In the new folders lie 40 more.");
	assert_holds(&text, "<ul class=\"list\" aria-label=\"What changed\">");
	assert_holds(&text,
	             "<b class=\"kind\">Removed</b><span class=\"grow\"><bdi class=\"path\">old/</bdi></span></li>");
	assert_holds(&text, "<bdi class=\"path\">a</bdi> <span class=\"soft\">to</span> <bdi class=\"path\">b</bdi>");
	assert_holds(&text, "12.0 kB");
	assert_holds(&text, "And 1\u202f311 more.");
	assert_lacks(&text, "broke");
	assert_lacks(&text, "first copy");
	text_done(&text);
}

static void hostile_names_stay_text(void **state)
{
	struct text text;

	(void)state;
	add(&text, "{\"base\":\"g\",\"changes\":{\"whole\":true,\"new\":2,\"entries\":["
	           "{\"kind\":\"<i>\",\"path\":\"<script>alert(1)</script>\\\"\\u001b[31m\"},"
	           "{\"kind\":\"new\",\"path\":\"\\u202efdp.exe</bdi>\",\"to\":\"<img src=x>\"}]}}");
	assert_holds(&text, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;\\x1b[31m</bdi>");
	assert_holds(&text, "fdp.exe&lt;/bdi&gt;</bdi>");
	assert_holds(&text, "&lt;img src=x&gt;");
	assert_holds(&text, "&lt;i&gt;");
	assert_lacks(&text, "<script");
	assert_lacks(&text, "<img");
	assert_lacks(&text, "\x1b");
	text_done(&text);
}

static void what_is_not_told_is_said(void **state)
{
	static const struct {
		const char *result, *words;
	} rows[] = {
		{ NULL, "The broker is being asked" },
		{ "null", "has forgotten the run" },
		{ "{\"changed_files\":1}", "told no list" },
		{ "{\"base\":\"\",\"changes\":{\"whole\":true,\"new\":1}}",
		  "This is the first copy: all in it is new. 1 new." },
		{ "{\"base\":\"\",\"changes\":{\"whole\":false,\"new\":1}}",
		  "what had crossed before is not told here. </p>" },
		{ "{\"base\":\"g\",\"changes\":{\"whole\":false,\"changed\":1}}", "is not told here. 1 changed." },
		{ "{\"base\":\"g\",\"changes\":{\"whole\":true}}", "Nothing." },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text text;

		add(&text, rows[i].result);
		assert_holds(&text, rows[i].words);
		assert_lacks(&text, "<ul");
		text_done(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sentence_and_a_list),
		cmocka_unit_test(hostile_names_stay_text),
		cmocka_unit_test(what_is_not_told_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
