/* What a relative finds in the vault is true: after each publishing and removing, after a crash between, whatever the names are, in each language, and small. */
#include "tests/unit/receiver/vault_lab.h"

#include <dirent.h>

#include "lib/durable.h"
#include "receiver/brake.h"
#include "receiver/brake_mark.h"
#include "lib/generation_name.h"
#include "receiver/page_calendar.h"
#include "receiver/readme_page.h"
#include "receiver/removal.h"

#define FIRST "2025-11-23T05-36-00Z"
#define SECOND "2025-11-23T05-36-01Z"
#define PAGE "START-HERE.html"

static void publish(struct vault_lab *lab, const char *run, const char *const *names)
{
	enum incoming_how how;
	struct incoming *incoming = vault_lab_begin(lab, run, &how);
	char path[512];

	for (; *names != NULL; names++) {
		(void)snprintf(path, sizeof(path), ".aob/incoming/%s/tree/%s", run, *names);
		vault_lab_write(lab, path, "x");
	}
	(void)snprintf(incoming->record.host, sizeof(incoming->record.host), "nas<1>");
	(void)snprintf(incoming->record.source, sizeof(incoming->record.source), "/volume1/Fotos & mehr");
	if (publish_commit(incoming, &lab->ticker, &lab->err) != 0)
		fail_msg("%s", lab->err.text);
	incoming_end(&incoming);
}

static void publish_one(struct vault_lab *lab, const char *run)
{
	static const char *const names[] = { "file", NULL };

	publish(lab, run, names);
}

static bool says(const struct vault_lab *lab, const char *page, const char *what)
{
	return strstr(vault_lab_read(lab, page), what) != NULL;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what))
		n++;
	return n;
}

/* Every folder is linked, and no link leads elsewhere. */
static void tells_what_is_there(const struct vault_lab *lab)
{
	const char *page = vault_lab_read(lab, PAGE);
	DIR *dir = fdopendir(dup(lab->vault->generations_fd));
	const struct dirent *found;

	assert_non_null(dir);
	rewinddir(dir);
	while ((found = readdir(dir)) != NULL) {
		char link[64];

		if (found->d_name[0] == '.')
			continue;
		(void)snprintf(link, sizeof(link), "\"generations/%.31s/\"", found->d_name);
		if (strstr(page, link) == NULL)
			fail_msg("no link to %s", found->d_name);
	}
	assert_int_equal(closedir(dir), 0);
	for (const char *at = strstr(page, "\"generations/"); at != NULL; at = strstr(at + 1, "\"generations/")) {
		char path[64];

		(void)snprintf(path, sizeof(path), "%.*s", (int)strcspn(at + 1, "\"/") + GENERATION_NAME_SIZE, at + 1);
		if (!vault_lab_there(lab, path))
			fail_msg("%s is not there", path);
	}
}

static void remove_first(struct vault_lab *lab)
{
	enum removal_result result;
	const char *reason;

	assert_int_equal(removal_generation(lab->vault, FIRST, &lab->ticker, &result, &reason, &lab->err), 0);
	assert_int_equal(result, REMOVAL_DONE);
}

static void the_dates_are_the_folders_that_are_there(void **state)
{
	struct vault_lab *lab = *state;

	publish_one(lab, "run-1");
	tells_what_is_there(lab);
	publish_one(lab, "run-2");
	tells_what_is_there(lab);
	assert_int_equal(count(vault_lab_read(lab, PAGE), FIRST "/\""), 2); /* among the day's, and in detail */
	remove_first(lab);
	tells_what_is_there(lab);
	assert_false(says(lab, PAGE, FIRST));
	assert_false(says(lab, "README.txt", FIRST));
	assert_true(says(lab, "README.txt", SECOND));
}

static void what_a_crash_left_untold_is_told_by_the_next_writer(void **state)
{
	struct vault_lab *lab = *state;

	publish_one(lab, "run-1");
	publish_one(lab, "run-2");
	/* Killed behind the rename into the trash, and the removal of the record. */
	assert_int_equal(renameat(lab->vault->generations_fd, FIRST, lab->vault->trash_fd, FIRST), 0);
	assert_int_equal(record_remove(lab->vault, FIRST, &lab->err), 0);
	assert_true(says(lab, PAGE, FIRST));
	assert_int_equal(publish_recover(lab->vault, &lab->err), 0);
	assert_false(says(lab, PAGE, FIRST));
	tells_what_is_there(lab);
	/* When nothing has changed, nothing is written. */
	vault_lab_write(lab, PAGE, "untouched");
	assert_int_equal(publish_recover(lab->vault, &lab->err), 0);
	assert_string_equal(vault_lab_read(lab, PAGE), "untouched");
	/* A release of the brake, for one, has. */
	vault_lab_write(lab, ".aob/brake.json", "{}");
	assert_int_equal(publish_recover(lab->vault, &lab->err), 0);
	tells_what_is_there(lab);
}

