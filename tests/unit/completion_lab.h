/* completion_lab: what a program's own getopt_long is asked for, beside deploy/completions/table; and bash's completion of it, as a person at a terminal has it.
 *
 * The one who includes it has the program's main.c in it, under another name. */
#ifndef AOB_TEST_COMPLETION_LAB_H
#define AOB_TEST_COMPLETION_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LAB_OPTIONS 2048
#define LAB_TEXT 8192

static char lab_options[LAB_OPTIONS]; /* of the last command line: " --json --to= " */

/* The program's, instead of the C library's: it keeps what it was asked for, and goes on as that one does. */
int getopt_long(int argc, char *const *argv, const char *letters, const struct option *options, int *index)
{
	lab_options[0] = '\0';
	for (const struct option *o = options; o->name != NULL; o++)
		(void)snprintf(lab_options + strlen(lab_options), sizeof(lab_options) - strlen(lab_options), " --%s%s ",
		               o->name, o->has_arg == required_argument ? "=" : "");
	return getopt_long_only(argc, argv, letters, options, index);
}

/* completion_lab_row: the row of `table` for a program's verb, as " --json --to= ", without words and kinds. Returns false: there is none. */
static inline bool completion_lab_row(const char *program, const char *verb, char *out, size_t size)
{
	FILE *table = fopen("deploy/completions/table", "r");
	char line[1024];
	bool found = false;

	assert_non_null(table);
	*out = '\0';
	while (!found && fgets(line, sizeof(line), table) != NULL) {
		char *rest = NULL;
		const char *word = strtok_r(line, " \n", &rest);

		if (word == NULL || strcmp(word, program) != 0 || (word = strtok_r(NULL, " \n", &rest)) == NULL ||
		    strcmp(word, verb) != 0)
			continue;
		found = true;
		(void)strtok_r(NULL, " \n", &rest); /* words */
		while ((word = strtok_r(NULL, " \n", &rest)) != NULL)
			(void)snprintf(out + strlen(out), size - strlen(out), " --%.*s%s ", (int)strcspn(word, "="),
			               word, strchr(word, '=') != NULL ? "=" : "");
	}
	(void)fclose(table);
	return found;
}

/* completion_lab_within: each option of one list is in the other, but for those in `but`. */
static inline void completion_lab_within(const char *whose, const char *options, const char *in, const char *but)
{
	char copy[LAB_OPTIONS];
	char *rest = NULL;

	(void)snprintf(copy, sizeof(copy), "%s", options);
	for (const char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
		char whole[128];

		(void)snprintf(whole, sizeof(whole), " %s ", word);
		if (strstr(in, whole) == NULL && strstr(but, whole) == NULL)
			fail_msg("%s: %s is on one side alone: [%s] [%s]", whose, word, options, in);
	}
}

struct completion_row {
	const char *words, *want; /* the last word is to be completed; offers, in order, a space around each */
};

/* completion_lab_rows: what bash makes of each. path: goes in front of $PATH. */
static inline void completion_lab_rows(const char *program, const char *path, const struct completion_row *rows,
                                       size_t n)
{
	char command[LAB_TEXT];
	char line[LAB_TEXT];
	char name[64];
	FILE *bash = NULL;

	(void)snprintf(name, sizeof(name), "%s", program);
	for (char *dash = name; (dash = strchr(dash, '-')) != NULL;)
		*dash = '_';

	(void)snprintf(
	        command, sizeof(command),
	        "PATH='%s':$PATH bash --norc -c 'eval \"$(deploy/completions/generate %s bash)\"; compopt() { :; }; "
	        "for line; do eval \"COMP_WORDS=($line)\"; COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _%s; printf \" %%s "
	        "\" "
	        "\"${COMPREPLY[@]}\"; echo; done' bash",
	        path, program, name);
	for (size_t i = 0; i < n; i++)
		(void)snprintf(command + strlen(command), sizeof(command) - strlen(command), " \"%s\"", rows[i].words);
	bash = popen(command, "r");
	assert_non_null(bash);
	for (size_t i = 0; i < n; i++) {
		assert_non_null(fgets(line, sizeof(line), bash));
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, rows[i].want) != 0)
			fail_msg("%s: [%s], not [%s]", rows[i].words, line, rows[i].want);
	}
	assert_int_equal(pclose(bash), 0);
}

#endif
