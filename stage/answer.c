#include "stage/answer.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/log.h"

#define SHELL_CANNOT_RUN 126
#define SHELL_NOT_FOUND 127
#define STATUS "status"

void answer_done(struct answer *answer)
{
	json_decref(answer->reply);
	answer->reply = NULL;
}

static uint64_t number(const json_t *line, const char *key)
{
	const json_t *value = json_object_get(line, key);

	/* NaN and infinity are no JSON; what is beyond all bytes of this world is not believed. */
	if (!json_is_number(value) || json_number_value(value) < 0 ||
	    json_number_value(value) > (double)(INT64_MAX / 2))
		return 0;
	return (uint64_t)json_number_value(value);
}

static void read_progress(const json_t *line, struct stage_progress *progress)
{
	const char *note = json_string_value(json_object_get(line, "note"));

	*progress = (struct stage_progress){ .done_bytes = number(line, "done"),
		                             .total_bytes = number(line, "total"),
		                             .files = number(line, "files"),
		                             .rate_bps = number(line, "rate"),
		                             .eta_s = json_is_number(json_object_get(line, "eta_s"))
		                                              ? (int64_t)number(line, "eta_s")
		                                              : -1 };
	(void)log_escape(note != NULL ? note : "", progress->note, sizeof(progress->note));
}

static bool goes_on(char c)
{
	return c == '_' || isalnum((unsigned char)c) != 0;
}

/* Has it the word in it? In which quotes, and whether in any, is what goes wrong. as_name: only as the name of a value, which it is in JSON with a bare quote and a colon behind it. */
static bool has_status(const char *line, size_t len, bool as_name)
{
	const char *end = line + len;

	for (const char *at = line; (at = memmem(at, (size_t)(end - at), STATUS, strlen(STATUS))) != NULL; at++) {
		const char *behind = at + strlen(STATUS);

		if ((at != line && goes_on(at[-1])) || (behind != end && goes_on(*behind)))
			continue;
		if (!as_name)
			return true;
		if (at == line || at[-1] != '"' || behind == end || *behind != '"')
			continue;
		for (behind++; behind != end && isspace((unsigned char)*behind) != 0; behind++)
			;
		if (behind != end && *behind == ':')
			return true;
	}
	return false;
}

static bool tells_progress(const json_t *line)
{
	static const char *const names[] = { "done", "total", "files", "rate", "eta_s", "note" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (json_object_get(line, names[i]) != NULL)
			return true;
	return false;
}

enum answer_line answer_take(struct answer *answer, const char *line, size_t len, struct stage_progress *progress)
{
	json_t *read = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	bool tells = tells_progress(read);
	enum answer_line kind = ANSWER_NEITHER;

	if (json_object_get(read, "status") != NULL) {
		answer_done(answer);
		answer->reply = json_incref(read);
		answer->unreadable = false;
		kind = ANSWER_REPLY;
	} else if (has_status(line, len, tells)) {
		answer->unreadable = true;
	} else if (tells) {
		read_progress(read, progress);
		kind = ANSWER_PROGRESS;
	}
	json_decref(read);
	return kind;
}

static int take_result(const json_t *reply, struct stage_result *result, struct error *err)
{
	json_t *values = json_object_get(reply, "result");

	if (values != NULL && !json_is_object(values))
		return error_set(err, ERR_PROTOCOL, "the result of its reply is no object");
	if (values != NULL && json_object_update(stage_result_json(result), values) != 0)
		return error_set(err, ERR_SYSTEM, "out of memory for the result");
	return 0;
}

/* A class and a status that contradict each other: the status says whether it is to be tried again. */
static enum error_class class_for(const char *status, const char *code)
{
	enum error_class class = error_class_of(code != NULL ? code : "");
	bool again = error_retry_of(class) != RETRY_NEVER && class != ERR_BUSY;

	if (strcmp(status, "fail") == 0)
		return again ? ERR_REFUSED : class;
	return again ? class : ERR_INTERNAL;
}

static int refuse(const json_t *reply, const char *status, struct error *err)
{
	const json_t *error = json_object_get(reply, "error");
	const char *code = json_string_value(json_object_get(error, "code"));
	const char *message = json_string_value(json_object_get(error, "message"));
	char safe[ERROR_TEXT_SIZE];

	if (message == NULL)
		return error_set(err, ERR_PROTOCOL, "its reply \"%s\" says not why: error.message is missing", status);
	return error_set(err, class_for(status, code), "%s", log_escape(message, safe, sizeof(safe)));
}

static int judge_exit(int code, const char *said, const char *program, struct error *err)
{
	enum error_class class = code == SHELL_NOT_FOUND    ? ERR_NOT_FOUND
	                         : code == SHELL_CANNOT_RUN ? ERR_PERMISSION
	                                                    : error_class_of_exit(code);

	return error_set(err, class, "%s ended with status %d%s%s", program, code, said[0] != '\0' ? ": " : "", said);
}

int answer_judge(const struct answer *answer, int status, const char *said, const char *program,
                 struct stage_result *result, struct error *err)
{
	const char *kind = json_string_value(json_object_get(answer->reply, "status"));
	bool fine = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	if (kind != NULL && (strcmp(kind, "fail") == 0 || strcmp(kind, "retry") == 0))
		return refuse(answer->reply, kind, err);
	if (answer->reply != NULL && (kind == NULL || strcmp(kind, "ok") != 0))
		return error_set(err, ERR_PROTOCOL, "the status of its reply is none of \"ok\", \"retry\", \"fail\"");
	if (WIFSIGNALED(status))
		return error_set(err, ERR_SYSTEM, "%s was ended by signal %d%s%s", program, WTERMSIG(status),
		                 said[0] != '\0' ? ": " : "", said);
	if (fine && answer->unreadable)
		return error_set(err, ERR_PROTOCOL,
		                 "a line of %s has the word status and is no reply: that is one JSON object, with "
		                 "\"status\" itself in it, \"\" around its names, and UTF-8; what is none belongs on "
		                 "standard error",
		                 program);
	if (!fine && kind != NULL)
		return error_set(err, ERR_PROTOCOL, "%s said \"ok\", and ended with status %d%s%s", program,
		                 WEXITSTATUS(status), said[0] != '\0' ? ": " : "", said);
	if (!fine)
		return judge_exit(WEXITSTATUS(status), said, program, err);
	return take_result(answer->reply, result, err);
}
