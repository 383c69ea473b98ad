/* A damaged file gets its content back at all its names, and nothing else does: what comes counts only if it is what was recorded, whatever its size; a good file, and one that is another by now, stays. What a mending that was cut
 * off left beside a name goes. Before that, a survey finds where damaged content lies, and where it lies a second time. */
#include "tests/unit/receiver/vault_lab.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "lib/entry.h"
#include "lib/hex.h"
#include "lib/sha256.h"
#include "receiver/hash_tag.h"
#include "receiver/mend.h"
#include "receiver/verify.h"
#include "tests/unit/hidden_call.h"

#define OLD "2026-11-22T05-31-12Z"
#define NEW "2026-11-23T05-36-00Z"

static int nobody_listens(void *context, uint64_t done, uint64_t total, bool waits, struct error *err)
{
	(void)context;
	(void)done;
	(void)total;
	(void)waits;
	(void)err;
	return 0;
}

/* A file of `generation` that has `text`, and whose recorded hash is that of `was`. */
static void put(const struct vault_lab *lab, const char *path, const char *text, const char *was)
{
	static const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	uint8_t sha256[HASH_TAG_BYTES];
	int fd;

	vault_lab_write(lab, path, text);
	fd = openat(lab->vault->folder_fd, path, O_RDONLY);
	assert_true(fd >= 0);
	sha256_of(was, strlen(was), sha256);
	hash_tag_set(fd, sha256);
	assert_int_equal(fchmod(fd, 0640), 0);
	assert_int_equal(futimens(fd, times), 0);
	assert_int_equal(close(fd), 0);
}

static void make_generation(const struct vault_lab *lab, const char *generation)
{
	char path[64];
	char text[512];

	(void)snprintf(path, sizeof(path), "generations/%s", generation);
	assert_int_equal(mkdirat(lab->vault->folder_fd, path, 0755), 0);
	(void)snprintf(path, sizeof(path), ".aob/generations/%s.json", generation);
	(void)snprintf(text, sizeof(text),
	               "{\"generation\": \"%s\", \"run\": \"r\", \"state\": \"quiet\", \"ctransid\": 0, \"taken_at\": "
	               "1, \"published_at\": 1, \"files\": 1, \"bytes\": 9}",
	               generation);
	vault_lab_write(lab, path, text);
}

struct mending {
	struct vault_lab *lab;
	struct breath breath;
	struct verify_book *book;
	struct survey *survey;
};

/* The book knows of that file of OLD, whose content was `was`. */
static void survey(struct mending *m, struct vault_lab *lab, const char *path, const char *was)
{
	struct wire_damage damage = { .kind = WIRE_DAMAGE_CONTENT };

	*m = (struct mending){ .lab = lab };
	breath_init(&m->breath, lab->vault, nobody_listens, NULL);
	sha256_of(was, strlen(was), damage.sha256);
	assert_int_equal(verify_book_open(lab->vault, &m->book, &lab->err), 0);
	assert_int_equal(verify_book_add(m->book, &damage, OLD, path, &lab->err), 0);
	if (survey_make(lab->vault, m->book, &m->breath, &m->survey, &lab->err) != 0)
		fail_msg("%s", lab->err.text);
}

static void done(struct mending *m)
{
	survey_destroy(&m->survey);
	verify_book_close(&m->book);
}

/* The error's class; ERR_NONE: it is mended, at so many names. */
static enum error_class mend(struct mending *m, const char *text, uint64_t *names)
{
	struct error err = { .class = ERR_NONE };
	struct mend *mend;

	if (mend_begin(m->lab->vault, m->survey, &m->survey->items[0], &m->breath, &mend, &err) == 0) {
		if (text != NULL)
			(void)(mend_write(mend, text, strlen(text), &err) == 0 && mend_finish(mend, names, &err) == 0);
		else
			(void)mend_from_twins(mend, names, &err);
	}
	mend_end(&mend);
	mend_clear(m->lab->vault);
	assert_false(vault_lab_there(m->lab, ".aob/mend"));
	assert_false(vault_lab_there(m->lab, ".aob/mend.json"));
	return err.class;
}

static struct stat stat_of(const struct vault_lab *lab, const char *path)
{
	struct stat st;

