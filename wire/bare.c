#include "wire/bare.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/uuid.h"
#include "wire/bare_script.h"
#include "wire/bare_welcome.h"
#include "wire/bare_word.h"
#include "wire/far_words.h"
#include "wire/remote_command.h"

#define OURS "aob1 "
#define STRAY_LINES 1000 /* of a login shell that greets, and of the greeting */
#define LINES_MAX 200000 /* until we say something again: a list has one for each generation */
#define GREET_MS 120000
#define SILENCE_MS (INT64_C(60) * 60 * 1000) /* the far end syncs, or removes a generation */
#define PING_MS 60000
#define PONG_MS (INT64_C(30) * 60 * 1000) /* a disk there that hangs answers no more than a dead link */
#define WORDS_BYTES 4096
#define END_MS 10000

struct bare {
	struct child child;
	struct bare_hooks hooks;
	struct bare_welcome welcome;
	bool over_ssh;
	enum bare_role role;
	char pipeline[CONFIG_NAME_MAX + 1];
	int64_t said_ms;  /* when we said something last */
	int64_t asked_ms; /* the first `ping` that has no `pong` yet; 0: there is none */
	size_t lines;     /* heard since then, whatever they are */
	bool greeted;
	char words[WORDS_BYTES + 1]; /* of its stderr, the first */
	size_t words_bytes;
	size_t line_bytes; /* in `line`, not yet given */
	size_t given_bytes;
	char line[BARE_LINE_MAX];
};

static void hear_words(struct bare *bare)
{
	far_words_keep(bare->child.err_fd, "the far end", bare->words, sizeof(bare->words), &bare->words_bytes);
}

/* Why the far end has gone. */
static int explain(struct bare *bare, struct error *err)
{
	char safe[512];
	char line[256];
	int status;

	child_shut(&bare->child.in_fd);
	for (int i = 0; i < 40 && !child_has_ended(&bare->child); i++) {
		hear_words(bare);
		(void)usleep(50000);
	}
	hear_words(bare);
	child_end(&bare->child, 0);
	status = WIFEXITED(bare->child.status) ? WEXITSTATUS(bare->child.status) : -1;
	(void)snprintf(line, sizeof(line), "%.*s", (int)(strcspn(bare->words, "\r\n") % 200), bare->words);
	(void)error_set(err, status == 127 || status == 126 ? ERR_CONFIG : ERR_LINK,
	                "the far end's shell has gone (%s ended with %d%s%s)", bare->over_ssh ? "ssh" : "sh", status,
	                *line != '\0' ? ": " : "", log_escape(line, safe, sizeof(safe)));
	(void)(bare->over_ssh && far_words_ssh(bare->words, err));
	return -1;
}

static int look(struct bare *bare, struct error *err)
{
	hear_words(bare);
	return bare->hooks.waiting != NULL ? bare->hooks.waiting(bare->hooks.context, err) : 0;
}

