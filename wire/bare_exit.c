#include "wire/bare_exit.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "wire/far_words.h"

#define SAID_SIZE 512
#define BOTH_ENDS 400
#define LAST 150
#define TOO_MANY "Too many links"
#define LOCKED "aob: locked" /* wire/bare_rsync.c, FAR_SCRIPT */
#define UNCLEAN "protocol version mismatch -- is your shell clean?"
#define NO_ROOM "No space left on device"
#define ATTRIBUTE_TOO_LARGE                                                                                            \
	"an extended attribute is larger than the vault's file system holds (ext4: 4 KB, all of a file's together): "  \
	"take it away (setfattr -x), leave the file out by `exclude`, or have the vault on another file system"

/* rsync(1) */
#define PARTIAL 23
#define VANISHED 24
#define LOST 12
#define OF_SSH 255

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
	{ LOST, ERR_LINK, "the connection was lost" },
	{ 13, ERR_SYSTEM, "rsync could not speak" },
	{ 14, ERR_SYSTEM, "rsync's processes lost each other" },
	{ 20, ERR_LINK, "rsync was ended" },
	{ 21, ERR_SYSTEM, "rsync's processes lost each other" },
	{ 22, ERR_SYSTEM, "rsync has no memory" },
	{ PARTIAL, ERR_IO, "rsync could not bring all of it" },
	{ VANISHED, ERR_DAMAGED, "something vanished while it was read" },
	{ 30, ERR_LINK, "nothing came for long" },
	{ 35, ERR_LINK, "nothing came for long" },
	{ 126, ERR_PERMISSION, "rsync may not be run at the far end" },
	{ 127, ERR_CONFIG, "rsync is not there: install it at the far end" },
	{ OF_SSH, ERR_LINK, "ssh ended" },
};

/* Which lines tell: any, or by whether rsync sets an attribute there. What ends in these words has no room left in an inode, and the disk may have much. */
enum of { OF_ANY, OF_ATTRIBUTES, OF_OTHERS };

/* What is said tells more than the number: a line's last words, as strerror(3) of either end has them. */
static const struct {
	enum of of;
	const char *said;
	enum error_class class;
	const char *text;
} causes[] = {
	{ OF_ANY, LOCKED, ERR_LOCKED, "another is at work in the vault" },
	{ OF_ANY, UNCLEAN, ERR_CONFIG,
	  "the far user's shell says something of its own, as a greeting, before rsync can speak: what it runs for ssh "
	  "(.bashrc, .profile, /etc/profile.d) may write only where it is interactive; `ssh HOST true` is to print "
	  "nothing" },
	{ OF_OTHERS, NO_ROOM, ERR_SPACE, "there is no room" },
	{ OF_ANY, "uota exceeded", ERR_SPACE, "there is no room" },
	{ OF_ATTRIBUTES, NO_ROOM, ERR_INPUT, ATTRIBUTE_TOO_LARGE },
	{ OF_ATTRIBUTES, "Argument list too long", ERR_INPUT, ATTRIBUTE_TOO_LARGE },
	{ OF_ANY, TOO_MANY, ERR_IO, "a file has as many names as the vault's file system can count" },
	{ OF_ANY, "Input/output error", ERR_IO, "a disk failed" },
	{ OF_ANY, "I/O error", ERR_IO, "a disk failed" },
	{ OF_ANY, "Read-only file system", ERR_IO, "a file system can't be written to" },
	{ OF_ANY, "ot supported", ERR_CONFIG,
	  "the vault's file system can't hold an attribute, an ACL, or a file of this kind" },
	{ OF_ANY, "ermission denied", ERR_PERMISSION, "something may not be read or written" },
	{ OF_ANY, "not permitted", ERR_PERMISSION, "something may not be done" },
	{ OF_ANY, "File name too long", ERR_INPUT,
	  "a path is longer than rsync, or a name than the vault's file system takes; leave it out by `exclude`" },
};

/* Without the number of the errno, as " (28)", behind it. */
static size_t without_number(const char *line, size_t n)
{
	size_t m = n;

	if (m == 0 || line[m - 1] != ')')
		return n;
	for (m--; m > 0 && isdigit((unsigned char)line[m - 1]);)
		m--;
	return m >= 2 && line[m - 1] == '(' && line[m - 2] == ' ' ? m - 2 : n;
}

/* "rsync: [receiver] rsync_xal_set: …", or without the brackets. */
static bool is_of_attributes(const char *line, size_t n)
{
	static const char setting[] = "rsync_xal_set:";
	const char *end = line + n;
	const char *at = memchr(line, ' ', n);

	if (at != NULL && at + 1 < end && at[1] == '[')
		at = memchr(at + 1, ' ', (size_t)(end - at) - 1);
	return at != NULL && (size_t)(end - at) > sizeof(setting) && memcmp(at + 1, setting, sizeof(setting) - 1) == 0;
}

