#include "receiver/readme_page.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "lib/durable.h"
#include "receiver/brake_mark.h"
#include "receiver/record.h"
#include "receiver/record_macs.h"

#define ROWS_MOST 500
#define BUNDLES_MOST 8
#define DATE_SIZE 32

/* What the pages tell of. */
struct page {
	const struct vault *vault;
	struct record *rows; /* the newest first */
	size_t n, total;
	char current[32];
	char bundles[BUNDLES_MOST][NAME_MAX + 1]; /* Time Machine bundles at the top of the current generation */
	size_t n_bundles;
	struct brake_mark mark;
};

static bool is_bundle(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL && (strcmp(dot, ".sparsebundle") == 0 || strcmp(dot, ".backupbundle") == 0);
}

static void find_bundles(struct page *page)
{
	int fd = openat(page->vault->generations_fd, page->current, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *found;

	if (dir == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while (page->n_bundles < BUNDLES_MOST && (found = readdir(dir)) != NULL)
		if (is_bundle(found->d_name))
			(void)snprintf(page->bundles[page->n_bundles++], NAME_MAX + 1, "%s", found->d_name);
	(void)closedir(dir);
}

static int collect(struct page *page, struct error *err)
{
	char(*names)[32];
	size_t n;

	if (brake_mark_read(page->vault, &page->mark, err) != 0 || record_names(page->vault, &names, &n, err) != 0)
		return -1;
	page->rows = calloc(n < ROWS_MOST ? n + 1 : ROWS_MOST, sizeof(*page->rows));
	if (page->rows == NULL) {
		free(names);
		return error_set(err, ERR_SYSTEM, "out of memory");
	}
	for (size_t i = n; i > 0; i--) {
		struct record record;

		if (record_read(page->vault, names[i - 1], &record, NULL) != 0 || !record.there)
			continue;
		page->total++;
		if (page->n < ROWS_MOST)
			page->rows[page->n++] = record;
	}
	free(names);
	vault_current(page->vault, page->current);
	if (page->current[0] != '\0')
		find_bundles(page);
	return 0;
}

static void date(int64_t at_s, char text[DATE_SIZE])
{
	time_t at = (time_t)at_s;
	struct tm utc;

	text[0] = '\0';
	if (gmtime_r(&at, &utc) != NULL)
		(void)strftime(text, DATE_SIZE, "%d %B %Y, %H:%M UTC", &utc);
}

/* Names come from the source, and may hold anything. */
static void put_html(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\'' || c < 0x20 || c == 0x7f)
			(void)fprintf(out, "&#%u;", c < 0x20 || c == 0x7f ? '?' : c);
		else
			(void)fputc(c, out);
	}
}

static void put_plain(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		(void)fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, out);
}

static const char *state_words(const char *state)
{
	if (strcmp(state, "clean") == 0)
		return "complete: the Mac had finished its backup";
	if (strcmp(state, "quiet") == 0)
		return "complete: nothing was being written";
	if (strcmp(state, "incomplete") == 0)
		return "the Mac had not finished its backup";
	return "taken while files were being written";
}

static void html_macs(FILE *out, const struct page *page, const char *generation)
{
	struct wire_macs macs;

	record_macs_read(page->vault, generation, &macs);
	for (size_t i = 0; i < macs.n; i++) {
		char text[200];

		record_macs_say(&macs.list[i], text, sizeof(text));
		(void)fputs("<br><small><b>", out);
		put_html(out, macs.list[i].name);
		(void)fputs("</b>: ", out);
		put_html(out, text);
		(void)fputs("</small>", out);
	}
}

static void text_macs(FILE *out, const struct page *page, const char *generation)
{
	struct wire_macs macs;

	record_macs_read(page->vault, generation, &macs);
	for (size_t i = 0; i < macs.n; i++) {
		char text[200];

		record_macs_say(&macs.list[i], text, sizeof(text));
		(void)fputs("    ", out);
		put_plain(out, macs.list[i].name);
		(void)fprintf(out, ": %s\n", text);
	}
}

