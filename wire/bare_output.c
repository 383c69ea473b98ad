#include "wire/bare_output.h"

#include <stdlib.h>
#include <string.h>

#define ITEM "aob:"
#define ITEM_SIGNS 11 /* of --itemize-changes */

static bool number_behind(const char *line, const char *what, uint64_t *number)
{
	size_t n = strlen(what);

	if (strncmp(line, what, n) != 0)
		return false;
	*number = strtoull(line + n, NULL, 10);
	return true;
}

/* "aob:<f.st......:4096:path" */
static void take_item(struct bare_output *o, const char *line)
{
	const char *signs = line + strlen(ITEM);
	const char *name;

	if (strlen(signs) <= ITEM_SIGNS || signs[ITEM_SIGNS] != ':' || signs[0] == '*')
		return;
	name = strchr(signs + ITEM_SIGNS + 1, ':');
	if (name == NULL || strcmp(name, ":./") == 0)
		return;
	o->items++;
	o->item_files += signs[1] == 'f';
}

/* "   1234  12%  1.2MB/s  0:00:12 (xfr#5, to-chk=3/10)" */
static void take_progress(struct bare_output *o, const char *line)
{
	char *end = NULL;
	uint64_t bytes = strtoull(line, &end, 10);
	const char *transferred = strstr(line, "(xfr#");
	unsigned long percent;

	if (end == line || *end != ' ')
		return;
	percent = strtoul(end, &end, 10);
	if (*end != '%')
		return;
	o->done_bytes = bytes;
	o->percent = percent <= 100 ? (unsigned)percent : 100;
	if (transferred != NULL)
		o->files = strtoull(transferred + 5, NULL, 10);
}

/* "Number of files: 8 (reg: 3, dir: 3, link: 1)" */
static void take_entries(struct bare_output *o, const char *line)
{
	const char *regular = strstr(line, "(reg: ");

	o->has_totals = true;
	o->regular_files = regular != NULL ? strtoull(regular + 6, NULL, 10) : 0;
}

static void take_line(struct bare_output *o)
{
	const char *line = o->line;

	o->line[o->line_bytes] = '\0';
	o->line_bytes = 0;
	if (strncmp(line, ITEM, strlen(ITEM)) == 0)
		take_item(o, line);
	else if (line[0] == ' ')
		take_progress(o, line);
	else if (number_behind(line, "Number of files: ", &o->entries))
		take_entries(o, line);
	else if (!number_behind(line, "Literal data: ", &o->literal_bytes) &&
	         !number_behind(line, "Matched data: ", &o->matched_bytes) &&
	         !number_behind(line, "Total bytes sent: ", &o->sent_bytes))
		(void)number_behind(line, "Total bytes received: ", &o->received_bytes);
}

void bare_output_hear(struct bare_output *output, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] == '\n' || text[i] == '\r')
			take_line(output);
		else if (output->line_bytes + 1 < sizeof(output->line))
			output->line[output->line_bytes++] = text[i];
}

void bare_output_add(struct bare_output *output, const struct bare_output *before)
{
	output->restarted = true;
	output->items += before->items;
	output->item_files += before->item_files;
	output->literal_bytes += before->literal_bytes;
	output->matched_bytes += before->matched_bytes;
	output->sent_bytes += before->sent_bytes;
	output->received_bytes += before->received_bytes;
}
