#include "tests/unit/receiver/vault_lab.h"

#include "receiver/moves.h"

static struct incoming *incoming;
static struct moves *moves;

static int open_moves(void **state)
{
	enum incoming_how how;
	struct vault_lab *lab;

	if (vault_lab_open(state) != 0)
		return -1;
	lab = *state;
	if (vault_lock(lab->vault, &lab->err) != 0)
		return -1;
	incoming = vault_lab_begin(lab, "run-1", &how);
	return moves_new(incoming, &moves, &lab->err);
}

static int close_moves(void **state)
{
	moves_destroy(&moves);
	incoming_end(&incoming);
	return vault_lab_close(state);
}

#define TREE ".aob/incoming/run-1/tree/"

static void make(const struct vault_lab *lab, const char *path)
{
	char whole[256];

	(void)snprintf(whole, sizeof(whole), TREE "%s", path);
	if (path[strlen(path) - 1] == '/')
		assert_int_equal(mkdirat(lab->vault->folder_fd, whole, 0755), 0);
	else
		vault_lab_write(lab, whole, path);
}

static void add(struct vault_lab *lab, const char *from, const char *to)
{
	assert_int_equal(moves_add(moves, from, to, &lab->err), 0);
}

static void two_files_change_places(void **state)
{
	struct vault_lab *lab = *state;

	make(lab, "a");
	make(lab, "b");
	add(lab, "a", "b");
	add(lab, "b", "a");
	assert_int_equal(moves_end(moves, 2, false, &lab->err), 0);
	assert_string_equal(vault_lab_read(lab, TREE "a"), "b");
	assert_string_equal(vault_lab_read(lab, TREE "b"), "a");
}

static void a_child_leaves_its_folder_and_that_goes(void **state)
{
	struct vault_lab *lab = *state;

	make(lab, "d/");
	make(lab, "d/e/");
	make(lab, "d/e/keep");
	make(lab, "d/lose");
	add(lab, "d/e/keep", "far/away/kept");
	add(lab, "d", "");
	assert_int_equal(moves_end(moves, 2, false, &lab->err), 0);
	assert_string_equal(vault_lab_read(lab, TREE "far/away/kept"), "d/e/keep");
	assert_false(vault_lab_there(lab, TREE "d"));
}

static void a_folder_becomes_the_child_of_its_own_child(void **state)
{
	struct vault_lab *lab = *state;

	make(lab, "p/");
	make(lab, "p/c/");
	make(lab, "p/c/in-c");
	make(lab, "p/in-p");
	add(lab, "p/c", "c");
	add(lab, "p", "c/p");
	assert_int_equal(moves_end(moves, 2, false, &lab->err), 0);
	assert_string_equal(vault_lab_read(lab, TREE "c/in-c"), "p/c/in-c");
	assert_string_equal(vault_lab_read(lab, TREE "c/p/in-p"), "p/in-p");
}

static void what_was_half_done_is_gone_on_with(void **state)
{
	struct vault_lab *lab = *state;

	make(lab, "a");
	make(lab, "b");
	make(lab, "c");
	add(lab, "a", "b");
	add(lab, "b", "a");
	add(lab, "c", "");
	/* As a crash would leave it that came when the first had been taken away. */
	moves_destroy(&moves);
	assert_int_equal(renameat(incoming->fd, "moves.new", incoming->fd, "moves"), 0);
	assert_int_equal(mkdirat(incoming->work_fd, "moved", 0700), 0);
	assert_int_equal(renameat(incoming->tree_fd, "a", incoming->work_fd, "moved/0"), 0);
	assert_int_equal(moves_replay(incoming, &lab->err), 0);
	assert_string_equal(vault_lab_read(lab, TREE "a"), "b");
	assert_string_equal(vault_lab_read(lab, TREE "b"), "a");
	assert_false(vault_lab_there(lab, TREE "c"));
	assert_int_equal(moves_replay(incoming, &lab->err), 0);
	assert_string_equal(vault_lab_read(lab, TREE "a"), "b");
}

