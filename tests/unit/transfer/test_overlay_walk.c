/* An overlay is gone through in tree order; what is hidden hides what lies in it; a callback ends the walk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "transfer/overlay_walk.h"

struct seen {
	struct overlay_walk walk;
	char text[512];
	const char *hide, *end;
};

static void note(struct seen *seen, const char *what)
{
	size_t used = strlen(seen->text);

	(void)snprintf(seen->text + used, sizeof(seen->text) - used, "%s%s ", what, seen->walk.path);
}

static int enter(void *context, uint32_t node, bool *hidden, struct error *err)
{
	struct seen *seen = context;

	(void)node;
	(void)err;
	note(seen, *hidden ? "-" : "+");
	*hidden = *hidden || strcmp(seen->walk.path, seen->hide) == 0;
	return strcmp(seen->walk.path, seen->end) == 0 ? 7 : 0;
}

static int leave(void *context, uint32_t node, struct error *err)
{
	(void)node;
	(void)err;
	note(context, "/");
	return 0;
}

static int walk(struct seen *seen)
{
	static const char *const made[] = { "b", "a-b", "a", "a/x", "a/x/deep", "a/b" };
	struct error err = { .class = ERR_NONE };
	int rc;

	assert_int_equal(overlay_new(&seen->walk.overlay, &err), 0);
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		assert_int_equal(overlay_make(seen->walk.overlay, made[i], &err), 0);
	assert_int_equal(overlay_settle(seen->walk.overlay), 0);
	seen->walk.enter = enter;
	seen->walk.leave = leave;
	seen->walk.context = seen;
	rc = overlay_walk(&seen->walk, &err);
	overlay_destroy(&seen->walk.overlay);
	return rc;
}

static void in_tree_order(void **state)
{
	static struct seen seen = { .hide = "none", .end = "none" };

	(void)state;
	assert_int_equal(walk(&seen), 0);
	assert_string_equal(seen.text, "+ +a +a/b /a/b +a/x +a/x/deep /a/x/deep /a/x /a +a-b /a-b +b /b / ");
}

static void what_is_hidden_hides_what_lies_in_it(void **state)
{
	static struct seen seen = { .hide = "a/x", .end = "none" };

	(void)state;
	assert_int_equal(walk(&seen), 0);
	assert_string_equal(seen.text, "+ +a +a/b /a/b +a/x -a/x/deep /a +a-b /a-b +b /b / ");
}

static void a_callback_ends_it(void **state)
{
	static struct seen seen = { .hide = "none", .end = "a/b" };

	(void)state;
	assert_int_equal(walk(&seen), 7);
	assert_string_equal(seen.text, "+ +a +a/b ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_tree_order),
		cmocka_unit_test(what_is_hidden_hides_what_lies_in_it),
		cmocka_unit_test(a_callback_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