static void what_could_not_be_read_is_told_when_it_can(void **state)
{
	static const char record[] = ".aob/generations/" FIRST ".json";
	struct vault_lab *lab = *state;
	char *text;

	publish_one(lab, "run-1");
	publish_one(lab, "run-2");
	text = strdup(vault_lab_read(lab, record));
	assert_non_null(text);
	vault_lab_write(lab, record, "");
	publish_one(lab, "run-3");
	assert_false(says(lab, "README.txt", "generations/" FIRST));
	vault_lab_write(lab, record, text);
	free(text);
	assert_int_equal(readme_page_refresh(lab->vault, &lab->err), 0);
	assert_true(says(lab, "README.txt", "generations/" FIRST));
	tells_what_is_there(lab);
}

static void names_are_escaped_for_where_they_stand(void **state)
{
	static const char *const names[] = { "a#b?c.jpg",
		                             "50% \"q\" 'r'.jpg",
		                             "<img src=x onerror=alert(1)>",
		                             "\xff\xfe.jpg",
		                             "new\nline",
		                             "javascript:alert(1)",
		                             "{0}`",
		                             "\xe2\x80\xae.jpg",
		                             "<b>.sparsebundle",
		                             NULL };
	static const char *const links[] = { "/a%23b%3Fc.jpg\"",
		                             "/50%25%20%22q%22%20%27r%27.jpg\"",
		                             "/%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E\"",
		                             "/%FF%FE.jpg\"",
		                             "/new%0Aline\"",
		                             "/javascript%3Aalert%281%29\"",
		                             "/%7B0%7D%60\"" };
	struct vault_lab *lab = *state;
	const char *page;

	publish(lab, "run-1", names);
	page = vault_lab_read(lab, PAGE);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (strstr(page, links[i]) == NULL)
			fail_msg("no %s", links[i]);
	assert_null(strstr(page, "<img"));
	assert_null(strstr(page, "<b>.sparse"));
	assert_null(strstr(page, "\xff"));
	assert_null(strstr(page, "<1>"));
	assert_non_null(strstr(page, "&#60;b&#62;.sparsebundle"));
	assert_non_null(strstr(page, "/volume1/Fotos &#38; mehr"));
	assert_null(strstr(page, "<script"));
	assert_null(strstr(page, "http://"));
	assert_null(strstr(page, "https://"));
	tells_what_is_there(lab);
}

static void it_speaks_the_language_that_was_told_last(void **state)
{
	struct vault_lab *lab = *state;
	struct vault *vault = lab->vault;

	publish_one(lab, "run-1");
	assert_true(says(lab, PAGE, "<html lang=\"en\">") && says(lab, PAGE, "23 November 2025, 05:36 UTC"));
	assert_false(vault_lab_there(lab, ".aob/contact.json"));
	vault->contact_told = true;
	vault->contact = (struct contact){ "de", "Anna <M\xc3\xbcller>", "+49 30/12 34", "anna@example.net" };
	contact_keep(vault);
	/* Somebody who knows nothing of it, as a pruner of before. */
	vault->contact_told = false;
	publish_one(lab, "run-2");
	remove_first(lab);
	assert_true(says(lab, PAGE, "<html lang=\"de\">") && says(lab, PAGE, "23. November 2025, 05:36 Uhr UTC"));
	assert_true(says(lab, PAGE, "Anna &#60;M\xc3\xbcller&#62; kennt diese Kopie"));
	assert_true(says(lab, PAGE,
	                 "<a href=\"tel:+493012"
	                 "34\">+49 30/12 34</a>"));
	assert_true(says(lab, PAGE, "<a href=\"mailto:anna@example.net\">"));
	assert_true(says(lab, "README.txt", "Telefon: +49 30/12 34\n"));
	assert_true(says(lab, "../" PAGE, "<html lang=\"de\">"));
	/* The next writer finds that it has changed. */
	vault->contact_told = true;
	vault->contact = (struct contact){ .language = "tlh", .mail = "javascript:alert(1)\"" };
	contact_keep(vault);
	assert_int_equal(publish_recover(vault, &lab->err), 0);
	assert_true(says(lab, PAGE, "<html lang=\"en\">") &&
	            says(lab, PAGE, "\"mailto:javascript%3Aalert%281%29%22\">"));
	vault_lab_write(lab, ".aob/contact.json", "{\"language\": \"../x\", \"name\": 7}");
	assert_int_equal(publish_recover(vault, &lab->err), 0);
	assert_true(says(lab, PAGE, "Nobody is named here. Ask who looks after the machine nas&#60;1&#62;."));
}

