/* Whose vault it is decides how root reads it: only the one that is read. */
#include "tests/unit/receiver/vault_lab.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <sys/xattr.h>

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
	vault_read_as_written(other, true);
	assert_int_equal(flags_of_a_link(lab) & ENTRY_OWNERLESS, ENTRY_OWNERLESS);
	vault_close(&other);
}

/* As an ordinary user sees it who reads the vault; never back. */
static int uid_of_file_for_nobody(const struct vault_lab *lab, const char *name, bool writes_none)
{
	struct entry_memory memory;
	struct entry entry;

	if (seteuid(65534) != 0 || prctl(PR_SET_DUMPABLE, 1) != 0)
		return 250;
	vault_read_as_written(lab->vault, writes_none);
	entry_memory_init(&memory);
	if (entry_read(lab->vault->folder_fd, name, name, false, &memory, &entry, NULL) != 0)
		return 251;
	return (int)entry.uid;
}

static int in_a_child(const struct vault_lab *lab, const char *name, bool writes_none)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(uid_of_file_for_nobody(lab, name, writes_none));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* A source may have held a tree of rsync --fake-super: in the vault of root its attributes are what they were. */
static void what_root_wrote_is_what_it_is(void **state)
{
	static const char said[] = "100644 0,0 7:7";
	struct vault_lab *lab = *state;
	int fd;

	if (geteuid() != 0)
		skip();
	fd = openat(lab->vault->folder_fd, "file", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	if (fsetxattr(fd, "user.rsync.%stat", said, strlen(said), 0) != 0)
		skip();
	(void)close(fd);
	assert_int_equal(in_a_child(lab, "file", true), 0);
	/* Who writes to a vault of his own decides it for each tree that he reads. */
	assert_int_equal(in_a_child(lab, "file", false), 7);
	assert_int_equal(fchown(lab->vault->aob_fd, 65533, 65533), 0);
	assert_int_equal(in_a_child(lab, "file", true), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(what_root_wrote_is_what_it_is,
		                                                            vault_lab_open, vault_lab_close),
		                            cmocka_unit_test_setup_teardown(to_look_at_anothers_vault_changes_nothing,
		                                                            vault_lab_open, vault_lab_close) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
