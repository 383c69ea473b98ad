/* Every value knows where it stands; what a configuration does not need is refused; nothing is unbounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/yaml_pos.h"

struct document {
	struct arena *arena;
	struct faults faults;
	const struct yaml_pos *root;
};

static void parse(struct document *d, const char *text, size_t len)
{
	d->arena = arena_new(8u << 20);
	assert_non_null(d->arena);
	faults_init(&d->faults);
	d->root = yaml_pos_parse(text, len, d->arena, &d->faults);
}

static void done(struct document *d)
{
	faults_done(&d->faults);
	arena_destroy(&d->arena);
}

static void values_know_their_line_and_column(void **state)
{
	static const char text[] = "a: 1\n"
	                           "\xc3\xbc: [x, \"y z\", {k: ~}]\n"
	                           "m:\n"
	                           "  - n: |\n"
	                           "      long\n"
	                           "  -\n";
	struct document d;
	const struct yaml_pos *list = NULL;
	const struct yaml_pos *m = NULL;

	(void)state;
	parse(&d, text, sizeof(text) - 1);
	assert_int_equal(d.faults.total, 0);
	assert_non_null(d.root);
	assert_int_equal(d.root->n_items, 3);
	assert_string_equal(yaml_pos_get(d.root, "a")->text, "1");
	assert_int_equal(yaml_pos_get(d.root, "a")->column, 4);
	list = yaml_pos_get(d.root, "\xc3\xbc");
	assert_int_equal(list->line, 2);
	assert_int_equal(list->column, 4); /* characters, not bytes */
	assert_int_equal(list->key->column, 1);
	assert_true(list->first->next->quoted);
	assert_int_equal(list->first->next->column, 8);
	assert_true(yaml_pos_null(yaml_pos_get(list->last, "k")));
	assert_ptr_equal(yaml_pos_place(list), list->key);
	assert_ptr_equal(yaml_pos_place(list->first), list->first);
	m = yaml_pos_get(d.root, "m");
	assert_int_equal(m->line, 4);
	assert_int_equal(m->column, 3);
	assert_string_equal(yaml_pos_get(m->first, "n")->text, "long\n");
	assert_true(yaml_pos_get(m->first, "n")->quoted);
	assert_true(yaml_pos_null(m->last));
	assert_null(yaml_pos_get(d.root, "b"));
	assert_null(yaml_pos_get(m, "b"));
	assert_null(yaml_pos_get(NULL, "b"));
	done(&d);
}

static void null_in_quotes_is_a_text(void **state)
{
	static const char text[] = "[\"null\", '', \"~\", null, ~]";
	struct document d;

	(void)state;
	parse(&d, text, sizeof(text) - 1);
	assert_non_null(d.root);
	assert_int_equal(d.root->n_items, 5);
	for (const struct yaml_pos *item = d.root->first; item != NULL; item = item->next)
		assert_int_equal(yaml_pos_null(item), item->column > 18);
	done(&d);
}

/* One of each way to become too large. */
static void sizes_are_bounded(void **state)
{
	static const struct {
		const char *piece;
		size_t times;
		const char *said;
	} cases[] = {
		{ "[", YAML_POS_DEPTH_MAX + 1, "nested too deeply" },
		{ "[", 100000, "nested too deeply" },
		{ "- a\n", YAML_POS_ITEMS_MAX + 1, "more than 2000 items" },
		{ "- "
		  "[a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,"
		  "a,a,a,a,a,a]\n",
		  1900, "too many values" },
		{ "# comment\n", 209800, "larger than 2097152 bytes" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].piece);
		char *text = malloc(len * cases[i].times);
		struct document d;

		assert_non_null(text);
		for (size_t j = 0; j < cases[i].times; j++)
			memcpy(text + j * len, cases[i].piece, len);
		parse(&d, text, len * cases[i].times);
		assert_null(d.root);
		assert_int_equal(d.faults.total, 1);
		if (strstr(d.faults.list[0].text, cases[i].said) == NULL)
			fail_msg("%s", d.faults.list[0].text);
		done(&d);
		free(text);
	}
}

static void a_limited_arena_ends_it(void **state)
{
	struct document d;
	char text[4000];

	(void)state;
	memset(text, 'a', sizeof(text));
	d.arena = arena_new(1000);
	faults_init(&d.faults);
	d.root = yaml_pos_parse(text, sizeof(text), d.arena, &d.faults);
	assert_null(d.root);
	assert_true(arena_failed(d.arena));
	done(&d);
}

static void what_is_not_needed_is_refused(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *said;
	} cases[] = {
		{ "a: &x 1\n", 1, 4, "an anchor (&x)" },
		{ "a: *x\n", 1, 4, "an alias (*x)" },
		{ "a: !t 1\n", 1, 4, "a tag (!t)" },
		{ "a: 1\na: 2\n", 2, 1, "'a' is there twice, first in line 1" },
		{ "{a: 1, \"a\": 2}\n", 1, 8, "'a' is there twice" },
		{ "? {b: c}\n: 1\n", 1, 3, "a key must be a word" },
		{ "a: \"x\\0y\"\n", 1, 4, "must not hold \\0" },
		{ "a: 1\n---\nb: 2\n", 2, 1, "a second document" },
		{ "a:\n  - b\n \t- c\n", 3, 2, "a tab in the indentation" },
		{ "a: b: c\n", 1, 5, "YAML syntax" },
		{ "a: \"b\n", 1, 4, "YAML syntax" },
		{ "\xef\xbb\xbf"
		  "a: \"b\n",
		  1, 4, "YAML syntax" }, /* behind a byte order mark */
		{ "a: \x01\n", 1, 4, "control characters are not allowed" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct document d;

		parse(&d, cases[i].text, strlen(cases[i].text));
		assert_true(d.faults.total >= 1);
		if (strstr(d.faults.list[0].text, cases[i].said) == NULL || d.faults.list[0].line != cases[i].line ||
		    d.faults.list[0].column != cases[i].column)
			fail_msg("%s: %u:%u: %s", cases[i].text, d.faults.list[0].line, d.faults.list[0].column,
			         d.faults.list[0].text);
		done(&d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_know_their_line_and_column),
		cmocka_unit_test(null_in_quotes_is_a_text),
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(a_limited_arena_ends_it),
		cmocka_unit_test(what_is_not_needed_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
