#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "lib/tree_scan.h"
#include "tests/unit/scratch.h"
#include "transfer/unfrozen.h"

static char folder[PATH_MAX];
static int folder_fd = -1;

static int make_folder(void **state)
{
	(void)state;
	if (scratch_make(folder, sizeof(folder), "unfrozen") != 0)
		return -1;
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
	return folder_fd >= 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	(void)close(folder_fd);
	return scratch_remove(folder);
}

static void write_file(const char *name)
{
	int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_APPEND, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(close(fd), 0);
}

static struct stage_request *request_of(const char *driver, const char *kind, uint64_t fingerprint)
{
	char json[1024];
	struct stage_request *request = NULL;
	struct error err = { .class = ERR_NONE };

	(void)snprintf(
	        json, sizeof(json),
	        "{\"v\":1,\"job\":\"r1/"
	        "1\",\"run\":\"r1\",\"pipeline\":\"p\",\"attempt\":1,\"trigger\":\"idle\",\"dry_run\":false,\"source\":"
	        "\"/s\","
	        "\"vault\":{\"name\":\"v\",\"root\":\"/v\"},\"with\":{},\"results\":{\"snapshot\":{\"driver\":\"%s\","
	        "\"path\":\"/s\",\"state\":\"clean\",\"kind\":\"%s\",\"fingerprint\":%llu}}}",
	        driver, kind, (unsigned long long)fingerprint);
	if (stage_request_parse(json, strlen(json), &request, &err) != 0)
		fail_msg("%s", err.text);
	return request;
}

static uint64_t fingerprint(void)
{
	uint64_t found = 0;

	assert_int_equal(tree_scan_all(folder_fd, NULL, NULL, &found, NULL), 0);
	return found;
}

static void of_a_snapshot_nothing_is_asked(void **state)
{
	struct stage_request *request = request_of("btrfs", "generic", 0);
	struct error err = { .class = ERR_NONE };
	struct unfrozen unfrozen;

	(void)state;
	unfrozen_init(&unfrozen, request);
	assert_false(unfrozen.is);
	assert_int_equal(unfrozen_begin(&unfrozen, -1, &err), 0);
	assert_int_equal(unfrozen_check(&unfrozen, -1, &err), 0);
	(void)error_set(&err, ERR_BUSY, "it has become shorter");
	assert_false(unfrozen_again(&unfrozen, &err));
	stage_request_destroy(&request);
}

static void what_is_written_meanwhile_is_seen(void **state)
{
	struct stage_request *request;
	struct error err = { .class = ERR_NONE };
	struct unfrozen unfrozen;

	(void)state;
	write_file("file");
	request = request_of("none", "generic", fingerprint());
	unfrozen_init(&unfrozen, request);
	assert_true(unfrozen.is);
	assert_int_equal(unfrozen_begin(&unfrozen, folder_fd, &err), 0);
	assert_int_equal(unfrozen_check(&unfrozen, folder_fd, &err), 0);
	write_file("file");
	assert_int_equal(unfrozen_check(&unfrozen, folder_fd, &err), -1);
	assert_int_equal(err.class, ERR_BUSY);
	/* The next pass has another beginning. */
	assert_true(unfrozen_again(&unfrozen, &err));
	assert_int_equal(err.class, ERR_NONE);
	assert_int_equal(unfrozen_begin(&unfrozen, folder_fd, &err), 0);
	assert_int_equal(unfrozen_check(&unfrozen, folder_fd, &err), 0);
	assert_string_equal(unfrozen.state, "clean");
	stage_request_destroy(&request);
}

static void what_was_written_between_the_steps_is_seen(void **state)
{
	struct stage_request *request;
	struct error err = { .class = ERR_NONE };
	struct unfrozen unfrozen;

	(void)state;
	request = request_of("none", "generic", fingerprint());
	write_file("another");
	unfrozen_init(&unfrozen, request);
	assert_int_equal(unfrozen_begin(&unfrozen, folder_fd, &err), 0);
	assert_int_equal(unfrozen_check(&unfrozen, folder_fd, &err), -1);
	stage_request_destroy(&request);
}

