#include "monitor/page_part.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/duration.h"
#include "lib/version.h"
#include "monitor/assets.h"
#include "monitor/plot.h"
#include "monitor/template.h"
#include "monitor/words.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LINE_SIZE 640

const char *page_part_string(const struct text *text)
{
	return text->data != NULL && !text->failed ? text->data : "";
}

const char *page_part_icon(enum verdict_level level)
{
#define ICON(path) "<svg class=\"icon\" viewBox=\"0 0 24 24\" aria-hidden=\"true\"><path d=\"" path "\"/></svg>"
	switch (level) {
	case VERDICT_GOOD:
		return ICON("m4 12.500 5.500 5.500L20 6.500");
	case VERDICT_BUSY:
		return ICON("M12 19V5m-6 6 6-6 6 6");
	case VERDICT_WARN:
		return ICON("M12 4v10m0 5v.5");
	case VERDICT_BAD:
		return ICON("m5 5 14 14M19 5 5 19");
	}
	return "";
#undef ICON
}

void page_part_frame(const struct page_of *of, const char *title, const char *again_s, struct text *main,
                     struct text *text)
{
	const struct view *view = of->state->view;
	struct text as_of;
	struct text started;
	char host[256] = "";

	text_init(&as_of);
	text_init(&started);
	words_time(&as_of, of->state->answered_at);
	words_time(&started, view != NULL ? view->started_at : 0);
	(void)gethostname(host, sizeof(host) - 1);
	const struct template_value values[] = {
		{ "title", title },
		{ "again", again_s },
		{ "main", page_part_string(main) },
		{ "as_of", page_part_string(&as_of) },
		{ "host", host },
		{ "version", AOB_VERSION },
		{ "broker", view != NULL ? view->version : "" },
		{ "broker_started", page_part_string(&started) },
	};

	text->failed = text->failed || main->failed;
	template_fill(text, assets_page_html, values, COUNT(values));
	text_done(main);
	text_done(&as_of);
	text_done(&started);
}

struct verdict page_part_verdict(const struct page_of *of, const struct view_pipeline *pipeline)
{
	return verdict_of(pipeline, metrics_marks(of->state->metrics, pipeline->name), of->now_s);
}

static void add_numbers(struct text *text, const struct view_progress *p)
{
	char a[WORDS_SIZE];
	char b[WORDS_SIZE];

	if (p->total_bytes > 0)
		text_add(text, "%d %% · %s of %s", (int)((double)p->done_bytes / (double)p->total_bytes * 100),
		         words_bytes(p->done_bytes, a), words_bytes(p->total_bytes, b));
	else
		text_add(text, "%s", words_bytes(p->done_bytes, a));
	if (p->rate_bps > 0)
		text_add(text, " · %s/s", words_bytes(p->rate_bps, a));
	if (p->eta_s > 0)
		text_add(text, " · %s left", words_until(p->eta_s, 0, a) + strlen("in "));
}

static void add_running(struct text *text, const struct view_pipeline *p, int64_t now)
{
	const struct view_running *running = &p->running;
	const struct view_progress *progress = &running->progress;
	char ago[WORDS_SIZE];

	if (*running->run == '\0')
		return;
	text_add(text, "<div class=\"running\"><p><span><b>");
	text_html(text, running->step);
	text_add(text, "</b>, step %lld of %lld%s%s</span><span class=\"soft\">began %s</span></p>",
	         (long long)running->step_index + 1, (long long)running->steps,
	         running->attempt > 1 ? ", tried again" : "", running->cancelling ? ", being cancelled" : "",
	         words_ago(running->started_at, now, ago));
	text_add(text, "<progress aria-label=\"Progress of ");
	text_html(text, p->name);
	if (progress->total_bytes > 0)
		text_add(text, "\" max=\"%lld\" value=\"%lld", (long long)progress->total_bytes,
		         (long long)(progress->done_bytes < progress->total_bytes ? progress->done_bytes
		                                                                  : progress->total_bytes));
	text_add(text, "\"></progress><p class=\"numbers\">");
	if (running->has_progress)
		add_numbers(text, progress);
	else
		text_html(text, running->step_state);
	text_add(text, "</p>");
	if (*progress->note != '\0') {
		text_add(text, "<p class=\"soft\">");
		text_html(text, progress->note);
		text_add(text, "</p>");
	}
	text_add(text, "</div>");
}

static void add_last_good(struct text *text, const struct view_pipeline *p, int64_t now)
{
	char ago[WORDS_SIZE];

	if (*p->last_good.name == '\0') {
		text_add(text, "none yet");
		return;
	}
	text_add(text, "<a href=\"/pipelines/");
	text_html(text, p->name);
	text_add(text, "/");
	text_html(text, p->last_good.name);
	text_add(text, "\">");
	words_time(text, p->last_good.taken_at);
	text_add(text, "</a><small>%s</small>", words_ago(p->last_good.taken_at, now, ago));
}

static const char *size_line(const struct view_pipeline *p, char out[LINE_SIZE])
{
	char bytes[WORDS_SIZE];
	char files[WORDS_SIZE];

	if (*p->last_good.name == '\0')
		return "–";
	(void)snprintf(out, LINE_SIZE, "%s, %s file%s", words_bytes(p->last_good.bytes, bytes),
	               words_number(p->last_good.files, files), p->last_good.files == 1 ? "" : "s");
	return out;
}

