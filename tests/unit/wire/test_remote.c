/* The far end is started as the vault says, and what ssh or the receiver says last explains why it did not work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/scratch.h"
#include "wire/remote.h"
#include "wire/remote_list.h"

static char folder[64];
static char path[4200];

static const char *in_folder(const char *name)
{
	static char whole[sizeof(folder) + 64];

	(void)snprintf(whole, sizeof(whole), "%s/%s", folder, name);
	return whole;
}

/* A program of that name, first on PATH. */
static void write_program(const char *name, const char *script)
{
	FILE *out = fopen(in_folder(name), "w");

	assert_non_null(out);
	assert_true(fprintf(out, "#!/bin/sh\n%s\n", script) > 0);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(in_folder(name), 0755), 0);
}

static int make_folder(void **state)
{
	(void)state;
	if (scratch_make(folder, sizeof(folder), "remote") != 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s:%.4000s", folder, getenv("PATH"));
	return setenv("PATH", path, 1) + chdir(folder);
}

static int remove_folder(void **state)
{
	(void)state;
	(void)unlink(in_folder("ssh"));
	(void)unlink(in_folder("aob-receiver"));
	(void)unlink(in_folder("words"));
	return rmdir(folder);
}

static void open_fails(const struct config_vault *vault, struct error *err)
{
	struct remote *remote = NULL;

	assert_int_equal(remote_open(vault, "photos", "transfer", NULL, &remote, err), -1);
	assert_null(remote);
	remote_close(&remote);
}

static const char *const none[] = { NULL };

/* ssh takes the first value of an option. */
static void the_vaults_own_options_stand_before_the_usual_ones(void **state)
{
	static const char *const options[] = { "ConnectTimeout=5", "ProxyJump=gate", NULL };
	static const struct config_vault vault = {
		.ssh = "backup@[2001:db8::1]:2222", .identity = "/etc/key", .ssh_options = options, .root = "/it's here"
	};
	struct error err = { 0 };
	char words[2000] = "";
	FILE *in;

	(void)state;
	write_program("ssh", "printf '[%s]' \"$@\" >words; exit 255");
	open_fails(&vault, &err);
	in = fopen(in_folder("words"), "r");
	assert_non_null(in);
	assert_non_null(fgets(words, sizeof(words), in));
	assert_int_equal(fclose(in), 0);
	assert_string_equal(words, "[-T][-x][-a][-oClearAllForwardings=yes][-oControlMaster=no][-oControlPath=none]"
	                           "[-oBatchMode=yes][-o][ConnectTimeout=5][-o][ProxyJump=gate]"
	                           "[-oServerAliveInterval=15][-oServerAliveCountMax=4][-oConnectTimeout=30]"
	                           "[-oLogLevel=ERROR][-oIdentitiesOnly=yes][-i][/etc/key][-p][2222][--]"
	                           "[backup@2001:db8::1][aob-receiver serve --root]['/it'\\''s here']");
}

static void sshs_last_words_tell_what_to_do(void **state)
{
	static const struct {
		const char *script;
		enum error_class class;
		const char *text;
	} cases[] = {
		{ "echo 'ssh: connect to host dad port 22: No route to host' >&2; exit 255", ERR_LINK,
		  "No route to host" },
		{ "echo 'backup@dad: Permission denied (publickey).' >&2; exit 255", ERR_PERMISSION,
		  "authorized_keys" },
		{ "echo 'Host key verification failed.' >&2; exit 255", ERR_PERMISSION, "known_hosts" },
		{ "echo 'sh: 1: aob-receiver: not found' >&2; exit 127", ERR_CONFIG, "install it" },
		{ "echo 'This account is disabled.'; exit 1", ERR_PROTOCOL, "This account is disabled." },
		{ "printf '\\033[2J\\nbad\\033x\\n' >&2; exit 255", ERR_LINK, "bad\\x1bx" },
	};
	static const struct config_vault vault = { .ssh = "dad", .ssh_options = none, .root = "/r" };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { 0 };

		write_program("ssh", cases[i].script);
		open_fails(&vault, &err);
		if (err.class != cases[i].class || strstr(err.text, cases[i].text) == NULL)
			fail_msg("%s: %s: %s", cases[i].script, error_code(err.class), err.text);
		assert_memory_equal(err.text, "vault dad: ", 11);
	}
}

static void a_program_that_is_not_there_is_told(void **state)
{
	static const struct config_vault vault = { .root = "/r", .ssh_options = none };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(setenv("PATH", "/nowhere", 1), 0);
	open_fails(&vault, &err);
	assert_int_equal(setenv("PATH", path, 1), 0);
	assert_int_equal(err.class, ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, "aob-receiver"));
}

