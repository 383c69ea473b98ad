/* Where a restore without a configuration comes from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/restore_from.h"
#include "tests/unit/scratch.h"

static const struct {
	const char *url, *ssh, *root; /* ssh NULL: refused */
} urls[] = {
	{ "ssh://dad/volume1/offsite", "dad", "/volume1/offsite" },
	{ "ssh://backup@dad.example.net:2222/r", "backup@dad.example.net:2222", "/r" },
	{ "ssh://backup@[2001:db8::1]:22/r", "backup@[2001:db8::1]:22", "/r" },
	{ "ssh://dad/my%20vault/%25", "dad", "/my vault/%" },
	{ "ssh://dad/", "dad", "/" },
	{ "ssh://dad", NULL, NULL },
	{ "ssh:///r", NULL, NULL },
	{ "ssh://-oProxyCommand=x/r", NULL, NULL },
	{ "http://dad/r", NULL, NULL },
	{ "ssh://dad/%2", NULL, NULL },
	{ "ssh://dad/%zz", NULL, NULL },
	{ "ssh://dad/%00", NULL, NULL },
};

static void a_url_is_taken_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct error err = { 0 };
		char *ssh;
		char *root;
		int rc = restore_from_url(urls[i].url, &ssh, &root, &err);

		if (rc != (urls[i].ssh != NULL ? 0 : -1))
			fail_msg("%s: %s", urls[i].url, err.text);
		if (rc == 0) {
			assert_string_equal(ssh, urls[i].ssh);
			assert_string_equal(root, urls[i].root);
		} else {
			assert_int_equal(err.class, ERR_USAGE);
		}
		free(ssh);
		free(root);
	}
}

static char folder[PATH_MAX];

static void make_pipeline(const char *name)
{
	char path[PATH_MAX + 100];
	FILE *out;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(mkdir(path, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/%s/.aob", folder, name);
	assert_int_equal(mkdir(path, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/%s/.aob/format.json", folder, name);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_int_equal(fclose(out), 0);
}

static const char *const none[] = { NULL };

static void is_found(const char *where, const char *pipeline, const char *want)
{
	struct restore_from from;
	struct error err = { 0 };

	if (restore_from_init(&from, where, pipeline, NULL, none, &err) != 0)
		fail_msg("%s", err.text);
	assert_string_equal(from.pipeline, want);
	assert_string_equal(from.vault.root, folder);
	assert_null(from.vault.ssh);
	restore_from_done(&from);
}

static void is_refused(const char *where, const char *pipeline, enum error_class class, const char *says)
{
	struct restore_from from;
	struct error err = { 0 };

	assert_int_equal(restore_from_init(&from, where, pipeline, NULL, none, &err), -1);
	if (err.class != class || strstr(err.text, says) == NULL)
		fail_msg("%s", err.text);
	restore_from_done(&from);
}

static void a_disk_in_hand_shows_its_pipelines(void **state)
{
	char path[PATH_MAX + 100];

	(void)state;
	assert_int_equal(scratch_make(folder, sizeof(folder), "from"), 0);
	is_refused(folder, NULL, ERR_NOT_FOUND, "holds no vault");
	make_pipeline("photos");
	(void)snprintf(path, sizeof(path), "%s/photos", folder);
	is_found(folder, NULL, "photos");
	is_found(folder, "photos", "photos");
	is_found(path, NULL, "photos");
	is_found(path, "photos", "photos");
	is_refused(path, "mac", ERR_USAGE, "not of mac");
	make_pipeline("mac");
	is_refused(folder, NULL, ERR_USAGE, "several pipelines");
	is_found(folder, "mac", "mac");
	is_found(path, NULL, "photos");
	is_refused("/no/such/folder", NULL, ERR_NOT_FOUND, "--from");
	is_refused("ssh://dad/r", NULL, ERR_USAGE, "name the pipeline");
	assert_int_equal(scratch_remove(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_url_is_taken_apart),
		                            cmocka_unit_test(a_disk_in_hand_shows_its_pipelines) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