	assert_int_equal(fstatat(lab->vault->folder_fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

static void two_generations(const struct vault_lab *lab, const char *text, const char *was)
{
	make_generation(lab, OLD);
	make_generation(lab, NEW);
	put(lab, "generations/" OLD "/a", text, was);
	assert_int_equal(linkat(lab->vault->folder_fd, "generations/" OLD "/a", lab->vault->folder_fd,
	                        "generations/" NEW "/moved", 0),
	                 0);
}

static void all_names_get_it_and_nothing_else_changes(void **state)
{
	static const char *const texts[] = { "content", "cont", "content and more", "CONTENT", "" };
	struct vault_lab *lab = *state;

	two_generations(lab, "content", "content");
	for (size_t i = 1; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct timespec folder;
		struct mending m;
		struct stat st;
		uint64_t names = 0;

		assert_int_equal(unlinkat(lab->vault->folder_fd, "generations/" NEW "/moved", 0), 0);
		put(lab, "generations/" OLD "/a", texts[i], "content");
		assert_int_equal(linkat(lab->vault->folder_fd, "generations/" OLD "/a", lab->vault->folder_fd,
		                        "generations/" NEW "/moved", 0),
		                 0);
		folder = stat_of(lab, "generations/" OLD).st_mtim;
		survey(&m, lab, "a", "content");
		assert_int_equal(m.survey->items[0].n_places, 2);
		assert_true(m.survey->items[0].whole);
		assert_string_equal(m.survey->items[0].places[1].path, "a"); /* its own place is the last */
		assert_string_equal(m.book->damage[0].newest_path, "moved");
		assert_int_equal(m.book->damage[0].n_generations, 2);
		assert_int_equal(mend(&m, "content", &names), ERR_NONE);
		assert_int_equal(names, 2);
		done(&m);
		assert_string_equal(vault_lab_read(lab, "generations/" OLD "/a"), "content");
		assert_string_equal(vault_lab_read(lab, "generations/" NEW "/moved"), "content");
		st = stat_of(lab, "generations/" OLD "/a");
		assert_true(st.st_ino == stat_of(lab, "generations/" NEW "/moved").st_ino);
		assert_true(st.st_mtim.tv_sec == 1000 && (st.st_mode & 07777) == 0640 && st.st_nlink == 2);
		assert_true(stat_of(lab, "generations/" OLD).st_mtim.tv_nsec == folder.tv_nsec);
	}
}

static void what_is_not_what_was_recorded_is_refused(void **state)
{
	static const char *const wrong[] = { "", "CONTENT", "conten", "content!" };
	struct vault_lab *lab = *state;
	struct mending m;
	uint64_t names;

	two_generations(lab, "cont", "content");
	survey(&m, lab, "a", "content");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(mend(&m, wrong[i], &names), ERR_DAMAGED);
		assert_string_equal(vault_lab_read(lab, "generations/" OLD "/a"), "cont");
	}
	done(&m);
}

static void a_good_file_is_never_replaced(void **state)
{
	struct vault_lab *lab = *state;
	struct mending m;
	uint64_t names;

	two_generations(lab, "content", "content");
	survey(&m, lab, "a", "content");
	assert_int_equal(mend(&m, "content", &names), ERR_NOT_FOUND);
	/* Nor one that somebody has put there since. */
	put(lab, "generations/" OLD "/b", "other", "content");
	assert_int_equal(renameat(lab->vault->folder_fd, "generations/" OLD "/b", lab->vault->folder_fd,
	                          "generations/" OLD "/a"),
	                 0);
	assert_int_equal(mend(&m, "content", &names), ERR_NOT_FOUND);
	assert_string_equal(vault_lab_read(lab, "generations/" OLD "/a"), "other");
	done(&m);
}

static void names_that_are_not_known_keep_it_from_being_split(void **state)
{
	struct vault_lab *lab = *state;
	struct mending m;
	uint64_t names;

	two_generations(lab, "cont", "content");
	assert_int_equal(linkat(lab->vault->folder_fd, "generations/" OLD "/a", lab->vault->folder_fd, "elsewhere", 0),
	                 0);
	survey(&m, lab, "a", "content");
	assert_int_equal(mend(&m, "content", &names), ERR_REFUSED);
	done(&m);
}

static void another_file_with_that_hash_gives_it(void **state)
{
	struct vault_lab *lab = *state;
	struct mending m;
	uint64_t names;

	two_generations(lab, "cont", "content");
	put(lab, "generations/" NEW "/rotten", "CONTENT", "content"); /* it says so, but is not */
	put(lab, "generations/" NEW "/twin", "content", "content");
	put(lab, "generations/" NEW "/unlike", "content", "something else");
	survey(&m, lab, "a", "content");
	assert_int_equal(m.survey->items[0].n_twins, 2);
	assert_int_equal(mend(&m, NULL, &names), ERR_NONE);
	assert_string_equal(vault_lab_read(lab, "generations/" OLD "/a"), "content");
	assert_string_equal(vault_lab_read(lab, "generations/" NEW "/rotten"), "CONTENT");
	done(&m);
}

static void what_it_lacks_stays_marked(void **state)
{
	uint8_t lacks[32] = { 7, 8 };
	uint8_t now[32] = { 0 };
	struct vault_lab *lab = *state;
	struct mending m;
	uint64_t names;
	int fd;

	two_generations(lab, "cont", "content");
	fd = openat(lab->vault->folder_fd, "generations/" OLD "/a", O_RDONLY);
	assert_int_equal(fsetxattr(fd, ENTRY_LACKS, lacks, sizeof(lacks), 0), 0);
	assert_int_equal(close(fd), 0);
	survey(&m, lab, "a", "content");
	assert_int_equal(mend(&m, "content", &names), ERR_NONE);
	done(&m);
	fd = openat(lab->vault->folder_fd, "generations/" NEW "/moved", O_RDONLY);
	assert_int_equal(fgetxattr(fd, ENTRY_LACKS, now, sizeof(now)), sizeof(now));
	assert_memory_equal(now, lacks, sizeof(now));
	assert_int_equal(close(fd), 0);
}

static void one_file_that_was_found_twice_is_one(void **state)
{
	struct wire_damage damage = { .kind = WIRE_DAMAGE_CONTENT };
	struct vault_lab *lab = *state;
	struct mending m;

	two_generations(lab, "cont", "content");
	survey(&m, lab, "a", "content");
	assert_int_equal(verify_book_add(m.book, &damage, NEW, "moved", &lab->err), 0);
	survey_destroy(&m.survey);
	assert_int_equal(survey_make(lab->vault, m.book, &m.breath, &m.survey, &lab->err), 0);
	assert_int_equal(verify_book_count(m.book), 1);
	assert_int_equal(m.book->damage[0].n_generations, 2);
	done(&m);
}

static void a_name_that_was_left_beside_goes(void **state)
{
	struct vault_lab *lab = *state;
	struct stat st;

	two_generations(lab, "cont", "content");
	vault_lab_write(lab, "generations/" OLD "/.aob-mend-0123456789abcdef", "half");
	vault_lab_write(lab, ".aob/mend.json",
	                "{\"generation\": \"" OLD "\", \"run\": \"\", \"temp\": \".aob-mend-0123456789abcdef\", "
	                "\"mtime_s\": 77, \"mtime_ns\": 5, \"path\": \"a\"}");
	/* Whoever writes next, too, begins with that. */
	assert_int_equal(mend_recover(lab->vault, &lab->err), 0);
	assert_false(vault_lab_there(lab, "generations/" OLD "/.aob-mend-0123456789abcdef"));
	assert_false(vault_lab_there(lab, ".aob/mend.json"));
	st = stat_of(lab, "generations/" OLD);
	assert_true(st.st_mtim.tv_sec == 77 && st.st_mtim.tv_nsec == 5);
	assert_int_equal(lab->vault->lock_fd, -1);
}

static void a_journal_of_somebody_else_does_no_harm(void **state)
{
	static const char *const texts[] = {
		"rubbish",
		"{}",
		"{\"generation\": \"" OLD "\", \"run\": \"\", \"temp\": \"a\", \"mtime_s\": 1, \"mtime_ns\": 1, "
		"\"path\": \"a\"}",
		"{\"generation\": \"" OLD "\", \"run\": \"\", \"temp\": \".aob-mend-/../../x\", \"mtime_s\": 1, "
		"\"mtime_ns\": 1, \"path\": \"a\"}",
		"{\"generation\": \"" OLD "\", \"run\": \"\", \"temp\": \"\", \"mtime_s\": 1, \"mtime_ns\": 1, "
		"\"path\": \"../../format.json\"}",
		"{\"generation\": \"../.aob\", \"run\": \"\", \"temp\": \"\", \"mtime_s\": 1, \"mtime_ns\": 1, "
		"\"path\": "
		"\"a\"}",
	};
	struct vault_lab *lab = *state;

	two_generations(lab, "content", "content");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		vault_lab_write(lab, ".aob/mend.json", texts[i]);
		assert_int_equal(mend_recover(lab->vault, &lab->err), 0);
		assert_string_equal(vault_lab_read(lab, "generations/" OLD "/a"), "content");
		assert_true(stat_of(lab, "generations/" OLD).st_mtim.tv_sec > 1000000);
	}
}

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

