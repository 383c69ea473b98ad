#include "wire/rehearse_restore.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/beside.h"
#include "lib/child.h"
#include "lib/clock.h"
#include "lib/hex.h"
#include "lib/log.h"
#include "lib/uri.h"

#define SAID_MAX                                                                                                       \
	(1u                                                                                                            \
	 << 20) /* the result, which may name 20 files by the longest paths there are, escaped; of complaints so much as well */
#define POLL_MS 500
#define END_MS 10000

/* ---- the command */

char *rehearse_restore_from(const struct config_vault *vault)
{
	size_t room = (vault->ssh != NULL ? strlen(vault->ssh) : 0) + 3 * strlen(vault->root) + sizeof("ssh://");
	char *out = vault->ssh != NULL ? malloc(room) : strdup(vault->root);
	size_t n;

	if (vault->ssh == NULL || out == NULL)
		return out;
	n = (size_t)snprintf(out, room, "ssh://%s", vault->ssh);
	for (const char *at = vault->root; *at != '\0'; at++)
		n += (size_t)snprintf(out + n, room - n, uri_is_plain((unsigned char)*at) ? "%c" : "%%%02X",
		                      (unsigned char)*at);
	return out;
}

static size_t count(const char *const *words)
{
	size_t n = 0;

	while (words != NULL && words[n] != NULL)
		n++;
	return n;
}

/* Words are borrowed; the list is the caller's. */
static const char **command(const struct rehearse_restore *restore, const char *program, const char *from,
                            const char *const *paths, const char *to)
{
	const struct config_vault *vault = restore->vault;
	const char *const fixed[] = { program, "restore",      restore->pipeline,   "--from",
		                      from,    "--generation", restore->generation, "--to",
		                      to,      "--json" };
	const char **argv = calloc(
	        sizeof(fixed) / sizeof(fixed[0]) + 2 * count(paths) + 2 * count(vault->ssh_options) + 5, sizeof(*argv));
	size_t n = sizeof(fixed) / sizeof(fixed[0]);

	if (argv == NULL)
		return NULL;
	memcpy(argv, fixed, sizeof(fixed));
	if (vault->identity != NULL) {
		argv[n++] = "--identity";
		argv[n++] = vault->identity;
	}
	if (vault->plain) {
		argv[n++] = "--compression";
		argv[n++] = "off";
	}
	for (const char *const *option = vault->ssh_options; option != NULL && *option != NULL; option++) {
		argv[n++] = "--ssh-option";
		argv[n++] = *option;
	}
	for (const char *const *path = paths; *path != NULL; path++) {
		argv[n++] = "--path";
		argv[n++] = *path;
	}
	return argv;
}

/* ---- what it says */

static uint64_t number(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value > 0 ? (uint64_t)value : 0;
}

