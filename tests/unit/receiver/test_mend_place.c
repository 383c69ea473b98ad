/* Of the names of a damaged file some were replaced when the mending was cut off: the others become links of those, whatever came in between, and folders get their times back; and whatever fails then, nothing of it is forgotten. */
#include "tests/unit/receiver/mend_lab.h"

#include <errno.h>
#include <sys/syscall.h>

#include "lib/hex.h"
#include "receiver/building.h"
#include "receiver/mend.h"

/* OLD has the names a, b and \xff of a damaged file, NEW has c; the journal of one whose mending was cut off before the first name was replaced. */
static ino_t begin_group(const struct vault_lab *lab)
{
	static const char *const paths[] = { "generations/" OLD "/b", "generations/" OLD "/\xff",
		                             "generations/" NEW "/c" };
	static const char names[] =
	        "{\"generation\": \"" OLD "\", \"run\": \"\", \"mtime_s\": 77, \"mtime_ns\": 5, \"path\": \"a\"}\n"
	        "{\"generation\": \"" OLD "\", \"run\": \"\", \"mtime_s\": 77, \"mtime_ns\": 5, \"path\": \"b\"}\n"
	        "rubbish\n"
	        "{\"generation\": \"" OLD "\", \"run\": \"\", \"mtime_s\": 77, \"mtime_ns\": 5, \"path_hex\": \"ff\"}\n"
	        "{\"generation\": \"2026-11-01T00-00-00Z\", \"run\": \"\", \"mtime_s\": 77, \"mtime_ns\": 5, \"path\": "
	        "\"a\"}\n"
	        "{\"generation\": \"" NEW "\", \"run\": \"\", \"mtime_s\": 78, \"mtime_ns\": 6, \"path\": \"c\"}\n"
	        "{\"generation\": \"" NEW "\", \"run\": \"\", \"mtime_s\": 78, \"mtime_ns\": 6, \"path\": \"other\"}\n";
	char sha256[2 * HASH_TAG_BYTES + 1];
	uint8_t bytes[HASH_TAG_BYTES];
	char first[512];
	ino_t inode;

	mend_lab_generation(lab, OLD);
	mend_lab_generation(lab, NEW);
	mend_lab_put(lab, "generations/" OLD "/a", "cont", "content");
	mend_lab_put(lab, "generations/" NEW "/other", "other", "other");
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(
		        linkat(lab->vault->folder_fd, "generations/" OLD "/a", lab->vault->folder_fd, paths[i], 0), 0);
	inode = mend_lab_stat(lab, "generations/" OLD "/a").st_ino;
	sha256_of("content", strlen("content"), bytes);
	hex_text(bytes, sizeof(bytes), sha256);
	(void)snprintf(first, sizeof(first),
	               "{\"generation\": \"" OLD "\", \"run\": \"\", \"temp\": \"\", \"mtime_s\": 77, \"mtime_ns\": 5, "
	               "\"path\": \"a\", \"names\": 4, \"inode\": %llu, \"sha256\": \"%s\"}",
	               (unsigned long long)inode, sha256);
	vault_lab_write(lab, ".aob/mend.names", names);
	vault_lab_write(lab, ".aob/mend.json", first);
	return inode;
}

/* A good one takes the place of that name. */
static void replace(const struct vault_lab *lab, const char *path)
{
	mend_lab_put(lab, "good", "content", "content");
	assert_int_equal(renameat(lab->vault->folder_fd, "good", lab->vault->folder_fd, path), 0);
}

static void is_settled(const struct vault_lab *lab)
{
	struct stat old = mend_lab_stat(lab, "generations/" OLD);
	struct stat new = mend_lab_stat(lab, "generations/" NEW);

	assert_true(old.st_mtim.tv_sec == 77 && old.st_mtim.tv_nsec == 5);
	assert_true(new.st_mtim.tv_sec == 78 && new.st_mtim.tv_nsec == 6);
	assert_false(vault_lab_there(lab, ".aob/mend.json"));
	assert_false(vault_lab_there(lab, ".aob/mend.names"));
	assert_string_equal(vault_lab_read(lab, "generations/" NEW "/other"), "other");
}

static void names_that_were_left_become_links_of_the_first(void **state)
{
	struct vault_lab *lab = *state;
	struct stat good;

	(void)begin_group(lab);
	replace(lab, "generations/" OLD "/a");
	assert_int_equal(mend_recover(lab->vault, &lab->err), 0);
	good = mend_lab_stat(lab, "generations/" OLD "/a");
	assert_true(good.st_nlink == 4 && good.st_ino == mend_lab_stat(lab, "generations/" OLD "/b").st_ino &&
	            good.st_ino == mend_lab_stat(lab, "generations/" OLD "/\xff").st_ino &&
	            good.st_ino == mend_lab_stat(lab, "generations/" NEW "/c").st_ino);
	assert_string_equal(vault_lab_read(lab, "generations/" NEW "/c"), "content");
	is_settled(lab);
}

static void the_first_name_has_gone_meanwhile(void **state)
{
	struct vault_lab *lab = *state;
	struct stat good;

	(void)begin_group(lab);
	replace(lab, "generations/" OLD "/b");
	assert_int_equal(unlinkat(lab->vault->folder_fd, "generations/" OLD "/a", 0), 0);
	assert_int_equal(mend_recover(lab->vault, &lab->err), 0);
	good = mend_lab_stat(lab, "generations/" OLD "/b");
	assert_true(good.st_nlink == 3 && good.st_ino == mend_lab_stat(lab, "generations/" OLD "/\xff").st_ino &&
	            good.st_ino == mend_lab_stat(lab, "generations/" NEW "/c").st_ino);
	is_settled(lab);
}

