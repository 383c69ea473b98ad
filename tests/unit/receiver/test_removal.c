/* What is removed of a vault whose time of day was wrong, or whose own clock is lost: nothing that is younger than --keep-for, and not nothing for ever. */
#include "tests/unit/receiver/vault_lab.h"

#include <time.h>

#include "lib/boot_id.h"
#include "lib/clock.h"
#include "receiver/record.h"
#include "receiver/removal.h"

#define DAY ((int64_t)24 * 3600)
#define TO_COME (-(int64_t)73 * 365)
#define CLOCK_S (900 * DAY) /* what the vault's clock shows */
#define GENERATIONS 4u

/* days ago; less than 0: to come by the time of day, of before it was counted by the vault's clock */
struct published {
	int64_t day, vault;
};

static void publish_all(struct vault_lab *lab, char names[GENERATIONS][32])
{
	for (unsigned i = 0; i < GENERATIONS; i++) {
		struct incoming *incoming;
		enum incoming_how how;
		char run[16];

		(void)snprintf(run, sizeof(run), "run-%u", i);
		incoming = vault_lab_begin(lab, run, &how);
		assert_int_equal(publish_commit(incoming, &lab->ticker, &lab->err), 0);
		memcpy(names[i], incoming->record.name, sizeof(names[i]));
		incoming_end(&incoming);
	}
}

static void set_record(struct vault_lab *lab, const char *name, const struct published *when, int64_t now_s)
{
	struct wire_macs none = { .n = 0 };
	struct record record;

	assert_int_equal(record_read(lab->vault, name, &record, &lab->err), 0);
	record.published_at_s = now_s - when->day * DAY;
	record.vault_clock_s = when->vault >= 0 ? CLOCK_S - when->vault * DAY : -1;
	assert_int_equal(record_write(lab->vault, &record, &none, &lab->err), 0);
}

static void set_clock(const struct vault_lab *lab)
{
	char boot[BOOT_ID_SIZE];
	char text[256];

	boot_id_read(boot);
	(void)snprintf(text, sizeof(text), "{\"elapsed\": %lld, \"uptime\": %lld, \"time\": %lld, \"boot_id\": \"%s\"}",
	               (long long)CLOCK_S, (long long)clock_boot_s(), (long long)time(NULL), boot);
	vault_lab_write(lab, ".aob/clock.json", text);
}

static enum removal_result asked(struct vault_lab *lab, const char *name)
{
	enum removal_result result = REMOVAL_ABSENT;
	const char *reason;

	if (removal_generation(lab->vault, name, &lab->ticker, &result, &reason, &lab->err) != 0)
		fail_msg("%s", lab->err.text);
	return result;
}

static void one_from_the_future_goes_with_those_after_it(void **state)
{
	/* the second one is asked for; the last one is the newest, and stays */
	static const struct {
		struct published when[GENERATIONS];
		bool goes;
	} rows[] = {
		{ { { 33, 33 }, { TO_COME, 32 }, { 31, 31 }, { 0, 0 } }, true },
		/* too young, by one of the two clocks or both */
		{ { { 33, 33 }, { TO_COME, 32 }, { 29, 31 }, { 0, 0 } }, false },
		{ { { 33, 33 }, { TO_COME, 32 }, { 31, 29 }, { 0, 0 } }, false },
		{ { { 33, 33 }, { TO_COME, 2 }, { 1, 1 }, { 0, 0 } }, false },
		/* two that say it by one clock each */
		{ { { 33, 33 }, { TO_COME, 32 }, { 29, 31 }, { 31, 0 } }, false },
		/* what is as old, or not by its own word */
		{ { { 33, 33 }, { TO_COME, 29 }, { 31, 31 }, { 0, 0 } }, false },
		/* those after it have no word */
		{ { { 33, 33 }, { TO_COME, 32 }, { TO_COME, 31 }, { 0, 0 } }, false },
		{ { { 33, 33 }, { TO_COME, 32 }, { 31, -1 }, { 0, 0 } }, false },
		/* what is from before that clock */
		{ { { 33, 33 }, { TO_COME, -1 }, { 31, 31 }, { 0, 0 } }, true },
		/* one that is not from the future has its own */
		{ { { 33, 33 }, { 2, 2 }, { 31, 31 }, { 0, 0 } }, false },
		{ { { 33, 33 }, { 32, 32 }, { 1, 1 }, { 0, 0 } }, true },
		{ { { 33, 33 }, { 32, 29 }, { 31, 31 }, { 0, 0 } }, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char names[GENERATIONS][32];
		int64_t now_s = time(NULL);
		struct vault_lab *lab;

		assert_int_equal(vault_lab_open(state), 0);
		lab = *state;
		publish_all(lab, names);
		for (unsigned k = 0; k < GENERATIONS; k++)
			set_record(lab, names[k], &rows[i].when[k], now_s);
		set_clock(lab);
		lab->options.keep_for_s = 30 * DAY;
		if (asked(lab, names[1]) != (rows[i].goes ? REMOVAL_DONE : REMOVAL_REFUSED))
			fail_msg("row %zu", i);
		assert_int_equal(vault_has(lab->vault, names[1], &lab->err), rows[i].goes ? 0 : 1);
		assert_int_equal(vault_lab_close(state), 0);
	}
}

/* Also for as long as nothing is published, which would write it anew. */
static void a_clock_that_cant_be_read_holds_what_it_guards_alone(void **state)
{
	static const struct published old = { 40, 40 };
	struct vault_lab *lab = *state;
	char names[GENERATIONS][32];

	publish_all(lab, names);
	for (unsigned k = 0; k < 2; k++)
		set_record(lab, names[k], &old, time(NULL));
	assert_int_equal(unlinkat(lab->vault->aob_fd, "clock.json", 0), 0);
	assert_int_equal(symlinkat("nowhere", lab->vault->aob_fd, "clock.json"), 0);
	lab->options.keep_for_s = 30 * DAY;
	assert_int_equal(asked(lab, names[0]), REMOVAL_REFUSED);
	lab->options.keep_for_s = 0;
	assert_int_equal(asked(lab, names[0]), REMOVAL_DONE);
	lab->options.keep_for_s = 30 * DAY;
	assert_int_equal(unlinkat(lab->vault->aob_fd, "clock.json", 0), 0);
	set_clock(lab);
	assert_int_equal(asked(lab, names[1]), REMOVAL_DONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_from_the_future_goes_with_those_after_it),
		cmocka_unit_test_setup_teardown(a_clock_that_cant_be_read_holds_what_it_guards_alone, vault_lab_open,
		                                vault_lab_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
