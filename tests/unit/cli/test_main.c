/* The shells complete what `aob` takes: deploy/completions holds each verb with the options of its own table, no other; and bash and zsh really complete. */
#include "tests/unit/completion_lab.h"

#include "tests/unit/scratch.h"

int aob_main(int argc, char **argv);
#define main aob_main
#include "cli/main.c"
#undef main

static char folder[256]; /* with `aob` and a configuration */

static int quiet_verb(const struct verb *verb, char *second, char *third)
{
	char name[32];
	char *words[] = { name, second, third, NULL };
	int out = dup(STDOUT_FILENO);
	int status;

	(void)snprintf(name, sizeof(name), "%s", verb->name);
	(void)fflush(stdout);
	assert_non_null(freopen("/dev/null", "w", stdout));
	status = verb->run(third != NULL ? 3 : 2, words, "/nonexistent");
	(void)fflush(stdout);
	assert_true(dup2(out, STDOUT_FILENO) >= 0);
	(void)close(out);
	return status;
}

static void each_verb_has_its_own_options(void **state)
{
	char help[] = "--help";
	char general[LAB_OPTIONS];

	(void)state;
	assert_true(completion_lab_row("aob", "-", general, sizeof(general)));
	for (size_t i = 0; i < N_VERBS; i++) {
		char row[LAB_OPTIONS];

		if (!completion_lab_row("aob", verbs[i].name, row, sizeof(row)))
			fail_msg("deploy/completions/table has no verb %s", verbs[i].name);
		lab_options[0] = '\0';
		(void)quiet_verb(&verbs[i], help, NULL);
		completion_lab_within(verbs[i].name, lab_options, row, general);
		/* --proof is taken out before. */
		completion_lab_within(verbs[i].name, row, lab_options,
		                      strcmp(verbs[i].name, "verify") == 0 ? " --proof " : "");
	}
}

static void no_verb_is_made_up(void **state)
{
	FILE *table = fopen("deploy/completions/table", "r");
	char line[1024];

	(void)state;
	assert_non_null(table);
	while (fgets(line, sizeof(line), table) != NULL) {
		char verb[64];
		bool known = false;

		if (sscanf(line, "aob%*[ ]%63s", verb) != 1 || strcmp(verb, "-") == 0)
			continue;
		for (size_t i = 0; i < N_VERBS; i++)
			known = known || strcmp(verbs[i].name, verb) == 0;
		if (!known)
			fail_msg("deploy/completions/table has a verb %s, aob has not", verb);
	}
	(void)fclose(table);
}

