#include "tests/unit/receiver/vault_lab.h"

#include "receiver/verify_round.h"

/* The whole of a round. */
static int go_round(struct vault_lab *lab, struct wire_verified *verified)
{
	struct verify_want want = { .how = WIRE_VERIFY_ALL };
	struct verify_round_ended ended = { .n = 0 };
	struct verify_book *book;
	struct breath breath;
	int rc;

	*verified = (struct wire_verified){ .files = 0 };
	breath_init(&breath, lab->vault, vault_lab_mute, NULL);
	assert_int_equal(verify_book_open(lab->vault, &book, &lab->err), 0);
	rc = verify_round_run(lab->vault, book, &breath, &want, verified, &ended, &lab->err);
	verify_book_close(&book);
	free(ended.names);
	return rc;
}

static void a_generation_that_cant_be_looked_at_is_not_left_out(void **state)
{
	struct vault_lab *lab = *state;
	struct wire_verified verified;
	enum incoming_how how;
	struct incoming *incoming = vault_lab_begin(lab, "run-1", &how);

	vault_lab_write(lab, ".aob/incoming/run-1/tree/file", "one");
	assert_int_equal(publish_commit(incoming, &lab->ticker, &lab->err), 0);
	incoming_end(&incoming);
	vault_lab_shut(lab);
	assert_int_equal(go_round(lab, &verified), -1);
	assert_int_equal(lab->err.class, ERR_PERMISSION);
	assert_false(verified.round_ended);
	vault_lab_unshut(lab);
	error_clear(&lab->err);
	assert_int_equal(go_round(lab, &verified), 0);
	assert_true(verified.round_ended);
	assert_int_equal(verified.files, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(
		a_generation_that_cant_be_looked_at_is_not_left_out, vault_lab_open, vault_lab_close) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
