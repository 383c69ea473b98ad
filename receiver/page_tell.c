#include "receiver/page_tell.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "receiver/page_calendar.h"
#include "receiver/page_front.h"
#include "receiver/record_macs.h"
#include "receiver/sheet_html.h"

static const struct record *newest_of(const struct page *page)
{
	return page->n_rows != 0 ? &page->rows[0] : NULL;
}

/* Of lines that belong together: markup, or an empty line. */
static void end_block(const struct sheet *sheet, const char *markup)
{
	(void)fputs(sheet->html ? markup : "\n", sheet->out);
}

/* A name and what it is: a row of a list in HTML, a line in plain text. */
static void put_fact(const struct sheet *sheet, const char *name, const char *value)
{
	if (*value == '\0')
		return;
	sheet_raw(sheet, "<dt>");
	sheet_text(sheet, name);
	sheet_raw(sheet, "</dt><dd>");
	if (!sheet->html)
		(void)fputs(": ", sheet->out);
	sheet_text(sheet, value);
	sheet_raw(sheet, "</dd>");
	(void)fputc('\n', sheet->out);
}

void page_tell_macs(const struct sheet *sheet, const struct wire_macs *macs)
{
	if (macs->n == 0)
		return;
	sheet_raw(sheet, "<ul>\n");
	for (size_t i = 0; i < macs->n; i++) {
		char text[RECORD_MACS_SAY_SIZE];

		(void)fputs(sheet->html ? "<li><b><bdi>" : "    ", sheet->out);
		sheet_text(sheet, macs->list[i].name);
		(void)fputs(sheet->html ? "</bdi></b>: " : ": ", sheet->out);
		record_macs_say(&macs->list[i], sheet->words, text, sizeof(text));
		sheet_text(sheet, text);
		(void)fputs(sheet->html ? "</li>\n" : "\n", sheet->out);
	}
	end_block(sheet, "</ul>\n");
}

static void tell_whose(const struct sheet *sheet, const struct page *page)
{
	const struct record *newest = newest_of(page);

	sheet_heading(sheet, "whose", sheet->words->whose);
	sheet_raw(sheet, "<dl>\n");
	put_fact(sheet, sheet->words->pipeline, page->vault->pipeline);
	if (newest != NULL) {
		put_fact(sheet, sheet->words->machine, newest->host);
		put_fact(sheet, sheet->words->source, newest->source);
	}
	end_block(sheet, "</dl>\n");
	if (page->macs.n == 0)
		return;
	sheet_subheading(sheet, sheet->words->macs);
	page_tell_macs(sheet, &page->macs);
}

static void link_into_newest(const struct sheet *sheet, const struct page *page, const struct page_entry *entry)
{
	(void)fprintf(sheet->out, "<li><a href=\"generations/%s/", page->current);
	sheet_url(sheet, entry->name);
	(void)fputs(entry->is_folder ? "/\"><bdi>" : "\"><bdi>", sheet->out);
	sheet_text(sheet, entry->name);
	(void)fputs(entry->is_folder ? "/</bdi></a></li>\n" : "</bdi></a></li>\n", sheet->out);
}

/* What lies in the newest: links in HTML only; a text is read in the folder itself. */
static void put_entries(const struct sheet *sheet, const struct page *page)
{
	const struct page_entries *entries = &page->entries;
	char number[SHEET_VALUE_SIZE];

	if (!sheet->html || entries->n == 0)
		return;
	sheet_para(sheet, sheet->words->in_it, SHEET_NONE);
	sheet_raw(sheet, "<ul class=\"in\">\n");
	for (size_t i = 0; i < entries->n; i++)
		link_into_newest(sheet, page, &entries->list[i]);
	sheet_raw(sheet, "</ul>\n");
	if (entries->seen > entries->n)
		sheet_para(sheet, sheet->words->more,
		           SHEET_VALUES(sheet_number(sheet, entries->seen - entries->n, number)));
}