static void after_three_passes_it_is_taken_as_it_is(void **state)
{
	struct stage_request *request = request_of("none", "generic", 1);
	struct error err = { .class = ERR_NONE };
	struct unfrozen unfrozen;

	(void)state;
	unfrozen_init(&unfrozen, request);
	for (unsigned pass = 1; pass <= UNFROZEN_PASSES; pass++) {
		assert_int_equal(unfrozen.pass, pass);
		assert_false(unfrozen_as_it_is(&unfrozen));
		(void)error_set(&err, ERR_NOT_FOUND, "a file is gone");
		assert_true(unfrozen_again(&unfrozen, &err));
	}
	assert_true(unfrozen_as_it_is(&unfrozen));
	assert_string_equal(unfrozen.state, "in-flight");
	write_file("file");
	assert_int_equal(unfrozen_check(&unfrozen, folder_fd, &err), 0);
	(void)error_set(&err, ERR_NOT_FOUND, "a file is gone");
	assert_false(unfrozen_again(&unfrozen, &err));
	stage_request_destroy(&request);
}

static void what_no_writer_does_is_an_error_at_once(void **state)
{
	static const enum error_class classes[] = { ERR_LINK, ERR_SPACE, ERR_IO, ERR_CANCELLED, ERR_PROTOCOL };
	struct stage_request *request = request_of("none", "generic", 1);
	struct error err = { .class = ERR_NONE };
	struct unfrozen unfrozen;

	(void)state;
	unfrozen_init(&unfrozen, request);
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		(void)error_set(&err, classes[i], "something else");
		assert_false(unfrozen_again(&unfrozen, &err));
		assert_int_equal(err.class, classes[i]);
	}
	stage_request_destroy(&request);
}

static void of_a_mac_only_the_first_pass_can_be_clean(void **state)
{
	struct stage_request *request = request_of("none", "time-machine", 1);
	struct error err = { .class = ERR_NONE };
	struct unfrozen unfrozen;

	(void)state;
	unfrozen_init(&unfrozen, request);
	assert_string_equal(unfrozen.state, "clean");
	(void)error_set(&err, ERR_BUSY, "written to");
	assert_true(unfrozen_again(&unfrozen, &err));
	assert_string_equal(unfrozen.state, "in-flight");
	stage_request_destroy(&request);
}

static void another_folder_in_its_place_is_not_read(void **state)
{
	struct stage_request *request = request_of("none", "generic", fingerprint());
	struct error err = { .class = ERR_NONE };
	struct unfrozen unfrozen;

	(void)state;
	unfrozen_init(&unfrozen, request);
	unfrozen.inode = 1; /* no file system has a folder of that number that anybody can make */
	assert_int_equal(unfrozen_begin(&unfrozen, folder_fd, &err), -1);
	assert_int_equal(err.class, ERR_IO);
	/* Not for want of a quiet moment: it is not read again. */
	assert_false(unfrozen_again(&unfrozen, &err));
	unfrozen_late(&unfrozen, &err);
	assert_int_equal(err.class, ERR_IO);
	/* What a writer may have done defers the run. */
	(void)error_set(&err, ERR_NOT_FOUND, "a file is gone");
	unfrozen_late(&unfrozen, &err);
	assert_int_equal(err.class, ERR_BUSY);
	stage_request_destroy(&request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_snapshot_nothing_is_asked),
		cmocka_unit_test(what_is_written_meanwhile_is_seen),
		cmocka_unit_test(what_was_written_between_the_steps_is_seen),
		cmocka_unit_test(after_three_passes_it_is_taken_as_it_is),
		cmocka_unit_test(what_no_writer_does_is_an_error_at_once),
		cmocka_unit_test(another_folder_in_its_place_is_not_read),
		cmocka_unit_test(of_a_mac_only_the_first_pass_can_be_clean),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
