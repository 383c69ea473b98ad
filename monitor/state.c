#include "monitor/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/bytes.h"

#define HISTORY_AGAIN_MS 5000
#define HISTORY_AGE_MS ((int64_t)3600 * 1000) /* days pass, and what is pruned at the far end's own hand is noticed */

struct state *state_new(int64_t now_s, int64_t now_ms)
{
	struct state *state = calloc(1, sizeof(*state));

	if (state == NULL)
		return NULL;
	(void)pthread_mutex_init(&state->lock, NULL);
	state->metrics = metrics_new(now_s * 1000);
	state->stream = stream_new();
	state->histories = calloc(CONFIG_PIPELINES_MAX, sizeof(*state->histories));
	state->began_at = now_s;
	state->answered_ms = now_ms;
	state->turned_ms = now_ms;
	(void)snprintf(state->trouble, sizeof(state->trouble), "not asked yet");
	state->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (state->wake_fd < 0 || state->metrics == NULL || state->stream == NULL || state->histories == NULL)
		state_destroy(&state);
	return state;
}

void state_destroy(struct state **state)
{
	struct state *s = *state;

	if (s == NULL)
		return;
	if (s->wake_fd >= 0)
		(void)close(s->wake_fd);
	view_destroy(&s->view);
	details_done(&s->details);
	metrics_destroy(&s->metrics);
	stream_destroy(&s->stream);
	for (size_t i = 0; i < s->n_histories; i++)
		view_history_destroy(&s->histories[i].history);
	by_name_done(&s->history_names);
	free(s->histories);
	free(s->status_json);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
	*state = NULL;
}

void state_lock(struct state *state)
{
	(void)pthread_mutex_lock(&state->lock);
}

void state_unlock(struct state *state)
{
	(void)pthread_mutex_unlock(&state->lock);
}

static struct state_history *find(const struct state *state, const char *pipeline)
{
	return by_name_get(&state->history_names, pipeline);
}

/* Out of memory: then the pages of some have no history until the next answer. */
static void name_history(struct state *state, struct state_history *history)
{
	(void)by_name_put(&state->history_names, history->pipeline, history);
}

/* One for each pipeline of the view; those of pipelines that are gone go. */
static void arrange_histories(struct state *state, const struct view *view)
{
	size_t kept = 0;

	for (size_t i = 0; i < state->n_histories; i++) {
		if (view_pipeline(view, state->histories[i].pipeline) != NULL)
			state->histories[kept++] = state->histories[i];
		else
			view_history_destroy(&state->histories[i].history);
	}
	state->n_histories = kept;
	by_name_done(&state->history_names);
	for (size_t i = 0; i < kept; i++)
		name_history(state, &state->histories[i]);
	for (size_t i = 0; i < view->n_pipelines && state->n_histories < CONFIG_PIPELINES_MAX; i++) {
		struct state_history *made = &state->histories[state->n_histories];

		if (find(state, view->pipelines[i].name) != NULL)
			continue;
		*made = (struct state_history){ .stale = true };
		(void)snprintf(made->pipeline, sizeof(made->pipeline), "%s", view->pipelines[i].name);
		state->n_histories++;
		name_history(state, made);
	}
}

int state_answer(struct state *state, const char *reply, size_t len_bytes, int64_t now_s, int64_t now_ms,
                 struct error *err)
{
	struct view *view = NULL;
	char *copy = strndup(reply, len_bytes);

	if (copy == NULL || view_parse(reply, len_bytes, &view, err) != 0) {
		free(copy);
		return copy != NULL ? -1 : error_set(err, ERR_SYSTEM, "out of memory");
	}
	state_lock(state);
	view_destroy(&state->view);
	free(state->status_json);
	state->view = view;
	state->status_json = copy;
	state->answered_at = now_s;
	state->answered_ms = now_ms;
	state->trouble[0] = '\0';
	metrics_view(state->metrics, view);
	arrange_histories(state, view);
	state_unlock(state);
	return 0;
}

void state_no_answer(struct state *state, const struct error *why)
{
	state_lock(state);
	state->failed_asks++;
	(void)snprintf(state->trouble, sizeof(state->trouble), "%s", why->text);
	state_unlock(state);
}

/* What a person wants to read of an event beside its name. */
static void describe(const struct event *event, char *out, size_t size)
{
	const char *error = event_error(event);
	char bytes[BYTES_TEXT_SIZE];

	if (*error != '\0')
		(void)snprintf(out, size, "%s", error);
	else if (strcmp(event->what, "generation.published") == 0)
		(void)snprintf(out, size, "%s, %s new", event_text(event, "generation"),
		               bytes_text((uint64_t)event_number(event, "literal_bytes"), bytes, sizeof(bytes)));
	else if (strncmp(event->what, "generation.", 11) == 0)
		(void)snprintf(out, size, "%s", event_text(event, "generation"));
	else if (strncmp(event->what, "step.", 5) == 0)
		(void)snprintf(out, size, "%s", event_text(event, "step"));
	else if (strncmp(event->what, "worker.", 7) == 0)
		(void)snprintf(out, size, "%s", event_text(event, "service"));
	else if (strncmp(event->what, "run.", 4) == 0)
		(void)snprintf(out, size, "%s", event_text(event, "trigger"));
	else
		(void)snprintf(out, size, "%s", event_text(event, "reason"));
}

