#include "broker/dying.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/process_watch.h"
#include "lib/log.h"

/* AOB_DYING_S: another window than ten minutes, in seconds. */
static int64_t window_ms(void)
{
	const char *text = secure_getenv("AOB_DYING_S");
	long long value = text != NULL ? strtoll(text, NULL, 10) : 0;

	return value > 0 && value <= PROCESS_WATCH_WINDOW_MS / 1000 ? value * 1000 : PROCESS_WATCH_WINDOW_MS;
}

int dying_open(struct broker *broker, struct error *err)
{
	broker->processes = calloc(1, sizeof(*broker->processes));
	if (broker->processes == NULL)
		return error_sys(err, ENOMEM, "watching processes");
	process_watch_init(broker->processes, window_ms());
	return 0;
}

void dying_close(struct broker *broker)
{
	free(broker->processes);
	broker->processes = NULL;
}

static void begin(struct broker *broker, const struct process *process)
{
	const char *state = process->down_ms != INT64_MIN ? "down" : "dying";
	json_t *data =
	        json_pack("{s:s, s:s, s:s}", "process", process->name, "state", state, "reason", process->reason);

	log_line(LOG_ERR, "%s %s%s%s", process->name, strcmp(state, "down") == 0 ? "is down" : "keeps dying",
	         *process->reason != '\0' ? ": " : "", process->reason);
	events_emit(broker->events, EVENTS_NO_PIPELINE, "process.dying", &data);
}

static void end(struct broker *broker, const struct process *process)
{
	json_t *data = json_pack("{s:s}", "process", process->name);

	log_line(LOG_NOTICE, "%s does not die any more", process->name);
	events_emit(broker->events, EVENTS_NO_PIPELINE, "process.recovered", &data);
}

static int news_of(const char *what, enum process_news *news, struct error *err)
{
	static const char *const words[] = { [PROCESS_DIED] = "died", [PROCESS_DOWN] = "down", [PROCESS_UP] = "up" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], what) == 0) {
			*news = (enum process_news)i;
			return 0;
		}
	return error_set(err, ERR_INPUT, "what: want \"died\", \"down\" or \"up\"");
}

int dying_told(struct broker *broker, const char *name, const char *what, const char *reason, struct error *err)
{
	const struct process *process = NULL;
	enum process_news news = PROCESS_DIED;
	enum process_change change;

	if (news_of(what, &news, err) != 0)
		return -1;
	if (!process_watch_name_valid(name))
		return error_set(err, ERR_INPUT, "process: want a name of letters, digits, `.`, `_`, `-`, `@`");
	change = process_watch_hear(broker->processes, name, news, reason, broker->now_ms, broker_wall(), &process);
	if (process == NULL)
		return error_set(err, ERR_REFUSED, "%d processes die already", PROCESS_WATCH_MAX);
	if (change == PROCESS_BEGINS)
		begin(broker, process);
	else if (change == PROCESS_ENDS)
		end(broker, process);
	return 0;
}

void dying_turn(struct broker *broker)
{
	const struct process *process = NULL;

	while (process_watch_over(broker->processes, broker->now_ms, &process))
		end(broker, process);
}

int64_t dying_text(const struct broker *broker, char *out, size_t size)
{
	return process_watch_text(broker->processes, out, size);
}
