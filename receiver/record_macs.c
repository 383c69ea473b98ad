#include "receiver/record_macs.h"

#include <stdlib.h>
#include <string.h>

#include "lib/durable.h"
#include "lib/log.h"
#include "receiver/record.h"
#include "receiver/sheet.h"
#include "wire/macs_json.h"

void record_macs_read(const struct vault *vault, const char *generation, struct wire_macs *macs)
{
	json_t *json = record_json(vault, generation);

	macs_json_read(json, macs);
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
