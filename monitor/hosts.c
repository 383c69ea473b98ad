#include "monitor/hosts.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/durable.h"

static bool begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

/* Another's line would spoil all that is shown. */
static bool is_ours(const char *line)
{
	return begins(line, "aob_host_") || begins(line, "# HELP aob_host_") || begins(line, "# TYPE aob_host_");
}

/* In place: only whole lines stay. */
static void keep_ours(char *text)
{
	char *to = text;
	char *end;

	for (char *line = text; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		size_t n = (size_t)(end + 1 - line);

		if (is_ours(line)) {
			memmove(to, line, n);
			to += n;
		}
	}
	*to = '\0';
}

char *hosts_read(const char *state)
{
	const char *slash = strrchr(state, '/');
	char *folder = strndup(state, slash != NULL && slash != state ? (size_t)(slash - state) : 1);
	int fd = folder != NULL ? open(folder, O_DIRECTORY | O_CLOEXEC) : -1;
	char *text = NULL;
	size_t n;

	free(folder);
	if (fd < 0)
		return NULL;
	if (durable_read(fd, HOSTS_FILE, HOSTS_MOST, &text, &n, NULL) != 0)
		text = NULL;
	(void)close(fd);
	if (text != NULL)
		keep_ours(text);
	return text;
}
