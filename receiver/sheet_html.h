/* sheet_html: what stands around a sheet in HTML: head, style, the way past the head, the foot. It asks nobody for anything, and needs no script.
 *
 * threads: none shared. source: WCAG 2.2; CSP Level 3, by which a browser refuses whatever else a name might smuggle in */
#ifndef AOB_SHEET_HTML_H
#define AOB_SHEET_HTML_H

#include "receiver/sheet.h"

/* sheet_html_head: up to the title, which is also its first heading, and what stands below it. name: for the title's {0}; NULL: without. */
void sheet_html_head(const struct sheet *sheet, const char *name);

/* sheet_html_main: the content begins, or it ends with the foot's words. */
void sheet_html_main(const struct sheet *sheet);
void sheet_html_foot(const struct sheet *sheet, int64_t now_s);

#endif
