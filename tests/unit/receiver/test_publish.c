#include "tests/unit/receiver/vault_lab.h"

#include "receiver/reading.h"
#include "receiver/removal.h"
#include "receiver/trash.h"

#define FIRST "2025-11-23T05-36-00Z"
#define SECOND "2025-11-23T05-36-01Z"

static void publish(struct vault_lab *lab, const char *run, const char *name, const char *text)
{
	enum incoming_how how;
	struct incoming *incoming = vault_lab_begin(lab, run, &how);
	char path[128];

	(void)snprintf(path, sizeof(path), ".aob/incoming/%s/tree/%s", run, name);
	vault_lab_write(lab, path, text);
	if (publish_commit(incoming, &lab->ticker, &lab->err) != 0)
		fail_msg("%s", lab->err.text);
	incoming_end(&incoming);
}

static void a_generation_is_published_with_its_record_its_pages_and_current(void **state)
{
	struct vault_lab *lab = *state;
	char current[32];

	publish(lab, "run-1", "file", "one");
	assert_int_equal(vault_current(lab->vault, current, &lab->err), 0);
	assert_string_equal(current, FIRST);
	assert_string_equal(vault_lab_read(lab, "current/file"), "one");
	assert_true(vault_lab_there(lab, ".aob/generations/" FIRST ".json"));
	assert_non_null(strstr(vault_lab_read(lab, "START-HERE.html"), "<!doctype html>"));
	assert_true(vault_lab_there(lab, "README.txt"));
	assert_false(vault_lab_there(lab, ".aob/incoming/run-1"));
}

static void the_next_one_begins_as_links_to_the_last(void **state)
{
	struct vault_lab *lab = *state;
	struct stat st;

	publish(lab, "run-1", "file", "one");
	publish(lab, "run-2", "other", "two");
	assert_string_equal(vault_lab_read(lab, "generations/" SECOND "/file"), "one");
	assert_int_equal(fstatat(lab->vault->folder_fd, "generations/" FIRST "/file", &st, 0), 0);
	assert_int_equal(st.st_nlink, 2);
	assert_false(vault_lab_there(lab, "generations/" FIRST "/other"));
}

static void what_lies_where_current_is_made_and_cannot_be_removed_stops_nothing(void **state)
{
	struct vault_lab *lab = *state;
	char current[32];

	publish(lab, "run-1", "file", "one");
	assert_int_equal(mkdirat(lab->vault->aob_fd, "current.new", 0755), 0);
	assert_int_equal(mkdirat(lab->vault->aob_fd, "current.new-1", 0755), 0);
	publish(lab, "run-2", "other", "two");
	assert_int_equal(vault_current(lab->vault, current, &lab->err), 0);
	assert_string_equal(current, SECOND);
	assert_true(vault_lab_there(lab, ".aob/current.new"));
}

static void a_run_that_was_published_is_found_again(void **state)
{
	struct vault_lab *lab = *state;
	enum incoming_how how;
	struct incoming *incoming;

	publish(lab, "run-1", "file", "one");
	incoming = vault_lab_begin(lab, "run-1", &how);
	assert_int_equal(how, INCOMING_PUBLISHED);
	assert_string_equal(incoming->record.name, FIRST);
	incoming_end(&incoming);
}

static void what_arrived_is_gone_on_with_by_the_same_run_and_by_the_next(void **state)
{
	static const char *const runs[] = { "run-1", "run-1", "run-2" };
	static const enum incoming_how hows[] = { INCOMING_FRESH, INCOMING_RESUMED, INCOMING_RESUMED };
	struct vault_lab *lab = *state;

	for (size_t i = 0; i < 3; i++) {
		enum incoming_how how;
		struct incoming *incoming = vault_lab_begin(lab, runs[i], &how);

		assert_int_equal(how, hows[i]);
		if (i == 0)
			vault_lab_write(lab, ".aob/incoming/run-1/tree/arrived", "yes");
		incoming_end(&incoming);
	}
	assert_true(vault_lab_there(lab, ".aob/incoming/run-2/tree/arrived"));
	assert_false(vault_lab_there(lab, ".aob/incoming/run-1"));
}

