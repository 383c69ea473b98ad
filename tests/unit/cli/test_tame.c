/* What of an entry's metadata a restore puts onto this machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/tame.h"

static const struct entry_xattr attributes[] = { { "security.capability", "c", 1 },
	                                         { "system.posix_acl_access", "a", 1 },
	                                         { "trusted.t", "t", 1 },
	                                         { "user.u", "u", 1 } };

static const struct {
	const char *name;
	struct tame tame;
	enum entry_type type;
	uint32_t mode;
	const char *kept; /* the attributes' values */
	unsigned lost;
} rows[] = {
	{ "root, nothing special", { false, false }, ENTRY_FILE, 01755, "atu", ENTRY_LOST_MODE },
	{ "root, all", { true, false }, ENTRY_FILE, 07755, "catu", 0 },
	{ "a user", { false, true }, ENTRY_FILE, 01755, "au", ENTRY_LOST_MODE | ENTRY_LOST_OWNER | ENTRY_LOST_XATTRS },
	{ "a user, all", { true, true }, ENTRY_FILE, 07755, "au", ENTRY_LOST_OWNER | ENTRY_LOST_XATTRS },
	{ "a folder's group bit is how it is shared", { false, false }, ENTRY_FOLDER, 07755, "atu", ENTRY_LOST_MODE },
};

static void what_is_dangerous_is_left_out(void **state)
{
	static struct entry_xattr kept[TAME_XATTRS_MOST];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct entry entry = { .path = "x",
			               .target = "",
			               .type = rows[i].type,
			               .mode = 07755,
			               .uid = 12345,
			               .gid = 54321,
			               .xattrs = attributes,
			               .n_xattrs = sizeof(attributes) / sizeof(attributes[0]) };
		struct entry tamed = tame_entry(&rows[i].tame, &entry, kept);
		char values[8] = "";

		for (size_t k = 0; k < tamed.n_xattrs; k++)
			(void)strncat(values, tamed.xattrs[k].value, 1);
		if (tamed.mode != rows[i].mode || strcmp(values, rows[i].kept) != 0)
			fail_msg("%s: mode %o, attributes %s", rows[i].name, tamed.mode, values);
		assert_int_equal(tame_loses(&rows[i].tame, &entry, &tamed), rows[i].lost);
		assert_int_equal(tamed.uid, rows[i].tame.user_only ? geteuid() : 12345);
		assert_int_equal(tamed.gid, rows[i].tame.user_only ? getegid() : 54321);
	}
}

/* It is compared with what lies in the target by that. */
static void the_digest_is_that_of_what_is_kept(void **state)
{
	static struct entry_xattr kept[TAME_XATTRS_MOST];
	struct tame tame = { .user_only = true };
	struct entry entry = { .path = "x", .target = "", .type = ENTRY_FILE, .xattrs = attributes, .n_xattrs = 4 };
	uint8_t digest[ENTRY_DIGEST_BYTES];

	(void)state;
	struct entry tamed = tame_entry(&tame, &entry, kept);
	entry_digest(kept, 2, digest);
	assert_memory_equal(tamed.xattr_digest, digest, sizeof(digest));
}

static void devices_and_pipes_are_left_out(void **state)
{
	struct tame tame = { .keep_special = false };

	(void)state;
	for (enum entry_type type = ENTRY_FILE; type <= ENTRY_SOCKET; type++) {
		struct entry entry = { .type = type };

		tame.keep_special = false;
		assert_int_equal(tame_leaves_out(&tame, &entry), type > ENTRY_SYMLINK);
		tame.keep_special = true;
		assert_false(tame_leaves_out(&tame, &entry));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_dangerous_is_left_out),
		                            cmocka_unit_test(the_digest_is_that_of_what_is_kept),
		                            cmocka_unit_test(devices_and_pipes_are_left_out) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