/* Of an adopted tree nobody knows the machine. */
static void who_is_asked_where_no_machine_is_known(void **state)
{
	struct vault_lab *lab = *state;
	enum incoming_how how;
	struct incoming *incoming = vault_lab_begin(lab, "run-1", &how);

	assert_int_equal(publish_commit(incoming, &lab->ticker, &lab->err), 0);
	incoming_end(&incoming);
	assert_true(says(lab, PAGE, "Nobody is named here. Ask who looks after these backups."));
}

static void it_warns_while_the_brake_holds(void **state)
{
	static const struct brake_question question = { .percent = 50 };
	struct vault_lab *lab = *state;
	struct brake_mark left;
	struct record record;

	publish_one(lab, "run-1");
	publish_one(lab, "run-2");
	assert_int_equal(record_read(lab->vault, SECOND, &record, &lab->err), 0);
	assert_int_equal(brake_mark_add(lab->vault, &record, FIRST, &question, "21 of 40 <files>", &lab->err), 0);
	assert_int_equal(readme_page_refresh(lab->vault, &lab->err), 0);
	assert_true(says(lab, PAGE, "Look before you take the newest") &&
	            says(lab, PAGE, "<p lang=\"en\">21 of 40 &#60;files&#62;</p>"));
	assert_true(says(lab, "README.txt", "21 of 40 <files>"));
	assert_int_equal(brake_mark_release(lab->vault, SECOND, &left, &lab->err), 0);
	assert_int_equal(readme_page_refresh(lab->vault, &lab->err), 0);
	assert_false(says(lab, PAGE, "Look before"));
}

static void the_page_above_leads_to_each_pipeline(void **state)
{
	struct vault_lab *lab = *state;
	struct vault *other;

	publish_one(lab, "run-1");
	assert_true(says(lab, "../" PAGE, "<a href=\"photos/START-HERE.html\">photos</a>"));
	assert_true(says(lab, "../" PAGE, "newest copy 23 November 2025, 05:36 UTC"));
	assert_true(says(lab, PAGE, "\"../START-HERE.html\""));
	/* One without a generation is not told; nor is what is none of ours. */
	assert_int_equal(vault_open(&lab->options, "empty", true, &other, &lab->err), 0);
	vault_close(&other);
	assert_int_equal(mkdirat(lab->vault->folder_fd, "../strange", 0755), 0);
	publish_one(lab, "run-2");
	assert_int_equal(count(vault_lab_read(lab, "../" PAGE), "<section>"), 1);
	assert_false(says(lab, "../" PAGE, "strange"));
}

static void thousands_of_generations_make_no_large_page(void **state)
{
	static const char form[] = "{\"generation\":\"%s\",\"run\":\"r\",\"state\":\"clean\",\"taken_at\":%lld,"
	                           "\"published_at\":1,\"files\":1,\"bytes\":1}";
	enum { MANY = 4000 };
	struct vault_lab *lab = *state;
	char older[64];

	for (int i = 0; i < MANY; i++) {
		long long at = 1763876160LL - 3600LL * (MANY - i);
		char name[GENERATION_NAME_SIZE];
		char path[128];
		char text[256];

		generation_name_make(at, NULL, name);
		assert_int_equal(mkdirat(lab->vault->generations_fd, name, 0755), 0);
		(void)snprintf(path, sizeof(path), ".aob/generations/%s.json", name);
		(void)snprintf(text, sizeof(text), form, name, at);
		vault_lab_write(lab, path, text);
	}
	publish_one(lab, "run-1");
	assert_true(strlen(vault_lab_read(lab, PAGE)) < 400000);
	(void)snprintf(older, sizeof(older), "and %d,%03d older ones", (MANY + 1 - PAGE_CALENDAR_LINKS) / 1000,
	               (MANY + 1 - PAGE_CALENDAR_LINKS) % 1000);
	assert_true(says(lab, PAGE, older));
	assert_true(strlen(vault_lab_read(lab, "README.txt")) < 20000);
}

#define IN_A_VAULT(name) cmocka_unit_test_setup_teardown(name, vault_lab_open, vault_lab_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_VAULT(the_dates_are_the_folders_that_are_there),
		IN_A_VAULT(what_a_crash_left_untold_is_told_by_the_next_writer),
		IN_A_VAULT(what_could_not_be_read_is_told_when_it_can),
		IN_A_VAULT(names_are_escaped_for_where_they_stand),
		IN_A_VAULT(it_speaks_the_language_that_was_told_last),
		IN_A_VAULT(who_is_asked_where_no_machine_is_known),
		IN_A_VAULT(it_warns_while_the_brake_holds),
		IN_A_VAULT(the_page_above_leads_to_each_pipeline),
		IN_A_VAULT(thousands_of_generations_make_no_large_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
