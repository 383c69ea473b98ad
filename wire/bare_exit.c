#include "wire/bare_exit.h"

#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "wire/far_words.h"

#define SAID_SIZE 512

static const struct {
	int status;
	enum error_class class;
	const char *text;
} ends[] = {
	{ 1, ERR_CONFIG, "rsync does not know what it is asked for: 3.1 or newer is needed at both ends" },
	{ 2, ERR_CONFIG, "the two rsyncs do not understand each other: 3.1 or newer is needed at both ends" },
	{ 3, ERR_IO, "rsync could not use a folder" },
	{ 4, ERR_CONFIG,
	  "an rsync can't do what is asked for; 3.1 or newer, with ACLs and xattrs, is needed at both ends" },
	{ 5, ERR_LINK, "rsync could not begin its conversation" },
	{ 10, ERR_LINK, "the connection was lost" },
	{ 11, ERR_IO, "rsync could not read or write" },
	{ 12, ERR_LINK, "the connection was lost" },
	{ 13, ERR_SYSTEM, "rsync could not speak" },
	{ 14, ERR_SYSTEM, "rsync's processes lost each other" },
	{ 20, ERR_LINK, "rsync was ended" },
	{ 21, ERR_SYSTEM, "rsync's processes lost each other" },
	{ 22, ERR_SYSTEM, "rsync has no memory" },
	{ 23, ERR_IO, "rsync could not bring all of it" },
	{ 24, ERR_DAMAGED, "something vanished while it was read" },
	{ 30, ERR_LINK, "nothing came for long" },
	{ 35, ERR_LINK, "nothing came for long" },
	{ 126, ERR_PERMISSION, "rsync may not be run at the far end" },
	{ 127, ERR_CONFIG, "rsync is not there: install it at the far end" },
	{ 255, ERR_LINK, "ssh ended" },
};

/* What is said tells more than the number. */
static const struct {
	const char *said;
	enum error_class class;
	const char *text;
} causes[] = {
	{ "aob: locked", ERR_LOCKED, "another is at work in the vault" },
	{ "No space left on device", ERR_SPACE, "there is no room" },
	{ "quota exceeded", ERR_SPACE, "there is no room" },
	{ "Too many links", ERR_IO, "a file has as many names as the vault's file system can count" },
	{ "Input/output error", ERR_IO, "a disk failed" },
	{ "Read-only file system", ERR_IO, "a file system can't be written to" },
	{ "ot supported (95)", ERR_CONFIG,
	  "the vault's file system can't hold an attribute, an ACL, or a file of this kind" },
	{ "ermission denied", ERR_PERMISSION, "something may not be read or written" },
	{ "not permitted", ERR_PERMISSION, "something may not be done" },
};

/* The first line that is not rsync's own end, which is the cause of the others. */
static void first_line(const char *words, char out[SAID_SIZE])
{
	char line[SAID_SIZE];

	out[0] = '\0';
	while (*words != '\0' && *out == '\0') {
		size_t n = strcspn(words, "\r\n");

		(void)snprintf(line, sizeof(line), "%.*s", (int)(n < 400 ? n : 400), words);
		if (n > 0 && strncmp(line, "rsync error: ", 13) != 0)
			(void)log_escape(line, out, SAID_SIZE);
		words += n;
		words += strspn(words, "\r\n");
	}
}

static bool begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

/* A path in a line has no line break of its own: rsync escapes it. What tells is at a line's ends, where no name of a file can pretend it. */
static bool is_of_writers(const char *line, size_t n)
{
	static const struct {
		const char *first, *last;
	} forms[] = {
		{ "file has vanished: ", "" },
		{ "directory has vanished: ", "" },
		{ "rsync warning: some files vanished ", "" },
		{ "rsync: ", ": No data available (61)" },
		{ "rsync: ", "truncated while read" },
		{ "WARNING: ", " (will try again)." },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t m = strlen(forms[i].last);

		if (begins(line, forms[i].first) && n >= m && memcmp(line + n - m, forms[i].last, m) == 0)
			return true;
	}
	return false;
}

bool bare_exit_vanished(int status, const char *words)
{
	bool told = false;

	if (status == 24)
		return true;
	while (status == 23 && *words != '\0') {
		size_t n = strcspn(words, "\r\n");

		if (n > 0 && !begins(words, "rsync error: ")) {
			if (!is_of_writers(words, n))
				return false;
			told = true;
		}
		words += n;
		words += strspn(words, "\r\n");
	}
	return told;
}

int bare_exit_read(int status, const char *words, struct error *err)
{
	enum error_class class = ERR_SYSTEM;
	const char *text = status < 0 ? "rsync was killed" : "rsync failed";
	char line[SAID_SIZE];

	if (status == 0)
		return 0;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends[i].status == status) {
			class = ends[i].class;
			text = ends[i].text;
		}
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (strstr(words, causes[i].said) != NULL) {
			class = causes[i].class;
			text = causes[i].text;
			break;
		}
	first_line(words, line);
	(void)error_set(err, class, "%s (rsync ended with %d%s%s)", text, status, *line != '\0' ? ": " : "", line);
	(void)(err != NULL && far_words_ssh(words, err));
	return -1;
}
