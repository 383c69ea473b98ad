#include "wire/far_words.h"

#include <string.h>
#include <unistd.h>

#include "lib/log.h"

#define WARNING " aob-receiver warning: "

static void take_line(struct far_words *words)
{
	char safe[4 * FAR_WORDS_LINE_MAX + 1];
	const char *said;

	words->line[words->line_bytes] = '\0';
	words->line_bytes = 0;
	said = strstr(words->line, WARNING);
	if (said == NULL || words->told > FAR_WORDS_MOST)
		return;
	if (words->told++ == FAR_WORDS_MOST)
		log_line(LOG_WARNING, "the far end warns of more; its own log has all of it");
	else
		log_line(LOG_WARNING, "far end: %s", log_escape(said + strlen(WARNING), safe, sizeof(safe)));
}

void far_words_hear(struct far_words *words, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] == '\n')
			take_line(words);
		else if (words->line_bytes < FAR_WORDS_LINE_MAX)
			words->line[words->line_bytes++] = text[i];
}

void far_words_read(int err_fd, const char *of, void (*take)(void *context, const char *text, size_t n), void *context)
{
	char text[1024];
	char safe[4096];
	ssize_t n;

	while (err_fd >= 0 && (n = read(err_fd, text, sizeof(text) - 1)) > 0) {
		text[n] = '\0';
		log_trace("wire", "stderr of %s: %s", of, log_escape(text, safe, sizeof(safe)));
		take(context, text, (size_t)n);
	}
}

struct beginning {
	char *words;
	size_t size;
	size_t *bytes;
};

static void keep(void *context, const char *text, size_t n)
{
	const struct beginning *b = context;
	size_t room = b->size - 1 - *b->bytes;
	size_t more = n < room ? n : room;

	memcpy(b->words + *b->bytes, text, more);
	*b->bytes += more;
	b->words[*b->bytes] = '\0';
}

void far_words_keep(int err_fd, const char *of, char *words, size_t size, size_t *bytes)
{
	struct beginning beginning = { .words = words, .size = size, .bytes = bytes };

	far_words_read(err_fd, of, keep, &beginning);
}

bool far_words_ssh(const char *words, struct error *err)
{
	if (strstr(words, "HOST IDENTIFICATION HAS CHANGED") != NULL ||
	    strstr(words, "Host key verification failed") != NULL) {
		err->class = ERR_PERMISSION;
		(void)error_prefix(
		        err, "the far end's host key is unknown or has changed; if that is right, mend known_hosts");
		return true;
	}
	/* With the ways that were tried behind it, in brackets: else it may be a file's. */
	if (strstr(words, "Permission denied (") != NULL) {
		err->class = ERR_PERMISSION;
		(void)error_prefix(err, "ssh was not let in; is the public key in the far end's authorized_keys?");
		return true;
	}
	return false;
}
