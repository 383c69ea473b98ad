/* page_calendar: a year at a glance: months with the days of which there is a generation, each a link to its folder. Days are those of the folders' names (UTC).
 *
 * bounded: PAGE_CALENDAR_LINKS links and PAGE_CALENDAR_MONTHS months; older ones are counted. threads: none shared. */
#ifndef AOB_PAGE_CALENDAR_H
#define AOB_PAGE_CALENDAR_H

#include <stddef.h>

#include "receiver/sheet.h"

#define PAGE_CALENDAR_LINKS 1500
#define PAGE_CALENDAR_MONTHS 120

/* page_calendar_put: into HTML. names: valid ones, the newest first. Returns how many are linked. */
size_t page_calendar_put(const struct sheet *sheet, const char (*names)[32], size_t n);

#endif
