/* The Macs in a generation's record, and what a relative sees of them. */
#include "tests/unit/receiver/vault_lab.h"

#include "receiver/inventory.h"
#include "receiver/record_macs.h"

#define FIRST "2025-11-23T05-36-00Z"
#define SECOND "2025-11-23T05-36-01Z"

static void publish(struct vault_lab *lab, const char *run, const struct wire_macs *macs)
{
	enum incoming_how how;
	struct incoming *incoming = vault_lab_begin(lab, run, &how);

	incoming->macs = *macs;
	if (publish_commit(incoming, &lab->ticker, &lab->err) != 0)
		fail_msg("%s", lab->err.text);
	incoming_end(&incoming);
}

static void a_relative_sees_whose_backups_they_are(void **state)
{
	static const struct wire_macs macs = { .n = 3,
		                               .list = { { "Anna's <b>Mac</b>", "finished", 1795600800, false },
		                                         { "bad\x1b\xff", "unfinished", 0, false },
		                                         { "Carl", "in-flight", 1795600800, true } } };
	struct vault_lab *lab = *state;
	const char *page;
	char *list = NULL;
	size_t len_bytes;
	FILE *out;

	publish(lab, "run-1", &macs);
	page = vault_lab_read(lab, "START-HERE.html");
	assert_non_null(strstr(page, "<b><bdi>Anna&#39;s &#60;b&#62;Mac&#60;/b&#62;</bdi></b>: last completed backup "
	                             "25 November 2026, 10:00 UTC"));
	page = vault_lab_read(lab, "README.txt");
	assert_non_null(
	        strstr(page, "    bad\\x1b\\xff: no completed backup, and a later one that it had not finished\n"));
	assert_non_null(strstr(page, "Carl: last completed backup 25 November 2026, 10:00 UTC, and it may just have "
	                             "been writing; its verification FAILED"));
	out = open_memstream(&list, &len_bytes);
	assert_non_null(out);
	assert_int_equal(inventory_print(&lab->options, out, &lab->err), 0);
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(list, "    bad\\x1b\\xff: no completed backup"));
	free(list);
}

static void they_are_read_as_they_were_written_and_older_records_have_none(void **state)
{
	static const struct wire_macs one = { .n = 1, .list = { { "Anna", "finished", 1795600800, true } } };
	static const struct wire_macs none = { .n = 0 };
	static struct wire_macs got;
	struct vault_lab *lab = *state;
	struct record record;

	publish(lab, "run-1", &none);
	assert_null(strstr(vault_lab_read(lab, ".aob/generations/" FIRST ".json"), "macs"));
	got.n = 7;
	record_macs_read(lab->vault, FIRST, &got);
	assert_int_equal(got.n, 0);
	publish(lab, "run-2", &one);
	record_macs_read(lab->vault, SECOND, &got);
	assert_int_equal(got.n, 1);
	assert_string_equal(got.list[0].name, "Anna");
	assert_string_equal(got.list[0].state, "finished");
	assert_int_equal(got.list[0].completed_at_s, 1795600800);
	assert_true(got.list[0].verification_failed);
	assert_int_equal(record_read(lab->vault, SECOND, &record, &lab->err), 0);
	/* Whatever lies there. */
	vault_lab_write(lab, ".aob/generations/" SECOND ".json", "{\"macs\": [{\"name\": 7}]}");
	record_macs_read(lab->vault, SECOND, &got);
	assert_int_equal(got.n, 0);
	vault_lab_write(lab, ".aob/generations/" SECOND ".json", "{");
	record_macs_read(lab->vault, SECOND, &got);
	assert_int_equal(got.n, 0);
}

#define IN_A_VAULT(name) cmocka_unit_test_setup_teardown(name, vault_lab_open, vault_lab_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_VAULT(a_relative_sees_whose_backups_they_are),
		IN_A_VAULT(they_are_read_as_they_were_written_and_older_records_have_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