/* By time: what was told before this process began comes in the order of its kinds. */
static void keep_news(struct state *state, const struct event *event)
{
	size_t at = 0;

	if (strncmp(event->what, "step.progress", 13) == 0 || strncmp(event->what, "source.", 7) == 0)
		return;
	while (at < state->n_news && state->news[at].at_s > event->at_ms / 1000)
		at++;
	if (at == STATE_NEWS_MAX)
		return;
	if (state->n_news < STATE_NEWS_MAX)
		state->n_news++;
	memmove(&state->news[at + 1], &state->news[at], (state->n_news - 1 - at) * sizeof(state->news[0]));
	state->news[at] = (struct state_news){ .at_s = event->at_ms / 1000 };
	(void)snprintf(state->news[at].time, sizeof(state->news[at].time), "%s", event->time);
	(void)snprintf(state->news[at].pipeline, sizeof(state->news[at].pipeline), "%s", event->pipeline);
	(void)snprintf(state->news[at].what, sizeof(state->news[at].what), "%s", event->what);
	describe(event, state->news[at].detail, sizeof(state->news[at].detail));
}

bool state_event(struct state *state, const struct event *event, const char *body)
{
	struct state_history *history = NULL;
	bool is_new;

	state_lock(state);
	is_new = metrics_event(state->metrics, event);
	if (is_new) {
		keep_news(state, event);
		history = find(state, event->pipeline);
		if (history != NULL && strncmp(event->what, "generation.", 11) == 0)
			history->stale = true;
	}
	state_unlock(state);
	if (is_new)
		stream_push(state->stream, event->id, body);
	return is_new;
}

bool state_wants_history(struct state *state, int64_t now_ms, char pipeline[CONFIG_NAME_MAX + 1])
{
	const struct state_history *best = NULL;

	state_lock(state);
	for (size_t i = 0; i < state->n_histories; i++) {
		const struct state_history *h = &state->histories[i];

		if ((h->stale || now_ms - h->asked_ms > HISTORY_AGE_MS) && now_ms >= h->not_before_ms &&
		    (best == NULL || h->asked_ms < best->asked_ms))
			best = h;
	}
	if (best != NULL)
		memcpy(pipeline, best->pipeline, sizeof(best->pipeline));
	state_unlock(state);
	return best != NULL;
}

void state_history(struct state *state, const char *pipeline, struct view_history **history, int64_t now_ms)
{
	struct state_history *found = NULL;

	state_lock(state);
	found = find(state, pipeline);
	if (found != NULL) {
		found->asked_ms = now_ms;
		found->stale = *history == NULL;
		found->not_before_ms = *history == NULL ? now_ms + HISTORY_AGAIN_MS : 0;
	}
	if (found != NULL && *history != NULL) {
		view_history_destroy(&found->history);
		found->history = *history;
		*history = NULL;
	}
	state_unlock(state);
	view_history_destroy(history);
}

const struct view_detail *state_detail(struct state *state, const char *run)
{
	const struct view_detail *found = details_find(&state->details, run);

	if (found == NULL)
		(void)eventfd_write(state->wake_fd, 1);
	return found;
}

void state_refused(struct state *state)
{
	state_lock(state);
	state->metrics->refused++;
	state_unlock(state);
}

/* Under the lock. */
static size_t runs_under_way(const struct state *state)
{
	size_t n = 0;

	for (size_t i = 0; state->view != NULL && i < state->view->n_pipelines; i++)
		n += *state->view->pipelines[i].running.run != '\0';
	return n;
}

bool state_runs(struct state *state)
{
	bool runs;

	state_lock(state);
	runs = runs_under_way(state) > 0;
	state_unlock(state);
	return runs;
}

void state_words(struct state *state, char *out, size_t size)
{
	state_lock(state);
	if (state->trouble[0] != '\0')
		(void)snprintf(out, size, "the broker does not answer");
	else
		(void)snprintf(out, size, "%zu pipelines, %zu runs under way",
		               state->view != NULL ? state->view->n_pipelines : 0, runs_under_way(state));
	state_unlock(state);
}

void state_turned(struct state *state, int64_t now_ms)
{
	state_lock(state);
	state->turned_ms = now_ms;
	state_unlock(state);
}

const struct view_history *state_history_of(const struct state *state, const char *pipeline)
{
	const struct state_history *found = find(state, pipeline);

	return found != NULL ? found->history : NULL;
}