/* Plain frames, as printf(1) writes them. */
#define WELCOME                                                                                                        \
	"printf '\\0\\0\\0\\052\\002\\0\\002\\0\\0\\0\\0\\0\\0\\0\\005vault\\0\\0\\0\\003aob\\0\\0\\0\\010hardlink"    \
	"\\0\\0\\0\\0\\0\\0\\0\\007';"

/* … of a receiver that tells its room. */
#define WELCOME_WITH_ROOM                                                                                              \
	"printf '\\0\\0\\0\\072\\002\\0\\002\\0\\0\\0\\002\\0\\0\\0\\005vault\\0\\0\\0\\003aob\\0\\0\\0\\010hardlink"  \
	"\\0\\0\\0\\0\\0\\0\\0\\007\\0\\0\\0\\0\\0\\0\\0\\011\\0\\0\\0\\0\\0\\0\\0\\020';"

static void a_receiver_may_tell_its_room(void **state)
{
	static const struct config_vault vault = { .root = "/r", .ssh_options = none };
	struct remote *remote = NULL;
	struct error err = { 0 };

	(void)state;
	write_program("aob-receiver", WELCOME_WITH_ROOM "cat >/dev/null");
	if (remote_open(&vault, "photos", "list", NULL, &remote, &err) != 0)
		fail_msg("%s", err.text);
	assert_true(remote_welcome(remote)->free_bytes == 9);
	assert_true(remote_welcome(remote)->total_bytes == 16);
	remote_close(&remote);
}

/* … and of one that knows the brake, with what it answers: result, since, runs, held, and the lengths and bytes of run, generation and reason. */
#define WELCOME_WITH_BRAKE                                                                                             \
	"printf '\\0\\0\\0\\052\\002\\0\\002\\0\\0\\0\\004\\0\\0\\0\\005vault\\0\\0\\0\\003aob\\0\\0\\0\\010hardlink"  \
	"\\0\\0\\0\\0\\0\\0\\0\\007';"
#define BRAKED(bytes, result, run, generation, reason)                                                                 \
	"printf '\\0\\0\\0" bytes "\\070" result                                                                       \
	"\\0\\0\\0\\0\\0\\0\\0\\005\\0\\0\\0\\002\\0\\0\\0\\003" run generation reason "';cat >/dev/null"

static void what_the_far_end_says_of_its_brake(void **state)
{
	static const struct {
		const char *script;
		enum error_class class;
	} cases[] = {
		{ WELCOME_WITH_BRAKE BRAKED("\\045", "\\001", "\\0\\0\\0\\001r", "\\0\\0\\0\\0042026",
		                            "\\0\\0\\0\\003a\\033b"),
		  ERR_NONE },
		{ WELCOME_WITH_BRAKE BRAKED("\\045", "\\004", "\\0\\0\\0\\001r", "\\0\\0\\0\\0042026",
		                            "\\0\\0\\0\\003abc"),
		  ERR_PROTOCOL },
		{ WELCOME_WITH_BRAKE BRAKED("\\045", "\\001", "\\0\\0\\0\\001r", "\\0\\0\\0\\004../x",
		                            "\\0\\0\\0\\003abc"),
		  ERR_PROTOCOL },
		{ WELCOME_WITH_BRAKE BRAKED("\\044", "\\001", "\\0\\0\\0\\001r", "\\0\\0\\0\\0042026",
		                            "\\0\\0\\0\\003ab"),
		  ERR_PROTOCOL },
		{ WELCOME "cat >/dev/null", ERR_CONFIG },
	};
	static const struct config_vault vault = { .root = "/r", .ssh_options = none };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct remote_brake brake = { .runs = 0 };
		struct remote *remote = NULL;
		struct error err = { 0 };

		write_program("aob-receiver", cases[i].script);
		if (remote_open(&vault, "photos", "release", NULL, &remote, &err) != 0)
			fail_msg("%s", err.text);
		assert_int_equal(remote_brake_ask(remote, &brake, &err), cases[i].class == ERR_NONE ? 0 : -1);
		if (err.class != cases[i].class)
			fail_msg("%zu: %s", i, err.text);
		remote_close(&remote);
		if (i != 0)
			continue;
		assert_int_equal(brake.state, WIRE_BRAKE_HOLDS);
		assert_int_equal(brake.since_s, 5);
		assert_int_equal(brake.runs, 2);
		assert_int_equal(brake.held, 3);
		assert_string_equal(brake.run, "r");
		assert_string_equal(brake.generation, "2026");
		assert_string_equal(brake.reason, "a\\x1bb");
	}
}

