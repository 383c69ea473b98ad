#include "monitor/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/assets.h"
#include "monitor/page_part.h"
#include "monitor/template.h"
#include "monitor/words.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROWS_MAX 100 /* of generations on one page */
#define TITLE_SIZE 256

int64_t page_broker_lost_s(const struct page_of *of)
{
	const struct state *state = of->state;
	int64_t lost_ms = of->now_ms - state->answered_ms;

	if (state->trouble[0] == '\0' && lost_ms < STATE_ANSWER_FRESH_MS)
		return 0;
	return lost_ms > 1000 ? lost_ms / 1000 : 1;
}

/* The worst first, then as they are configured. */
struct ranked {
	const struct view_pipeline *pipeline;
	size_t order;
	enum verdict_level level;
};

static int worst_first(const void *a, const void *b)
{
	const struct ranked *left = a;
	const struct ranked *right = b;

	if (left->level != right->level)
		return left->level > right->level ? -1 : 1;
	return (left->order > right->order) - (left->order < right->order);
}

/* out: cards, the verdict on all. */
static struct verdict add_cards(const struct page_of *of, struct text *text)
{
	const struct view *view = of->state->view;
	size_t n = view != NULL ? view->n_pipelines : 0;
	struct ranked *ranked = calloc(n + 1, sizeof(*ranked));
	struct verdict *verdicts = calloc(n + 1, sizeof(*verdicts));
	struct verdict all;

	if (ranked == NULL || verdicts == NULL) {
		text->failed = true;
		n = 0;
	}
	for (size_t i = 0; i < n; i++) {
		verdicts[i] = page_part_verdict(of, &view->pipelines[i]);
		ranked[i] = (struct ranked){ &view->pipelines[i], i, verdicts[i].level };
	}
	if (n > PAGE_FULL_CARDS_MAX) /* a few stay at their places, so that one finds them by habit */
		qsort(ranked, n, sizeof(*ranked), worst_first);
	for (size_t i = 0; i < n; i++)
		page_part_card(of, ranked[i].pipeline, n <= PAGE_FULL_CARDS_MAX, text);
	if (n == 0)
		text_add(text, "<p>The broker has not told of any yet.</p>");
	all = verdict_all(verdicts, n, page_broker_lost_s(of));
	free(ranked);
	free(verdicts);
	return all;
}

static void add_service(struct text *text, const struct view *view, const char *service)
{
	size_t n = 0;
	size_t busy = 0;

	for (size_t i = 0; i < view->n_workers; i++)
		if (strcmp(view->workers[i].service, service) == 0) {
			n++;
			busy += view->workers[i].busy;
		}
	text_add(text, "<li><b class=\"grow\">");
	text_html(text, service);
	text_add(text, "</b><span class=\"soft\">%zu %s, %zu at work</span></li>", n, n == 1 ? "worker" : "workers",
	         busy);
}

/* Whether alarms reach people. */
static void add_notifiers(const struct page_of *of, struct text *text)
{
	const struct state *state = of->state;

	if (state->no_alarms[0] != '\0') {
		text_add(text, "<p class=\"fault\">No alarms are sent: ");
		text_html(text, state->no_alarms);
		text_add(text, "</p>");
	}
	if (state->n_notifiers == 0)
		return;
	text_add(text, "<h3 class=\"minor\">Alarms go to</h3><ul class=\"list\">");
	for (size_t i = 0; i < state->n_notifiers; i++) {
		const struct state_notifier *notifier = &state->notifiers[i];

		text_add(text, "<li><b class=\"grow\">");
		text_html(text, notifier->name);
		text_add(text, "</b><span class=\"%s\">%llu sent, %llu waiting%s",
		         notifier->last_error[0] != '\0' ? "fault" : "soft", (unsigned long long)notifier->delivered,
		         (unsigned long long)notifier->waiting,
		         notifier->last_error[0] != '\0' ? "; the last attempt failed: " : "");
		text_html(text, notifier->last_error);
		text_add(text, "</span></li>");
	}
	text_add(text, "</ul>");
}

