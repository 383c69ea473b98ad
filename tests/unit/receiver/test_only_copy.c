/* A tree that an adoption moved files into is nobody else's, and is not thrown away, until it is published. */
#include "tests/unit/receiver/vault_lab.h"

#include "receiver/only_copy.h"

static int look(const struct vault_lab *lab, const char *run)
{
	return only_copy_look(lab->vault, run, NULL);
}

static void begin_another(struct vault_lab *lab, const char *run, int from_fd, int rc)
{
	struct record *wanted = calloc(1, sizeof(*wanted));
	struct incoming *incoming;
	enum incoming_how how;

	assert_non_null(wanted);
	(void)snprintf(wanted->run, sizeof(wanted->run), "%s", run);
	wanted->taken_at_s = 1763876160;
	assert_int_equal(incoming_begin(lab->vault, wanted, from_fd, &lab->ticker, &incoming, &how, &lab->err), rc);
	if (rc == 0)
		assert_int_equal(how, INCOMING_RESUMED);
	incoming_end(&incoming);
	free(wanted);
}

static void hold(struct vault_lab *lab)
{
	enum incoming_how how;
	struct incoming *incoming = vault_lab_begin(lab, "tree-1", &how);

	assert_int_equal(look(lab, "tree-1"), 0);
	assert_int_equal(only_copy_mark(lab->vault, incoming->fd, "/old copy", &lab->err), 0);
	vault_lab_write(lab, ".aob/incoming/tree-1/tree/only", "copy");
	assert_int_equal(look(lab, "tree-1"), 1);
	assert_int_equal(look(lab, "tree-2"), 0);
	incoming_end(&incoming);
}

static void refused(struct vault_lab *lab)
{
	char words[PATH_MAX];

	assert_int_equal(lab->err.class, ERR_LOCKED);
	(void)snprintf(words, sizeof(words), "aob-receiver adopt --root %s --tree '/old copy' --move photos",
	               lab->root);
	assert_non_null(strstr(lab->err.text, words));
	assert_string_equal(vault_lab_read(lab, ".aob/incoming/tree-1/tree/only"), "copy");
	error_clear(&lab->err);
}

static void nobody_else_takes_it_over_or_away(void **state)
{
	struct vault_lab *lab = *state;

	hold(lab);
	begin_another(lab, "run-2", -1, -1);
	refused(lab);
	begin_another(lab, "tree-1", -1, -1); /* a client that says so */
	refused(lab);
	begin_another(lab, "tree-2", lab->vault->folder_fd, -1);
	refused(lab);
	assert_int_equal(only_copy_refuse(lab->vault, NULL, &lab->err), -1);
	refused(lab);
	assert_int_equal(only_copy_trash(lab->vault, "tree-1", &lab->err), -1);
	refused(lab);
	begin_another(lab, "tree-1", lab->vault->folder_fd, 0);
}

static void a_damaged_state_is_no_reason_to_begin_anew(void **state)
{
	struct vault_lab *lab = *state;

	hold(lab);
	vault_lab_write(lab, ".aob/incoming/tree-1/state.json", "{");
	begin_another(lab, "tree-1", lab->vault->folder_fd, -1);
	assert_int_equal(lab->err.class, ERR_DAMAGED);
	assert_string_equal(vault_lab_read(lab, ".aob/incoming/tree-1/tree/only"), "copy");
}

static void a_folder_that_can_not_be_shown_whole_is_not_cut(void **state)
{
	struct vault_lab *lab = *state;
	struct incoming *incoming;
	enum incoming_how how;
	char dir[400] = "/";

	hold(lab);
	incoming = vault_lab_begin_from(lab, "tree-1", lab->vault->folder_fd, &how);
	memset(dir + 1, 'x', sizeof(dir) - 2);
	assert_int_equal(only_copy_mark(lab->vault, incoming->fd, dir, &lab->err), 0);
	incoming_end(&incoming);
	assert_int_equal(only_copy_refuse(lab->vault, NULL, &lab->err), -1);
	assert_non_null(strstr(lab->err.text, "--tree DIR --move photos (the folder is what moved-from"));
	assert_non_null(strstr(lab->err.text, "empty)"));
}

static void published_it_is_like_all_others(void **state)
{
	struct vault_lab *lab = *state;

	hold(lab);
	assert_int_equal(renameat(lab->vault->incoming_fd, "tree-1/tree", lab->vault->generations_fd, "g"), 0);
	assert_int_equal(look(lab, "tree-1"), 0);
	assert_int_equal(only_copy_refuse(lab->vault, NULL, &lab->err), 0);
	assert_int_equal(only_copy_trash(lab->vault, "tree-1", &lab->err), 0);
	assert_int_equal(faccessat(lab->vault->incoming_fd, "tree-1", F_OK, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nobody_else_takes_it_over_or_away, vault_lab_open, vault_lab_close),
		cmocka_unit_test_setup_teardown(a_damaged_state_is_no_reason_to_begin_anew, vault_lab_open,
		                                vault_lab_close),
		cmocka_unit_test_setup_teardown(a_folder_that_can_not_be_shown_whole_is_not_cut, vault_lab_open,
		                                vault_lab_close),
		cmocka_unit_test_setup_teardown(published_it_is_like_all_others, vault_lab_open, vault_lab_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
