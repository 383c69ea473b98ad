#include "cli/verbs.h"

#include <stdio.h>
#include <sysexits.h>

#include "cli/ask.h"
#include "cli/options.h"
#include "cli/style.h"
#include "lib/bytes.h"
#include "lib/log.h"

static const char usage[] =
        "usage: aob list [PIPELINE] [--json]\n\nThe generations that are in the vaults, the newest first; "
        "--json also those that were removed.\n";

static void print_row(const json_t *g)
{
	char when[32];
	char bytes[32];
	char fresh[32];
	char state[64];

	(void)printf("%s  %s  %-10s %9lld %10s %10s  %s\n", ask_text(g, "generation"),
	             style_when(ask_number(g, "taken_at"), when, sizeof(when)),
	             log_escape(ask_text(g, "state"), state, sizeof(state)), (long long)ask_number(g, "files"),
	             bytes_text((uint64_t)ask_number(g, "bytes"), bytes, sizeof(bytes)),
	             bytes_text((uint64_t)ask_number(g, "literal_bytes"), fresh, sizeof(fresh)),
	             ask_text(g, "pipeline"));
}

static void print_table(const json_t *list)
{
	size_t shown = 0;
	size_t i;
	json_t *g;

	json_array_foreach(list, i, g) shown += json_is_true(json_object_get(g, "pruned")) ? 0 : 1;
	if (shown == 0) {
		(void)puts("no generations yet");
		return;
	}
	(void)printf("%s%-20s  %-16s  %-10s %9s %10s %10s  %s%s\n", style_code(STYLE_BOLD), "GENERATION",
	             "TAKEN (local)", "STATE", "FILES", "SIZE", "NEW", "PIPELINE", style_code(STYLE_PLAIN));
	json_array_foreach(list, i, g) if (!json_is_true(json_object_get(g, "pruned"))) print_row(g);
}

int list_main(int argc, char **argv, const char *config_path)
{
	struct error err = { .class = ERR_NONE };
	struct ask *ask = NULL;
	json_t *result = NULL;
	struct options options;
	int status = options_read(argc, argv, "json ", OPTIONS_MAY_WORD, usage, &options);

	if (status >= 0)
		return status;
	if (ask_open(config_path, &ask, &err) != 0)
		return ask_failed("list", &err);
	if (ask_verb(ask, "generations",
	             options.word != NULL ? json_pack("{s:s}", "pipeline", options.word) : json_object(), &result,
	             &err) == 0) {
		if (options.json)
			ask_print(result);
		else
			print_table(json_object_get(result, "generations"));
	}
	json_decref(result);
	ask_close(&ask);
	return err.class == ERR_NONE ? EX_OK : ask_failed("list", &err);
}
