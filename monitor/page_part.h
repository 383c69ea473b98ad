/* page_part: what the pages are made of. Private to monitor/page*.c. */
#ifndef AOB_MONITOR_PAGE_PART_H
#define AOB_MONITOR_PAGE_PART_H

#include "monitor/page.h"
#include "monitor/verdict.h"

#define PAGE_PART_AGAIN "15" /* seconds after which a page without JavaScript is loaded anew … */
#define PAGE_PART_SOON "2"   /* … and one that waits for an answer */

/* page_part_frame: the document around main. Takes what *main holds. */
void page_part_frame(const struct page_of *of, const char *title, const char *again_s, struct text *main,
                     struct text *text);

struct verdict page_part_verdict(const struct page_of *of, const struct view_pipeline *pipeline);

/* page_part_card: as a card with its history, or as a row. */
void page_part_card(const struct page_of *of, const struct view_pipeline *pipeline, bool whole, struct text *text);

/* page_part_icon: the sign of a level; an SVG, static. */
const char *page_part_icon(enum verdict_level level);

/* The text as a string for a template, "" if it failed; borrowed. */
const char *page_part_string(const struct text *text);

#endif