static void html_rows(FILE *out, const struct page *page)
{
	(void)fputs("<table>\n<tr><th>Folder<th>As it was on<th>Files<th>Size<th>State\n", out);
	for (size_t i = 0; i < page->n; i++) {
		const struct record *r = &page->rows[i];
		char when[DATE_SIZE];
		char bytes[32];

		date(r->taken_at_s, when);
		(void)bytes_text(r->bytes, bytes, sizeof(bytes));
		(void)fprintf(out, "<tr><td><a href=\"generations/%s/\">%s</a>%s<td>%s<td>%" PRIu64 "<td>%s<td>%s",
		              r->name, r->name,
		              strcmp(r->name, page->current) == 0
		                      ? " (the newest, also <a href=\"current/\">current</a>)"
		                      : "",
		              when, r->files, bytes, state_words(r->state));
		html_macs(out, page, r->name);
		(void)fputs("\n", out);
	}
	(void)fputs("</table>\n", out);
	if (page->total > page->n)
		(void)fprintf(out, "<p>… and %zu older ones in the folder <code>generations</code>.</p>\n",
		              page->total - page->n);
}

/* Where the newest is what should not be taken. */
static void html_braked(FILE *out, const struct page *page)
{
	if (!page->mark.held || page->mark.damaged)
		return;
	(void)fprintf(out, "<p><b>Look before you take the newest:</b> in <code>%s</code> ", page->mark.generation);
	put_html(out, page->mark.reason);
	(void)fputs(". Perhaps somebody wanted that; if files are missing there, or cannot be opened, take the folder "
	            "before it.</p>\n",
	            out);
}

static void html_bundles(FILE *out, const struct page *page)
{
	if (page->n_bundles == 0)
		return;
	(void)fputs("<h2>The Mac's own backup (Time Machine)</h2>\n<p>", out);
	for (size_t i = 0; i < page->n_bundles; i++) {
		(void)fputs(i != 0 ? ", <code>" : "<code>", out);
		put_html(out, page->bundles[i]);
		(void)fputs("</code>", out);
	}
	(void)fputs(" is the disk that the Mac backed up to, cut into many small files. Copy it whole to a disk, "
	            "connect that to a Mac and "
	            "double-click it: it opens like a disk, with all the Mac's files in it. If it was encrypted, the "
	            "Mac asks for the "
	            "password that was chosen for the backup. To set up a new Mac from it, start <i>Migration "
	            "Assistant</i> there and "
	            "choose the opened disk. On Linux, <code>sparsebundlefs</code> opens it.</p>\n",
	            out);
}

static void html_page(FILE *out, const struct page *page)
{
	char now[DATE_SIZE];

	date(time(NULL), now);
	(void)fputs(
	        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
	        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Start here</title>\n"
	        "<style>body{font:1.05rem/1.6 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}"
	        "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem .3rem 0;"
	        "border-bottom:1px solid #8886;vertical-align:top}code{overflow-wrap:anywhere}</style>\n<h1>Start "
	        "here</h1>\n"
	        "<p>This is a copy of somebody's files",
	        out);
	if (page->n != 0 && page->rows[0].host[0] != '\0') {
		(void)fputs(", of the folder <code>", out);
		put_html(out, page->rows[0].source);
		(void)fputs("</code> on the machine <b>", out);
		put_html(out, page->rows[0].host);
		(void)fputs("</b>", out);
	}
	(void)fputs(". They are ordinary files in ordinary folders: no program is needed to read them. "
	            "<b>Copy what you need to another disk, and change nothing here.</b></p>\n<h2>Which dates there "
	            "are</h2>\n",
	            out);
	html_rows(out, page);
	html_braked(out, page);
	(void)fputs("<p>Each folder holds everything, as it was at that time. If you do not know which one to take, "
	            "take the newest. "
	            "Files that did not change are the same file in many of these folders, so together they are much "
	            "smaller "
	            "than the sum.</p>\n<h2>How to take files out</h2>\n<ul>\n"
	            "<li><b>On a Mac or on Linux:</b> open the folder of the date, and copy what you need to a disk of "
	            "yours.\n"
	            "<li><b>On Windows:</b> if this disk lies in a NAS, open it through the network (Explorer, "
	            "<code>\\\\name-of-the-NAS</code>). "
	            "A disk taken out of a NAS cannot be read by Windows itself; connect it to a NAS or to a computer "
	            "with Linux.\n"
	            "<li><b>All of it, with dates, owners and permissions, on Linux:</b> <code>rsync -aHAX "
	            "--numeric-ids current/ "
	            "/where/to/</code>\n</ul>\n",
	            out);
	html_bundles(out, page);
	(void)fputs("<h2>Is it undamaged?</h2>\n<p>Each file carries its SHA-256 in the extended attribute "
	            "<code>user.aob.sha256</code>, which <code>getfattr -e hex -n user.aob.sha256 FILE</code> shows; "
	            "it must be what "
	            "<code>sha256sum FILE</code> says.",
	            out);
	if (page->vault->fake_super)
		(void)fputs(" Owners that could not be set here are kept in <code>user.rsync.%stat</code>, which "
		            "<code>rsync --fake-super</code> "
		            "reads.",
		            out);
	(void)fprintf(out,
	              "</p>\n<p><small>Written by AutoOffsiteBackup on %s. The folder <code>.aob</code> holds what it "
	              "needs itself.</small></p>\n",
	              now);
}