static void what_was_not_begun_stays_damaged(void **state)
{
	struct vault_lab *lab = *state;
	ino_t inode = begin_group(lab);

	assert_int_equal(mend_recover(lab->vault, &lab->err), 0);
	assert_true(mend_lab_stat(lab, "generations/" NEW "/c").st_ino == inode);
	assert_int_equal(mend_lab_stat(lab, "generations/" OLD "/a").st_nlink, 4);
	is_settled(lab);
}

/* Somebody has put another file there: what is recorded of it is not that. */
static void another_file_is_neither_taken_nor_replaced(void **state)
{
	struct vault_lab *lab = *state;
	ino_t inode = begin_group(lab);

	mend_lab_put(lab, "good", "something", "something");
	assert_int_equal(renameat(lab->vault->folder_fd, "good", lab->vault->folder_fd, "generations/" OLD "/a"), 0);
	assert_int_equal(mend_recover(lab->vault, &lab->err), 0);
	assert_true(mend_lab_stat(lab, "generations/" OLD "/b").st_ino == inode);
	assert_string_equal(vault_lab_read(lab, "generations/" OLD "/a"), "something");
	is_settled(lab);
}

static enum error_class recover(void *context)
{
	struct error err = { .class = ERR_NONE };

	(void)mend_recover(context, &err);
	return err.class;
}

/* Nothing is lost of it: the next one goes on, and until then no generation begins as a copy. */
static void whatever_fails_the_journal_stays(void **state)
{
	/* In the order in which they come; so each finds what the one before has left. */
	static const struct {
		unsigned call, answer;
		enum error_class class;
	} faults[] = { { SYS_newfstatat, EIO, ERR_IO },    { SYS_openat, EIO, ERR_IO },
		       { SYS_openat, EMFILE, ERR_SYSTEM }, { SYS_fcntl, EMFILE, ERR_SYSTEM },
		       { SYS_read, EIO, ERR_IO },          { SYS_flock, EIO, ERR_IO },
		       { SYS_flock, ENOSPC, ERR_SPACE },   { SYS_flock, EWOULDBLOCK, ERR_LOCKED },
		       { SYS_fgetxattr, EIO, ERR_IO },     { SYS_linkat, ENOSPC, ERR_SPACE },
		       { SYS_linkat, EIO, ERR_IO },        { SYS_renameat, EIO, ERR_IO },
		       { SYS_utimensat, EIO, ERR_IO },     { SYS_utimensat, EPERM, ERR_PERMISSION },
		       { SYS_fsync, EIO, ERR_IO } };
	struct vault_lab *lab = *state;

	(void)begin_group(lab);
	replace(lab, "generations/" OLD "/a");
	assert_int_equal(vault_lock(lab->vault, &lab->err), 0);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		assert_int_equal(mend_lab_under(faults[i].call, faults[i].answer, recover, lab->vault),
		                 faults[i].class);
		assert_true(vault_lab_there(lab, ".aob/mend.names"));
		assert_true(vault_lab_there(lab, ".aob/mend.json"));
	}
	vault_unlock(lab->vault);
	assert_int_equal(mend_recover(lab->vault, &lab->err), 0);
	assert_int_equal(mend_lab_stat(lab, "generations/" OLD "/a").st_nlink, 4);
	is_settled(lab);
}

static enum error_class own(void *context)
{
	struct error err = { .class = ERR_NONE };

	(void)building_own_vault(context, true, &err);
	return err.class;
}

/* A folder that somebody has made immutable meanwhile, say: the others are settled, and backups go on. */
static void a_folder_that_may_not_be_touched_any_more_stops_no_backup(void **state)
{
	struct vault_lab *lab = *state;
	struct stat good;

	(void)begin_group(lab);
	replace(lab, "generations/" OLD "/a");
	assert_int_equal(mend_lab_under(SYS_utimensat, EPERM, own, lab->vault), ERR_NONE);
	good = mend_lab_stat(lab, "generations/" OLD "/a");
	assert_int_equal(good.st_nlink, 4);
	assert_true(vault_lab_there(lab, ".aob/mend.json"));
	assert_int_equal(mend_recover(lab->vault, &lab->err), 0);
	is_settled(lab);
}

static void a_list_that_belongs_to_nothing_goes(void **state)
{
	struct vault_lab *lab = *state;
	ino_t inode = begin_group(lab);

	replace(lab, "generations/" OLD "/a");
	assert_int_equal(unlinkat(lab->vault->aob_fd, "mend.json", 0), 0);
	assert_int_equal(mend_recover(lab->vault, &lab->err), 0);
	assert_true(mend_lab_stat(lab, "generations/" OLD "/b").st_ino == inode);
	assert_false(vault_lab_there(lab, ".aob/mend.names"));
}

int main(void)
{
#define PLACE_TEST(name) cmocka_unit_test_setup_teardown(name, vault_lab_open, vault_lab_close)
	const struct CMUnitTest tests[] = {
		PLACE_TEST(names_that_were_left_become_links_of_the_first),
		PLACE_TEST(the_first_name_has_gone_meanwhile),
		PLACE_TEST(what_was_not_begun_stays_damaged),
		PLACE_TEST(another_file_is_neither_taken_nor_replaced),
		PLACE_TEST(whatever_fails_the_journal_stays),
		PLACE_TEST(a_folder_that_may_not_be_touched_any_more_stops_no_backup),
		PLACE_TEST(a_list_that_belongs_to_nothing_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
