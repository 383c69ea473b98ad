#include "receiver/inventory.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/log.h"
#include "receiver/brake_mark.h"
#include "receiver/page_front.h"
#include "receiver/reading.h"
#include "receiver/record.h"
#include "receiver/record_macs.h"

static void print_macs(const struct vault *vault, const char *generation, FILE *out)
{
	struct wire_macs macs;

	record_macs_read(vault, generation, &macs);
	for (size_t i = 0; i < macs.n; i++) {
		char text[RECORD_MACS_SAY_SIZE];

		record_macs_say(&macs.list[i], &words_en, text, sizeof(text));
		(void)fprintf(out, "    %s: %s\n", macs.list[i].name, text);
	}
}

static int print_generations(const struct vault *vault, FILE *out, struct error *err)
{
	char(*names)[32];
	char current[32];
	struct brake_mark mark;
	size_t n;

	if (brake_mark_read(vault, &mark, err) != 0 || reading_current(vault, current, err) != 0 ||
	    record_names(vault, &names, &n, err) != 0)
		return -1;
	(void)fprintf(out, "%s\n", vault->pipeline);
	if (mark.held)
		(void)fprintf(out, "  BRAKED by %s: %s; if that is right: aob-receiver release --root %s %s\n",
		              mark.generation, mark.reason, vault->options->root, vault->pipeline);
	for (size_t i = 0; i < n; i++) {
		struct error fault = { .class = ERR_NONE };
		struct record record;
		char bytes[32];

		if (record_read(vault, names[i], &record, &fault) != 0) {
			(void)fprintf(out, "  %s  damaged: %s\n", names[i], fault.text);
			continue;
		}
		(void)fprintf(out, "  %s  %-10s %9" PRIu64 " files  %9s%s%s%s%s\n", record.name, record.state,
		              record.files, bytes_text(record.bytes, bytes, sizeof(bytes)),
		              strcmp(record.name, current) == 0 ? "  current" : "", record.pinned ? "  pinned" : "",
		              brake_mark_holds(&mark, record.name) ? "  held" : "",
		              record.there  ? ""
		              : record.gone ? "  not there"
		                            : "  its folder can't be looked at");
		print_macs(vault, record.name, out);
	}
	free(names);
	return 0;
}

int inventory_print(const struct vault_options *options, FILE *out, struct error *err)
{
	DIR *dir = opendir(options->root);
	struct dirent *found;
	int rc = 0;

	if (dir == NULL)
		return error_sys(err, errno, "opening the vault's root %s", options->root);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while (rc == 0 && (found = readdir(dir)) != NULL) {
		struct error other = { .class = ERR_NONE };
		struct vault *vault;

		if (!vault_pipeline_valid(found->d_name) || strcmp(found->d_name, PAGE_FRONT_NAME) == 0)
			continue;
		if (vault_open(options, found->d_name, false, &vault, &other) != 0) {
			/* Something else may lie there too. */
			log_error(LOG_INFO, &other, "passing over %s", found->d_name);
			continue;
		}
		rc = print_generations(vault, out, err);
		vault_close(&vault);
	}
	(void)closedir(dir);
	return rc;
}
