#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/duration.h"
#include "monitor/assets.h"
#include "monitor/page_changes.h"
#include "monitor/page_part.h"
#include "monitor/template.h"
#include "monitor/words.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PLACE_SIZE 2048

static const char *explain_state(const struct view_generation *g)
{
	static const struct {
		const char *state, *words;
	} table[] = {
		{ "clean", "Time Machine had finished, and nothing was being written." },
		{ "quiet", "Nothing was being written." },
		{ "incomplete", "Time Machine had not finished, but nothing was being written." },
		{ "in-flight", "The source was being written, as it would not come to rest." },
	};

	for (size_t i = 0; i < COUNT(table); i++)
		if (strcmp(table[i].state, g->state) == 0)
			return table[i].words;
	return g->state;
}

/* "+1 234", "−3", "none". */
static void tell_difference(char out[WORDS_SIZE], int64_t now, int64_t before,
                            const char *(*words)(int64_t number, char out[WORDS_SIZE]))
{
	char amount[WORDS_SIZE];

	if (now == before)
		(void)snprintf(out, WORDS_SIZE, "none more or less");
	else
		(void)snprintf(out, WORDS_SIZE, "%s%.80s", now > before ? "+" : "−",
		               words(llabs(now - before), amount));
}

static void tell_time(char out[WORDS_SIZE], const struct view_generation *g)
{
	int64_t took_s = g->published_at > g->taken_at ? g->published_at - g->taken_at : 0;
	char took[DURATION_TEXT_SIZE];

	(void)snprintf(out, WORDS_SIZE, "%s after the picture was taken",
	               duration_text((uint64_t)took_s * 1000, took, sizeof(took)));
}

static void tell_place(const struct page_of *of, const struct view_pipeline *p, const char *generation,
                       char out[PLACE_SIZE])
{
	const struct config_pipeline *configured = config_pipeline(of->config, p->name);
	const struct config_vault *vault = configured != NULL ? configured->vault : NULL;

	if (vault == NULL)
		(void)snprintf(out, PLACE_SIZE, "%s/generations/%s", p->name, generation);
	else
		(void)snprintf(out, PLACE_SIZE, "%s%s%s/%s/generations/%s", vault->ssh != NULL ? vault->ssh : "",
		               vault->ssh != NULL ? ":" : "", vault->root, p->name, generation);
}

static void fill(const struct page_of *of, const struct view_pipeline *p, const struct view_history *history,
                 const struct view_generation *g, const struct view_detail *detail, struct text *main)
{
	size_t at = (size_t)(g - history->generations);
	const struct view_generation *older = at + 1 < history->n_generations ? g + 1 : NULL;
	const struct view_generation *newer = at > 0 ? g - 1 : NULL;
	struct text times[2];
	struct text changes;
	char literal[WORDS_SIZE], sent[WORDS_SIZE], files[WORDS_SIZE], size[WORDS_SIZE], share[WORDS_SIZE];
	char changed[WORDS_SIZE] = "";
	char matched[WORDS_SIZE] = "";
	char files_more[WORDS_SIZE] = "";
	char bytes_more[WORDS_SIZE] = "";
	char took[WORDS_SIZE], taken[WORDS_SIZE], place[PLACE_SIZE];

	text_init(&times[0]);
	text_init(&times[1]);
	text_init(&changes);
	page_changes_add(&changes, detail);
	words_time(&times[0], g->taken_at);
	words_time(&times[1], g->published_at);
	if (detail != NULL && detail->known) {
		(void)words_number(detail->changed_files, changed);
		(void)words_bytes(detail->matched_bytes, matched);
	}
	if (older != NULL) {
		tell_difference(files_more, g->files, older->files, words_number);
		tell_difference(bytes_more, g->bytes, older->bytes, words_bytes);
	}
	(void)snprintf(share, sizeof(share), "%.1f %%",
	               g->bytes > 0 ? (double)g->literal_bytes / (double)g->bytes * 100 : 0.0);
	tell_time(took, g);
	tell_place(of, p, g->name, place);
	const struct template_value values[] = {
		{ "pipeline", p->name },
		{ "name", g->name },
		{ "run", g->run },
		{ "taken", words_when(g->taken_at, taken) },
		{ "sentence", g->pruned ? "This copy was removed, as the policy does not keep it."
		                        : "This copy is whole in the vault." },
		{ "literal", words_bytes(g->literal_bytes, literal) },
		{ "share", share },
		{ "sent", words_bytes(g->wire_sent, sent) },
		{ "changed", changed },
		{ "matched", matched },
		{ "changes", page_part_string(&changes) },
		{ "files_more", files_more },
		{ "bytes_more", bytes_more },
		{ "files", words_number(g->files, files) },
		{ "size", words_bytes(g->bytes, size) },
		{ "taken_at", page_part_string(&times[0]) },
		{ "state", explain_state(g) },
		{ "published_at", page_part_string(&times[1]) },
		{ "took", took },
		{ "place", place },
		{ "older", older != NULL ? older->name : "" },
		{ "newer", newer != NULL ? newer->name : "" },
	};

	main->failed = changes.failed;
	template_fill(main, assets_generation_html, values, COUNT(values));
	text_done(&changes);
	text_done(&times[0]);
	text_done(&times[1]);
}

int page_generation(const struct page_of *of, const char *pipeline, const char *generation, struct text *text)
{
	const struct view_pipeline *p = view_pipeline(of->state->view, pipeline);
	const struct view_history *history = state_history_of(of->state, pipeline);
	const struct view_generation *g = view_history_find(history, generation);
	const struct view_detail *detail = NULL;
	struct text main;
	char title[WORDS_SIZE * 2];

	if (p == NULL || g == NULL)
		return -1;
	detail = state_detail(of->state, g->run);
	text_init(&main);
	fill(of, p, history, g, detail, &main);
	(void)snprintf(title, sizeof(title), "%s · %s", p->name, g->name);
	page_part_frame(of, title, detail != NULL ? PAGE_PART_AGAIN : PAGE_PART_SOON, &main, text);
	return 0;
}