static void a_tree_on_an_older_base_is_not_gone_on_with(void **state)
{
	struct vault_lab *lab = *state;
	enum incoming_how how;
	struct incoming *incoming = vault_lab_begin(lab, "run-1", &how);

	incoming_end(&incoming);
	assert_int_equal(renameat(lab->vault->incoming_fd, "run-1", lab->vault->folder_fd, "aside"), 0);
	publish(lab, "run-2", "file", "two");
	assert_int_equal(renameat(lab->vault->folder_fd, "aside", lab->vault->incoming_fd, "run-3"), 0);
	incoming = vault_lab_begin(lab, "run-3", &how);
	assert_int_equal(how, INCOMING_FRESH);
	assert_true(vault_lab_there(lab, ".aob/incoming/run-3/tree/file"));
	incoming_end(&incoming);
}

static void after_a_restart_what_did_not_reach_the_disk_is_dropped(void **state)
{
	struct vault_lab *lab = *state;
	enum incoming_how how;
	struct incoming *incoming;
	char old_state[160];

	publish(lab, "run-1", "old", "one");
	incoming = vault_lab_begin(lab, "run-2", &how);
	(void)snprintf(old_state, sizeof(old_state),
	               "{\"format\": 1, \"base\": \"" FIRST "\", \"boot_id\": \"another\", \"work\": \"%s\"}",
	               incoming->work);
	incoming_end(&incoming);
	vault_lab_write(lab, ".aob/incoming/run-2/tree/unsure", "no hash says that this is right");
	vault_lab_write(lab, ".aob/incoming/run-2/state.json", old_state);
	incoming = vault_lab_begin(lab, "run-2", &how);
	assert_int_equal(how, INCOMING_RESUMED);
	assert_false(vault_lab_there(lab, ".aob/incoming/run-2/tree/unsure"));
	assert_true(vault_lab_there(lab, ".aob/incoming/run-2/tree/old"));
	incoming_end(&incoming);
}

static void a_crash_before_the_rename_leaves_no_record(void **state)
{
	struct vault_lab *lab = *state;
	struct record record = { .name = SECOND, .run = "run-9", .state = "quiet" };

	publish(lab, "run-1", "file", "one");
	assert_int_equal(record_write(lab->vault, &record, &(struct wire_macs){ .n = 0 }, &lab->err), 0);
	assert_int_equal(publish_recover(lab->vault, &lab->err), 0);
	assert_false(vault_lab_there(lab, ".aob/generations/" SECOND ".json"));
	assert_true(vault_lab_there(lab, ".aob/generations/" FIRST ".json"));
}

static void a_crash_before_current_moves_is_made_good(void **state)
{
	struct vault_lab *lab = *state;
	char current[32];

	publish(lab, "run-1", "file", "one");
	publish(lab, "run-2", "file", "two");
	assert_int_equal(unlinkat(lab->vault->folder_fd, "current", 0), 0);
	assert_int_equal(symlinkat("generations/" FIRST, lab->vault->folder_fd, "current"), 0);
	assert_int_equal(publish_recover(lab->vault, &lab->err), 0);
	assert_int_equal(vault_current(lab->vault, current, &lab->err), 0);
	assert_string_equal(current, SECOND);
}