/* Where the newest is what should not be taken. What the brake has measured is not translated. */
static void tell_braked(const struct sheet *sheet, const struct page *page)
{
	const struct words *words = sheet->words;

	if (!page->mark.held || page->mark.damaged)
		return;
	sheet_raw(sheet, "<div class=\"warn\"><p><b>");
	sheet_text(sheet, words->look_first);
	sheet_raw(sheet, "</b></p>\n");
	if (!sheet->html)
		(void)fputc('\n', sheet->out);
	sheet_para(sheet, words->look_first_why, SHEET_VALUES(page->mark.generation));
	sheet_raw(sheet, "<p lang=\"en\">");
	sheet_text(sheet, page->mark.reason);
	sheet_raw(sheet, "</p></div>");
	(void)fputs(sheet->html ? "\n" : "\n\n", sheet->out);
}

static void tell_newest(const struct sheet *sheet, const struct page *page)
{
	const struct record *newest = newest_of(page);
	char when[SHEET_VALUE_SIZE];
	char files[SHEET_VALUE_SIZE];
	char size[SHEET_VALUE_SIZE];

	sheet_heading(sheet, "newest", sheet->words->newest);
	if (newest == NULL || page->current[0] == '\0') {
		sheet_para(sheet, sheet->words->none_yet, SHEET_NONE);
		return;
	}
	sheet_para(sheet, sheet->words->newest_is,
	           SHEET_VALUES(sheet_time(sheet->words, newest->taken_at_s, when),
	                        sheet_number(sheet, newest->files, files), sheet_size(sheet, newest->bytes, size)));
	tell_braked(sheet, page);
	if (sheet->html) {
		(void)fprintf(sheet->out, "<p><a class=\"open\" href=\"generations/%s/\">", page->current);
		sheet_text(sheet, sheet->words->open_newest);
		(void)fputs("</a></p>\n", sheet->out);
	}
	put_entries(sheet, page);
}

static void tell_older(const struct sheet *sheet, size_t n)
{
	char number[SHEET_VALUE_SIZE];

	if (n > 0)
		sheet_para(sheet, sheet->words->older, SHEET_VALUES(sheet_number(sheet, n, number)));
}

static void tell_dates(const struct sheet *sheet, const struct page *page)
{
	if (page->n == 0)
		return;
	sheet_heading(sheet, "dates", sheet->words->dates);
	sheet_para(sheet, sheet->html ? sheet->words->which_date : sheet->words->which_folder, SHEET_NONE);
	if (sheet->html)
		tell_older(sheet, page->n - page_calendar_put(sheet, (const char(*)[32])page->names, page->n));
	sheet_para(sheet, sheet->words->shared, SHEET_NONE);
	sheet_para(sheet, sheet->words->utc, SHEET_NONE);
}

static const char *state_words(const struct words *words, const char *state)
{
	if (strcmp(state, "clean") == 0)
		return words->clean;
	if (strcmp(state, "quiet") == 0)
		return words->quiet;
	if (strcmp(state, "incomplete") == 0)
		return words->incomplete;
	return words->in_flight;
}

static void put_row(const struct sheet *sheet, const struct record *r)
{
	const char *state = state_words(sheet->words, r->state);
	char when[SHEET_VALUE_SIZE];
	char files[SHEET_VALUE_SIZE];
	char size[SHEET_VALUE_SIZE];

	(void)sheet_time(sheet->words, r->taken_at_s, when);
	(void)sheet_number(sheet, r->files, files);
	(void)sheet_size(sheet, r->bytes, size);
	if (sheet->html) {
		(void)fprintf(sheet->out,
		              "<tr><td><a href=\"generations/%s/\">%s</a></td><td>%s</td><td>%s</td><td>%s</td><td>",
		              r->name, r->name, when, files, size);
		sheet_text(sheet, state);
		(void)fputs("</td></tr>\n", sheet->out);
	} else {
		(void)fprintf(sheet->out, "  generations/%s   %s, %s %s, %s, %s\n", r->name, when, files,
		              sheet->words->files, size, state);
	}
}

