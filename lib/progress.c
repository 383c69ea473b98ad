#include "lib/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "lib/clock.h"
#include "lib/duration.h"

#define DRAW_MS 100
#define LINE_MS 10000
#define BAR_COLUMNS 24u
#define NARROW 60u

void progress_begin(struct progress_bar *bar, const char *label)
{
	*bar = (struct progress_bar){ .label = label, .eta_s = -1, .began_ms = clock_now_ms() };
}

static void add_bar(const struct progress_bar *bar, char *out, size_t size)
{
	uint64_t done = bar->done < bar->total ? bar->done : bar->total;
	unsigned filled = (unsigned)((double)done / (double)bar->total * BAR_COLUMNS);
	char cells[BAR_COLUMNS + 1];
	size_t used = strlen(out);

	memset(cells, '.', BAR_COLUMNS);
	memset(cells, '#', filled);
	cells[BAR_COLUMNS] = '\0';
	(void)snprintf(out + used, size - used, " [%s]", cells);
}

const char *progress_text(const struct progress_bar *bar, unsigned columns, char *out, size_t size)
{
	char a[32];
	char b[32];
	char span[64];

	(void)snprintf(out, size, "%s", bar->label);
	if (bar->total != 0 && columns >= NARROW)
		add_bar(bar, out, size);
	if (bar->total != 0)
		(void)snprintf(out + strlen(out), size - strlen(out), " %3.0f %%  %s of %s",
		               bar->done >= bar->total ? 100.0 : (double)bar->done / (double)bar->total * 100,
		               bytes_text(bar->done, a, sizeof(a)), bytes_text(bar->total, b, sizeof(b)));
	else if (bar->done != 0)
		(void)snprintf(out + strlen(out), size - strlen(out), " %s", bytes_text(bar->done, a, sizeof(a)));
	if (bar->rate_bps != 0)
		(void)snprintf(out + strlen(out), size - strlen(out), "  %s",
		               bytes_rate_text(bar->rate_bps, a, sizeof(a)));
	if (bar->eta_s >= 0 && bar->done < bar->total)
		(void)snprintf(out + strlen(out), size - strlen(out), "  %s left",
		               duration_text((uint64_t)bar->eta_s * 1000, span, sizeof(span)));
	if (columns != 0 && strlen(out) > columns && columns < size)
		out[columns] = '\0';
	return out;
}

void progress_show(struct progress_bar *bar)
{
	bool terminal = isatty(STDERR_FILENO) == 1;
	int64_t now = clock_now_ms();
	struct progress_bar shown = *bar;
	struct winsize window = { .ws_col = 80 };
	char line[512];

	if (now - bar->shown_ms < (terminal ? DRAW_MS : LINE_MS) ||
	    (!terminal && bar->shown_ms == 0 && now - bar->began_ms < LINE_MS))
		return;
	bar->shown_ms = now;
	if (shown.rate_bps == 0 && now - bar->began_ms > 1000)
		shown.rate_bps = bar->done * 1000 / (uint64_t)(now - bar->began_ms);
	if (shown.eta_s < 0 && shown.rate_bps != 0 && bar->total > bar->done)
		shown.eta_s = (int64_t)((bar->total - bar->done) / shown.rate_bps);
	if (terminal)
		(void)ioctl(STDERR_FILENO, TIOCGWINSZ, &window);
	(void)progress_text(&shown, terminal && window.ws_col > 1 ? window.ws_col - 1u : 200, line, sizeof(line));
	(void)fprintf(stderr, terminal ? "\r%s\x1b[K" : "%s\n", line);
	(void)fflush(stderr);
	bar->drawn = terminal;
}

void progress_clear(struct progress_bar *bar)
{
	if (bar->drawn)
		(void)fputs("\r\x1b[K", stderr);
	bar->drawn = false;
}