/* A copy of the vault that has lost it, or somebody's `rm -r`, and no writer since: what is there can be read. */
static void where_current_leads_nowhere_the_newest_is_read(void **state)
{
	struct vault_lab *lab = *state;
	char generation[32] = "";

	assert_int_equal(reading_choose(lab->vault, generation, &lab->err), -1);
	error_clear(&lab->err);
	publish(lab, "run-1", "file", "one");
	publish(lab, "run-2", "file", "two");
	assert_int_equal(unlinkat(lab->vault->folder_fd, "current", 0), 0);
	assert_int_equal(reading_choose(lab->vault, generation, &lab->err), 0);
	assert_string_equal(generation, SECOND);
	assert_int_equal(symlinkat("generations/" SECOND, lab->vault->folder_fd, "current"), 0);
	assert_int_equal(renameat(lab->vault->generations_fd, SECOND, lab->vault->folder_fd, "away"), 0);
	assert_int_equal(reading_current(lab->vault, generation, &lab->err), 0);
	assert_string_equal(generation, FIRST);
}

/* Its housekeeping did not come to pass: it was killed, or its disk was full. */
static void what_a_published_run_left_goes_with_the_next_writer(void **state)
{
	struct vault_lab *lab = *state;

	publish(lab, "run-1", "file", "one");
	assert_int_equal(mkdirat(lab->vault->incoming_fd, "run-1", 0700), 0);
	assert_int_equal(mkdirat(lab->vault->incoming_fd, "run-2", 0700), 0);
	assert_int_equal(publish_recover(lab->vault, &lab->err), 0);
	assert_false(vault_lab_there(lab, ".aob/incoming/run-1"));
	assert_true(vault_lab_there(lab, ".aob/incoming/run-2")); /* may be gone on with */
	assert_string_equal(vault_lab_read(lab, "current/file"), "one");
}

static void a_damaged_record_hides_one_generation_and_stops_nothing(void **state)
{
	struct vault_lab *lab = *state;
	char current[32];

	publish(lab, "run-1", "file", "one");
	publish(lab, "run-2", "file", "two");
	vault_lab_write(lab, ".aob/generations/" FIRST ".json", "{ not json");
	assert_int_equal(publish_recover(lab->vault, &lab->err), 0);
	assert_int_equal(vault_current(lab->vault, current, &lab->err), 0);
	assert_string_equal(current, SECOND);
	assert_true(vault_lab_there(lab, "generations/" FIRST "/file"));
}

/* Nobody has said that it is not there. */
static void one_that_cant_be_looked_at_keeps_its_record(void **state)
{
	struct vault_lab *lab = *state;
	enum removal_result result;
	const char *reason;
	char current[32];
	bool left;

	publish(lab, "run-1", "file", "one");
	publish(lab, "run-2", "file", "two");
	assert_int_equal(trash_empty(lab->vault, &lab->ticker, &lab->err), 0);
	vault_lab_shut(lab);
	assert_int_equal(vault_has(lab->vault, FIRST, &lab->err), -1);
	error_clear(&lab->err);
	assert_int_equal(publish_recover(lab->vault, &lab->err), 0);
	assert_true(vault_lab_there(lab, ".aob/generations/" FIRST ".json"));
	assert_true(vault_lab_there(lab, ".aob/generations/" SECOND ".json"));
	assert_int_equal(vault_current(lab->vault, current, &lab->err), 0);
	assert_string_equal(current, SECOND);
	assert_int_equal(removal_left(lab->vault, &left, &lab->err), 0);
	assert_false(left);
	assert_int_equal(removal_generation(lab->vault, FIRST, &lab->ticker, &result, &reason, &lab->err), 0);
	assert_int_equal(result, REMOVAL_REFUSED);
	assert_non_null(strstr(reason, "can't be read"));
	vault_lab_unshut(lab);
	assert_int_equal(vault_has(lab->vault, FIRST, &lab->err), 1);
	assert_int_equal(removal_generation(lab->vault, FIRST, &lab->ticker, &result, &reason, &lab->err), 0);
	assert_int_equal(result, REMOVAL_DONE);
	assert_int_equal(vault_has(lab->vault, FIRST, &lab->err), 0);
	/* Something else in its place is no generation either. */
	vault_lab_write(lab, "generations/" FIRST, "a file");
	assert_int_equal(vault_has(lab->vault, FIRST, &lab->err), 0);
}