static int say(struct bare *bare, const char *text, size_t n, struct error *err)
{
	bare->said_ms = clock_now_ms();
	while (n > 0) {
		struct pollfd out = { .fd = bare->child.in_fd, .events = POLLOUT };
		ssize_t done;

		if (clock_now_ms() - bare->said_ms > GREET_MS)
			return error_set(err, ERR_LINK, "the far end takes nothing");
		if (poll(&out, 1, 300) <= 0) {
			if (look(bare, err) != 0)
				return -1;
			continue;
		}
		done = write(bare->child.in_fd, text, n);
		if (done < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (done < 0)
			return explain(bare, err);
		text += done;
		n -= (size_t)done;
	}
	return 0;
}

bool bare_run_valid(const char *run)
{
	return *run != '\0' && *run != '-' && strlen(run) <= BARE_RUN_MAX && bare_word_plain(run, "-_");
}

int bare_tell(struct bare *bare, struct error *err, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int n;
	int rc;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		return error_set(err, ERR_SYSTEM, "out of memory");
	log_trace("wire", "to the far end: %s", text);
	bare->lines = 0;
	if (strchr(text, '\n') != NULL) {
		free(text);
		return error_set(err, ERR_CONFIG, "a line break in what the far end is to be told");
	}
	text[n] = '\n'; /* instead of its NUL */
	rc = say(bare, text, (size_t)n + 1, err);
	free(text);
	return rc;
}

static void drop_given(struct bare *bare)
{
	memmove(bare->line, bare->line + bare->given_bytes, bare->line_bytes - bare->given_bytes);
	bare->line_bytes -= bare->given_bytes;
	bare->given_bytes = 0;
}

/* Is there a whole line behind what was given? It is given in `line`, without its end. */
static bool give_line(struct bare *bare)
{
	char *end;

	drop_given(bare);
	end = memchr(bare->line, '\n', bare->line_bytes);
	if (end == NULL)
		return false;
	*end = '\0';
	bare->given_bytes = (size_t)(end - bare->line) + 1;
	return true;
}

/* What has come until then, behind a part of a line. */
static int fill(struct bare *bare, int wait_ms, struct error *err)
{
	struct pollfd in[2] = { { .fd = bare->child.out_fd, .events = POLLIN },
		                { .fd = bare->child.err_fd, .events = POLLIN } };
	ssize_t n;

	drop_given(bare);
	if (bare->line_bytes == sizeof(bare->line))
		return error_set(err, ERR_PROTOCOL, "the far end says a line of more than %d bytes", BARE_LINE_MAX);
	if (poll(in, 2, wait_ms) < 0 && errno != EINTR)
		return error_sys(err, errno, "waiting for the far end");
	if (look(bare, err) != 0)
		return -1;
	if (in[1].revents == POLLHUP) /* and nothing to read */
		child_shut(&bare->child.err_fd);
	/* What it had begun may keep its output open, and even say that it is at work. */
	if (in[0].revents == 0)
		return child_has_ended(&bare->child) ? explain(bare, err) : 0;
	n = read(bare->child.out_fd, bare->line + bare->line_bytes, sizeof(bare->line) - bare->line_bytes);
	if (n == 0 || (n < 0 && errno != EINTR))
		return explain(bare, err);
	bare->line_bytes += n > 0 ? (size_t)n : 0;
	return 0;
}

static int next_line(struct bare *bare, int64_t patience_ms, struct error *err)
{
	int64_t until_ms = clock_now_ms() + patience_ms;

	while (!give_line(bare)) {
		if (clock_now_ms() > until_ms)
			return error_set(err, ERR_LINK, "no answer for %lld s", (long long)patience_ms / 1000);
		if (fill(bare, 300, err) != 0)
			return -1;
	}
	return 0;
}

/* "no CLASS WORDS" */
static int refusal(const char *rest, struct error *err)
{
	char code[32];
	char safe[700];
	size_t n = strcspn(rest, " ");
	enum error_class class;

	(void)snprintf(code, sizeof(code), "%.*s", (int)(n < 31 ? n : 31), rest);
	class = error_class_of(code);
	rest += n + (rest[n] == ' ');
	return error_set(err, class == ERR_INTERNAL ? ERR_PROTOCOL : class, "%s", log_escape(rest, safe, sizeof(safe)));
}

static int endless(struct error *err)
{
	return error_set(err, ERR_PROTOCOL, "the far end does not come to an end of what it says");
}

/* Is the line that was given an answer? */
static bool is_answer(struct bare *bare)
{
	if (strncmp(bare->line, OURS, strlen(OURS)) != 0)
		return false;
	if (strcmp(bare->line + strlen(OURS), "pong") != 0)
		return true;
	bare->asked_ms = 0;
	return false;
}

int bare_hear_any(struct bare *bare, const char **line, struct error *err)
{
	int64_t patience_ms = bare->welcome.clock_s == 0 ? GREET_MS : SILENCE_MS;

	while (bare->lines++ < (bare->greeted ? LINES_MAX : STRAY_LINES)) {
		if (next_line(bare, patience_ms, err) != 0)
			return -1;
		if (!is_answer(bare))
			continue;
		*line = bare->line + strlen(OURS);
		log_trace("wire", "from the far end: %.2000s", *line);
		return strncmp(*line, "no ", 3) == 0 ? refusal(*line + 3, err) : 0;
	}
	return endless(err);
}

int bare_hear(struct bare *bare, const char *word, const char **rest, struct error *err)
{
	const char *line = NULL;
	size_t n = strlen(word);

	if (bare_hear_any(bare, &line, err) != 0)
		return -1;
	if (strncmp(line, word, n) != 0 || (line[n] != ' ' && line[n] != '\0')) {
		char safe[128];

		return error_set(err, ERR_PROTOCOL, "the far end says \"%s\", where `%s` was due",
		                 log_escape(line, safe, sizeof(safe)), word);
	}
	*rest = line + n + (line[n] == ' ');
	return 0;
}

int bare_ping(struct bare *bare, struct error *err)
{
	if (fill(bare, 0, err) != 0)
		return -1;
	while (give_line(bare)) {
		if (bare->lines++ == STRAY_LINES)
			return endless(err);
		if (is_answer(bare) && strncmp(bare->line, OURS "no ", strlen(OURS "no ")) == 0)
			return refusal(bare->line + strlen(OURS "no "), err);
	}
	if (bare->asked_ms != 0 && clock_now_ms() - bare->asked_ms > PONG_MS)
		return error_set(
		        err, ERR_LINK,
		        "the far end has not answered for %lld minutes: the line to it, or a disk there, hangs",
		        (long long)PONG_MS / 60000);
	if (clock_now_ms() - bare->said_ms < PING_MS)
		return 0;
	if (bare->asked_ms == 0)
		bare->asked_ms = clock_now_ms();
	return bare_tell(bare, err, "ping");
}

static int start(struct bare *bare, const struct config_vault *vault, struct error *err)
{
	struct remote_command *command = calloc(1, sizeof(*command));
	char boot[256];
	const char *const local[] = { "sh", "-c", boot, NULL };
	char *quoted = NULL;
	int rc = -1;

	if (command == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	/* The script comes first on stdin, and so is no matter of quoting; `read` then takes what follows it, byte by byte. */
	(void)snprintf(boot, sizeof(boot), "s=$(dd bs=1 count=%zu 2>/dev/null) && eval \"$s\"",
	               strlen(bare_script_text));
	if (vault->ssh == NULL) {
		rc = child_start(&bare->child, local, err);
	} else if (remote_command_ssh(vault, command, err) == 0) {
		if (asprintf(&quoted, "exec sh -c '%s'", boot) < 0) {
			quoted = NULL;
			(void)error_set(err, ERR_SYSTEM, "out of memory");
		} else {
			command->argv[command->n++] = quoted;
			rc = child_start(&bare->child, command->argv, err);
		}
	}
	if (rc == 0)
		(void)fcntl(bare->child.in_fd, F_SETFL, O_NONBLOCK);
	remote_command_done(command);
	free(command);
	free(quoted);
	return rc;
}

/* As receiver/owner.c has it. */
static int check_owner(const struct bare *bare, struct error *err)
{
	struct machine machine;

	machine_this(&machine);
	if (bare->role != BARE_WRITES || bare->welcome.owner_id[0] == '\0' ||
	    strcmp(bare->welcome.owner_id, machine.id) == 0)
		return 0;
	return error_set(
	        err, ERR_REFUSED,
	        "the backups of %s in this vault are of another machine, %s, and this is %s: two that write by turns "
	        "would undo each other's. Give one of them another root or pipeline name; or, if this one takes the "
	        "place of the other for good: aob adopt %s",
	        bare->pipeline, bare->welcome.owner_host, machine.host, bare->pipeline);
}

static int greet(struct bare *bare, const struct config_vault *vault, struct error *err)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment */
	const char *crash = getenv("AOB_CRASH_POINT");
	const char *line = NULL;

	if (say(bare, bare_script_text, strlen(bare_script_text), err) != 0 ||
	    bare_tell(bare, err, "%s", vault->root) != 0 || bare_tell(bare, err, "%s", bare->pipeline) != 0 ||
	    bare_tell(bare, err, "%s", bare->role != BARE_READS ? "writes" : "reads") != 0 ||
	    bare_tell(bare, err, "%s", crash != NULL && bare_word_plain(crash, "-") ? crash : "") != 0 ||
	    bare_hear(bare, "hello", &line, err) != 0 || bare_welcome_hello(line, &bare->welcome, err) != 0)
		return -1;
	for (;;) {
		if (bare_hear_any(bare, &line, err) != 0)
			return -1;
		if (strcmp(line, "ready") == 0) {
			bare->greeted = true;
			return check_owner(bare, err);
		}
		if (bare_welcome_line(line, &bare->welcome, err) != 0)
			return -1;
	}
}

int bare_open(const struct config_vault *vault, const char *pipeline, enum bare_role role,
              const struct bare_hooks *hooks, struct bare **bare, struct error *err)
{
	struct bare *made = calloc(1, sizeof(*made));

	*bare = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->child = (struct child){ .in_fd = -1, .out_fd = -1, .err_fd = -1 };
	made->over_ssh = vault->ssh != NULL;
	made->role = role;
	if (hooks != NULL)
		made->hooks = *hooks;
	(void)snprintf(made->pipeline, sizeof(made->pipeline), "%s", pipeline);
	if (start(made, vault, err) != 0 || greet(made, vault, err) != 0) {
		error_prefix(err, "vault %s", vault->ssh != NULL ? vault->ssh : vault->root);
		bare_close(&made);
		return -1;
	}
	*bare = made;
	return 0;
}

void bare_close(struct bare **bare)
{
	struct bare *b = *bare;

	if (b == NULL)
		return;
	*bare = NULL;
	if (b->child.in_fd >= 0 && b->child.pid != 0)
		(void)bare_tell(b, NULL, "bye");
	child_end(&b->child, END_MS);
	free(b);
}

const struct bare_welcome *bare_greeting(const struct bare *bare)
{
	return &bare->welcome;
}

int bare_put(struct bare *bare, const char *name, const char *text, struct error *err)
{
	size_t lines = 0;
	const char *rest;

	for (const char *c = text; *c != '\0'; c++)
		lines += *c == '\n';
	if (bare_tell(bare, err, "put %s %zu", name, lines) != 0 || say(bare, text, strlen(text), err) != 0)
		return -1;
	return bare_hear(bare, "put", &rest, err);
}

static int write_firsts(struct bare *bare, struct error *err)
{
	struct bare_welcome *w = &bare->welcome;
	struct machine machine;
	char text[512];
	char *owner = NULL;
	json_t *json;
	char id[UUID_TEXT_SIZE];
	int rc = 0;

	if (w->vault_id[0] == '\0') {
		if (uuid_make(id, err) != 0)
			return -1;
		(void)snprintf(text, sizeof(text),
		               "{\"format\": %d, \"vault_id\": \"%s\", \"strategy\": \"hardlink\"}\n",
		               BARE_WELCOME_FORMAT, id);
		if (bare_put(bare, ".aob/format.json", text, err) != 0)
			return -1;
		(void)snprintf(w->vault_id, sizeof(w->vault_id), "%s", id);
	}
	if (w->owner_id[0] != '\0')
		return 0;
	machine_this(&machine);
	json = json_pack("{s:s, s:s, s:I}", "machine", machine.id, "host", machine.host, "since",
	                 (json_int_t)w->clock_s);
	owner = json != NULL ? json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	if (owner == NULL)
		rc = error_set(err, ERR_SYSTEM, "out of memory");
	else
		(void)snprintf(text, sizeof(text), "%s\n", owner);
	free(owner);
	json_decref(json);
	return rc == 0 ? bare_put(bare, ".aob/owner.json", text, err) : -1;
}

int bare_take(struct bare *bare, struct error *err)
{
	const char *rest;
	char id[UUID_TEXT_SIZE];

	/* Tells this connection from another one. */
	if (uuid_make(id, err) != 0 || bare_tell(bare, err, "take %s", id) != 0 ||
	    bare_hear(bare, "taken", &rest, err) != 0)
		return -1;
	bare->welcome.fine_times = strcmp(rest, "fractions") == 0 && bare->welcome.rsync >= BARE_WELCOME_FINE_SINCE;
	return write_firsts(bare, err);
}

int bare_adopt(const struct config_vault *vault, const char *pipeline, struct remote_owner *before, struct error *err)
{
	struct bare *bare = NULL;
	struct machine machine;
	int rc = bare_open(vault, pipeline, BARE_ADOPTS, NULL, &bare, err);

	if (rc == 0) {
		struct bare_welcome *w = &bare->welcome;

		machine_this(&machine);
		before->was_ours = strcmp(w->owner_id, machine.id) == 0;
		before->since_s = w->owner_since_s;
		(void)snprintf(before->host, sizeof(before->host), "%s", w->owner_host);
		w->owner_id[0] = '\0';
		rc = bare_take(bare, err);
	}
	bare_close(&bare);
	return rc;
}
