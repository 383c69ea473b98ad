#include "tests/unit/receiver/vault_lab.h"

#include "receiver/two_trees.h"

/* Two trees below the vault's folder, made of what a row says. */
struct row {
	const char *before, *after; /* paths with a space behind each; "d/" is a folder, others are files */
	const char *told;           /* in order: "<path " only before, ">path " only after, "=path " both */
};

static void make(const struct vault_lab *lab, const char *tree, const char *paths)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s", tree);
	assert_int_equal(mkdirat(lab->vault->folder_fd, path, 0755), 0);
	while (*paths != '\0') {
		size_t n = strcspn(paths, " ");
		bool folder = paths[n - 1] == '/';

		(void)snprintf(path, sizeof(path), "%s/%.*s", tree, (int)(folder ? n - 1 : n), paths);
		if (folder)
			assert_int_equal(mkdirat(lab->vault->folder_fd, path, 0755), 0);
		else
			vault_lab_write(lab, path, "content");
		paths += n + 1;
	}
}

static void walk(struct vault_lab *lab, const char *before, const char *after, char *told, size_t size)
{
	struct two_trees trees = { .begun = false };
	int order;
	int rc;
	size_t n = 0;

	assert_int_equal(two_trees_open(&trees.a, lab->vault->folder_fd, before, &lab->err), 0);
	assert_int_equal(two_trees_open(&trees.b, lab->vault->folder_fd, after, &lab->err), 0);
	told[0] = '\0';
	while ((rc = two_trees_next(&trees, &order, &lab->err)) == 1) {
		const struct two_trees_side *side = order <= 0 ? &trees.a : &trees.b;

		assert_int_equal(side->st.st_mode != 0, side->entry->type != ENTRY_FOLDER);
		if (*side->entry->path != '\0' || order != 0)
			n += (size_t)snprintf(told + n, size - n, "%c%s ",
			                      order < 0   ? '<'
			                      : order > 0 ? '>'
			                                  : '=',
			                      side->entry->path);
	}
	assert_int_equal(rc, 0);
	two_trees_close(&trees);
}

static void what_only_one_has_and_what_both_have_is_told_in_order(void **state)
{
	static const struct row rows[] = {
		{ "", "", "" },
		{ "a b ", "a b ", "=a =b " },
		{ "a ", "", "<a " },
		{ "", "b ", ">b " },
		{ "a c e ", "b c d ", "<a >b =c >d <e " },
		{ "d/ d/x d-y ", "d/ d-y ", "=d <d/x =d-y " }, /* `/` comes before every other byte */
		{ "d/ d/x z ", "d z ", "=d <d/x =z " },        /* a file where a folder was */
		{ "d/ d/e/ d/e/f ", "x ", "<d <d/e <d/e/f >x " },
		{ "a/ a/1 b/ b/1 ", "a/ a/2 b/ b/1 ", "=a <a/1 >a/2 =b =b/1 " },
	};
	struct vault_lab *lab = *state;
	char told[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char before[16];
		char after[16];

		(void)snprintf(before, sizeof(before), "before%zu", i);
		(void)snprintf(after, sizeof(after), "after%zu", i);
		make(lab, before, rows[i].before);
		make(lab, after, rows[i].after);
		walk(lab, before, after, told, sizeof(told));
		assert_string_equal(told, rows[i].told);
	}
}

static void a_side_may_be_one_file_or_nothing(void **state)
{
	struct vault_lab *lab = *state;
	char told[256];

	make(lab, "before", "f d/ d/x ");
	walk(lab, "before/f", "before/f", told, sizeof(told));
	assert_string_equal(told, "");
	walk(lab, "before/f", "nothing", told, sizeof(told));
	assert_string_equal(told, "< ");
	walk(lab, "nothing", "before/d", told, sizeof(told));
	assert_string_equal(told, "> >x ");
	walk(lab, "before/f", "before/d", told, sizeof(told));
	assert_string_equal(told, ">x ");
	walk(lab, "nothing", "nothing", told, sizeof(told));
	assert_string_equal(told, "");
}

static void sides_that_were_never_opened_are_closed(void **state)
{
	struct two_trees trees = { .begun = false };
	int order;

	(void)state;
	assert_int_equal(two_trees_next(&trees, &order, NULL), 0);
	two_trees_close(&trees);
	two_trees_close(&trees);
	assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_only_one_has_and_what_both_have_is_told_in_order, vault_lab_open,
		                                vault_lab_close),
		cmocka_unit_test_setup_teardown(a_side_may_be_one_file_or_nothing, vault_lab_open, vault_lab_close),
		cmocka_unit_test(sides_that_were_never_opened_are_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
