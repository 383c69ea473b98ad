#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "transfer/compare.h"

/* A tree as a list of entries in tree order. */
struct listed {
	const struct entry *entries;
	size_t n, at;
};

static int next(void *context, const struct entry **entry, struct error *err)
{
	struct listed *list = context;

	(void)err;
	if (list->at == list->n)
		return 0;
	*entry = &list->entries[list->at++];
	return 1;
}

#define ROOT                                                                                                           \
	{                                                                                                              \
		.path = "", .type = ENTRY_FOLDER, .target = "", .inode = 1, .links = 2                                 \
	}
#define FOLDER(p)                                                                                                      \
	{                                                                                                              \
		.path = (p), .type = ENTRY_FOLDER, .target = "", .inode = 2, .links = 2                                \
	}
#define FILE_(p, i, l, s, t)                                                                                           \
	{                                                                                                              \
		.path = (p), .type = ENTRY_FILE, .target = "", .inode = (i), .links = (l), .size_bytes = (s),          \
		.mtime_s = (t)                                                                                         \
	}
#define LINK_(p, i, to)                                                                                                \
	{                                                                                                              \
		.path = (p), .type = ENTRY_SYMLINK, .target = (to), .inode = (i), .links = 1                           \
	}

/* The file whose content neither size nor time tell; NULL: none. */
static const char *doubted;

static int doubts(void *context, const struct entry *source, struct error *err)
{
	(void)context;
	(void)err;
	return doubted != NULL && strcmp(doubted, source->path) == 0;
}

/* What the last plan means to people. */
static struct plan_totals planned;

/* The plan as text: "REMOVE a, MAKE b, ...", lists one behind the other with " | " between. */
static const char *plan_of(const struct entry *source, size_t n_source, const struct entry *vault, size_t n_vault,
                           struct compare_totals *totals, enum compare_with with)
{
	static const char *const ops[] = { "", "REMOVE", "MAKE", "FILE", "LINK", "META", "MOVE" };
	static char text[4096];
	struct listed lists[2] = { { source, n_source, 0 }, { vault, n_vault, 0 } };
	struct compare_side sides[2] = { { .next = next, .context = &lists[0] },
		                         { .next = next, .doubts = doubts, .context = &lists[1] } };
	struct error err = { .class = ERR_NONE };
	struct plan *plan;
	size_t used = 0;

	text[0] = '\0';
	assert_int_equal(plan_new(&plan, &err), 0);
	if (compare_trees(&sides[0], &sides[1], with, plan, totals, &err) != 0) {
		(void)snprintf(text, sizeof(text), "error %s", error_code(err.class));
		plan_destroy(&plan);
		return text;
	}
	planned = plan_totals(plan);
	for (int list = 0; list < PLAN_DRAFT; list++) {
		struct plan_item item;

		assert_int_equal(plan_begin(plan, (enum plan_list)list, &err), 0);
		while (plan_next(plan, (enum plan_list)list, &item, &err) == 1)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s %s%s%s ", ops[item.op],
			                         item.path, *item.existing != '\0' ? "=" : "", item.existing);
		if (list + 1 < PLAN_DRAFT)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "| ");
	}
	plan_destroy(&plan);
	return text;
}

#define EXPECT_KINDS(removed, moved, fresh, changed, metadata, in_new)                                                 \
	do {                                                                                                           \
		const uint64_t kinds[] = { (removed), (moved), (fresh), (changed), (metadata) };                       \
                                                                                                                       \
		assert_memory_equal(planned.kinds, kinds, sizeof(kinds));                                              \
		assert_int_equal(planned.enclosed, (in_new));                                                          \
	} while (0)
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define EXPECT(plan)                                                                                                   \
	assert_string_equal(plan_of(source, COUNT(source), vault, COUNT(vault), &totals, COMPARE_VAULT), plan)

