/* Whose backups lie in a folder: the first that wrote there, until another one adopts them. */
#include "tests/unit/receiver/vault_lab.h"

#include "receiver/owner.h"

#define OWNER ".aob/owner.json"

static const struct machine one = { .id = "11111111111111111111111111111111", .host = "old-nas" };
static const struct machine two = { .id = "22222222222222222222222222222222", .host = "new-nas" };
static const struct machine nobody = { .id = "" };

static void may(struct vault_lab *lab, const struct machine *machine)
{
	if (owner_check(lab->vault, machine, &lab->err) != 0)
		fail_msg("%s: %s", machine->host, lab->err.text);
}

static void may_not(struct vault_lab *lab, const struct machine *machine, enum error_class class)
{
	assert_int_equal(owner_check(lab->vault, machine, &lab->err), -1);
	assert_int_equal(lab->err.class, class);
}

static struct owner adopt(struct vault_lab *lab, const struct machine *machine)
{
	struct owner before;

	if (owner_adopt(lab->vault, machine, &before, &lab->err) != 0)
		fail_msg("%s", lab->err.text);
	assert_int_equal(lab->vault->lock_fd, -1);
	return before;
}

static void the_first_one_has_it_until_another_adopts(void **state)
{
	struct vault_lab *lab = *state;
	struct owner owner;

	vault_unlock(lab->vault);
	may(lab, &nobody); /* an older client, which does not tell */
	assert_int_equal(owner_read(lab->vault, &owner, &lab->err), 0);
	assert_string_equal(owner.machine.id, "");
	may(lab, &one);
	may(lab, &one);
	may(lab, &nobody);
	may_not(lab, &two, ERR_REFUSED);
	assert_non_null(strstr(lab->err.text, "old-nas"));
	assert_non_null(strstr(lab->err.text, "new-nas"));
	assert_non_null(strstr(lab->err.text, "aob adopt "));
	owner = adopt(lab, &two);
	assert_string_equal(owner.machine.host, "old-nas");
	assert_true(owner.since_s > 1700000000);
	may(lab, &two);
	may_not(lab, &one, ERR_REFUSED);
	assert_string_equal(adopt(lab, &two).machine.id, two.id); /* again */
	assert_string_equal(adopt(lab, &nobody).machine.id, two.id);
	may(lab, &one);
	may_not(lab, &two, ERR_REFUSED);
}

static void what_cannot_be_read_is_nobodys_until_somebody_adopts(void **state)
{
	struct vault_lab *lab = *state;
	static const char *const rubbish[] = {
		"", "{", "[]", "{\"machine\":1,\"host\":\"h\",\"since\":1}",
		"{\"machine\":\"1234567890123456789012345678901234567890\",\"host\":\"h\",\"since\":1}"
	};

	vault_unlock(lab->vault);
	for (size_t i = 0; i < sizeof(rubbish) / sizeof(rubbish[0]); i++) {
		int fd = openat(lab->vault->folder_fd, OWNER, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

		assert_true(fd >= 0);
		assert_int_equal(write(fd, rubbish[i], strlen(rubbish[i])), strlen(rubbish[i]));
		(void)close(fd);
		may_not(lab, &one, ERR_DAMAGED);
		assert_non_null(strstr(lab->err.text, "aob adopt "));
		assert_string_equal(adopt(lab, &one).machine.host, "?");
		may(lab, &one);
	}
}

static void a_writer_at_work_is_not_robbed(void **state)
{
	struct vault_lab *lab = *state;
	struct vault *other = NULL;
	struct owner before;

	vault_unlock(lab->vault);
	assert_int_equal(vault_lock(lab->vault, &lab->err), 0);
	may(lab, &one);
	assert_int_equal(vault_open(&lab->options, lab->vault->pipeline, false, &other, &lab->err), 0);
	assert_int_equal(owner_adopt(other, &two, &before, &lab->err), -1);
	assert_int_equal(lab->err.class, ERR_LOCKED);
	vault_close(&other);
	may_not(lab, &two, ERR_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_first_one_has_it_until_another_adopts, vault_lab_open,
		                                vault_lab_close),
		cmocka_unit_test_setup_teardown(what_cannot_be_read_is_nobodys_until_somebody_adopts, vault_lab_open,
		                                vault_lab_close),
		cmocka_unit_test_setup_teardown(a_writer_at_work_is_not_robbed, vault_lab_open, vault_lab_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