static int take_wrong(const json_t *row, struct rehearse_restore_result *result, struct error *err)
{
	struct rehearse_restore_wrong *wrong = &result->wrongs[result->n_wrongs];
	const char *path = json_string_value(json_object_get(row, "path"));
	const char *digits = json_string_value(json_object_get(row, "path_hex")); /* of a name that is no text */
	const char *reason = json_string_value(json_object_get(row, "reason"));

	if (path == NULL || reason == NULL)
		return error_set(err, ERR_PROTOCOL, "wrong: want {\"path\", \"reason\"}");
	wrong->path = digits != NULL ? calloc(1, strlen(digits) / 2 + 1) : strdup(path);
	if (wrong->path == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	if (digits != NULL)
		(void)hex_bytes(digits, (uint8_t *)wrong->path, strlen(digits) / 2);
	(void)log_escape(reason, wrong->reason, sizeof(wrong->reason));
	result->n_wrongs++;
	return 0;
}

int rehearse_restore_parse(const char *json, size_t len_bytes, struct rehearse_restore_result *result,
                           struct error *err)
{
	json_t *root = json_loadb(json, len_bytes, 0, NULL);
	const json_t *seconds = json_object_get(root, "carry_seconds");
	const json_t *row;
	size_t i;
	int rc = 0;

	*result = (struct rehearse_restore_result){ .files = 0 };
	if (!json_is_object(root) || !json_is_number(seconds) || !(json_number_value(seconds) >= 0) ||
	    json_number_value(seconds) > 1e9) {
		json_decref(root);
		return error_set(err, ERR_PROTOCOL, "`aob restore --json` said something else than its result");
	}
	result->files = number(root, "files");
	result->bytes = number(root, "bytes");
	result->carry_us = (int64_t)(json_number_value(seconds) * 1e6);
	result->wrong = number(root, "damaged") + number(root, "missing");
	json_array_foreach(json_object_get(root, "wrong"), i, row)
	{
		if (rc == 0 && result->n_wrongs < REHEARSE_RESTORE_WRONG_MAX)
			rc = take_wrong(row, result, err);
	}
	json_decref(root);
	if (rc != 0)
		rehearse_restore_done(result);
	return rc;
}

void rehearse_restore_done(struct rehearse_restore_result *result)
{
	for (size_t i = 0; i < result->n_wrongs; i++)
		free(result->wrongs[i].path);
	result->n_wrongs = 0;
}

static enum error_class class_of(int status)
{
	return WIFEXITED(status) ? error_class_of_exit(WEXITSTATUS(status)) : ERR_INTERNAL;
}

/* The last thing that it said, without its name in front. */
static int failed(char *said, int status, struct error *err)
{
	static const char name[] = "aob restore: ";
	size_t n = strlen(said);
	const char *last;
	char safe[ERROR_TEXT_SIZE];

	while (n > 0 && said[n - 1] == '\n')
		said[--n] = '\0';
	last = strrchr(said, '\n') != NULL ? strrchr(said, '\n') + 1 : said;
	if (strncmp(last, name, strlen(name)) == 0)
		last += strlen(name);
	if (*last == '\0')
		return error_set(err, class_of(status), "`aob restore` ended with %s %d",
		                 WIFEXITED(status) ? "status" : "signal",
		                 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return error_set(err, class_of(status), "%s", log_escape(last, safe, sizeof(safe)));
}

/* ---- running */

struct stream {
	int *fd;
	char text[SAID_MAX + 1];
	size_t n;
};

/* Of complaints the last ones count: the first half goes when there is no more room. */
static void take(struct stream *stream)
{
	ssize_t n;

	if (stream->n == SAID_MAX) {
		memmove(stream->text, stream->text + SAID_MAX / 2, SAID_MAX / 2);
		stream->n = SAID_MAX / 2;
	}
	n = read(*stream->fd, stream->text + stream->n, SAID_MAX - stream->n);
	if (n > 0) {
		stream->n += (size_t)n;
	} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
		(void)close(*stream->fd);
		*stream->fd = -1;
	}
	stream->text[stream->n] = '\0';
}

/* Until it has closed both, or its time is over: 1. */
static int listen_to(const struct rehearse_restore *restore, struct stream streams[2], struct error *err)
{
	int64_t until_ms = restore->limit_ms != 0 ? clock_now_us() / 1000 + restore->limit_ms : INT64_MAX;

	while (*streams[0].fd >= 0 || *streams[1].fd >= 0) {
		struct pollfd fds[2] = { { .fd = *streams[0].fd, .events = POLLIN },
			                 { .fd = *streams[1].fd, .events = POLLIN } };

		if (poll(fds, 2, POLL_MS) < 0 && errno != EINTR)
			return error_sys(err, errno, "waiting for `aob restore`");
		for (size_t i = 0; i < 2; i++)
			if (fds[i].revents != 0)
				take(&streams[i]);
		if (restore->waiting != NULL && restore->waiting(restore->context, err) != 0)
			return -1;
		if (clock_now_us() / 1000 >= until_ms)
			return 1;
	}
	return 0;
}

static int converse(const struct rehearse_restore *restore, const char *const *argv, struct stream streams[2],
                    struct rehearse_restore_result *result, struct error *err)
{
	int64_t began_us = clock_now_us();
	struct child child;
	int rc;

	if (child_start(&child, argv, err) != 0)
		return -1;
	(void)close(child.in_fd);
	child.in_fd = -1;
	streams[0].fd = &child.out_fd;
	streams[1].fd = &child.err_fd;
	rc = listen_to(restore, streams, err);
	if (rc == 1) {
		result->cut = true;
		result->carry_us = clock_now_us() - began_us;
	}
	child_end(&child, rc == 0 ? END_MS : 0);
	if (rc != 0)
		return rc == 1 ? 0 : -1;
	/* It tells its result if it came to its end, also where files are not as they should be, or scratch can't hold all metadata. */
	if (WIFEXITED(child.status) && (WEXITSTATUS(child.status) == EX_OK || streams[0].n > 0))
		return rehearse_restore_parse(streams[0].text, streams[0].n, result, err);
	return failed(streams[1].text, child.status, err);
}

int rehearse_restore_run(const struct rehearse_restore *restore, const char *const *paths, const char *to,
                         struct rehearse_restore_result *result, struct error *err)
{
	struct stream *streams = calloc(2, sizeof(*streams));
	char *from = rehearse_restore_from(restore->vault);
	char program[PATH_MAX];
	const char **argv = from != NULL
	                            ? command(restore, beside_program("aob", program, sizeof(program)), from, paths, to)
	                            : NULL;
	int rc = -1;

	*result = (struct rehearse_restore_result){ .files = 0 };
	if (streams == NULL || argv == NULL)
		(void)error_set(err, ERR_SYSTEM, "out of memory");
	else
		rc = converse(restore, argv, streams, result, err);
	free(argv);
	free(from);
	free(streams);
	return rc;
}
