/* A damaged file gets its content back at all its names, and nothing else does: what comes counts only if it is what was recorded, whatever its size; a good file, and one that is another by now, stays. What a mending that was cut
 * off left beside a name goes. Before that, a survey finds where damaged content lies, and where it lies a second time. */
#include "tests/unit/receiver/mend_lab.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "lib/entry.h"
#include "lib/sha256.h"
#include "receiver/hash_tag.h"
#include "receiver/mend.h"
#include "receiver/verify.h"

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
	breath_init(&m->breath, lab->vault, vault_lab_mute, NULL);
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

static void two_generations(const struct vault_lab *lab, const char *text, const char *was)
{
	mend_lab_generation(lab, OLD);
	mend_lab_generation(lab, NEW);
	mend_lab_put(lab, "generations/" OLD "/a", text, was);
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
		mend_lab_put(lab, "generations/" OLD "/a", texts[i], "content");
		assert_int_equal(linkat(lab->vault->folder_fd, "generations/" OLD "/a", lab->vault->folder_fd,
		                        "generations/" NEW "/moved", 0),
		                 0);
		folder = mend_lab_stat(lab, "generations/" OLD).st_mtim;
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
		st = mend_lab_stat(lab, "generations/" OLD "/a");
		assert_true(st.st_ino == mend_lab_stat(lab, "generations/" NEW "/moved").st_ino);
		assert_true(st.st_mtim.tv_sec == 1000 && (st.st_mode & 07777) == 0640 && st.st_nlink == 2);
		assert_true(mend_lab_stat(lab, "generations/" OLD).st_mtim.tv_nsec == folder.tv_nsec);
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
	mend_lab_put(lab, "generations/" OLD "/b", "other", "content");
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
	mend_lab_put(lab, "generations/" NEW "/rotten", "CONTENT", "content"); /* it says so, but is not */
	mend_lab_put(lab, "generations/" NEW "/twin", "content", "content");
	mend_lab_put(lab, "generations/" NEW "/unlike", "content", "something else");
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
	st = mend_lab_stat(lab, "generations/" OLD);
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
		assert_true(mend_lab_stat(lab, "generations/" OLD).st_mtim.tv_sec > 1000000);
	}
}

static enum error_class mend_it(void *context)
{
	uint64_t names = 0;

	return mend(context, "content", &names);
}

/* What has no hash is not looked for when its other names are replaced, and nobody would see it rot; and one whose hash can't be read now is not taken for a file that has none. */
static void without_its_hash_nothing_is_mended(void **state)
{
	static const struct {
		unsigned call, answer;
		enum error_class class;
	} faults[] = { { SYS_fsetxattr, EIO, ERR_IO },
		       { SYS_fsetxattr, ENOSPC, ERR_IO },
		       { SYS_fsetxattr, EOPNOTSUPP, ERR_IO },
		       { SYS_fgetxattr, EIO, ERR_REFUSED } };
	struct vault_lab *lab = *state;
	struct mending m;

	two_generations(lab, "cont", "content");
	survey(&m, lab, "a", "content");
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		assert_int_equal(mend_lab_under(faults[i].call, faults[i].answer, mend_it, &m), faults[i].class);
		assert_string_equal(vault_lab_read(lab, "generations/" OLD "/a"), "cont");
		assert_int_equal(mend_lab_stat(lab, "generations/" NEW "/moved").st_nlink, 2);
	}
	assert_int_equal(mend_it(&m), ERR_NONE);
	assert_string_equal(vault_lab_read(lab, "generations/" NEW "/moved"), "content");
	done(&m);
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
		MEND_TEST(without_its_hash_nothing_is_mended),
		MEND_TEST(a_journal_of_somebody_else_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