static void equal_trees_need_nothing(void **state)
{
	const struct entry source[] = { ROOT, FOLDER("a"), FILE_("a/b", 10, 1, 5, 7), FILE_("a-b", 11, 1, 5, 7),
		                        LINK_("l", 12, "x") };
	const struct entry vault[] = { ROOT, FOLDER("a"), FILE_("a/b", 20, 3, 5, 7), FILE_("a-b", 21, 3, 5, 7),
		                       LINK_("l", 22, "x") };
	struct compare_totals totals;

	(void)state;
	EXPECT("| | | | | ");
	assert_int_equal(totals.files, 2);
	assert_int_equal(totals.bytes, 10);
}

static void a_file_of_which_size_and_time_do_not_tell_is_sent(void **state)
{
	const struct entry source[] = { ROOT, FILE_("f", 10, 1, 5, 7), FILE_("g", 11, 1, 5, 7) };
	const struct entry vault[] = { ROOT, FILE_("f", 20, 1, 5, 7), FILE_("g", 21, 1, 5, 7) };
	struct compare_totals totals;

	(void)state;
	doubted = "g";
	EXPECT("| | | FILE g | | META  ");
	doubted = NULL;
}

static void the_first_time_all_is_made(void **state)
{
	const struct entry source[] = { ROOT, FOLDER("a"), FILE_("a/b", 10, 1, 5, 7), LINK_("l", 12, "x") };
	const struct entry vault[] = { ROOT };
	struct compare_totals totals;

	(void)state;
	EXPECT("| | MAKE a | FILE a/b | MAKE l | META a META  ");
	EXPECT_KINDS(0, 0, 2, 0, 0, 1);
}

/* Nor is there a root then. */
static void of_a_first_copy_what_lies_at_the_top_is_told(void **state)
{
	const struct entry source[] = { ROOT, FOLDER("a"), FILE_("a/b", 10, 1, 5, 7), FILE_("c", 11, 1, 5, 7) };
	struct compare_totals totals;

	(void)state;
	assert_string_equal(plan_of(source, COUNT(source), NULL, 0, &totals, COMPARE_VAULT),
	                    "| | MAKE  MAKE a | FILE a/b FILE c | | META a META  ");
	EXPECT_KINDS(0, 0, 2, 0, 0, 1);
}

static void what_is_gone_goes_with_all_that_lay_in_it(void **state)
{
	const struct entry source[] = { ROOT, FILE_("z", 10, 1, 5, 7) };
	const struct entry vault[] = { ROOT,
		                       FOLDER("a"),
		                       FOLDER("a/b"),
		                       FILE_("a/b/c", 20, 1, 1, 1),
		                       FILE_("a-", 21, 1, 1, 1),
		                       FILE_("z", 22, 2, 5, 7) };
	struct compare_totals totals;

	(void)state;
	EXPECT("| REMOVE a REMOVE a- | | | | META  ");
	EXPECT_KINDS(2, 0, 0, 0, 0, 0);
}

static void a_folder_becomes_a_file_and_the_other_way_round(void **state)
{
	const struct entry source[] = { ROOT, FILE_("a", 10, 1, 5, 7), FOLDER("b"), FILE_("b/x", 11, 1, 5, 7) };
	const struct entry vault[] = { ROOT, FOLDER("a"), FILE_("a/old", 20, 1, 5, 6), FILE_("b", 21, 1, 5, 6) };
	struct compare_totals totals;

	(void)state;
	EXPECT("| REMOVE a | MAKE b | FILE a FILE b/x | | META b META  ");
	EXPECT_KINDS(1, 0, 1, 1, 0, 1);
}

static void only_metadata_cross_when_only_they_changed(void **state)
{
	const struct entry source[] = {
		ROOT, { .path = "f", .type = ENTRY_FILE, .target = "", .inode = 9, .links = 1, .mode = 0600 }
	};
	const struct entry vault[] = {
		ROOT, { .path = "f", .type = ENTRY_FILE, .target = "", .inode = 20, .links = 4, .mode = 0644 }
	};
	struct compare_totals totals;

	(void)state;
	EXPECT("| | | | META f | META  ");
	EXPECT_KINDS(0, 0, 0, 0, 1, 0);
}