	make_generation(lab, OLD);
	make_generation(lab, NEW);
	put(lab, "generations/" OLD "/a", "cont", "content");
	put(lab, "generations/" NEW "/other", "other", "other");
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(
		        linkat(lab->vault->folder_fd, "generations/" OLD "/a", lab->vault->folder_fd, paths[i], 0), 0);
	inode = stat_of(lab, "generations/" OLD "/a").st_ino;
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
	put(lab, "good", "content", "content");
	assert_int_equal(renameat(lab->vault->folder_fd, "good", lab->vault->folder_fd, path), 0);
}

static void is_settled(const struct vault_lab *lab)
{
	struct stat old = stat_of(lab, "generations/" OLD);
	struct stat new = stat_of(lab, "generations/" NEW);

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
	good = stat_of(lab, "generations/" OLD "/a");
	assert_true(good.st_nlink == 4 && good.st_ino == stat_of(lab, "generations/" OLD "/b").st_ino &&
	            good.st_ino == stat_of(lab, "generations/" OLD "/\xff").st_ino &&
	            good.st_ino == stat_of(lab, "generations/" NEW "/c").st_ino);
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
	good = stat_of(lab, "generations/" OLD "/b");
	assert_true(good.st_nlink == 3 && good.st_ino == stat_of(lab, "generations/" OLD "/\xff").st_ino &&
	            good.st_ino == stat_of(lab, "generations/" NEW "/c").st_ino);
	is_settled(lab);
}