static void add_workers(const struct page_of *of, struct text *text)
{
	const struct view *view = of->state->view;

	if (view == NULL || view->n_workers == 0) {
		text_add(text, "<p>No worker is connected to the broker.</p>");
		return;
	}
	text_add(text, "<ul class=\"list\">");
	for (size_t i = 0; i < view->n_workers; i++) {
		bool told = false;

		for (size_t k = 0; k < i && !told; k++)
			told = strcmp(view->workers[k].service, view->workers[i].service) == 0;
		if (!told)
			add_service(text, view, view->workers[i].service);
	}
	text_add(text, "</ul>");
}

/* "generation.published" as people say it. */
static const char *event_words(const char *what)
{
	static const struct {
		const char *what, *words;
	} table[] = {
		{ "run.started", "A run began" },
		{ "run.finished", "The run ended well" },
		{ "run.failed", "The run failed" },
		{ "run.deferred", "The run waits for the source to rest" },
		{ "run.cancelled", "The run was cancelled" },
		{ "run.superseded", "The run made way for a newer one" },
		{ "step.started", "A step began" },
		{ "step.finished", "A step is done" },
		{ "step.retried", "A step is tried again" },
		{ "generation.published", "A new copy is in the vault" },
		{ "generation.pruned", "An old copy was removed" },
		{ "generation.verified", "A copy was verified" },
		{ "generation.damaged", "A copy is damaged" },
		{ "generation.rehearsed", "A restore was rehearsed" },
		{ "snapshot.given-up", "A snapshot was given up for room" },
		{ "pipeline.seeded", "A first copy was written on a disk, to be carried to the vault" },
		{ "pipeline.paused", "Paused" },
		{ "pipeline.resumed", "Resumed" },
		{ "pipeline.overdue", "Overdue" },
		{ "pipeline.recovered", "All is well again" },
		{ "pipeline.braked", "Braked: too much changed at once" },
		{ "pipeline.forecast", "The forecast changed" },
		{ "worker.joined", "A worker joined" },
		{ "worker.lost", "A worker left" },
		{ "config.loaded", "The configuration was loaded" },
		{ "config.refused", "A wrong configuration was refused" },
	};

	for (size_t i = 0; i < COUNT(table); i++)
		if (strcmp(table[i].what, what) == 0)
			return table[i].words;
	return what;
}

static bool is_fault(const char *what)
{
	static const char *const faults[] = { "run.failed", "generation.damaged", "pipeline.overdue", "pipeline.braked",
		                              "config.refused" };

	for (size_t i = 0; i < COUNT(faults); i++)
		if (strcmp(faults[i], what) == 0)
			return true;
	return false;
}

/* pipeline: NULL: of all. */
static void add_events(const struct page_of *of, struct text *text)
{
	const struct state *state = of->state;

	if (state->n_news == 0) {
		text_add(text, "<p>Nothing yet.</p>");
		return;
	}
	text_add(text, "<ol class=\"list\">");
	for (size_t i = 0; i < state->n_news; i++) {
		const struct state_news *news = &state->news[i];

		text_add(text, "<li>");
		words_time(text, news->at_s);
		text_add(text, "<span class=\"grow%s\">", is_fault(news->what) ? " fault" : "");
		if (strcmp(news->pipeline, EVENT_NO_PIPELINE) != 0) {
			text_add(text, "<b>");
			text_html(text, news->pipeline);
			text_add(text, "</b> ");
		}
		text_html(text, event_words(news->what));
		text_add(text, "</span><span class=\"soft\">");
		text_html(text, news->detail);
		text_add(text, "</span></li>");
	}
	text_add(text, "</ol>");
}