static void hard_links_are_kept_made_and_broken(void **state)
{
	/* k: a link in both; n: new as a link; b: one file in the vault, two in the source */
	const struct entry source[] = { ROOT,
		                        FILE_("b1", 1, 1, 5, 7),
		                        FILE_("b2", 2, 1, 5, 7),
		                        FILE_("k1", 3, 2, 5, 7),
		                        FILE_("k2", 3, 2, 5, 7),
		                        FILE_("n1", 4, 3, 5, 7),
		                        FILE_("n2", 4, 3, 5, 7),
		                        FILE_("n3", 4, 3, 5, 7) };
	const struct entry vault[] = { ROOT,
		                       FILE_("b1", 31, 4, 5, 7),
		                       FILE_("b2", 31, 4, 5, 7),
		                       FILE_("k1", 33, 4, 5, 7),
		                       FILE_("k2", 33, 4, 5, 7),
		                       FILE_("n1", 34, 2, 5, 7),
		                       FILE_("n2", 35, 2, 5, 7) };
	struct compare_totals totals;

	(void)state;
	EXPECT("| | | FILE b2 | LINK n2=n1 LINK n3=n1 | META  ");
	EXPECT_KINDS(0, 0, 1, 2, 0, 0);
	assert_int_equal(totals.files, 7);
	assert_int_equal(totals.bytes, 20);
}

static void a_changed_inode_is_sent_once_and_linked_again(void **state)
{
	const struct entry source[] = { ROOT, FILE_("a", 1, 2, 6, 8), FILE_("b", 1, 2, 6, 8) };
	const struct entry vault[] = { ROOT, FILE_("a", 31, 2, 5, 7), FILE_("b", 31, 2, 5, 7) };
	struct compare_totals totals;

	(void)state;
	EXPECT("| | | FILE a | LINK b=a | META  ");
}

static void sockets_are_left_out_and_counted(void **state)
{
	const struct entry source[] = { ROOT,
		                        { .path = "s", .type = ENTRY_SOCKET, .target = "", .inode = 9, .links = 1 } };
	const struct entry vault[] = { ROOT };
	struct compare_totals totals;

	(void)state;
	EXPECT("| | | | | ");
	assert_int_equal(totals.skipped, 1);
}

static void a_listing_that_is_not_in_order_is_refused(void **state)
{
	const struct entry source[] = { ROOT };
	const struct entry vault[] = { ROOT, FILE_("b", 1, 1, 1, 1), FILE_("a", 2, 1, 1, 1) };
	struct compare_totals totals;

	(void)state;
	EXPECT("error protocol");
}

static void a_file_that_went_and_came_is_a_move(void **state)
{
	const struct entry source[] = { ROOT, FOLDER("b"), FILE_("b/new", 10, 1, 5, 7), FILE_("c", 11, 1, 5, 8) };
	const struct entry vault[] = { ROOT, FOLDER("a"), FILE_("a/old", 20, 3, 5, 7), FOLDER("b") };
	struct compare_totals totals;

	(void)state;
	EXPECT("MOVE a/old=b/new | REMOVE a | | FILE b/new FILE c | | META b META  ");
	EXPECT_KINDS(1, 1, 1, 0, 0, 0);
}

static void of_two_that_fit_the_name_decides_or_none_is_taken(void **state)
{
	const struct entry source[] = { ROOT, FOLDER("b"), FILE_("b/one", 10, 1, 5, 7), FILE_("b/two", 11, 1, 5, 7),
		                        FILE_("else", 12, 1, 5, 7) };
	const struct entry vault[] = { ROOT, FOLDER("a"), FILE_("a/one", 20, 1, 5, 7), FILE_("a/three", 21, 1, 5, 7),
		                       FILE_("a/two", 22, 1, 5, 7) };
	struct compare_totals totals;

	(void)state;
	EXPECT("MOVE a/one=b/one MOVE a/two=b/two | REMOVE a | MAKE b | FILE b/one FILE b/two FILE else | | META b "
	       "META  ");
}

