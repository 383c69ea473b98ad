/* page: the status page, a pipeline's page, a generation's page: whole HTML documents, made of what is known now.
 *
 * Everything that comes from elsewhere (names, paths, messages) is escaped; no page asks for anything of another host.
 * threads: any; the state is to be locked by the caller. */
#ifndef AOB_MONITOR_PAGE_H
#define AOB_MONITOR_PAGE_H

#include "lib/config.h"
#include "monitor/state.h"
#include "monitor/text.h"

#define PAGE_FULL_CARDS_MAX 8 /* more pipelines are shown as rows, each with a page of its own */

struct page_of {
	struct state *state;         /* read, but for what is wanted of the broker */
	const struct config *config; /* for the vaults' folders */
	int64_t now_s;               /* wall clock */
	int64_t now_ms;              /* monotonic */
};

void page_home(const struct page_of *of, struct text *text);

/* 0; -1: there is no such pipeline, or generation. */
int page_pipeline(const struct page_of *of, const char *name, struct text *text);
int page_generation(const struct page_of *of, const char *pipeline, const char *generation, struct text *text);

/* page_lost: a page that says that there is nothing here. */
void page_lost(const struct page_of *of, const char *what, struct text *text);

/* page_broker_lost_s: for how long the broker has not answered; 0: it does. */
int64_t page_broker_lost_s(const struct page_of *of);

#endif
