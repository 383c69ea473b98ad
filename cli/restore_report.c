#include "cli/restore_report.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "cli/listing.h"
#include "lib/bytes.h"
#include "lib/json_text.h"

/* What both tell. */
static json_t *json_of(const struct restore_options *options, const char *generation,
                       const struct restore_plan_totals *plan)
{
	const struct restore_lost *tamed = &plan->tamed;

	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:I}}", "pipeline",
	                 options->pipeline, "generation", generation, "to", options->to, "files",
	                 (json_int_t)plan->files, "bytes", (json_int_t)plan->bytes, "there_files",
	                 (json_int_t)plan->there_files, "there_bytes", (json_int_t)plan->there_bytes, "left_out",
	                 (json_int_t)plan->left_out, "not_set", "owners", (json_int_t)tamed->owners, "attributes",
	                 (json_int_t)tamed->attributes, "special_rights", (json_int_t)tamed->rights, "unknown_owners",
	                 (json_int_t)plan->ownerless);
}

/* more: taken. */
static void print(json_t *json, json_t *more, const struct restore_report_over *over)
{
	bool good = json != NULL && more != NULL && json_object_update(json, more) == 0;

	if (good && over != NULL)
		good = json_object_set_new(json, "over",
		                           json_pack("{s:s, s:I, s:I, s:I}", "kept_in", over->aside, "replaced",
		                                     (json_int_t)over->replaced, "removed", (json_int_t)over->removed,
		                                     "kept", (json_int_t)over->kept)) == 0;
	if (good)
		(void)json_dumpf(json, stdout, JSON_COMPACT);
	(void)fputc('\n', stdout);
	json_decref(json);
	json_decref(more);
}

/* A list of what is not as it should be: a name that is no text is told in hexadecimal digits too. */
static json_t *wrong_json(const struct restore_report_course *course)
{
	json_t *list = json_array();

	for (size_t i = 0; i < course->n_wrong; i++) {
		json_t *row = json_pack("{s:o}", "reason", json_text(course->reasons[i]));

		if (row == NULL || listing_name_json(row, "path", course->wrong[i]) != 0 ||
		    json_array_append(list, row) != 0) {
			json_decref(row);
			json_decref(list);
			return NULL;
		}
		json_decref(row);
	}
	return list;
}

static void print_there(const struct restore_plan_totals *plan)
{
	char there[BYTES_TEXT_SIZE];

	if (plan->there_files != 0)
		(void)printf("%llu files, %s, are there already\n", (unsigned long long)plan->there_files,
		             bytes_text(plan->there_bytes, there, sizeof(there)));
}

static void print_left_out(const struct restore_plan_totals *plan)
{
	if (plan->left_out != 0)
		(void)printf("%llu devices and pipes are left out; --keep-special brings them back\n",
		             (unsigned long long)plan->left_out);
	if (plan->tamed.rights != 0)
		(void)printf(
		        "setuid and setgid bits and capabilities of %llu entries are left out; --keep-special brings "
		        "them back\n",
		        (unsigned long long)plan->tamed.rights);
}

/* As this user may not set it; or the vault's could not. */
static void print_not_set(const struct restore_plan_totals *plan)
{
	struct restore_lost not_set = plan->tamed;
	char text[256];

	not_set.rights = 0;
	if (*restore_lost_text(&not_set, text, sizeof(text)) != '\0')
		(void)printf("not set, as only root may: %s; the same as root brings them back\n", text);
	if (plan->ownerless != 0)
		(void)printf(
		        "not known, as the vault is not kept by root: the owners and attributes of %llu symlinks\n",
		        (unsigned long long)plan->ownerless);
}

void restore_report_done(const struct restore_options *options, const char *generation,
                         const struct restore_plan_totals *plan, const struct unpack_totals *done, const char *kind,
                         const struct restore_report_course *course, const struct restore_report_over *over)
{
	char bytes[BYTES_TEXT_SIZE];

	if (options->json) {
		print(json_of(options, generation, plan),
		      json_pack("{s:I, s:f, s:I, s:I, s:o, s:o}", "carried_bytes", (json_int_t)done->bytes,
		                "carry_seconds", (double)course->carry_us / 1e6, "damaged", (json_int_t)done->damaged,
		                "missing", (json_int_t)done->missing, "not_held", restore_lost_json(&plan->lost, kind),
		                "wrong", wrong_json(course)),
		      over);
		return;
	}
	(void)printf("%s: %llu files, %s of generation %s, each checked against its SHA-256\n", options->to,
	             (unsigned long long)plan->files, bytes_text(plan->bytes, bytes, sizeof(bytes)), generation);
	print_there(plan);
	if (over != NULL && over->kept != 0)
		(void)printf("%llu of what was there were replaced or are not in that generation, and are kept in "
		             "%s/%s; when "
		             "all is well, remove it\n",
		             (unsigned long long)over->kept, options->to, over->aside);
	print_left_out(plan);
	print_not_set(plan);
	restore_lost_print(&plan->lost, kind, stdout);
	if (done->damaged + done->missing != 0)
		(void)fprintf(stderr,
		              "aob restore: %llu files are damaged in the vault, %llu can't be read there; try an "
		              "older generation\n",
		              (unsigned long long)done->damaged, (unsigned long long)done->missing);
}

void restore_report_plan(const struct restore_options *options, const char *generation,
                         const struct restore_plan_totals *plan, const struct restore_room *room, bool fits,
                         const struct restore_report_over *over)
{
	char bytes[BYTES_TEXT_SIZE];
	char room_text[BYTES_TEXT_SIZE];

	if (options->json) {
		print(json_of(options, generation, plan),
		      json_pack("{s:b, s:I, s:I, s:I, s:I, s:b}", "dry_run", 1, "carry_bytes",
		                (json_int_t)plan->carry_bytes, "room_bytes", (json_int_t)plan->room_bytes, "inodes",
		                (json_int_t)plan->inodes, "free_bytes", (json_int_t)room->bytes, "fits", (int)fits),
		      over);
		return;
	}
	(void)printf("%s: %llu files, %s of generation %s\n", options->to, (unsigned long long)plan->files,
	             bytes_text(plan->bytes, bytes, sizeof(bytes)), generation);
	print_there(plan);
	(void)printf("%s would cross;", bytes_text(plan->carry_bytes, bytes, sizeof(bytes)));
	(void)printf(" %s and %llu files and folders would be new, and %s are free\n",
	             bytes_text(plan->room_bytes, bytes, sizeof(bytes)), (unsigned long long)plan->inodes,
	             bytes_text(room->bytes, room_text, sizeof(room_text)));
	if (over != NULL)
		(void)printf("%llu of what is there would be replaced, and %llu that are not in that generation taken "
		             "away%s\n",
		             (unsigned long long)over->replaced, (unsigned long long)over->removed,
		             options->discards ? "; only the latter would be kept" : "; all would be kept");
	print_left_out(plan);
	print_not_set(plan);
}

void restore_report_complete(const struct restore_options *options, const char *generation)
{
	if (options->json)
		print(json_pack("{s:s, s:s, s:s}", "pipeline", options->pipeline, "generation", generation, "to",
		                options->to),
		      json_pack("{s:b}", "complete", 1), NULL);
	else
		(void)printf("%s: generation %s was all there already, but for the folder's time\n", options->to,
		             generation);
}
