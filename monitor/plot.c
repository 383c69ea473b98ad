#include "monitor/plot.h"

#include <stdio.h>
#include <time.h>

#include "monitor/words.h"

#define DAY_S 86400
#define CELL 13 /* a day's square and the gap to the next, in the drawing's own units */
#define SQUARE 11
#define TOP 16 /* room for the months' names */
#define WEEKS 53
#define YEAR 365
#define BARS 90
#define PLOT_WIDTH 720
#define PLOT_HEIGHT 120

struct date {
	int64_t day; /* since 1970 */
	struct tm parts;
	char words[24]; /* "23 Nov 2026" */
};

static struct date date_of(int64_t day)
{
	struct date date = { .day = day };
	time_t at = (time_t)(day * DAY_S);

	(void)gmtime_r(&at, &date.parts);
	(void)strftime(date.words, sizeof(date.words), "%-d %b %Y", &date.parts);
	return date;
}

/* The day's row; NULL: before or behind what is known. */
static const struct view_day *day_at(const struct view_history *history, int64_t day)
{
	int64_t at = day - history->first_day;

	return at >= 0 && at < VIEW_DAYS ? &history->days[at] : NULL;
}

static uint32_t generations_on(const struct view_history *history, int64_t day)
{
	const struct view_day *found = day_at(history, day);

	return found != NULL ? found->generations : 0;
}

static int64_t carried_on(const struct view_history *history, int64_t day)
{
	const struct view_day *found = day_at(history, day);

	return found != NULL ? found->carried_bytes : 0;
}

static int64_t size_on(const struct view_history *history, int64_t day)
{
	const struct view_day *found = day_at(history, day);

	return found != NULL ? found->size_bytes : 0;
}

static int64_t used_on(const struct view_history *history, int64_t day)
{
	const struct view_day *found = day_at(history, day);

	return found != NULL ? found->used_bytes : 0;
}

static int shade(uint32_t generations)
{
	return generations == 0 ? 0 : generations == 1 ? 1 : generations < 6 ? 2 : 3;
}

static void tell_calendar(struct text *text, const struct view_history *history, int64_t today)
{
	unsigned long total = 0;
	int with = 0;
	int gap = 0;
	int longest = 0;
	int64_t longest_end = 0;

	for (int64_t day = today - YEAR + 1; day <= today; day++) {
		uint32_t n = generations_on(history, day);

		total += n;
		with += n > 0;
		gap = n > 0 || total == 0 ? 0 : gap + 1; /* days before the first one are no gap */
		if (gap > longest) {
			longest = gap;
			longest_end = day;
		}
	}
	text_add(text, "%lu generation%s on %d of the last %d days.", total, total == 1 ? "" : "s", with, YEAR);
	if (longest > 1)
		text_add(text, " The longest gap was %d days, until %s.", longest, date_of(longest_end).words);
}

void plot_calendar(struct text *text, const struct view_history *history, int64_t now)
{
	int64_t today = now / DAY_S;
	int weekday_today = (date_of(today).parts.tm_wday + 6) % 7;       /* Monday is 0 */
	int64_t first = today - weekday_today - (int64_t)(WEEKS - 1) * 7; /* a Monday */
	int month = -1;

	text_add(text,
	         "<svg class=\"calendar\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Calendar: ", WEEKS * CELL,
	         TOP + 7 * CELL);
	tell_calendar(text, history, today);
	text_add(text, "\">");
	for (int week = 0; week < WEEKS; week++) {
		struct date monday = date_of(first + (int64_t)week * 7);

		/* A month that has but one week here has no room for its name. */
		if (monday.parts.tm_mon != month && monday.parts.tm_mon == date_of(monday.day + 14).parts.tm_mon) {
			char name[8];

			(void)strftime(name, sizeof(name), "%b", &monday.parts);
			text_add(text, "<text x=\"%d\" y=\"10\">%s</text>", week * CELL, name);
		}
		month = monday.parts.tm_mon;
		for (int i = 0; i < 7 && monday.day + i <= today; i++) {
			uint32_t n = generations_on(history, monday.day + i);

			text_add(text,
			         "<rect class=\"c%d\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"2\"><title>%s: "
			         "%u</title></rect>",
			         shade(n), week * CELL, TOP + i * CELL, SQUARE, SQUARE, date_of(monday.day + i).words,
			         n);
		}
	}
	text_add(text, "</svg>");
}