static void a_local_vault_is_served_by_the_receiver_on_path(void **state)
{
	static const struct config_vault vault = { .root = "/r", .ssh_options = none };
	struct remote *remote = NULL;
	struct generation_info *list = NULL;
	struct error err = { 0 };
	size_t n = 7;

	(void)state;
	write_program("aob-receiver", "printf '[%s]' \"$@\" >words; " WELCOME
	                              "printf '\\0\\0\\0\\010\\064\\0\\0\\0\\0\\0\\0\\0\\0'; cat >/dev/null");
	if (remote_open(&vault, "photos", "list", NULL, &remote, &err) != 0)
		fail_msg("%s", err.text);
	assert_string_equal(remote_welcome(remote)->vault_id, "vault");
	assert_string_equal(remote_welcome(remote)->strategy, "hardlink");
	assert_true(remote_welcome(remote)->clock_s == 7);
	assert_true(remote_welcome(remote)->total_bytes == 0);
	assert_int_equal(remote_list(remote, &list, &n, &err), 0);
	assert_int_equal(n, 0);
	free(list);
	remote_close(&remote);
	assert_null(remote);
}

/* … and of one that takes a contact. */
#define WELCOME_WITH_CONTACT                                                                                           \
	"printf '\\0\\0\\0\\052\\002\\0\\002\\0\\0\\0\\100\\0\\0\\0\\005vault\\0\\0\\0\\003aob\\0\\0\\0\\010hardlink"  \
	"\\0\\0\\0\\0\\0\\0\\0\\007';"

static void who_writes_tells_whom_a_relative_calls_if_the_far_end_takes_it(void **state)
{
	static const struct config_contact anna = { "de", "Anna", "+49 30", "" };
	static const struct {
		const char *script, *role;
		const struct config_contact *contact;
		bool told;
	} rows[] = {
		{ WELCOME_WITH_CONTACT "cat >words", "transfer", &anna, true },
		{ WELCOME_WITH_CONTACT "cat >words", "prune", &anna, true },
		{ WELCOME_WITH_CONTACT "cat >words", "restore", &anna, false },
		{ WELCOME_WITH_CONTACT "cat >words", "transfer", NULL, false },
		{ WELCOME "cat >words", "transfer", &anna, false },
	};
	static const char frame[] = "\0\0\0\034\011\0\0\0\002de\0\0\0\004Anna\0\0\0\006+49 30\0\0\0";

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct config_vault vault = { .root = "/r", .ssh_options = none, .contact = rows[i].contact };
		struct remote *remote = NULL;
		struct error err = { 0 };
		char sent[1000];
		size_t n;
		FILE *in;

		write_program("aob-receiver", rows[i].script);
		if (remote_open(&vault, "photos", rows[i].role, NULL, &remote, &err) != 0)
			fail_msg("%s", err.text);
		remote_close(&remote);
		in = fopen(in_folder("words"), "r");
		assert_non_null(in);
		n = fread(sent, 1, sizeof(sent), in);
		assert_int_equal(fclose(in), 0);
		assert_true((memmem(sent, n, frame, sizeof(frame)) != NULL) == rows[i].told);
	}
}

static void zstd_is_offered_unless_the_vault_says_off(void **state)
{
	struct config_vault vault = { .root = "/r", .ssh_options = none };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct error err = { 0 };
		char word[20] = "";
		FILE *in;

		/* Header, magic and two versions stand before the features. */
		write_program("aob-receiver", "head -c 17 | tail -c 4 | od -An -tx1 | tr -d ' ' >words");
		vault.plain = i == 1;
		open_fails(&vault, &err);
		in = fopen(in_folder("words"), "r");
		assert_non_null(in);
		assert_non_null(fgets(word, sizeof(word), in));
		assert_int_equal(fclose(in), 0);
		assert_true(((strtoul(word, NULL, 16) & WIRE_FEATURE_ZSTD) != 0) == (i == 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vaults_own_options_stand_before_the_usual_ones),
		cmocka_unit_test(sshs_last_words_tell_what_to_do),
		cmocka_unit_test(a_program_that_is_not_there_is_told),
		cmocka_unit_test(a_receiver_may_tell_its_room),
		cmocka_unit_test(what_the_far_end_says_of_its_brake),
		cmocka_unit_test(a_local_vault_is_served_by_the_receiver_on_path),
		cmocka_unit_test(who_writes_tells_whom_a_relative_calls_if_the_far_end_takes_it),
		cmocka_unit_test(zstd_is_offered_unless_the_vault_says_off),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
