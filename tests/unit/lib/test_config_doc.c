/* What people read about the configuration names every key and every default, and the example is a right one. Run at the root of the sources. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/config.h"
#include "lib/config_schema.h"

static char *read_text(const char *path)
{
	static char text[200000];
	FILE *in = fopen(path, "r");
	size_t n;

	if (in == NULL)
		fail_msg("%s is not there", path);
	n = fread(text, 1, sizeof(text) - 1, in);
	assert_true(n > 0 && n < sizeof(text) - 1);
	text[n] = '\0';
	assert_int_equal(fclose(in), 0);
	return text;
}

static bool is_letter(char c)
{
	return isalnum((unsigned char)c) != 0 || c == '_';
}

/* As a word of its own. */
static bool names(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
		if ((at == text || !is_letter(at[-1])) && !is_letter(at[n]))
			return true;
	return false;
}

static void check_schema(const char *path, const char *text, const struct schema *schema)
{
	for (size_t i = 0; i < schema->n_keys; i++) {
		const struct schema_key *key = &schema->keys[i];

		if (!names(text, key->name))
			fail_msg("%s does not tell of '%s' in %s", path, key->name, schema->name);
		for (size_t j = 0; key->choices != NULL && key->choices[j] != NULL; j++)
			if (!names(text, key->choices[j]))
				fail_msg("%s does not tell of '%s: %s'", path, key->name, key->choices[j]);
	}
}

static void check_page(const char *path)
{
	static const char *const services[] = { "snapshot", "transfer", "prune" };
	static const struct schema *const levels[] = {
		&config_schema_root,  &config_schema_broker,  &config_schema_curve,
		&config_schema_vault, &config_schema_window,  &config_schema_pipeline,
		&config_schema_watch, &config_schema_monitor, &config_schema_contact,
	};
	const char *text = read_text(path);

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		check_schema(path, text, levels[i]);
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		assert_non_null(config_schema_stage(services[i]));
		check_schema(path, text, config_schema_stage(services[i]));
	}
	for (size_t i = 0; i < 4; i++) {
		assert_true(names(text, config_schema_notify_word(i)));
		check_schema(path, text, config_schema_notify(i));
	}
	for (int i = 0; i < CONFIG_NOTICES; i++)
		assert_true(names(text, config_notify_notice((enum config_notice)i)));
}

static void the_documentation_tells_of_every_key(void **state)
{
	(void)state;
	check_page("docs/configuration.md");
}

static void the_manual_page_tells_of_every_key(void **state)
{
	(void)state;
	check_page("man/aob.yaml.5");
}

static void the_example_is_right_and_shows_both_kinds_of_vault(void **state)
{
	struct config *config = NULL;
	struct error err = { 0 };

	(void)state;
	if (config_load("deploy/examples/aob.yaml", &config, stderr, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(config->n_vaults, 2);
	assert_non_null(config->vaults[0].ssh);
	assert_null(config->vaults[1].ssh);
	assert_int_equal(config->n_pipelines, 2);
	/* What it says are the defaults. */
	assert_string_equal(config->endpoint, "ipc:///run/aob/broker");
	assert_string_equal(config->events, "ipc:///run/aob/events");
	assert_string_equal(config->state, "/var/lib/aob/state.db");
	config_destroy(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_documentation_tells_of_every_key),
		cmocka_unit_test(the_manual_page_tells_of_every_key),
		cmocka_unit_test(the_example_is_right_and_shows_both_kinds_of_vault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
