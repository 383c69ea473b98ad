#include "monitor/view_history.h"

#include <stdlib.h>
#include <string.h>

#include "monitor/view_read.h"

#define DAY_S 86400

struct row {
	const char *name;
	const json_t *json;
};

static int newest_first(const void *a, const void *b)
{
	const struct row *left = a;
	const struct row *right = b;

	return strcmp(right->name, left->name);
}

/* Newest first: so a day's size is that of the first one seen of it. told: a generation, or a day's. */
static void count(struct view_history *history, int64_t day, int64_t generations, const json_t *told)
{
	day -= history->first_day;
	if (day >= 0 && day < VIEW_DAYS) {
		history->days[day].generations += (uint32_t)generations;
		history->days[day].carried_bytes += view_read_amount(told, "literal_bytes");
		if (history->days[day].size_bytes == 0)
			history->days[day].size_bytes = view_read_amount(told, "bytes");
	} else if (day < 0 && history->days[0].size_bytes == 0) {
		history->days[0].size_bytes = view_read_amount(told, "bytes"); /* what the year began with */
	}
}

/* A list of generations is cut where there are very many; days are not. */
static void read_days(struct view_history *history, const json_t *days)
{
	size_t i;
	json_t *day;

	json_array_foreach(days, i, day)
	{
		int64_t generations = view_read_amount(day, "generations");

		count(history, view_read_amount(day, "day"), generations < UINT16_MAX ? generations : UINT16_MAX, day);
	}
}

/* All are counted, the newest are kept. by_days: the broker has counted for each day. */
static int read_generations(struct view_history *history, struct arena *arena, const json_t *list, bool by_days)
{
	size_t n = json_array_size(list);
	size_t kept = n < VIEW_GENERATIONS_MAX ? n : VIEW_GENERATIONS_MAX;
	struct view_generation *generations = arena_array(arena, kept, sizeof(*generations));
	struct row *rows = calloc(n + 1, sizeof(*rows));

	for (size_t i = 0; rows != NULL && i < n; i++) {
		const char *name = json_string_value(json_object_get(json_array_get(list, i), "generation"));

		rows[i] = (struct row){ name != NULL ? name : "", json_array_get(list, i) };
	}
	if (rows == NULL || generations == NULL) {
		free(rows);
		return -1;
	}
	qsort(rows, n, sizeof(*rows), newest_first);
	for (size_t i = 0; i < n; i++) {
		history->n_held += !view_read_flag(rows[i].json, "pruned");
		if (!by_days)
			count(history, view_read_amount(rows[i].json, "published_at") / DAY_S, 1, rows[i].json);
	}
	for (size_t i = 0; i < kept; i++)
		generations[i] = view_read_generation(arena, rows[i].json);
	history->generations = generations;
	history->n_generations = kept;
	free(rows);
	return 0;
}

/* Oldest first: so what is older than the year is what it began with. */
static void read_space(struct view_history *history, const json_t *list)
{
	size_t i;
	json_t *measured;

	json_array_foreach(list, i, measured)
	{
		int64_t day = view_read_amount(measured, "measured_at") / DAY_S - history->first_day;
		int64_t total_bytes = view_read_amount(measured, "total_bytes");
		int64_t free_bytes = view_read_amount(measured, "free_bytes");

		if (total_bytes == 0 || free_bytes > total_bytes || day >= VIEW_DAYS)
			continue;
		history->days[day > 0 ? day : 0].used_bytes = total_bytes - free_bytes;
		history->vault_bytes = total_bytes;
	}
}

/* What was so lasts until something else is known. */
static void fill_gaps(struct view_history *history)
{
	for (size_t i = 1; i < VIEW_DAYS; i++) {
		struct view_day *day = &history->days[i];

		if (day->size_bytes == 0)
			day->size_bytes = day[-1].size_bytes;
		if (day->used_bytes == 0)
			day->used_bytes = day[-1].used_bytes;
	}
}

static int read_history(void *made, struct arena *arena, const json_t *result, const void *context, struct error *err)
{
	struct view_history *history = made;
	const json_t *days = json_object_get(result, "days");
	const int64_t *now = context;

	history->first_day = *now / DAY_S - VIEW_DAYS + 1;
	if (read_generations(history, arena, json_object_get(result, "generations"), days != NULL) != 0)
		return error_set(err, ERR_SYSTEM, "out of memory for the generations");
	read_days(history, days);
	read_space(history, json_object_get(result, "vault_space"));
	fill_gaps(history);
	return 0;
}

int view_history_parse(const char *reply, size_t len_bytes, int64_t now, struct view_history **history,
                       struct error *err)
{
	void *memory = NULL;

	*history = view_read_reply(reply, len_bytes, sizeof(**history), read_history, &now, &memory, err);
	if (*history == NULL)
		return -1;
	(*history)->memory = memory;
	return 0;
}

void view_history_destroy(struct view_history **history)
{
	view_read_free(*history != NULL ? (*history)->memory : NULL);
	*history = NULL;
}

const struct view_generation *view_history_find(const struct view_history *history, const char *name)
{
	for (size_t i = 0; history != NULL && i < history->n_generations; i++)
		if (strcmp(history->generations[i].name, name) == 0)
			return &history->generations[i];
	return NULL;
}