static const struct completion_row rows[] = {
	{ "aob sta", " status " },
	{ "aob re", " restore  rehearse  release  resume  reload " },
	{ "aob prune --dr", " --dry-run " },
	{ "aob restore --ov", " --over " },
	{ "aob --conf", " --config " },
	{ "aob --config FILE pru", " prune " },
	{ "aob --trace = wi", " wire " },
	{ "aob --config C run ''", " photos  mac.mini " },
	{ "aob --config = C run ph", " photos " },
	{ "aob run --config C m", " mac.mini " },
	{ "aob restore --over --config C ''", " photos  mac.mini " },
	{ "aob run --config C photos ''", "  " }, /* it takes no second word */
	{ "aob status ''", "  " },
	{ "aob check D/", " D/aob  D/c.yaml " },
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/* C and D stand for configuration and folder. */
static char *filled_in(const char *text)
{
	char *out = calloc(1, 1024);

	assert_non_null(out);
	for (; *text != '\0'; text++) {
		bool config = *text == 'C' && text[1] == ' ';
		size_t n = strlen(out);

		if (config || (*text == 'D' && text[1] == '/'))
			(void)snprintf(out + n, 1024 - n, "%s%s", folder, config ? "/c.yaml" : "");
		else
			out[n] = *text;
	}
	return out;
}

static void bash_completes(void **state)
{
	struct completion_row filled[N_ROWS];

	(void)state;
	for (size_t i = 0; i < N_ROWS; i++)
		filled[i] = (struct completion_row){ filled_in(rows[i].words), filled_in(rows[i].want) };
	completion_lab_rows("aob", folder, filled, N_ROWS);
	for (size_t i = 0; i < N_ROWS; i++) {
		free((char *)(uintptr_t)filled[i].words);
		free((char *)(uintptr_t)filled[i].want);
	}
}

/* At a terminal, by its own keys: what is typed, and what is told to the command in the end. set_up: beside what both need, in the file rc, as the shell reads it. */
static void at_a_terminal(const char *shell, const char *rc, const char *set_up)
{
	char command[2048];
	char path[512];
	char said[LAB_TEXT];
	FILE *file = NULL;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, rc);
	file = fopen(path, "w");
	assert_non_null(file);
	(void)fprintf(file, "cd '%s'\n%s\ntell() { echo \"$*\" >'%s/told'; }\n", getcwd(said, sizeof(said)), set_up,
	              folder);
	assert_int_equal(fclose(file), 0);
	(void)snprintf(command, sizeof(command),
	               "{ printf 'tell resto\\t--config %s/c.yaml pho\\t--ov\\t; exit\\n'; n=0; until [ -e %s/told ] "
	               "|| [ $((n += 1)) -gt "
	               "300 ]; do sleep 0.1; done; } | PATH='%s':$PATH ZDOTDIR='%s' TERM=dumb timeout 60 script -qec "
	               "'%s' /dev/null 2>&1",
	               folder, folder, folder, folder, shell);
	file = popen(command, "r");
	assert_non_null(file);
	said[fread(said, 1, sizeof(said) - 1, file)] = '\0';
	(void)pclose(file);
	(void)snprintf(command, sizeof(command), "restore --config %s/c.yaml photos --over\n", folder);
	(void)snprintf(path, sizeof(path), "%s/told", folder);
	file = fopen(path, "r");
	if (file == NULL)
		fail_msg("%s told nothing:\n%s", shell, said);
	said[fread(said, 1, sizeof(said) - 1, file)] = '\0';
	(void)fclose(file);
	(void)unlink(path);
	assert_string_equal(said, command);
}

static void bash_completes_at_a_terminal(void **state)
{
	char shell[512];

	(void)state;
	(void)snprintf(shell, sizeof(shell), "bash --rcfile %s/bashrc -i", folder);
	at_a_terminal(shell, "bashrc", "eval \"$(deploy/completions/generate aob bash)\"; complete -F _aob tell");
}

static void zsh_completes_at_a_terminal(void **state)
{
	char set_up[1024];

	(void)state;
	if (system("command -v zsh >/dev/null") != 0) /* NOLINT(cert-env33-c): a fixed text */
		skip();
	(void)snprintf(set_up, sizeof(set_up),
	               "deploy/completions/generate aob zsh >%s/_aob; fpath=(%s $fpath); autoload -Uz compinit; "
	               "compinit -u -D; "
	               "compdef _aob tell",
	               folder, folder);
	at_a_terminal("zsh -d -i", ".zshrc", set_up);
}

static int set_up(void **state)
{
	char path[512];
	char self[512] = "";
	FILE *config = NULL;

	(void)state;
	assert_int_equal(scratch_make(folder, sizeof(folder), "completion"), 0);
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	(void)snprintf(path, sizeof(path), "%s/aob", folder);
	assert_int_equal(symlink(self, path), 0);
	(void)snprintf(path, sizeof(path), "%s/c.yaml", folder);
	config = fopen(path, "w");
	assert_non_null(config);
	(void)fputs("vaults:\n  usb:\n    path: /mnt/usb\npipelines:\n", config);
	for (int i = 0; i < 2; i++)
		(void)fprintf(config,
		              "  %s:\n    source: /volume1/%d\n    vault: usb\n    stages: [snapshot, transfer]\n",
		              i == 0 ? "photos" : "mac.mini", i);
	assert_int_equal(fclose(config), 0);
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "aob", "_aob", "c.yaml", "bashrc", ".zshrc" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[512];

		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	return rmdir(folder);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_verb_has_its_own_options),
		cmocka_unit_test(no_verb_is_made_up),
		cmocka_unit_test(bash_completes),
		cmocka_unit_test(bash_completes_at_a_terminal),
		cmocka_unit_test(zsh_completes_at_a_terminal),
	};
	const char *slash = strrchr(argv[0], '/');

	/* Called by the completion. */
	if (strcmp(slash != NULL ? slash + 1 : argv[0], "aob") == 0)
		return aob_main(argc, argv);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