static void guessed_moves_are_taken_back_until_the_file_is_another_one(void **state)
{
	struct vault_lab *lab = *state;

	make(lab, "a");
	make(lab, "b");
	add(lab, "a", "f/a");
	add(lab, "b", "f/b");
	assert_int_equal(moves_end(moves, 2, true, &lab->err), 0);
	assert_string_equal(vault_lab_read(lab, TREE "f/a"), "a");
	/* The hash of one was right: a file of its own took its place. */
	make(lab, "new");
	assert_int_equal(renameat(incoming->tree_fd, "new", incoming->tree_fd, "f/b"), 0);
	moves_destroy(&moves);
	assert_int_equal(moves_replay(incoming, &lab->err), 0);
	assert_int_equal(moves_doubt(incoming, &lab->err), 0);
	assert_string_equal(vault_lab_read(lab, TREE "a"), "a");
	assert_false(vault_lab_there(lab, TREE "f/a"));
	assert_string_equal(vault_lab_read(lab, TREE "f/b"), "new");
	assert_false(vault_lab_there(lab, TREE "b"));
	assert_int_equal(moves_doubt(incoming, &lab->err), 0);
}

static void what_is_in_the_place_of_a_guessed_move_stays(void **state)
{
	struct vault_lab *lab = *state;

	make(lab, "d");
	make(lab, "gone");
	add(lab, "d", "e");
	assert_int_equal(moves_end(moves, 1, true, &lab->err), 0);
	make(lab, "d");
	moves_destroy(&moves);
	assert_int_equal(moves_doubt(incoming, &lab->err), 0);
	assert_string_equal(vault_lab_read(lab, TREE "d"), "d");
	assert_false(vault_lab_there(lab, TREE "e"));
}

static void what_had_no_end_is_forgotten(void **state)
{
	struct vault_lab *lab = *state;

	make(lab, "a");
	add(lab, "a", "b");
	moves_destroy(&moves);
	assert_int_equal(moves_replay(incoming, &lab->err), 0);
	assert_string_equal(vault_lab_read(lab, TREE "a"), "a");
	assert_int_equal(faccessat(incoming->fd, "moves.new", F_OK, 0), -1);
}

static void what_is_not_there_and_counts_that_differ_are_refused(void **state)
{
	struct vault_lab *lab = *state;

	assert_int_equal(moves_add(moves, "", "x", &lab->err), -1);
	assert_int_equal(moves_end(moves, 0, false, &lab->err), -1);
	add(lab, "nothing", "x");
	assert_int_equal(moves_end(moves, 2, false, &lab->err), -1);
	assert_int_equal(lab->err.class, ERR_PROTOCOL);
	assert_int_equal(moves_end(moves, 1, false, &lab->err), -1);
	assert_int_equal(lab->err.class, ERR_DAMAGED);
	assert_int_equal(moves_forget(incoming, &lab->err), 0);
	assert_int_equal(moves_replay(incoming, &lab->err), 0);
}

static void no_symlink_leads_out(void **state)
{
	struct vault_lab *lab = *state;

	make(lab, "a");
	assert_int_equal(symlinkat("/tmp", incoming->tree_fd, "link"), 0);
	add(lab, "a", "link/a");
	/* What is in the way of a folder goes: it is the link itself, and not what it leads to. */
	assert_int_equal(moves_end(moves, 1, false, &lab->err), 0);
	assert_string_equal(vault_lab_read(lab, TREE "link/a"), "a");
}

#define MOVES_TEST(f) cmocka_unit_test_setup_teardown(f, open_moves, close_moves)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MOVES_TEST(two_files_change_places),
		MOVES_TEST(a_child_leaves_its_folder_and_that_goes),
		MOVES_TEST(a_folder_becomes_the_child_of_its_own_child),
		MOVES_TEST(what_was_half_done_is_gone_on_with),
		MOVES_TEST(guessed_moves_are_taken_back_until_the_file_is_another_one),
		MOVES_TEST(what_is_in_the_place_of_a_guessed_move_stays),
		MOVES_TEST(what_had_no_end_is_forgotten),
		MOVES_TEST(what_is_not_there_and_counts_that_differ_are_refused),
		MOVES_TEST(no_symlink_leads_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
