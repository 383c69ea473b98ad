#include "lib/durable.h"
#include "tests/unit/receiver/braking_lab.h"

#define MARK ".aob/brake.json"
#define FILES 40

static struct incoming *second(struct vault_lab *lab)
{
	struct incoming *incoming = braking_lab_begin(lab, "run-1");

	braking_lab_fill(lab, incoming, FILES);
	(void)braking_lab_publish(lab, incoming);
	assert_false(braking_lab_mark(lab).held);
	return braking_lab_begin(lab, "run-2");
}

static void remove_some(struct vault_lab *lab, struct incoming *incoming, unsigned n)
{
	char path[32];

	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%u", i);
		braking_lab_remove(lab, incoming, path);
	}
}

static void tells_the_relative(struct vault_lab *lab, const char *what)
{
	static const char *const pages[] = { "README.txt", "START-HERE.html" };

	for (size_t i = 0; i < 2; i++) {
		char *text = NULL;
		size_t len_bytes;

		assert_int_equal(durable_read(lab->vault->folder_fd, pages[i], 1 << 20, &text, &len_bytes, &lab->err),
		                 0);
		assert_non_null(strstr(text, what));
		free(text);
	}
}

static void what_removes_most_is_published_and_holds_what_was(void **state)
{
	struct vault_lab *lab = *state;
	struct incoming *incoming = second(lab);
	struct brake_mark mark;
	struct record record;
	char base[32];

	memcpy(base, incoming->base, sizeof(base));
	remove_some(lab, incoming, FILES / 2 + 1);
	record = braking_lab_publish(lab, incoming);
	mark = braking_lab_mark(lab);
	assert_true(mark.held && brake_mark_holds(&mark, base) && !brake_mark_holds(&mark, record.name));
	assert_string_equal(mark.run, "run-2");
	assert_string_equal(mark.reason,
	                    "21 of 40 files (52 %) and 21.0 kB of 40.0 kB (52 %) were removed or rewritten");
	assert_int_equal(record.own_files, FILES / 2 - 1);
	assert_true(vault_lab_there(lab, "current/39") && !vault_lab_there(lab, "current/0"));
	tells_the_relative(lab, "21 of 40 files");
}

static void half_of_it_does_not(void **state)
{
	struct vault_lab *lab = *state;
	struct incoming *incoming = second(lab);

	remove_some(lab, incoming, FILES / 2);
	(void)braking_lab_publish(lab, incoming);
	assert_false(braking_lab_mark(lab).held);
}

static void rewriting_trips_and_sending_the_same_anew_does_not(void **state)
{
	struct vault_lab *lab = *state;
	struct incoming *incoming = second(lab);

	/* Without a basis: the tally takes all for lost, and a look finds the same content. */
	braking_lab_fill(lab, incoming, FILES);
	assert_int_equal(incoming->tally.lost_files, FILES);
	(void)braking_lab_publish(lab, incoming);
	assert_false(braking_lab_mark(lab).held);
	incoming = braking_lab_begin(lab, "run-3");
	for (unsigned i = 0; i < FILES; i++) {
		char path[32];

		(void)snprintf(path, sizeof(path), "%u", i);
		braking_lab_file(lab, incoming, path, 1000, 77000 + i, 0);
	}
	(void)braking_lab_publish(lab, incoming);
	assert_true(braking_lab_mark(lab).held);
}

static void what_goes_and_comes_again_elsewhere_has_moved(void **state)
{
	struct vault_lab *lab = *state;
	struct incoming *incoming = second(lab);

	remove_some(lab, incoming, FILES);
	braking_lab_folder(lab, incoming, "elsewhere");
	for (unsigned i = 0; i < FILES; i++) {
		char path[32];

		(void)snprintf(path, sizeof(path), "elsewhere/%u", i);
		braking_lab_file(lab, incoming, path, 1000, i, 0);
	}
	(void)braking_lab_publish(lab, incoming);
	assert_false(braking_lab_mark(lab).held);
}

