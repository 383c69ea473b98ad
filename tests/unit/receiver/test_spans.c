#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "receiver/spans.h"

#define MOST 6

/* What one generation has, the next, …: a letter a path, and behind it a digit for its content; a capital is a folder. Each is an inode of its own. */
struct row {
	const char *generations[MOST]; /* NULL: no more */
	const char *told;              /* path, content, first-last/count, in order */
};

static char told[8192];
static size_t told_bytes;
static ino_t next_inode;

static int tell(void *context, const struct wire_found *span, struct error *err)
{
	(void)context;
	(void)err;
	told_bytes += (size_t)snprintf(told + told_bytes, sizeof(told) - told_bytes, "%s%d %s-%s/%u ", span->entry.path,
	                               (int)span->entry.mtime_s, span->first, span->last, span->generations);
	return 0;
}

static struct spans *begin(void)
{
	struct error err = { .class = ERR_NONE };
	struct spans *spans;

	told[0] = '\0';
	told_bytes = 0;
	if (spans_new(tell, NULL, &spans, &err) != 0)
		fail_msg("%s", err.text);
	return spans;
}

static void add(struct spans *spans, char name, char content, ino_t inode)
{
	struct error err = { .class = ERR_NONE };
	char path[2] = { name, '\0' };
	bool folder = name >= 'A' && name <= 'Z';
	struct entry entry = { .path = path,
		               .type = folder ? ENTRY_FOLDER : ENTRY_FILE,
		               .flags = ENTRY_DIGEST_ONLY,
		               .target = "",
		               .mtime_s = content - '0' };
	struct spans_match match = { .entry = &entry, .parent_fd = -1, .name = path };

	match.version.st.st_ino = inode;
	match.version.st.st_mtim.tv_sec = entry.mtime_s;
	match.version.hashed = true;
	match.version.sha256[0] = (uint8_t)content;
	if (spans_add(spans, &match, &err) != 0)
		fail_msg("%s", err.text);
}

static void run(struct spans *spans, const char *const *generations)
{
	struct error err = { .class = ERR_NONE };

	for (unsigned i = 0; i < MOST && generations[i] != NULL; i++) {
		char name[8];

		(void)snprintf(name, sizeof(name), "%u", i + 1);
		assert_int_equal(spans_generation(spans, name, &err), 0);
		for (const char *at = generations[i]; *at != '\0'; at += 2)
			add(spans, at[0], at[1], ++next_inode);
	}
	assert_int_equal(spans_finish(spans, &err), 0);
}

static void one_version_is_told_once_with_its_span(void **state)
{
	static const struct row rows[] = {
		{ { NULL }, "" },
		{ { "", "" }, "" },
		{ { "a1" }, "a1 1-1/1 " },
		{ { "a1", "a1", "a1" }, "a1 1-3/3 " },
		{ { "a1", "a2", "a2" }, "a1 1-1/1 a2 2-3/2 " },
		{ { "a1", "", "a1" }, "a1 1-1/1 a1 3-3/1 " }, /* gone in between */
		{ { "", "a1", "a1", "" }, "a1 2-3/2 " },
		{ { "a1b1c1", "a1c1", "a1b2c1" },
		  "b1 1-1/1 a1 1-3/3 b2 3-3/1 c1 1-3/3 " }, /* by their ends, then by path */
		{ { "b1", "a1b1c1", "b1" }, "a1 2-2/1 c1 2-2/1 b1 1-3/3 " },
		{ { "D1", "D2", "D3" }, "D3 1-3/3 " }, /* a folder's time follows from its names */
		{ { "a1z1", "b1z2", "c1z2" }, "a1 1-1/1 z1 1-1/1 b1 2-2/1 c1 3-3/1 z2 2-3/2 " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct spans *spans = begin();

		run(spans, rows[i].generations);
		assert_string_equal(told, rows[i].told);
		spans_destroy(&spans);
		spans_destroy(&spans);
	}
}

static void what_is_open_waits_however_much_it_is(void **state)
{
	struct error err = { .class = ERR_NONE };
	struct spans *spans;
	unsigned long n = 0;

	(void)state;
	spans = begin();
	for (unsigned generation = 1; generation <= 300; generation++) {
		char name[8];

		(void)snprintf(name, sizeof(name), "%u", generation);
		assert_int_equal(spans_generation(spans, name, &err), 0);
		for (char letter = 'a'; letter <= 'z'; letter++, n++)
			add(spans, letter, letter == 'q' && generation > 100 ? '2' : '1',
			    (ino_t)letter + (generation > 100 && letter == 'q' ? 100 : 0));
	}
	assert_int_equal(spans_finish(spans, &err), 0);
	assert_int_equal(strncmp(told, "q1 1-100/100 a1 1-300/300 ", 26), 0);
	assert_non_null(strstr(told, "q2 101-300/200 "));
	spans_destroy(&spans);
}

/* Given up in the middle: nothing is left behind. */
static void what_is_given_up_is_freed(void **state)
{
	struct error err = { .class = ERR_NONE };
	struct spans *spans;

	(void)state;
	spans = begin();
	assert_int_equal(spans_generation(spans, "1", &err), 0);
	add(spans, 'a', '1', 1);
	spans_destroy(&spans);
	assert_null(spans);
	assert_string_equal(told, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_version_is_told_once_with_its_span),
		cmocka_unit_test(what_is_open_waits_however_much_it_is),
		cmocka_unit_test(what_is_given_up_is_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