static void tell_last_ones(const struct sheet *sheet, const struct page *page)
{
	const struct words *words = sheet->words;
	const char *const columns[] = { words->folder, words->as_it_was_on, words->files, words->size, words->state };

	if (page->n_rows == 0)
		return;
	sheet_heading(sheet, "details", words->last_ones);
	if (sheet->html) {
		(void)fprintf(sheet->out,
		              "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-labelledby=\"details\">"
		              "<table><thead><tr>");
		for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
			(void)fprintf(sheet->out, "<th scope=\"col\">%s</th>", columns[i]);
		(void)fputs("</tr></thead>\n<tbody>\n", sheet->out);
	}
	for (size_t i = 0; i < page->n_rows; i++)
		put_row(sheet, &page->rows[i]);
	(void)fputs(sheet->html ? "</tbody></table></div>\n" : "\n", sheet->out);
	tell_older(sheet, page->n - page->n_rows);
}

static void tell_take_out(const struct sheet *sheet)
{
	const struct words *words = sheet->words;

	sheet_heading(sheet, "take-out", words->take_out);
	sheet_subheading(sheet, "Windows");
	sheet_steps(sheet, words->windows);
	sheet_subheading(sheet, "macOS");
	sheet_steps(sheet, words->mac);
	sheet_subheading(sheet, "Linux");
	sheet_steps(sheet, words->linux_);
	sheet_para(sheet, words->disk, SHEET_NONE);
	sheet_para(sheet, words->photos, SHEET_NONE);
}

static void put_bundles(const struct sheet *sheet, const struct page *page)
{
	const struct page_entries *bundles = &page->bundles;
	char number[SHEET_VALUE_SIZE];

	if (bundles->n == 1 && bundles->seen == 1) {
		sheet_para(sheet, sheet->words->bundle_is, SHEET_VALUES(bundles->list[0].name));
		return;
	}
	sheet_raw(sheet, "<ul>\n");
	for (size_t i = 0; i < bundles->n; i++) {
		(void)fputs(sheet->html ? "<li><bdi>" : "    ", sheet->out);
		sheet_text(sheet, bundles->list[i].name);
		(void)fputs(sheet->html ? "</bdi></li>\n" : "\n", sheet->out);
	}
	sheet_raw(sheet, "</ul>");
	(void)fputc('\n', sheet->out);
	if (bundles->seen > bundles->n)
		sheet_para(sheet, sheet->words->more,
		           SHEET_VALUES(sheet_number(sheet, bundles->seen - bundles->n, number)));
	sheet_para(sheet, sheet->words->bundle_more, SHEET_NONE);
}

static void tell_bundles(const struct sheet *sheet, const struct page *page)
{
	const struct words *words = sheet->words;

	if (page->bundles.n == 0)
		return;
	sheet_heading(sheet, "bundle", words->bundle);
	put_bundles(sheet, page);
	sheet_subheading(sheet, words->by_disk);
	sheet_steps(sheet, words->by_disk_steps);
	sheet_subheading(sheet, words->by_network);
	sheet_steps(sheet, words->by_network_steps);
	sheet_subheading(sheet, words->migration);
	sheet_steps(sheet, words->migration_steps);
	sheet_para(sheet, words->bundle_elsewhere, SHEET_NONE);
}

/* scheme: what a browser offers to do with it. */
static void put_call(const struct sheet *sheet, const char *name, const char *scheme, const char *value)
{
	if (*value == '\0' || !sheet->html) {
		put_fact(sheet, name, value);
		return;
	}
	(void)fputs("<dt>", sheet->out);
	sheet_text(sheet, name);
	(void)fprintf(sheet->out, "</dt><dd><a href=\"%s:", scheme);
	for (const char *c = value; *c != '\0'; c++) {
		char one[2] = { *c, '\0' };

		/* RFC 3966 and RFC 6068 know no spaces; a '+' and an '@' are what they are. */
		if (*c == '+' || *c == '@')
			(void)fputc(*c, sheet->out);
		else if (*c != ' ' && *c != '/')
			sheet_url(sheet, one);
	}
	(void)fputs("\">", sheet->out);
	sheet_text(sheet, value);
	(void)fputs("</a></dd>\n", sheet->out);
}