static void the_stricter_of_both_ends_counts(void **state)
{
	static const struct {
		unsigned here, asked, removed;
		bool held;
	} rows[] = {
		{ BRAKE_PERCENT_OFF, BRAKE_PERCENT_OFF, 40, false },
		{ BRAKE_PERCENT_OFF, 50, 40, true },
		{ 50, BRAKE_PERCENT_OFF, 40, true },
		{ 50, 90, 30, true },
		{ 90, 50, 30, true },
		{ 90, 90, 30, false },
		{ BRAKE_PERCENT_OFF, 90, 30, false },
	};
	struct vault_lab *lab = *state;
	unsigned n = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct brake_mark mark;
		struct brake_mark left;
		struct incoming *incoming;
		char run[32];

		(void)snprintf(run, sizeof(run), "run-%u", n++);
		lab->options.brake_percent = BRAKE_PERCENT_OFF;
		incoming = braking_lab_begin(lab, run);
		braking_lab_fill(lab, incoming, FILES);
		(void)braking_lab_publish(lab, incoming);
		(void)snprintf(run, sizeof(run), "run-%u", n++);
		lab->options.brake_percent = rows[i].here;
		incoming = braking_lab_begin(lab, run);
		incoming->brake_percent = rows[i].asked;
		remove_some(lab, incoming, rows[i].removed);
		(void)braking_lab_publish(lab, incoming);
		mark = braking_lab_mark(lab);
		assert_int_equal(mark.held, rows[i].held);
		assert_int_equal(brake_mark_release(lab->vault, mark.generation, &left, &lab->err), 0);
	}
}

static void a_tally_outlives_its_connection_but_not_a_crash(void **state)
{
	struct vault_lab *lab = *state;
	struct incoming *incoming = second(lab);

	remove_some(lab, incoming, 10);
	incoming_end(&incoming);
	incoming = braking_lab_begin(lab, "run-2");
	assert_false(incoming->tally.unsure);
	assert_int_equal(incoming->tally.lost_files, 10);
	assert_int_equal(incoming->tally.files, -10);
	remove_some(lab, incoming, FILES);
	/* Killed: nothing is written down at its end. */
	incoming->going_on = false;
	incoming_end(&incoming);
	incoming = braking_lab_begin(lab, "run-2");
	assert_true(incoming->tally.unsure);
	assert_int_equal(braking_lab_publish(lab, incoming).own_files, 0);
	assert_true(braking_lab_mark(lab).held);
}

static void a_generation_of_an_older_receiver_is_measured(void **state)
{
	struct vault_lab *lab = *state;
	struct incoming *incoming = second(lab);
	struct record record = incoming->base_record;

	incoming_end(&incoming);
	record.own_files = record.own_bytes = -1;
	assert_int_equal(record_write(lab->vault, &record, &(struct wire_macs){ .n = 0 }, &lab->err), 0);
	incoming = braking_lab_begin(lab, "run-2");
	assert_int_equal(incoming->base_record.own_files, -1);
	remove_some(lab, incoming, 30);
	assert_int_equal(braking_lab_publish(lab, incoming).own_files, 10);
	assert_true(braking_lab_mark(lab).held);
}

static void one_whose_record_cant_be_read_is_measured(void **state)
{
	struct vault_lab *lab = *state;
	struct incoming *incoming = second(lab);
	char path[64];

	(void)snprintf(path, sizeof(path), ".aob/generations/%s.json", incoming->base);
	incoming_end(&incoming);
	vault_lab_write(lab, path, "{ not json");
	incoming = braking_lab_begin(lab, "run-2");
	remove_some(lab, incoming, 30);
	assert_int_equal(braking_lab_publish(lab, incoming).own_files, 10);
	assert_true(braking_lab_mark(lab).held);
}

static void a_client_that_claims_other_totals_changes_nothing(void **state)
{
	struct vault_lab *lab = *state;
	struct incoming *incoming = braking_lab_begin(lab, "run-1");

	braking_lab_fill(lab, incoming, FILES);
	incoming->record.files = incoming->record.bytes = UINT64_C(1) << 60;
	(void)braking_lab_publish(lab, incoming);
	incoming = braking_lab_begin(lab, "run-2");
	remove_some(lab, incoming, 30);
	(void)braking_lab_publish(lab, incoming);
	assert_true(braking_lab_mark(lab).held);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, vault_lab_open, vault_lab_close)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(what_removes_most_is_published_and_holds_what_was),
		                            TEST(half_of_it_does_not),
		                            TEST(rewriting_trips_and_sending_the_same_anew_does_not),
		                            TEST(what_goes_and_comes_again_elsewhere_has_moved),
		                            TEST(the_stricter_of_both_ends_counts),
		                            TEST(a_tally_outlives_its_connection_but_not_a_crash),
		                            TEST(a_generation_of_an_older_receiver_is_measured),
		                            TEST(one_whose_record_cant_be_read_is_measured),
		                            TEST(a_client_that_claims_other_totals_changes_nothing) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
