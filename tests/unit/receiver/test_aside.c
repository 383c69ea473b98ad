#include "tests/unit/receiver/vault_lab.h"

#include "receiver/aside.h"

static void no_name_is_used_twice(void **state)
{
	struct vault_lab *lab = *state;
	enum incoming_how how;
	struct incoming *incoming = vault_lab_begin(lab, "run-1", &how);
	char first[ASIDE_NAME_SIZE];
	int fd;

	assert_int_equal(incoming_aside(incoming, &lab->err), 0);
	(void)snprintf(first, sizeof(first), "%s", incoming->aside);
	fd = openat(incoming->parts_fd, first, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(incoming_aside(incoming, &lab->err), 0);
	assert_string_not_equal(incoming->aside, first);
	assert_int_equal(faccessat(incoming->parts_fd, first, F_OK, 0), -1);
	incoming_end(&incoming);
}

static void what_a_killed_receiver_left_goes_and_parts_stay(void **state)
{
	struct vault_lab *lab = *state;
	enum incoming_how how;
	struct incoming *incoming = vault_lab_begin(lab, "run-1", &how);
	const char *const names[] = { "new.0123456789abcdef", "new.x", "0123456789abcdef0123456789abcdef" };

	for (size_t i = 0; i < 3; i++)
		assert_int_equal(close(openat(incoming->parts_fd, names[i], O_WRONLY | O_CREAT | O_EXCL, 0600)), 0);
	assert_int_equal(mkdirat(incoming->parts_fd, "new.can't be removed", 0700), 0);
	incoming_end(&incoming);
	incoming = vault_lab_begin(lab, "run-1", &how);
	assert_int_equal(how, INCOMING_RESUMED);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(faccessat(incoming->parts_fd, names[i], F_OK, 0), i < 2 ? -1 : 0);
	incoming_end(&incoming);
}

static void what_cannot_be_removed_is_said_and_stops_nothing(void **state)
{
	struct vault_lab *lab = *state;
	int aob_fd = lab->vault->aob_fd;

	assert_int_equal(mkdirat(aob_fd, "a.1", 0755), 0);
	vault_lab_write(lab, ".aob/a.2", "");
	vault_lab_write(lab, ".aob/b.3", "");
	assert_int_equal(aside_clear(aob_fd, "a.", &lab->err), -1);
	assert_non_null(strstr(lab->err.text, "removing a.1"));
	assert_false(vault_lab_there(lab, ".aob/a.2"));
	assert_true(vault_lab_there(lab, ".aob/b.3"));
}

#define VAULT_TEST(f) cmocka_unit_test_setup_teardown(f, vault_lab_open, vault_lab_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		VAULT_TEST(no_name_is_used_twice),
		VAULT_TEST(what_a_killed_receiver_left_goes_and_parts_stay),
		VAULT_TEST(what_cannot_be_removed_is_said_and_stops_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