void page_tell_call(const struct sheet *sheet, const struct contact *contact, const char *host)
{
	const struct words *words = sheet->words;

	sheet_heading(sheet, "call", words->call);
	if (contact->name[0] != '\0')
		sheet_para(sheet, words->call_them, SHEET_VALUES(contact->name));
	else if (contact->phone[0] == '\0' && contact->mail[0] == '\0')
		sheet_para(sheet, *host != '\0' ? words->call_nobody : words->call_nobody_known, SHEET_VALUES(host));
	if (contact->phone[0] == '\0' && contact->mail[0] == '\0')
		return;
	sheet_raw(sheet, "<dl>\n");
	put_call(sheet, words->phone, "tel", contact->phone);
	put_call(sheet, words->mail, "mailto", contact->mail);
	end_block(sheet, "</dl>\n");
}

static void tell_undamaged(const struct sheet *sheet, const struct page *page)
{
	sheet_heading(sheet, "undamaged", sheet->words->undamaged);
	sheet_para(sheet, sheet->words->check, SHEET_NONE);
	if (page->vault->fake_super)
		sheet_para(sheet, sheet->words->fake_super, SHEET_NONE);
}

static void tell(const struct sheet *sheet, const struct page *page)
{
	tell_whose(sheet, page);
	tell_newest(sheet, page);
	tell_dates(sheet, page);
	tell_take_out(sheet);
	tell_bundles(sheet, page);
	page_tell_call(sheet, &page->contact, newest_of(page) != NULL ? newest_of(page)->host : "");
	tell_last_ones(sheet, page);
	tell_undamaged(sheet, page);
}

static void put_nav_link(const struct sheet *sheet, const char *href, const char *words)
{
	(void)fprintf(sheet->out, "<li><a href=\"%s\">", href);
	sheet_text(sheet, words);
	(void)fputs("</a></li>\n", sheet->out);
}

static void put_nav(const struct sheet *sheet, const struct page *page)
{
	const struct words *words = sheet->words;

	(void)fprintf(sheet->out, "<nav aria-label=\"%s\"><ul>\n", words->on_this_page);
	put_nav_link(sheet, "#newest", words->newest);
	if (page->n > 0)
		put_nav_link(sheet, "#dates", words->dates);
	put_nav_link(sheet, "#take-out", words->take_out);
	if (page->bundles.n > 0)
		put_nav_link(sheet, "#bundle", words->bundle);
	put_nav_link(sheet, "#call", words->call);
	if (page->has_front)
		put_nav_link(sheet, "../" PAGE_FRONT_NAME, words->all_of_it);
	(void)fputs("</ul></nav>\n", sheet->out);
}

void page_tell_html(const struct page *page, FILE *out)
{
	const struct sheet sheet = { .out = out, .words = page->words, .html = true };

	sheet_html_head(&sheet, page->vault->pipeline);
	put_nav(&sheet, page);
	sheet_html_main(&sheet);
	tell(&sheet, page);
	sheet_html_foot(&sheet, page->now_s);
}

void page_tell_text(const struct page *page, FILE *out)
{
	const struct sheet sheet = { .out = out, .words = page->words };
	char now[SHEET_VALUE_SIZE];

	sheet_say(&sheet, page->words->title_of, SHEET_VALUES(page->vault->pipeline));
	(void)fputs("\n\n", out);
	sheet_para(&sheet, page->words->what, SHEET_NONE);
	tell(&sheet, page);
	(void)fputc('\n', out);
	sheet_para(&sheet, page->words->written, SHEET_VALUES(sheet_time(page->words, page->now_s, now)));
}
