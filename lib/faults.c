#include "lib/faults.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"

void faults_init(struct faults *faults)
{
	memset(faults, 0, sizeof(*faults));
}

void faults_done(struct faults *faults)
{
	free(faults->list);
	faults_init(faults);
}

void faults_add(struct faults *faults, unsigned line, unsigned column, const char *format, ...)
{
	char text[FAULT_TEXT_SIZE];
	va_list args;

	faults->total++;
	if (faults->n == FAULTS_MAX)
		return;
	if (faults->n == faults->room) {
		size_t room = faults->room == 0 ? 8 : faults->room * 2;
		struct fault *list = realloc(faults->list, room * sizeof(*list));

		if (list == NULL) /* still counted: the file stays refused */
			return;
		faults->list = list;
		faults->room = room;
	}
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	faults->list[faults->n].line = line;
	faults->list[faults->n].column = column;
	(void)log_escape(text, faults->list[faults->n].text, sizeof(faults->list[faults->n].text));
	faults->n++;
}

/* In the file's order; at one place, in the order in which they were found. */
static void sort(struct faults *faults)
{
	for (size_t i = 1; i < faults->n; i++) {
		struct fault moved = faults->list[i];
		size_t at = i;

		while (at > 0 &&
		       (faults->list[at - 1].line > moved.line ||
		        (faults->list[at - 1].line == moved.line && faults->list[at - 1].column > moved.column))) {
			faults->list[at] = faults->list[at - 1];
			at--;
		}
		faults->list[at] = moved;
	}
}

int faults_tell(struct faults *faults, const char *file, FILE *out, struct error *err)
{
	char more[64] = "";

	if (faults->total == 0)
		return 0;
	sort(faults);
	if (out != NULL) {
		for (size_t i = 0; i < faults->n; i++)
			(void)fprintf(out, "%s:%u:%u: %s\n", file, faults->list[i].line, faults->list[i].column,
			              faults->list[i].text);
		if (faults->total > faults->n)
			(void)fprintf(out, "%s: and %zu more faults\n", file, faults->total - faults->n);
	}
	if (faults->n == 0)
		return error_set(err, ERR_CONFIG, "%s: %zu faults, and no memory to tell them", file, faults->total);
	if (faults->total > 1)
		(void)snprintf(more, sizeof(more), " (and %zu more)", faults->total - 1);
	return error_set(err, ERR_CONFIG, "%s:%u:%u: %s%s", file, faults->list[0].line, faults->list[0].column,
	                 faults->list[0].text, more);
}