static void text_page(FILE *out, const struct page *page)
{
	char now[DATE_SIZE];

	date(time(NULL), now);
	(void)fputs("START HERE\n\nThis is a copy of somebody's files", out);
	if (page->n != 0 && page->rows[0].host[0] != '\0') {
		(void)fputs(", of the folder\n", out);
		put_plain(out, page->rows[0].source);
		(void)fputs(" on the machine ", out);
		put_plain(out, page->rows[0].host);
	}
	(void)fputs(".\nThey are ordinary files in ordinary folders: no program is needed to read them.\n"
	            "Copy what you need to another disk, and change nothing here.\n\n"
	            "Each folder in `generations` holds everything as it was on a date; `current` is the newest.\n\n",
	            out);
	for (size_t i = 0; i < page->n; i++) {
		const struct record *r = &page->rows[i];
		char when[DATE_SIZE];
		char bytes[32];

		date(r->taken_at_s, when);
		(void)bytes_text(r->bytes, bytes, sizeof(bytes));
		(void)fprintf(out, "  generations/%s   %s, %" PRIu64 " files, %s, %s\n", r->name, when, r->files, bytes,
		              state_words(r->state));
		text_macs(out, page, r->name);
	}
	if (page->total > page->n)
		(void)fprintf(out, "  … and %zu older ones\n", page->total - page->n);
	if (page->mark.held && !page->mark.damaged) {
		(void)fprintf(out, "\nLOOK BEFORE YOU TAKE THE NEWEST: in %s ", page->mark.generation);
		put_plain(out, page->mark.reason);
		(void)fputs(".\nPerhaps somebody wanted that; if files are missing there, or can't be opened, take the "
		            "folder before it.\n",
		            out);
	}
	(void)fputs("\nOn a Mac or on Linux: open the folder of the date and copy what you need.\n"
	            "On Windows: open the NAS through the network; Windows itself can't read a disk that was taken out "
	            "of one.\n"
	            "All of it, with dates, owners and permissions, on Linux:\n\n  rsync -aHAX --numeric-ids current/ "
	            "/where/to/\n",
	            out);
	for (size_t i = 0; i < page->n_bundles; i++) {
		(void)fputs("\n", out);
		put_plain(out, page->bundles[i]);
		(void)fputs(" is a Mac's own backup (Time Machine). Copy it whole to a disk, connect that\n"
		            "to a Mac and double-click it: it opens like a disk with the Mac's files. Migration "
		            "Assistant sets up a new Mac from it.\n",
		            out);
	}
	(void)fputs("\nEach file's SHA-256 lies in its extended attribute user.aob.sha256: getfattr -e hex -n "
	            "user.aob.sha256 FILE shows it, and sha256sum FILE must say the same.\n",
	            out);
	if (page->vault->fake_super)
		(void)fputs("Owners that could not be set here are kept in user.rsync.%stat, which rsync --fake-super "
		            "reads.\n",
		            out);
	(void)fprintf(out, "\nWritten by AutoOffsiteBackup on %s. The folder .aob holds what it needs itself.\n", now);
}

static int write_page(const struct page *page, const char *name, void (*put)(FILE *, const struct page *),
                      struct error *err)
{
	char *text = NULL;
	size_t len_bytes = 0;
	FILE *out = open_memstream(&text, &len_bytes);
	bool bad;
	int rc = -1;

	if (out == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	put(out, page);
	bad = ferror(out) != 0;
	if (fclose(out) != 0 || bad)
		(void)error_set(err, ERR_SYSTEM, "out of memory for %s", name);
	else
		rc = durable_write(page->vault->folder_fd, name, DURABLE_PUBLIC, text, len_bytes, err);
	free(text);
	return rc;
}

int readme_page_write(const struct vault *vault, struct error *err)
{
	struct page *page = calloc(1, sizeof(*page));
	int rc = -1;

	if (page == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	page->vault = vault;
	if (collect(page, err) == 0 && write_page(page, "START-HERE.html", html_page, err) == 0)
		rc = write_page(page, "README.txt", text_page, err);
	free(page->rows);
	free(page);
	return rc;
}