void page_home(const struct page_of *of, struct text *text)
{
	const struct state *state = of->state;
	bool few = state->view == NULL || state->view->n_pipelines <= PAGE_FULL_CARDS_MAX;
	struct verdict all;
	struct text main;
	struct text cards;
	struct text workers;
	struct text events;
	char title[TITLE_SIZE];

	text_init(&main);
	text_init(&cards);
	text_init(&workers);
	text_init(&events);
	all = add_cards(of, &cards);
	add_workers(of, &workers);
	add_notifiers(of, &workers);
	add_events(of, &events);
	const struct template_value values[] = {
		{ "class", verdict_class(all.level) },
		{ "icon", page_part_icon(all.level) },
		{ "word", all.word },
		{ "sentence", all.sentence },
		{ "trouble", page_broker_lost_s(of) > 0 ? state->trouble : "" },
		{ "layout", few ? "cards" : "rows" },
		{ "cards", page_part_string(&cards) },
		{ "workers", page_part_string(&workers) },
		{ "events", page_part_string(&events) },
	};

	main.failed = cards.failed || workers.failed || events.failed;
	template_fill(&main, assets_home_html, values, COUNT(values));
	(void)snprintf(title, sizeof(title), "%s · AutoOffsiteBackup", all.word);
	page_part_frame(of, title, PAGE_PART_AGAIN, &main, text);
	text_done(&cards);
	text_done(&workers);
	text_done(&events);
}

static void add_generation_row(struct text *text, const char *pipeline, const struct view_generation *g)
{
	char words[WORDS_SIZE];

	text_add(text, "<tr><td><a href=\"/pipelines/");
	text_html(text, pipeline);
	text_add(text, "/");
	text_html(text, g->name);
	text_add(text, "\">");
	words_time(text, g->taken_at);
	text_add(text, "</a></td><td>");
	text_html(text, g->pruned ? "removed" : g->state);
	text_add(text, "</td><td class=\"number\">%s</td>", words_number(g->files, words));
	text_add(text, "<td class=\"number\">%s</td>", words_bytes(g->bytes, words));
	text_add(text, "<td class=\"number\">%s</td></tr>", words_bytes(g->literal_bytes, words));
}

static void add_generations(struct text *text, const struct view_history *history, const char *pipeline)
{
	size_t n = history != NULL ? history->n_generations : 0;
	size_t shown = n < ROWS_MAX ? n : ROWS_MAX;

	if (n == 0) {
		text_add(text, "<p>%s</p>", history == NULL ? "The broker has not told yet." : "None yet.");
		return;
	}
	text_add(text,
	         "<div class=\"table\" tabindex=\"0\" role=\"region\" "
	         "aria-label=\"Table of generations\"><table><caption>%zu in the vault; the newest %zu that there "
	         "were</caption>"
	         "<thead><tr><th scope=\"col\">As of</th><th scope=\"col\">State</th><th scope=\"col\" "
	         "class=\"number\">Files</th>"
	         "<th scope=\"col\" class=\"number\">Size</th><th scope=\"col\" class=\"number\">New "
	         "content</th></tr></thead><tbody>",
	         history->n_held, shown);
	for (size_t i = 0; i < shown; i++)
		add_generation_row(text, pipeline, &history->generations[i]);
	text_add(text, "</tbody></table></div>");
}

int page_pipeline(const struct page_of *of, const char *name, struct text *text)
{
	const struct view_pipeline *pipeline = view_pipeline(of->state->view, name);
	struct text main;
	struct text card;
	struct text generations;
	char title[TITLE_SIZE];

	if (pipeline == NULL)
		return -1;
	text_init(&main);
	text_init(&card);
	text_init(&generations);
	page_part_card(of, pipeline, true, &card);
	add_generations(&generations, state_history_of(of->state, name), name);
	const struct template_value values[] = {
		{ "name", name },
		{ "card", page_part_string(&card) },
		{ "generations", page_part_string(&generations) },
	};

	main.failed = card.failed || generations.failed;
	template_fill(&main, assets_pipeline_html, values, COUNT(values));
	(void)snprintf(title, sizeof(title), "%s · %s · AutoOffsiteBackup", page_part_verdict(of, pipeline).word, name);
	page_part_frame(of, title, PAGE_PART_AGAIN, &main, text);
	text_done(&card);
	text_done(&generations);
	return 0;
}

void page_lost(const struct page_of *of, const char *what, struct text *text)
{
	struct text main;

	text_init(&main);
	text_add(&main, "<section class=\"verdict warn\"><h1>Nothing here</h1><p>");
	text_html(&main, what);
	text_add(&main, "</p><p><a href=\"/\">All pipelines</a></p></section>");
	page_part_frame(of, "Nothing here · AutoOffsiteBackup", PAGE_PART_AGAIN, &main, text);
}
