#include "broker/process_watch.h"

#include <stdio.h>
#include <string.h>

#include "lib/log.h"

#define NEVER INT64_MIN

void process_watch_init(struct process_watch *watch, int64_t window_ms)
{
	*watch = (struct process_watch){ .window_ms = window_ms };
}

bool process_watch_name_valid(const char *name)
{
	size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-@");

	return n > 0 && name[n] == '\0' && n < PROCESS_WATCH_NAME_SIZE;
}

static bool is_within(const struct process_watch *watch, int64_t at_ms, int64_t now_ms)
{
	return at_ms != NEVER && now_ms - at_ms < watch->window_ms;
}

/* Nothing that was told of it counts any more. */
static bool is_quiet(const struct process_watch *watch, const struct process *process, int64_t now_ms)
{
	return !is_within(watch, process->down_ms, now_ms) && !is_within(watch, process->deaths_ms[0], now_ms);
}

static void forget(struct process_watch *watch, size_t at)
{
	watch->n--;
	memmove(&watch->processes[at], &watch->processes[at + 1], (watch->n - at) * sizeof(watch->processes[0]));
}

static struct process *find(struct process_watch *watch, const char *name, int64_t now_ms)
{
	struct process *made = NULL;

	for (size_t i = 0; i < watch->n; i++)
		if (strcmp(watch->processes[i].name, name) == 0)
			return &watch->processes[i];
	for (size_t i = watch->n; i > 0; i--)
		if (!watch->processes[i - 1].wrong && is_quiet(watch, &watch->processes[i - 1], now_ms))
			forget(watch, i - 1);
	if (watch->n == PROCESS_WATCH_MAX)
		return NULL;
	made = &watch->processes[watch->n++];
	*made = (struct process){ .down_ms = NEVER };
	(void)snprintf(made->name, sizeof(made->name), "%s", name);
	for (size_t i = 0; i < PROCESS_WATCH_DEATHS; i++)
		made->deaths_ms[i] = NEVER;
	return made;
}

enum process_change process_watch_hear(struct process_watch *watch, const char *name, enum process_news news,
                                       const char *reason, int64_t now_ms, int64_t since,
                                       const struct process **process)
{
	struct process *p = find(watch, name, now_ms);
	bool was;
	bool was_down;

	*process = p;
	if (p == NULL)
		return PROCESS_SAME;
	was = p->wrong;
	was_down = is_within(watch, p->down_ms, now_ms);
	if (*reason != '\0')
		(void)log_escape(reason, p->reason, sizeof(p->reason));
	switch (news) {
	case PROCESS_DIED:
		memmove(&p->deaths_ms[1], &p->deaths_ms[0], (PROCESS_WATCH_DEATHS - 1) * sizeof(p->deaths_ms[0]));
		p->deaths_ms[0] = now_ms;
		break;
	case PROCESS_DOWN:
		p->down_ms = now_ms;
		break;
	case PROCESS_UP:
		p->down_ms = NEVER;
		break;
	}
	/* One that runs again dies on only if it had died so often: the death that it was given up for is past. */
	p->wrong = is_within(watch, p->down_ms, now_ms) ||
	           is_within(watch, p->deaths_ms[PROCESS_WATCH_DEATHS - 1], now_ms) ||
	           (was && news != PROCESS_UP && is_within(watch, p->deaths_ms[0], now_ms));
	if (p->wrong && was && news == PROCESS_DOWN && !was_down)
		return PROCESS_BEGINS; /* what kept dying is given up: that is news */
	if (p->wrong == was)
		return PROCESS_SAME;
	if (p->wrong)
		p->since = since;
	return p->wrong ? PROCESS_BEGINS : PROCESS_ENDS;
}

bool process_watch_over(struct process_watch *watch, int64_t now_ms, const struct process **process)
{
	for (size_t i = 0; i < watch->n; i++) {
		struct process *p = &watch->processes[i];

		if (!p->wrong || !is_quiet(watch, p, now_ms))
			continue;
		p->wrong = false;
		*process = p;
		return true;
	}
	return false;
}

int64_t process_watch_text(const struct process_watch *watch, char *out, size_t size)
{
	int64_t since = 0;
	size_t used = 0;

	*out = '\0';
	for (size_t i = 0; i < watch->n && used < size; i++) {
		const struct process *p = &watch->processes[i];
		int n;

		if (!p->wrong)
			continue;
		n = snprintf(out + used, size - used, "%s%s %s%s%s%s", used > 0 ? ", " : "", p->name,
		             p->down_ms != NEVER ? "is down" : "keeps dying", *p->reason != '\0' ? " (" : "", p->reason,
		             *p->reason != '\0' ? ")" : "");
		used += n > 0 ? (size_t)n : 0;
		if (since == 0 || p->since < since)
			since = p->since;
	}
	return since;
}
