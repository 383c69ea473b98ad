#include "wire/macs_json.h"

#include "lib/log.h"

json_t *macs_json(const struct wire_macs *macs)
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

void macs_json_read(const json_t *record, struct wire_macs *macs)
{
	json_t *row;
	size_t i;

	macs->n = 0;
	json_array_foreach(json_object_get(record, "macs"), i, row)
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
}
