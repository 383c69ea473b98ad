/* Another vault at the same place is noticed; what is not remembered, or lies elsewhere, is believed; and what can't be read is not taken for nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/scratch.h"
#include "transfer/beside_state.h"
#include "transfer/known_vault.h"

struct place {
	char folder[256], state[300], file[400];
	struct config_vault vault;
	struct known_vault known;
	struct error err;
};

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	assert_int_equal(scratch_make(p->folder, sizeof(p->folder), "known"), 0);
	(void)snprintf(p->state, sizeof(p->state), "%s/state.db", p->folder);
	(void)snprintf(p->file, sizeof(p->file), "%s/ledgers/mac.vault.json", p->folder);
	p->vault = (struct config_vault){ .name = "v", .ssh = "root@far:22", .root = "/srv/vault" };
	p->known = (struct known_vault){ .state = p->state, .pipeline = "mac", .vault = &p->vault };
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	char ledgers[400];

	(void)unlink(p->file);
	(void)rmdir(p->file);
	(void)snprintf(ledgers, sizeof(ledgers), "%s/ledgers", p->folder);
	(void)rmdir(ledgers);
	assert_int_equal(rmdir(p->folder), 0);
	free(p);
	return 0;
}

static void another_one_at_the_same_place_is_waited_for(void **state)
{
	struct place *p = *state;

	assert_int_equal(known_vault_check(&p->known, "one", &p->err), 0); /* nothing is known yet */
	known_vault_note(&p->known, "one");
	assert_int_equal(known_vault_check(&p->known, "one", &p->err), 0);
	assert_int_equal(known_vault_check(&p->known, "two", &p->err), -1);
	assert_int_equal(p->err.class, ERR_LINK);
	assert_non_null(strstr(p->err.text, "root@far:22:/srv/vault"));
	assert_non_null(strstr(p->err.text, p->file));                   /* the remedy */
	assert_int_equal(known_vault_check(&p->known, "", &p->err), -1); /* nobody has written there */
	assert_int_equal(unlink(p->file), 0);
	assert_int_equal(known_vault_check(&p->known, "two", &p->err), 0);
}

static void another_place_is_believed(void **state)
{
	struct place *p = *state;

	known_vault_note(&p->known, "one");
	p->vault.root = "/srv/new";
	assert_int_equal(known_vault_check(&p->known, "two", &p->err), 0);
	known_vault_note(&p->known, "two");
	assert_int_equal(known_vault_check(&p->known, "one", &p->err), -1);
	p->vault.ssh = NULL;
	assert_int_equal(known_vault_check(&p->known, "three", &p->err), 0);
	known_vault_note(&p->known, "three");
	assert_int_equal(known_vault_check(&p->known, "one", &p->err), -1);
	assert_non_null(strstr(p->err.text, "/srv/new has another"));
}

static void without_a_store_nothing_is_remembered(void **state)
{
	struct place *p = *state;

	p->known.state = NULL;
	known_vault_note(&p->known, "one");
	assert_int_equal(known_vault_check(&p->known, "two", &p->err), 0);
	p->known.state = "/nowhere/at/all/state.db";
	known_vault_note(&p->known, "one");
	assert_int_equal(known_vault_check(&p->known, "two", &p->err), 0);
}

static void what_cannot_be_read_is_an_error_and_what_is_damaged_is_written_anew(void **state)
{
	struct place *p = *state;
	FILE *file;

	known_vault_note(&p->known, "one");
	assert_int_equal(unlink(p->file), 0);
	assert_int_equal(mkdir(p->file, 0700), 0); /* EISDIR */
	assert_int_equal(known_vault_check(&p->known, "one", &p->err), -1);
	assert_non_null(strstr(p->err.text, "which vault mac goes to"));
	assert_int_equal(rmdir(p->file), 0);
	file = fopen(p->file, "w");
	assert_non_null(file);
	assert_true(fputs("{\"ssh\":", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(known_vault_check(&p->known, "two", &p->err), 0);
	known_vault_note(&p->known, "two");
	assert_int_equal(known_vault_check(&p->known, "one", &p->err), -1);
}

static void the_folder_lies_beside_the_store(void **state)
{
	char path[16];

	(void)state;
	assert_int_equal(beside_state("/a/b/state.db", "x", path, sizeof(path)), 0);
	assert_string_equal(path, "/a/b/x");
	assert_int_equal(beside_state("/state.db", "x", path, sizeof(path)), 0);
	assert_string_equal(path, "/x");
	assert_int_equal(beside_state(NULL, "x", path, sizeof(path)), -1);
	assert_int_equal(beside_state("state.db", "x", path, sizeof(path)), -1);
	assert_int_equal(beside_state("/a/b/state.db", "a name that is too long", path, sizeof(path)), -1);
}

#define PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE(another_one_at_the_same_place_is_waited_for),
		PLACE(another_place_is_believed),
		PLACE(without_a_store_nothing_is_remembered),
		PLACE(what_cannot_be_read_is_an_error_and_what_is_damaged_is_written_anew),
		cmocka_unit_test(the_folder_lies_beside_the_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
