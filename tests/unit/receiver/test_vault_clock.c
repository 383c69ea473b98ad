/* A vault's own clock goes by what has passed here, whatever the time of day says; from one boot to the next by that, but not for years. What is lost of it goes on from the records. */
#include "tests/unit/receiver/vault_lab.h"

#include "receiver/vault_clock.h"

#define DAY ((int64_t)24 * 3600)
#define YEAR (365 * DAY)

static void what_passes_is_what_it_shows(void **state)
{
	static const struct {
		struct vault_clock then, now;
		int64_t want_s;
	} rows[] = {
		{ { 1000, 50, 500, "a" }, { 0, 80, 530, "a" }, 1030 },
		/* the time of day jumps, within a boot */
		{ { 1000, 50, 500, "a" }, { 0, 80, 500 + 10 * YEAR, "a" }, 1030 },
		{ { 1000, 50, 500, "a" }, { 0, 80, 500 - 10 * YEAR, "a" }, 1030 },
		/* another boot: by the time of day, a week at most, and never back */
		{ { 1000, 50, 500, "a" }, { 0, 5, 500 + DAY, "b" }, 1000 + DAY },
		{ { 1000, 50, 500, "a" }, { 0, 5, 500 + 10 * YEAR, "b" }, 1000 + 7 * DAY },
		{ { 1000, 50, 500, "a" }, { 0, 5, 400, "b" }, 1000 },
		/* who can't tell a boot is like no other */
		{ { 1000, 50, 500, "" }, { 0, 60 + YEAR, 510, "" }, 1010 },
		/* a container whose clock began anew */
		{ { 1000, 50, 500, "a" }, { 0, 10, 510, "a" }, 1000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(vault_clock_after(&rows[i].then, &rows[i].now), rows[i].want_s);
}

static void write_clock(const struct vault_lab *lab, const char *text)
{
	vault_lab_write(lab, ".aob/clock.json", text);
}

static void it_is_kept_and_never_goes_back(void **state)
{
	struct vault_lab *lab = *state;
	int64_t first_s = -2;
	int64_t now_s = -2;

	assert_int_equal(vault_clock_read(lab->vault, &now_s, &lab->err), 0);
	assert_int_equal(now_s, -1);
	assert_int_equal(vault_clock_keep(lab->vault, &first_s, &lab->err), 0);
	assert_int_equal(first_s, 0);
	write_clock(lab, "{\"elapsed\": 5000, \"uptime\": 1, \"time\": 1, \"boot_id\": \"another\"}");
	assert_int_equal(vault_clock_keep(lab->vault, &now_s, &lab->err), 0);
	assert_int_equal(now_s, 5000 + VAULT_CLOCK_AWAY_MOST_S); /* since 1970 */
	assert_int_equal(vault_clock_read(lab->vault, &first_s, &lab->err), 0);
	assert_true(first_s >= now_s && first_s < now_s + 1000);
}

static void what_is_lost_goes_on_from_the_records(void **state)
{
	static const char damaged[][120] = {
		"",
		"{",
		"{\"elapsed\": -1, \"uptime\": 1, \"time\": 1, \"boot_id\": \"x\"}",
		"{\"elapsed\": 1, \"uptime\": 1, \"time\": 1}",
		"{\"elapsed\":9223372036854775807,\"uptime\":1,\"time\":1,\"boot_id\":\"x\"}",
		"{\"elapsed\":1,\"uptime\":-9223372036854775807,\"time\":1,\"boot_id\":\"x\"}",
		"{\"elapsed\":1,\"uptime\":1,\"time\":-9223372036854775807,\"boot_id\":\"x\"}",
		"{\"elapsed\":1,\"uptime\":1,\"time\":1,\"boot_id\":\"0123456789012345678901234567890123456789\"}",
	};
	struct vault_lab *lab = *state;
	int64_t now_s = -2;

	vault_lab_write(lab, ".aob/generations/2026-11-22T05-31-12Z.json",
	                "{\"generation\": \"2026-11-22T05-31-12Z\", \"run\": \"r\", \"state\": \"quiet\", "
	                "\"ctransid\": 0, \"taken_at\": 1,"
	                " \"published_at\": 1, \"files\": 3, \"bytes\": 9, \"vault_clock\": 777}");
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		write_clock(lab, damaged[i]);
		assert_int_equal(vault_clock_read(lab->vault, &now_s, &lab->err), 0);
		assert_int_equal(now_s, -1);
		assert_int_equal(vault_clock_keep(lab->vault, &now_s, &lab->err), 0);
		assert_int_equal(now_s, 777);
	}
	/* Where it can't be kept, nothing is published by it. */
	assert_int_equal(unlinkat(lab->vault->aob_fd, "clock.json", 0), 0);
	assert_int_equal(mkdirat(lab->vault->aob_fd, "clock.json", 0700), 0);
	assert_int_equal(vault_clock_keep(lab->vault, &now_s, &lab->err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_passes_is_what_it_shows),
		cmocka_unit_test_setup_teardown(it_is_kept_and_never_goes_back, vault_lab_open, vault_lab_close),
		cmocka_unit_test_setup_teardown(what_is_lost_goes_on_from_the_records, vault_lab_open, vault_lab_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