/* … nor is it built once more, nor is all sent as if nothing were there. */
static void a_run_whose_generation_cant_be_looked_at_is_not_begun_anew(void **state)
{
	struct record wanted = { .run = "run-1", .state = "quiet", .taken_at_s = 1763876160 };
	struct vault_lab *lab = *state;
	struct incoming *incoming;
	enum incoming_how how;

	publish(lab, "run-1", "file", "one");
	vault_lab_shut(lab);
	assert_int_equal(incoming_begin(lab->vault, &wanted, -1, &lab->ticker, &incoming, &how, &lab->err), -1);
	assert_non_null(strstr(lab->err.text, "looking at the folder of generation " FIRST));
	error_clear(&lab->err);
	(void)snprintf(wanted.run, sizeof(wanted.run), "run-2");
	assert_int_equal(incoming_begin(lab->vault, &wanted, -1, &lab->ticker, &incoming, &how, &lab->err), 0);
	assert_string_equal(incoming->base, FIRST);
	assert_int_equal(incoming_build(incoming, &lab->ticker, &lab->err), -1);
	incoming_end(&incoming);
	vault_lab_unshut(lab);
}

static void what_a_run_has_left_and_cant_be_read_stays(void **state)
{
	struct record wanted = { .run = "run-1", .state = "quiet", .taken_at_s = 1763876160 };
	struct vault_lab *lab = *state;
	struct incoming *incoming;
	enum incoming_how how;

	incoming = vault_lab_begin(lab, "run-1", &how);
	incoming_end(&incoming);
	vault_lab_shut(lab);
	assert_int_equal(fchmodat(lab->vault->incoming_fd, "run-1", 0, 0), getuid() == 0 ? -1 : 0);
	assert_int_equal(incoming_begin(lab->vault, &wanted, -1, &lab->ticker, &incoming, &how, &lab->err), -1);
	error_clear(&lab->err);
	(void)snprintf(wanted.run, sizeof(wanted.run), "run-2");
	assert_int_equal(incoming_begin(lab->vault, &wanted, -1, &lab->ticker, &incoming, &how, &lab->err), 0);
	assert_int_equal(how, INCOMING_FRESH);
	incoming_end(&incoming);
	vault_lab_unshut(lab);
	assert_int_equal(fchmodat(lab->vault->incoming_fd, "run-1", 0700, 0), 0);
	incoming = vault_lab_begin(lab, "run-1", &how);
	assert_int_equal(how, INCOMING_RESUMED);
	incoming_end(&incoming);
}

/* Its folder is there all the same. */
static void the_only_one_is_gone_on_from_when_its_record_cant_be_read(void **state)
{
	struct vault_lab *lab = *state;
	char current[32];

	for (int lost = 0; lost < 2; lost++) {
		struct incoming *incoming;
		enum incoming_how how;

		if (lost == 0)
			publish(lab, "run-1", "file", "one");
		vault_lab_write(lab, ".aob/generations/" FIRST ".json", "{ not json");
		if (lost == 1)
			assert_int_equal(unlinkat(lab->vault->records_fd, FIRST ".json", 0), 0);
		assert_int_equal(publish_recover(lab->vault, &lab->err), 0);
		incoming = vault_lab_begin(lab, "run-2", &how);
		assert_string_equal(incoming->base, FIRST);
		assert_string_equal(incoming->record.name, SECOND);
		assert_true(incoming->base_record.own_files < 0 && incoming->base_record.own_bytes < 0);
		incoming_end(&incoming);
	}
	publish(lab, "run-2", "other", "two");
	assert_int_equal(vault_current(lab->vault, current, &lab->err), 0);
	assert_string_equal(current, SECOND);
	assert_string_equal(vault_lab_read(lab, "current/file"), "one");
	assert_string_equal(vault_lab_read(lab, "generations/" FIRST "/file"), "one");
}

