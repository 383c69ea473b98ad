#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "transfer/overlay.h"

static struct overlay *o;
static struct error err;

static int set_up(void **state)
{
	(void)state;
	err = (struct error){ .class = ERR_NONE };
	return overlay_new(&o, &err);
}

static int tear_down(void **state)
{
	(void)state;
	overlay_destroy(&o);
	return 0;
}

/* What is gone, moved, new, as text; in the order of the nodes. */
static const char *told(void)
{
	static char text[2048];
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t i = 1; i < overlay_count(o); i++) {
		const struct overlay_node *n = overlay_node(o, i);
		char is[256] = "";
		char was[256] = "";

		if (n->marker)
			continue;
		(void)overlay_path(o, i, is, sizeof(is));
		(void)overlay_origin(o, i, was, sizeof(was));
		if (overlay_gone(o, i))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "-%s ", was);
		else if (overlay_moved(o, i))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s>%s ", was, is);
		else if ((n->flags & OVERLAY_NEW) != 0 && (n->flags & OVERLAY_PRESENT) != 0)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "+%s ", is);
	}
	return text;
}

#define DO(call) assert_int_equal(call, 0)

static void two_names_that_were_swapped_are_two_moves(void **state)
{
	(void)state;
	DO(overlay_rename(o, "a", "o257-7-0", &err));
	DO(overlay_rename(o, "b", "a", &err));
	DO(overlay_rename(o, "o257-7-0", "b", &err));
	DO(overlay_settle(o));
	assert_string_equal(told(), "a>b b>a ");
}

static void a_new_file_passes_by_its_orphan_name(void **state)
{
	(void)state;
	DO(overlay_make(o, "o258-8-0", &err));
	DO(overlay_rename(o, "o258-8-0", "d/new", &err));
	DO(overlay_settle(o));
	assert_string_equal(told(), "+d/new ");
}

static void a_rename_that_comes_as_link_and_unlink_is_a_move(void **state)
{
	uint32_t node;

	(void)state;
	DO(overlay_link(o, "d/to", "from", &err));
	DO(overlay_remove(o, "from", &err));
	DO(overlay_touch(o, "d/to", &node, &err));
	DO(overlay_settle(o));
	assert_string_equal(told(), "from>d/to ");
}

static void a_second_name_is_said_to_be_one(void **state)
{
	(void)state;
	DO(overlay_link(o, "second", "first", &err));
	assert_int_equal(overlay_settle(o), 1);
}

static void what_lies_in_a_moved_folder_is_found_under_its_new_path(void **state)
{
	uint32_t node;
	char path[64];

	(void)state;
	DO(overlay_rename(o, "a", "b/c", &err));
	DO(overlay_touch(o, "b/c/deep/file", &node, &err));
	DO(overlay_settle(o));
	assert_true(overlay_origin(o, node, path, sizeof(path)));
	assert_string_equal(path, "a/deep/file");
	assert_string_equal(told(), "a>b/c ");
}

static void a_folder_and_its_child_change_places(void **state)
{
	(void)state;
	DO(overlay_rename(o, "a/b", "o300-1-0", &err));
	DO(overlay_rename(o, "a", "o300-1-0/a", &err));
	DO(overlay_rename(o, "o300-1-0", "b", &err));
	DO(overlay_settle(o));
	assert_string_equal(told(), "a>b/a a/b>b ");
}

static void a_place_that_was_left_can_be_taken_again(void **state)
{
	(void)state;
	DO(overlay_rename(o, "a", "b", &err));
	DO(overlay_make(o, "a", &err));
	DO(overlay_remove(o, "a", &err));
	DO(overlay_make(o, "a", &err));
	DO(overlay_settle(o));
	assert_string_equal(told(), "a>b +a ");
}

static void what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	DO(overlay_remove(o, "a", &err));
	assert_int_equal(overlay_remove(o, "a", &err), -1);
	assert_int_equal(err.class, ERR_PROTOCOL);
	assert_int_equal(overlay_rename(o, "a/in", "x", &err), -1);
	DO(overlay_make(o, "n", &err));
	assert_int_equal(overlay_make(o, "n", &err), -1);
	assert_int_equal(overlay_rename(o, "", "x", &err), -1);
	assert_int_equal(overlay_remove(o, "", &err), -1);
	assert_int_equal(err.class, ERR_PROTOCOL);
}

static void the_number_of_objects_is_bounded(void **state)
{
	int rc = 0;

	(void)state;
	for (unsigned i = 0; i <= OVERLAY_NODES_MOST && rc == 0; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "%u", i);
		rc = overlay_make(o, name, &err);
	}
	assert_int_equal(rc, -1);
	assert_int_equal(err.class, ERR_SPACE);
}

#define OVERLAY_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OVERLAY_TEST(two_names_that_were_swapped_are_two_moves),
		OVERLAY_TEST(a_new_file_passes_by_its_orphan_name),
		OVERLAY_TEST(a_rename_that_comes_as_link_and_unlink_is_a_move),
		OVERLAY_TEST(a_second_name_is_said_to_be_one),
		OVERLAY_TEST(what_lies_in_a_moved_folder_is_found_under_its_new_path),
		OVERLAY_TEST(a_folder_and_its_child_change_places),
		OVERLAY_TEST(a_place_that_was_left_can_be_taken_again),
		OVERLAY_TEST(what_makes_no_sense_is_refused),
		OVERLAY_TEST(the_number_of_objects_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
