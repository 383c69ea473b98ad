#include "receiver/page_calendar.h"

#include <stdlib.h>
#include <string.h>

struct day {
	int year, month, day;
};

/* A valid name has digits there; what they say may still be no day. */
static struct day day_of(const char *name)
{
	return (struct day){ atoi(name), atoi(name + 5), atoi(name + 8) }; /* NOLINT(cert-err34-c): digits */
}

static int month_of(const char *name)
{
	struct day day = day_of(name);

	return day.year * 12 + day.month - 1;
}

static int days_in(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* 0: Monday. By Sakamoto's method. */
static int weekday_of(int year, int month, int day)
{
	static const int shift[] = { 0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4 };

	year -= month < 3;
	return (year + year / 4 - year / 100 + year / 400 + shift[month - 1] + day + 6) % 7;
}

/* How many of the newest fit. Months between two of one year are shown too, so that gaps are seen. */
static size_t that_fit(const char (*names)[32], size_t n)
{
	int months = 0;

	for (size_t i = 0; i < n && i < PAGE_CALENDAR_LINKS; i++) {
		int gap = i > 0 ? month_of(names[i - 1]) - month_of(names[i]) : 1;
		bool same_year = i > 0 && strncmp(names[i - 1], names[i], 4) == 0;

		months += same_year ? gap : gap != 0;
		if (months > PAGE_CALENDAR_MONTHS)
			return i;
	}
	return n < PAGE_CALENDAR_LINKS ? n : PAGE_CALENDAR_LINKS;
}

static void link_to(const struct sheet *sheet, const char *name)
{
	(void)fprintf(sheet->out, "<a href=\"generations/%s/\"", name);
}

/* names[0] … names[n - 1] are of this month, the newest first; those of the day are told, and passed over. */
static size_t put_day(const struct sheet *sheet, struct day day, const char (*names)[32], size_t n)
{
	char text[SHEET_VALUE_SIZE];
	size_t of_day = 0;

	while (of_day < n && day_of(names[n - 1 - of_day]).day == day.day)
		of_day++;
	if (of_day == 0) {
		(void)fprintf(sheet->out, "<td>%d</td>", day.day);
		return 0;
	}
	(void)fputs("<td>", sheet->out);
	link_to(sheet, names[n - of_day]); /* the day's last */
	(void)fprintf(sheet->out, " aria-label=\"%s\">%d</a></td>",
	              sheet_date(sheet, day.year, day.month, day.day, text), day.day);
	return of_day;
}

/* Days of which there is more than one: a link to each, the earliest first. */
static void put_several(const struct sheet *sheet, const char (*names)[32], size_t n)
{
	for (size_t i = n; i > 0;) {
		struct day day = day_of(names[i - 1]);
		char text[SHEET_VALUE_SIZE];
		size_t of_day = 1;

		while (of_day < i && day_of(names[i - 1 - of_day]).day == day.day)
			of_day++;
		if (of_day > 1) {
			(void)fputs("<p>", sheet->out);
			sheet_say(sheet, sheet->words->several,
			          SHEET_VALUES(sheet_date(sheet, day.year, day.month, day.day, text)));
			for (size_t j = 0; j < of_day; j++) {
				const char *name = names[i - 1 - j];

				(void)fputs(" ", sheet->out);
				link_to(sheet, name);
				(void)fprintf(sheet->out, ">%.2s:%.2s</a>", name + 11, name + 14);
			}
			(void)fputs("</p>\n", sheet->out);
		}
		i -= of_day;
	}
}

static void put_weekdays(const struct sheet *sheet)
{
	(void)fputs("<thead><tr>", sheet->out);
	for (int i = 0; i < 7; i++)
		(void)fprintf(sheet->out, "<th scope=\"col\"><abbr title=\"%s\">%s</abbr></th>",
		              sheet->words->weekdays[i], sheet->words->weekday_is[i]);
	(void)fputs("</tr></thead>\n", sheet->out);
}

static void put_month(const struct sheet *sheet, int year, int month, const char (*names)[32], size_t n)
{
	int column = weekday_of(year, month, 1);
	size_t left = n;

	(void)fprintf(sheet->out, "<div class=\"month\"><table><caption>%s %d</caption>\n",
	              sheet->words->months[month - 1], year);
	put_weekdays(sheet);
	(void)fputs("<tbody><tr>", sheet->out);
	for (int i = 0; i < column; i++)
		(void)fputs("<td></td>", sheet->out);
	for (int day = 1; day <= days_in(year, month); day++, column++) {
		if (column > 0 && column % 7 == 0)
			(void)fputs("</tr>\n<tr>", sheet->out);
		left -= put_day(sheet, (struct day){ year, month, day }, names, left);
	}
	for (; column % 7 != 0; column++)
		(void)fputs("<td></td>", sheet->out);
	(void)fputs("</tr></tbody></table>\n", sheet->out);
	put_several(sheet, names, n);
	(void)fputs("</div>\n", sheet->out);
}

/* All of one year, the newest first: its months from the first to the last, those without a generation between them too. */
static void put_year(const struct sheet *sheet, const char (*names)[32], size_t n)
{
	struct day last = day_of(names[0]);
	size_t at = n;

	(void)fprintf(sheet->out, "<h3>%d</h3>\n<div class=\"year\">\n", last.year);
	for (int month = day_of(names[n - 1]).month; month <= last.month; month++) {
		size_t of_month = 0;

		while (of_month < at && day_of(names[at - 1 - of_month]).month == month)
			of_month++;
		at -= of_month;
		put_month(sheet, last.year, month, names + at, of_month);
	}
	(void)fputs("</div>\n", sheet->out);
}

size_t page_calendar_put(const struct sheet *sheet, const char (*names)[32], size_t n)
{
	size_t shown = that_fit(names, n);
	size_t of_year;

	for (size_t i = 0; i < shown; i += of_year) {
		for (of_year = 1; i + of_year < shown && strncmp(names[i], names[i + of_year], 4) == 0;)
			of_year++;
		put_year(sheet, names + i, of_year);
	}
	return shown;
}
