#include "lib/bytes.h"
#include "lib/config_build.h"
#include "lib/config_schema.h"
#include "lib/config_value.h"
#include "lib/duration.h"

#define DAY_MINUTES 1440
#define WINDOWS_MAX 64 /* as many as a stage's request may have */

static bool read_rate(struct config_build *b, const struct yaml_pos *value, uint64_t *bytes_per_s)
{
	struct error err = { 0 };

	if (bytes_rate_parse(value->text, bytes_per_s, &err) == 0)
		return true;
	faults_add(b->faults, value->line, value->column, "%s", err.text);
	return false;
}

static bool read_minute(struct config_build *b, const struct yaml_pos *value, uint16_t *minute)
{
	struct error err = { 0 };

	if (duration_minute_parse(value->text, minute, &err) == 0)
		return true;
	faults_add(b->faults, value->line, value->column, "%s", err.text);
	return false;
}

static bool is_text(const struct yaml_pos *value)
{
	return value != NULL && value->kind == YAML_POS_TEXT && value->text[0] != '\0';
}

static bool read_window(struct config_build *b, const struct yaml_pos *value, struct config_rate *rate)
{
	const struct yaml_pos *from = yaml_pos_get(value, "from");
	const struct yaml_pos *to = yaml_pos_get(value, "to");
	const struct yaml_pos *text = yaml_pos_get(value, "rate");
	bool good = config_schema_check(value, &config_schema_window, b->faults);

	good = is_text(from) && read_minute(b, from, &rate->from_minute) && good;
	good = is_text(to) && read_minute(b, to, &rate->to_minute) && good;
	good = is_text(text) && read_rate(b, text, &rate->bytes_per_s) && good;
	if (!good)
		return false;
	if (rate->from_minute == DAY_MINUTES) {
		faults_add(b->faults, from->line, from->column, "a window can't begin at 24:00; write 00:00");
		return false;
	}
	if (rate->from_minute == rate->to_minute) {
		faults_add(b->faults, to->line, to->column,
		           "the window has no length; for the whole day write from: 00:00, to: 24:00");
		return false;
	}
	if (rate->to_minute == DAY_MINUTES)
		rate->to_minute = 0; /* 0 … 0 is all day */
	return true;
}

/* Marks the window's minutes with its number; tells the first minute that has one already. */
static void mark(struct config_build *b, const struct config_rate *rate, const struct yaml_pos *value,
                 const struct yaml_pos *owner[DAY_MINUTES])
{
	unsigned minute = rate->from_minute;

	do {
		if (owner[minute] != NULL) {
			faults_add(b->faults, value->line, value->column,
			           "this window overlaps the one in line %u at %02u:%02u; change one of them",
			           owner[minute]->line, minute / 60, minute % 60);
			return;
		}
		owner[minute] = value;
		minute = (minute + 1) % DAY_MINUTES;
	} while (minute != rate->to_minute);
}

void config_rate_read(struct config_build *build, const struct yaml_pos *value, struct config_vault *vault)
{
	const struct yaml_pos *owner[DAY_MINUTES] = { NULL };
	struct config_rate *rates = NULL;

	if (value == NULL || yaml_pos_null(value))
		return;
	if (value->kind == YAML_POS_MAP || (value->kind == YAML_POS_LIST && value->n_items > WINDOWS_MAX)) {
		faults_add(build->faults, value->line, value->column,
		           "'rate' wants a rate such as 1.6 Mbit/s, or a list of up to %d windows '- { from: 06:00, "
		           "to: 23:00, "
		           "rate: … }'",
		           WINDOWS_MAX);
		return;
	}
	rates = arena_array(build->arena, value->n_items + 1, sizeof(*rates));
	if (rates == NULL)
		return;
	vault->rates = rates;
	if (value->kind == YAML_POS_TEXT) {
		/* Unlimited all day is no window at all. */
		if (read_rate(build, value, &rates[0].bytes_per_s) && rates[0].bytes_per_s != 0)
			vault->n_rates = 1;
		return;
	}
	for (const struct yaml_pos *item = value->first; item != NULL; item = item->next) {
		if (!read_window(build, item, &rates[vault->n_rates]))
			continue;
		mark(build, &rates[vault->n_rates], item, owner);
		vault->n_rates++;
	}
}
