#include "receiver/record_macs.h"

#include <stdlib.h>
#include <string.h>

#include "lib/durable.h"
#include "lib/log.h"
#include "receiver/record.h"
#include "receiver/sheet.h"

json_t *record_macs_json(const struct wire_macs *macs)
{
	json_t *list = json_array();

	for (size_t i = 0; i < macs->n; i++) {
		const struct wire_mac *mac = &macs->list[i];
		char name[MACS_CODEC_NAME_SIZE];

		if (json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:b}", "name",
		                                          log_escape(mac->name, name, sizeof(name)), "state",
		                                          mac->state, "completed_at", (json_int_t)mac->completed_at_s,
		                                          "verification_failed", (int)mac->verification_failed)) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

void record_macs_read(const struct vault *vault, const char *generation, struct wire_macs *macs)
{
	json_t *json = record_json(vault, generation);
	json_t *row;
	size_t i;

	macs->n = 0;
	json_array_foreach(json_object_get(json, "macs"), i, row)
	{
		struct wire_mac *mac = &macs->list[macs->n];
		const char *name = NULL;
		const char *state = NULL;
		json_int_t completed_at = 0;
		int failed = 0;

		if (macs->n == MACS_CODEC_MAX ||
		    json_unpack(row, "{s:s, s:s, s?I, s?b}", "name", &name, "state", &state, "completed_at",
		                &completed_at, "verification_failed", &failed) != 0)
			break;
		(void)log_escape(name, mac->name, sizeof(mac->name));
		(void)log_escape(state, mac->state, sizeof(mac->state));
		mac->completed_at_s = completed_at > 0 ? completed_at : 0;
		mac->verification_failed = failed != 0;
		macs->n++;
	}
	json_decref(json);
}

void record_macs_say(const struct wire_mac *mac, const struct words *words, char *text, size_t size)
{
	struct sheet sheet = { .out = fmemopen(text, size, "w"), .words = words };
	char when[SHEET_VALUE_SIZE];

	text[0] = '\0';
	if (sheet.out == NULL)
		return;
	if (mac->completed_at_s != 0)
		sheet_say(&sheet, words->mac_completed, SHEET_VALUES(sheet_time(words, mac->completed_at_s, when)));
	else
		sheet_say(&sheet, words->mac_none, SHEET_NONE);
	if (strcmp(mac->state, "finished") != 0)
		sheet_say(&sheet, strcmp(mac->state, "unfinished") == 0 ? words->mac_unfinished : words->mac_writing,
		          SHEET_NONE);
	if (mac->verification_failed)
		sheet_say(&sheet, words->mac_failed, SHEET_NONE);
	(void)fclose(sheet.out);
	text[size - 1] = '\0';
}
