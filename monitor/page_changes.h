/* page_changes: what changed in a generation, as its transfer told it: a sentence and a list. */
#ifndef AOB_MONITOR_PAGE_CHANGES_H
#define AOB_MONITOR_PAGE_CHANGES_H

#include "monitor/text.h"
#include "monitor/view_detail.h"

/* page_changes_add: detail: NULL: the broker is being asked. Names in it are hostile. */
void page_changes_add(struct text *text, const struct view_detail *detail);

#endif