void plot_carried(struct text *text, const struct view_history *history, int64_t now)
{
	int64_t today = now / DAY_S;
	int64_t most = 0;
	int64_t total = 0;
	char words[WORDS_SIZE];
	char top[WORDS_SIZE];

	for (int64_t day = today - BARS + 1; day <= today; day++) {
		int64_t carried = carried_on(history, day);

		total += carried;
		most = carried > most ? carried : most;
	}
	text_add(text, "<figure><figcaption>New content sent, %d days: <b>%s</b>, at most %s a day</figcaption>", BARS,
	         words_bytes(total, words), words_bytes(most, top));
	text_add(text,
	         "<svg class=\"plot\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
	         "aria-label=\"Bars: %s of new content were sent in the last %d days, at most %s on one day\">",
	         PLOT_WIDTH, PLOT_HEIGHT, words, BARS, top);
	for (int i = 0; i < BARS && most > 0; i++) {
		struct date date = date_of(today - BARS + 1 + i);
		int64_t carried = carried_on(history, date.day);
		double height = (double)carried / (double)most * PLOT_HEIGHT;

		if (carried == 0)
			continue;
		if (height < 2)
			height = 2; /* little is not nothing */
		text_add(text, "<rect x=\"%d\" y=\"%.1f\" width=\"6\" height=\"%.1f\"><title>%s: %s</title></rect>",
		         i * PLOT_WIDTH / BARS, PLOT_HEIGHT - height, height, date.words, words_bytes(carried, words));
	}
	text_add(text, "</svg></figure>");
}

/* A line through a year of values, from the first one that is there. most: the value at the top. */
static void draw_year(struct text *text, const struct view_history *history, int64_t today, int64_t most,
                      int64_t (*value_on)(const struct view_history *history, int64_t day))
{
	bool has_begun = false;

	text_add(text, "<path d=\"");
	for (int i = 0; i < YEAR; i++) {
		int64_t value = value_on(history, today - YEAR + 1 + i);

		if (value == 0)
			continue;
		text_add(text, "%s%.1f %.1f", has_begun ? "L" : "M", (double)i * PLOT_WIDTH / (YEAR - 1),
		         PLOT_HEIGHT - 4 - (double)value / (double)most * (PLOT_HEIGHT - 8));
		has_begun = true;
	}
	/* A first day alone is drawn as a short line. */
	text_add(text, "%s\"/></svg></figure>", has_begun ? "h1" : "");
}

static int64_t most_of_year(const struct view_history *history, int64_t today,
                            int64_t (*value_on)(const struct view_history *history, int64_t day))
{
	int64_t most = 1;

	for (int64_t day = today - YEAR + 1; day <= today; day++)
		if (value_on(history, day) > most)
			most = value_on(history, day);
	return most;
}

void plot_size(struct text *text, const struct view_history *history, int64_t now)
{
	int64_t today = now / DAY_S;
	char words[WORDS_SIZE];

	text_add(text, "<figure><figcaption>Size of the copy, one year: <b>%s</b> now</figcaption>",
	         words_bytes(size_on(history, today), words));
	text_add(text,
	         "<svg class=\"plot\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
	         "aria-label=\"Line: the copy holds %s now\">",
	         PLOT_WIDTH, PLOT_HEIGHT, words);
	draw_year(text, history, today, most_of_year(history, today, size_on), size_on);
}

void plot_vault(struct text *text, const struct view_history *history, int64_t now)
{
	int64_t today = now / DAY_S;
	int64_t most = most_of_year(history, today, used_on);
	char used[WORDS_SIZE];
	char total[WORDS_SIZE];

	if (history->vault_bytes == 0)
		return;
	(void)words_bytes(used_on(history, today), used);
	(void)words_bytes(history->vault_bytes, total);
	text_add(text, "<figure><figcaption>Used of the vault's disk, one year: <b>%s</b> of %s now</figcaption>", used,
	         total);
	text_add(text,
	         "<svg class=\"plot\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
	         "aria-label=\"Line: %s of %s of the vault's disk are used now\">",
	         PLOT_WIDTH, PLOT_HEIGHT, used, total);
	/* The top is the whole disk: how far the line is from it is what matters. */
	draw_year(text, history, today, history->vault_bytes > most ? history->vault_bytes : most, used_on);
}