/* Some lines of rsync end with a file's name, which may hold any words: they begin with more than one word, where those that end with strerror's begin with a program's name. */
static bool tells(const char *line, size_t n, const char *said, enum of of)
{
	size_t m = strlen(said);
	const char *colon = memchr(line, ':', n);
	const char *space = memchr(line, ' ', n);
	size_t end = without_number(line, n);

	if (of != OF_ANY && is_of_attributes(line, n) != (of == OF_ATTRIBUTES))
		return false;
	if (strcmp(said, LOCKED) == 0 || strcmp(said, UNCLEAN) == 0)
		return n == m && memcmp(line, said, m) == 0;
	return colon != NULL && space == colon + 1 && end >= m && memcmp(line + end - m, said, m) == 0;
}

/* In out the line that holds it; NULL: none does. */
static const char *line_of(const char *words, const char *said, enum of of, size_t *n)
{
	for (; *words != '\0'; words += *n + strspn(words + *n, "\r\n")) {
		*n = strcspn(words, "\r\n");
		if (said != NULL ? tells(words, *n, said, of) : *n > 0 && strncmp(words, "rsync error: ", 13) != 0)
			return words;
	}
	return NULL;
}

/* Of a long line both ends: between them is a path. */
static void escape(const char *line, size_t n, char out[SAID_SIZE])
{
	char text[SAID_SIZE];
	size_t last = n > BOTH_ENDS ? LAST : 0;

	(void)snprintf(text, sizeof(text), "%.*s%s%.*s", (int)(n > BOTH_ENDS ? BOTH_ENDS - LAST : n), line,
	               n > BOTH_ENDS ? " ... " : "", (int)last, line + n - last);
	(void)log_escape(text, out, SAID_SIZE);
}

/* Of ssh's own lines nothing before the words that tell is anybody's to choose; those of rsync, which hold names of files, begin otherwise. */
static bool is_of_ssh(const char *line, size_t n)
{
	static const char *const firsts[] = { "@", "Host key verification failed", "Permission denied (" };
	const char *colon = memchr(line, ':', n);
	const char *at = memchr(line, '@', n);
	const char *space = memchr(line, ' ', n);

	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++)
		if (n >= strlen(firsts[i]) && memcmp(line, firsts[i], strlen(firsts[i])) == 0)
			return true;
	/* user@host: Permission denied (…) */
	return at != NULL && colon != NULL && space != NULL && at < colon && space == colon + 1;
}

static void lines_of_ssh(const char *words, char out[SAID_SIZE])
{
	size_t used = 0;
	size_t n;

	out[0] = '\0';
	for (; *words != '\0'; words += n + strspn(words + n, "\r\n")) {
		n = strcspn(words, "\r\n");
		if (!is_of_ssh(words, n) || n + 2 > SAID_SIZE - used)
			continue;
		memcpy(out + used, words, n);
		used += n;
		out[used++] = '\n';
		out[used] = '\0';
	}
}

bool bare_exit_links_full(int status, const char *words)
{
	size_t n;

	return status != 0 && line_of(words, TOO_MANY, OF_ANY, &n) != NULL;
}

int bare_exit_settle(int status, const struct bare_said *said, bool may_vanish)
{
	if (status != VANISHED && (status != PARTIAL || said->of_writers == 0 || said->others))
		return status;
	return may_vanish ? 0 : VANISHED;
}

int bare_exit_read(int status, const char *words, struct error *err)
{
	enum error_class class = ERR_SYSTEM;
	const char *text = status < 0 ? "rsync was killed" : "rsync failed";
	const char *line = NULL;
	size_t n = 0;
	char safe[SAID_SIZE] = "";

	if (status == 0)
		return 0;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends[i].status == status) {
			class = ends[i].class;
			text = ends[i].text;
		}
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if ((line = line_of(words, causes[i].said, causes[i].of, &n)) != NULL) {
			class = causes[i].class;
			text = causes[i].text;
			break;
		}
	/* Else the first one, which is the cause of the others. */
	if (line == NULL)
		line = line_of(words, NULL, OF_ANY, &n);
	if (line != NULL)
		escape(line, n, safe);
	(void)error_set(err, class, "%s (rsync ended with %d%s%s)", text, status, *safe != '\0' ? ": " : "", safe);
	/* rsync that finds its pipe closed does not always wait for what its ssh ended with. */
	if (err != NULL && (status == OF_SSH || status == LOST)) {
		lines_of_ssh(words, safe);
		(void)far_words_ssh(safe, err);
	}
	return -1;
}