static void old_ones_go_and_the_newest_never_does(void **state)
{
	struct vault_lab *lab = *state;
	enum removal_result result;
	const char *reason;

	publish(lab, "run-1", "file", "one");
	publish(lab, "run-2", "file", "two");
	assert_int_equal(removal_generation(lab->vault, SECOND, &lab->ticker, &result, &reason, &lab->err), 0);
	assert_int_equal(result, REMOVAL_REFUSED);
	assert_int_equal(removal_generation(lab->vault, FIRST, &lab->ticker, &result, &reason, &lab->err), 0);
	assert_int_equal(result, REMOVAL_DONE);
	assert_false(vault_lab_there(lab, "generations/" FIRST));
	assert_false(vault_lab_there(lab, ".aob/generations/" FIRST ".json"));
	assert_int_equal(removal_generation(lab->vault, FIRST, &lab->ticker, &result, &reason, &lab->err), 0);
	assert_int_equal(result, REMOVAL_ABSENT);
	assert_int_equal(removal_generation(lab->vault, "../..", &lab->ticker, &result, &reason, &lab->err), -1);
	assert_int_equal(lab->err.class, ERR_INPUT);
	assert_string_equal(vault_lab_read(lab, "current/file"), "two");
}

static void the_root_is_never_made_and_names_lead_nowhere_else(void **state)
{
	struct vault_lab *lab = *state;
	struct vault_options options = { .root = "/nonexistent/root" };
	struct vault *vault;

	assert_int_equal(vault_open(&options, "photos", true, &vault, &lab->err), -1);
	assert_int_equal(lab->err.class, ERR_NOT_FOUND);
	assert_int_equal(vault_open(&lab->options, "../photos", true, &vault, &lab->err), -1);
	assert_int_equal(lab->err.class, ERR_INPUT);
	assert_int_equal(vault_open(&lab->options, ".aob", true, &vault, &lab->err), -1);
	assert_int_equal(vault_open(&lab->options, "other", false, &vault, &lab->err), -1);
	assert_int_equal(lab->err.class, ERR_NOT_FOUND);
}

#define VAULT_TEST(f) cmocka_unit_test_setup_teardown(f, vault_lab_open, vault_lab_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		VAULT_TEST(a_generation_is_published_with_its_record_its_pages_and_current),
		VAULT_TEST(the_next_one_begins_as_links_to_the_last),
		VAULT_TEST(what_lies_where_current_is_made_and_cannot_be_removed_stops_nothing),
		VAULT_TEST(a_run_that_was_published_is_found_again),
		VAULT_TEST(what_arrived_is_gone_on_with_by_the_same_run_and_by_the_next),
		VAULT_TEST(a_tree_on_an_older_base_is_not_gone_on_with),
		VAULT_TEST(after_a_restart_what_did_not_reach_the_disk_is_dropped),
		VAULT_TEST(a_crash_before_the_rename_leaves_no_record),
		VAULT_TEST(a_crash_before_current_moves_is_made_good),
		VAULT_TEST(where_current_leads_nowhere_the_newest_is_read),
		VAULT_TEST(what_a_published_run_left_goes_with_the_next_writer),
		VAULT_TEST(a_damaged_record_hides_one_generation_and_stops_nothing),
		VAULT_TEST(one_that_cant_be_looked_at_keeps_its_record),
		VAULT_TEST(a_run_whose_generation_cant_be_looked_at_is_not_begun_anew),
		VAULT_TEST(what_a_run_has_left_and_cant_be_read_stays),
		VAULT_TEST(the_only_one_is_gone_on_from_when_its_record_cant_be_read),
		VAULT_TEST(old_ones_go_and_the_newest_never_does),
		VAULT_TEST(the_root_is_never_made_and_names_lead_nowhere_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