/* Its size and time are those of before, the kernel's own time of the change is not. */
static void a_moved_file_whose_time_may_have_been_put_back_is_held_against_the_old_one(void **state)
{
	const struct entry source[] = { ROOT,
		                        { .path = "new",
		                          .type = ENTRY_FILE,
		                          .target = "",
		                          .inode = 11,
		                          .links = 1,
		                          .size_bytes = 5,
		                          .ctime_s = 9 } };
	const struct entry vault[] = { ROOT, FILE_("old", 11, 1, 5, 0) };
	struct compare_totals totals;

	(void)state;
	assert_string_equal(plan_of(source, COUNT(source), vault, COUNT(vault), &totals, COMPARE_ANCHOR),
	                    "MOVE old=new | REMOVE old | | FILE new=old | | META  ");
	EXPECT_KINDS(0, 1, 0, 0, 0, 0);
}

/* The kernel's clock is coarse: two files may have been changed at the same time to the very tick. */
static void with_the_anchor_another_inode_at_a_path_is_another_file(void **state)
{
	const struct entry source[] = { ROOT, FILE_("f", 11, 1, 5, 7) };
	const struct entry vault[] = { ROOT, FILE_("f", 10, 1, 5, 7) };
	struct compare_totals totals;

	(void)state;
	assert_string_equal(plan_of(source, COUNT(source), vault, COUNT(vault), &totals, COMPARE_ANCHOR),
	                    "| | | FILE f=f | | META  ");
}

static void with_the_anchor_a_move_is_told_by_its_inode(void **state)
{
	const struct entry source[] = { ROOT, FILE_("changed", 10, 1, 9, 9), FILE_("new", 11, 1, 5, 7),
		                        FILE_("other", 12, 1, 5, 7) };
	const struct entry vault[] = { ROOT, FILE_("old", 11, 1, 5, 7), FILE_("was", 10, 1, 5, 6) };
	struct compare_totals totals;

	(void)state;
	assert_string_equal(
	        plan_of(source, COUNT(source), vault, COUNT(vault), &totals, COMPARE_ANCHOR),
	        "MOVE was=changed MOVE old=new | REMOVE old REMOVE was | | FILE changed=was FILE other | META new | "
	        "META  ");
	EXPECT_KINDS(0, 2, 1, 0, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_that_went_and_came_is_a_move),
		cmocka_unit_test(of_two_that_fit_the_name_decides_or_none_is_taken),
		cmocka_unit_test(with_the_anchor_a_move_is_told_by_its_inode),
		cmocka_unit_test(with_the_anchor_another_inode_at_a_path_is_another_file),
		cmocka_unit_test(a_moved_file_whose_time_may_have_been_put_back_is_held_against_the_old_one),
		cmocka_unit_test(equal_trees_need_nothing),
		cmocka_unit_test(a_file_of_which_size_and_time_do_not_tell_is_sent),
		cmocka_unit_test(the_first_time_all_is_made),
		cmocka_unit_test(of_a_first_copy_what_lies_at_the_top_is_told),
		cmocka_unit_test(what_is_gone_goes_with_all_that_lay_in_it),
		cmocka_unit_test(a_folder_becomes_a_file_and_the_other_way_round),
		cmocka_unit_test(only_metadata_cross_when_only_they_changed),
		cmocka_unit_test(hard_links_are_kept_made_and_broken),
		cmocka_unit_test(a_changed_inode_is_sent_once_and_linked_again),
		cmocka_unit_test(sockets_are_left_out_and_counted),
		cmocka_unit_test(a_listing_that_is_not_in_order_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