static void what_was_not_begun_stays_damaged(void **state)
{
	struct vault_lab *lab = *state;
	ino_t inode = begin_group(lab);

	assert_int_equal(mend_recover(lab->vault, &lab->err), 0);
	assert_true(stat_of(lab, "generations/" NEW "/c").st_ino == inode);
	assert_int_equal(stat_of(lab, "generations/" OLD "/a").st_nlink, 4);
	is_settled(lab);
}

/* Somebody has put another file there: what is recorded of it is not that. */
static void another_file_is_neither_taken_nor_replaced(void **state)
{
	struct vault_lab *lab = *state;
	ino_t inode = begin_group(lab);

	put(lab, "good", "something", "something");
	assert_int_equal(renameat(lab->vault->folder_fd, "good", lab->vault->folder_fd, "generations/" OLD "/a"), 0);
	assert_int_equal(mend_recover(lab->vault, &lab->err), 0);
	assert_true(stat_of(lab, "generations/" OLD "/b").st_ino == inode);
	assert_string_equal(vault_lab_read(lab, "generations/" OLD "/a"), "something");
	is_settled(lab);
}

/* Nothing is lost of it: the next one goes on, and until then no generation begins as a copy. */
static void on_a_full_disk_the_journal_stays(void **state)
{
	struct vault_lab *lab = *state;
	int status = 0;
	pid_t child;

	(void)begin_group(lab);
	replace(lab, "generations/" OLD "/a");
	child = fork();
	if (child == 0) {
		struct error err = { .class = ERR_NONE };

		if (!hidden_call(SYS_linkat, ENOSPC))
			_exit(77);
		_exit(mend_recover(lab->vault, &err) == 0 || err.class != ERR_SPACE);
	}
	assert_true(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(vault_lab_there(lab, ".aob/mend.json") && vault_lab_there(lab, ".aob/mend.names"));
	assert_int_equal(mend_recover(lab->vault, &lab->err), 0);
	assert_int_equal(stat_of(lab, "generations/" OLD "/a").st_nlink, 4);
	is_settled(lab);
}

static void a_list_that_belongs_to_nothing_goes(void **state)
{
	struct vault_lab *lab = *state;
	ino_t inode = begin_group(lab);

	replace(lab, "generations/" OLD "/a");
	assert_int_equal(unlinkat(lab->vault->aob_fd, "mend.json", 0), 0);
	assert_int_equal(mend_recover(lab->vault, &lab->err), 0);
	assert_true(stat_of(lab, "generations/" OLD "/b").st_ino == inode);
	assert_false(vault_lab_there(lab, ".aob/mend.names"));
}

int main(void)
{
#define MEND_TEST(name) cmocka_unit_test_setup_teardown(name, vault_lab_open, vault_lab_close)
	const struct CMUnitTest tests[] = {
		MEND_TEST(all_names_get_it_and_nothing_else_changes),
		MEND_TEST(what_is_not_what_was_recorded_is_refused),
		MEND_TEST(a_good_file_is_never_replaced),
		MEND_TEST(names_that_are_not_known_keep_it_from_being_split),
		MEND_TEST(another_file_with_that_hash_gives_it),
		MEND_TEST(what_it_lacks_stays_marked),
		MEND_TEST(one_file_that_was_found_twice_is_one),
		MEND_TEST(a_name_that_was_left_beside_goes),
		MEND_TEST(names_that_were_left_become_links_of_the_first),
		MEND_TEST(the_first_name_has_gone_meanwhile),
		MEND_TEST(what_was_not_begun_stays_damaged),
		MEND_TEST(another_file_is_neither_taken_nor_replaced),
		MEND_TEST(on_a_full_disk_the_journal_stays),
		MEND_TEST(a_list_that_belongs_to_nothing_goes),
		MEND_TEST(a_journal_of_somebody_else_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
