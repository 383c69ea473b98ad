#include "lib/journal.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define DATAGRAM_SIZE 8192 /* more than a line and its fields: never a memfd */

static int journal_fd = -1;
static const char *journal_name = "aob";

bool journal_stream(const char *text, int fd)
{
	struct stat status;
	char own[64];

	if (text == NULL || fstat(fd, &status) != 0)
		return false;
	(void)snprintf(own, sizeof(own), "%llu:%llu", (unsigned long long)status.st_dev,
	               (unsigned long long)status.st_ino);
	return strcmp(text, own) == 0;
}

bool journal_open(const char *path, const char *identifier)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	journal_close();
	journal_name = identifier;
	if (strlen(path) >= sizeof(address.sun_path))
		return false;
	memcpy(address.sun_path, path, strlen(path));
	journal_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (journal_fd < 0)
		return false;
	if (connect(journal_fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return true;
	journal_close();
	return false;
}

void journal_close(void)
{
	if (journal_fd >= 0)
		(void)close(journal_fd);
	journal_fd = -1;
}

struct datagram {
	char data[DATAGRAM_SIZE];
	size_t used;
	bool full;
};

static void put(struct datagram *d, const void *data, size_t n)
{
	if (d->used + n > sizeof(d->data)) {
		d->full = true;
		return;
	}
	memcpy(d->data + d->used, data, n);
	d->used += n;
}

/* NAME=value; a value with a newline goes with its length in front, little endian. */
static void put_field(struct datagram *d, const char *name, const char *value, size_t n)
{
	put(d, name, strlen(name));
	if (memchr(value, '\n', n) == NULL) {
		put(d, "=", 1);
	} else {
		uint8_t length[8];

		for (unsigned i = 0; i < sizeof(length); i++)
			length[i] = (uint8_t)((uint64_t)n >> (8 * i));
		put(d, "\n", 1);
		put(d, length, sizeof(length));
	}
	put(d, value, n);
	put(d, "\n", 1);
}

/* A word "pipeline=photos" as AOB_PIPELINE=photos. What is no such word is left out. */
static void put_word(struct datagram *d, const char *word, size_t word_bytes)
{
	size_t key = strcspn(word, "= ");
	char name[64] = "AOB_";
	size_t used = strlen(name);

	for (size_t i = 0; i < key && used + 1 < sizeof(name); i++)
		if (isalnum((unsigned char)word[i]) != 0 || word[i] == '_')
			name[used++] = (char)toupper((unsigned char)word[i]);
	name[used] = '\0';
	if (key < word_bytes && used > 4)
		put_field(d, name, word + key + 1, word_bytes - key - 1);
}

/* "pipeline=photos run=x" */
static void put_context(struct datagram *d, const char *context)
{
	while (*context != '\0') {
		size_t word = strcspn(context, " ");

		put_word(d, context, word);
		context += word;
		context += strspn(context, " ");
	}
}

/* Lines that say themselves what they are about, as "pipeline=photos run=x …", have it as fields, too: these words alone, as others may be a name's. */
static void put_own(struct datagram *d, const char *context, const char *message)
{
	static const char *const keys[] = { "pipeline=", "run=", "step=", "notifier=" };
	bool any = *context == '\0';

	while (any) {
		size_t word = strcspn(message, " ");

		any = false;
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			any = any || strncmp(message, keys[i], strlen(keys[i])) == 0;
		if (any)
			put_word(d, message, word);
		message += word;
		message += strspn(message, " ");
	}
}

bool journal_send(int severity, const char *context, const char *message)
{
	struct datagram d = { .used = 0 };
	char priority[16];
	ssize_t n;

	if (journal_fd < 0)
		return false;
	(void)snprintf(priority, sizeof(priority), "%d", severity);
	put_field(&d, "PRIORITY", priority, strlen(priority));
	put_field(&d, "SYSLOG_IDENTIFIER", journal_name, strlen(journal_name));
	put_context(&d, context);
	put_own(&d, context, message);
	put_field(&d, "MESSAGE", message, strlen(message));
	if (d.full)
		return false;
	/* Not waiting: a journal that is stuck must stop no backup; the line goes to stderr then. */
	do
		n = send(journal_fd, d.data, d.used, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)d.used;
}