static const char *watch_line(const struct view_pipeline *p, char out[LINE_SIZE])
{
	if (strcmp(p->watch_state, "off") == 0)
		return "runs only when asked";
	(void)snprintf(out, LINE_SIZE, "%s%s%s", p->watch_state, *p->watch_reason != '\0' ? ": " : "", p->watch_reason);
	return out;
}

static const char *room_line(const struct view_pipeline *p, char out[LINE_SIZE])
{
	char free_words[WORDS_SIZE];
	char total[WORDS_SIZE];

	if (!p->space.known || p->space.vault_total_bytes == 0)
		return "";
	(void)snprintf(out, LINE_SIZE, "%s of %s free", words_bytes(p->space.vault_free_bytes, free_words),
	               words_bytes(p->space.vault_total_bytes, total));
	return out;
}

static void add_forecast(struct text *text, const struct view_pipeline *p, int64_t now)
{
	const struct view_forecast *f = &p->forecast;
	char a[WORDS_SIZE];

	if (!f->known)
		return;
	if (f->change_bytes_per_day > 0)
		text_add(text, "About %s change a day. ", words_bytes(f->change_bytes_per_day, a));
	if (f->link_bytes_per_s > 0)
		text_add(text, "The link carries %s/s. ", words_bytes(f->link_bytes_per_s, a));
	if (f->backlog_bytes > 0)
		text_add(text, "%s wait to cross. ", words_bytes(f->backlog_bytes, a));
	if (f->never)
		text_add(text, "The vault will never catch up at this rate. ");
	else if (f->caught_up_at > now)
		text_add(text, "The vault will have caught up %s. ", words_until(f->caught_up_at, now, a));
	if (f->vault_full_at != 0)
		text_add(text, "The vault will be full %s. ", words_until(f->vault_full_at, now, a));
	if (f->source_full_at != 0)
		text_add(text, "The source's disk will be full %s. ", words_until(f->source_full_at, now, a));
	if (text->len_bytes == 0)
		text_add(text, "%s", f->reason);
}

static void add_history(struct text *text, const struct page_of *of, const char *name)
{
	const struct view_history *history = state_history_of(of->state, name);

	if (history == NULL)
		return;
	text_add(text, "<div class=\"history\"><figure class=\"year\"><figcaption>Generations, one year</figcaption>"
	               "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Calendar of ");
	text_html(text, name);
	text_add(text, "\">");
	plot_calendar(text, history, of->now_s);
	text_add(text, "</div></figure>");
	plot_carried(text, history, of->now_s);
	plot_size(text, history, of->now_s);
	plot_vault(text, history, of->now_s);
	text_add(text, "</div>");
}

/* By the last rehearsal; "": there was none. */
static const char *restorable_line(const struct view_pipeline *p, char out[LINE_SIZE])
{
	char about[DURATION_TEXT_SIZE];

	out[0] = '\0';
	if (!p->rehearsal.known)
		return out;
	if (!p->rehearsal.restorable)
		return "no";
	if (p->rehearsal.whole_s == 0)
		return "yes";
	(void)snprintf(out, LINE_SIZE, "in %s",
	               duration_about((uint64_t)p->rehearsal.whole_s * 1000, about, sizeof(about)));
	return out;
}

static const char *rehearsed_line(const struct view_pipeline *p, int64_t now_s, char out[LINE_SIZE])
{
	char ago[WORDS_SIZE];

	(void)snprintf(out, LINE_SIZE, "rehearsed %s", words_ago(p->rehearsal.at, now_s, ago));
	return out;
}

/* A run that waits has its reason in the sentence already. */
static const char *waits_line(const struct view_pipeline *p, const struct verdict *verdict)
{
	return strstr(verdict->sentence, p->waits_for) != NULL ? "" : p->waits_for;
}

void page_part_card(const struct page_of *of, const struct view_pipeline *p, bool whole, struct text *text)
{
	struct verdict verdict = page_part_verdict(of, p);
	struct text running;
	struct text last_good;
	struct text forecast;
	struct text history;
	char size[LINE_SIZE];
	char watch[LINE_SIZE];
	char room[LINE_SIZE];
	char restorable[LINE_SIZE];
	char rehearsed[LINE_SIZE];

	text_init(&running);
	text_init(&last_good);
	text_init(&forecast);
	text_init(&history);
	add_running(&running, p, of->now_s);
	add_last_good(&last_good, p, of->now_s);
	add_forecast(&forecast, p, of->now_s);
	if (whole)
		add_history(&history, of, p->name);
	const struct template_value values[] = {
		{ "name", p->name },
		{ "whole", whole ? "1" : "" },
		{ "class", verdict_class(verdict.level) },
		{ "icon", page_part_icon(verdict.level) },
		{ "word", verdict.word },
		{ "sentence", verdict.sentence },
		{ "run", p->running.run },
		{ "running", page_part_string(&running) },
		{ "waits", waits_line(p, &verdict) },
		{ "last_good", page_part_string(&last_good) },
		{ "size", size_line(p, size) },
		{ "source", p->source },
		{ "watch", watch_line(p, watch) },
		{ "vault", p->vault },
		{ "room", room_line(p, room) },
		{ "forecast", page_part_string(&forecast) },
		{ "restorable", restorable_line(p, restorable) },
		{ "rehearsed", rehearsed_line(p, of->now_s, rehearsed) },
		{ "history", page_part_string(&history) },
	};

	text->failed = text->failed || running.failed || last_good.failed || forecast.failed || history.failed;
	template_fill(text, assets_card_html, values, COUNT(values));
	text_done(&running);
	text_done(&last_good);
	text_done(&forecast);
	text_done(&history);
}
