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

/* It says 777. */
static void write_record(const struct vault_lab *lab)
{
	vault_lab_write(lab, ".aob/generations/2026-11-22T05-31-12Z.json",
	                "{\"generation\": \"2026-11-22T05-31-12Z\", \"run\": \"r\", \"state\": \"quiet\", "
	                "\"ctransid\": 0, \"taken_at\": 1,"
	                " \"published_at\": 1, \"files\": 3, \"bytes\": 9, \"vault_clock\": 777}");
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

	write_record(lab);
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		write_clock(lab, damaged[i]);
		assert_int_equal(vault_clock_read(lab->vault, &now_s, &lab->err), 0);
		assert_int_equal(now_s, -1);
		assert_int_equal(vault_clock_keep(lab->vault, &now_s, &lab->err), 0);
		assert_int_equal(now_s, 777);
	}
	/* Where it can't be kept, nothing is published by it. */
	assert_int_equal(mkdirat(lab->vault->aob_fd, ".clock.json.new", 0700), 0);
	assert_int_equal(vault_clock_keep(lab->vault, &now_s, &lab->err), -1);
}

static void put_folder(struct vault_lab *lab)
{
	assert_int_equal(mkdirat(lab->vault->aob_fd, "clock.json", 0700), 0);
}

static void put_full_folder(struct vault_lab *lab)
{
	put_folder(lab);
	vault_lab_write(lab, ".aob/clock.json/somebodys", "only copy");
}

static void put_symlink(struct vault_lab *lab)
{
	assert_int_equal(symlinkat("nowhere", lab->vault->aob_fd, "clock.json"), 0);
}

static void put_symlink_to_a_clock(struct vault_lab *lab)
{
	vault_lab_write(lab, "beside", "{\"elapsed\": 5000, \"uptime\": 1, \"time\": 1, \"boot_id\": \"x\"}");
	assert_int_equal(symlinkat("../beside", lab->vault->aob_fd, "clock.json"), 0);
}

static void put_pipe(struct vault_lab *lab)
{
	assert_int_equal(mkfifoat(lab->vault->aob_fd, "clock.json", 0600), 0);
}

/* Which open(2) answers ENXIO: the class of a disk that does not give it. */
static void put_socket(struct vault_lab *lab)
{
	assert_int_equal(mknodat(lab->vault->aob_fd, "clock.json", S_IFSOCK | 0600, 0), 0);
}

static void what_stands_in_its_place_goes_out_of_the_way(void **state)
{
	static void (*const puts[])(struct vault_lab * lab) = { put_folder,  put_full_folder,        put_full_folder,
		                                                put_symlink, put_symlink_to_a_clock, put_pipe,
		                                                put_socket };
	struct vault_lab *lab = *state;
	int64_t now_s = -2;
	char command[PATH_MAX];

	write_record(lab);
	for (size_t i = 0; i < sizeof(puts) / sizeof(puts[0]); i++) {
		puts[i](lab);
		for (unsigned again = 0; again < 2; again++) { /* who only looks changes nothing */
			if (vault_clock_read(lab->vault, &now_s, &lab->err) != 0)
				fail_msg("%zu: %s", i, lab->err.text);
			assert_int_equal(now_s, -1);
		}
		if (vault_clock_keep(lab->vault, &now_s, &lab->err) != 0)
			fail_msg("%zu: %s", i, lab->err.text);
		assert_int_equal(now_s, 777);
		assert_int_equal(vault_clock_read(lab->vault, &now_s, &lab->err), 0);
		assert_true(now_s >= 777 && now_s < 1777);
		assert_int_equal(unlinkat(lab->vault->aob_fd, "clock.json", 0), 0);
	}
	/* A folder is moved aside, with what is in it. */
	(void)snprintf(command, sizeof(command), "test \"$(cat '%s'/photos/.aob/clock.json.*/somebodys)\" = '%s'",
	               lab->root, "only copyonly copy");
	assert_int_equal(system(command), 0);
}

static bool looks_at_a_bad_disk(struct vault_lab *lab)
{
	int64_t now_s = -2;

	return vault_clock_read(lab->vault, &now_s, &lab->err) == 0 && now_s == -1 &&
	       vault_clock_keep(lab->vault, &now_s, &lab->err) == 0 && now_s == 0;
}

static void what_cant_be_read_is_written_anew(void **state)
{
	struct vault_lab *lab = *state;
	int64_t now_s = -2;

	write_clock(lab, "{\"elapsed\": 5000, \"uptime\": 1, \"time\": 1, \"boot_id\": \"another\"}");
	vault_lab_failing(lab, SYS_read, looks_at_a_bad_disk);
	assert_int_equal(vault_clock_read(lab->vault, &now_s, &lab->err), 0);
	assert_true(now_s >= 0 && now_s < 1000);
	write_record(lab);
	assert_int_equal(fchmodat(lab->vault->aob_fd, "clock.json", 0, 0), 0);
	if (getuid() == 0) { /* whom no rights stop */
		assert_int_equal(fchown(lab->vault->aob_fd, 65534, 65534), 0);
		assert_int_equal(seteuid(65534), 0);
	}
	assert_int_equal(vault_clock_read(lab->vault, &now_s, &lab->err), 0);
	assert_int_equal(now_s, -1);
	assert_int_equal(vault_clock_keep(lab->vault, &now_s, &lab->err), 0);
	assert_int_equal(now_s, 777);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_passes_is_what_it_shows),
		cmocka_unit_test_setup_teardown(it_is_kept_and_never_goes_back, vault_lab_open, vault_lab_close),
		cmocka_unit_test_setup_teardown(what_is_lost_goes_on_from_the_records, vault_lab_open, vault_lab_close),
		cmocka_unit_test_setup_teardown(what_stands_in_its_place_goes_out_of_the_way, vault_lab_open,
		                                vault_lab_close),
		cmocka_unit_test_setup_teardown(what_cant_be_read_is_written_anew, vault_lab_open, vault_lab_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
