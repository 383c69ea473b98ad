/* Whose vault it is decides how root reads it: only the one that is read. */
#include "tests/unit/receiver/vault_lab.h"

#include "lib/entry.h"

static unsigned flags_of_a_link(const struct vault_lab *lab)
{
	struct entry_memory memory;
	struct entry entry;

	entry_memory_init(&memory);
	assert_int_equal(entry_read(lab->vault->folder_fd, "link", "link", false, &memory, &entry, NULL), 0);
	entry_memory_done(&memory);
	return entry.flags;
}

static void to_look_at_anothers_vault_changes_nothing(void **state)
{
	struct vault_lab *lab = *state;
	struct vault *other;

	if (geteuid() != 0)
		skip();
	assert_int_equal(symlinkat("nowhere", lab->vault->folder_fd, "link"), 0);
	assert_int_equal(vault_open(&lab->options, "other", true, &other, &lab->err), 0);
	assert_int_equal(fchown(other->aob_fd, 65534, 65534), 0);
	vault_close(&other);
	/* As who writes the page that tells of all pipelines. */
	assert_int_equal(vault_open(&lab->options, "other", false, &other, &lab->err), 0);
	assert_int_equal(flags_of_a_link(lab) & ENTRY_OWNERLESS, 0);
	vault_read_as_written(other);
	assert_int_equal(flags_of_a_link(lab) & ENTRY_OWNERLESS, ENTRY_OWNERLESS);
	vault_close(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(to_look_at_anothers_vault_changes_nothing,
		                                                            vault_lab_open, vault_lab_close) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
