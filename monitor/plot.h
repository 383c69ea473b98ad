/* plot: a pipeline's history as SVG, drawn for the page's style sheet, each with the same told in words. Pure. */
#ifndef AOB_MONITOR_PLOT_H
#define AOB_MONITOR_PLOT_H

#include "monitor/text.h"
#include "monitor/view_history.h"

/* plot_calendar: a square a day of the last year, weeks from left to right, Monday on top. */
void plot_calendar(struct text *text, const struct view_history *history, int64_t now);

/* plot_carried: a bar for each of the last 90 days: new content that was sent. plot_size: the newest copy's size over a year.
 * plot_vault: what is used of the vault's disk, by this pipeline and whatever else lies there, over a year; nothing, if nobody has measured it. */
void plot_carried(struct text *text, const struct view_history *history, int64_t now);
void plot_size(struct text *text, const struct view_history *history, int64_t now);
void plot_vault(struct text *text, const struct view_history *history, int64_t now);

#endif
