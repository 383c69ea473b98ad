#include "wire/bare_said.h"

#include <string.h>

#define GONE ": No such file or directory (2)"
#define NO_FOLDER ": Not a directory (20)"
#define A_SYMLINK ": Too many levels of symbolic links (40)"

/* What tells is at a line's ends, where no name of a file can pretend it. That the source itself is not there ("change_dir", "link_stat") is none of these. */
static const struct {
	const char *first, *last;
} writers[] = {
	{ "file has vanished: ", "" },
	{ "directory has vanished: ", "" },
	{ "rsync warning: some files vanished ", "" },
	{ "rsync: ", ": No data available (61)" },
	{ "rsync: ", "truncated while read" },
	{ "WARNING: ", " (will try again)." },
	/* It went between two looks at it. */
	{ "rsync: [sender] get_acl: ", GONE },
	{ "rsync: [sender] get_xattr_names: ", GONE },
	{ "rsync: [sender] get_xattr_data: ", GONE },
	/* It is another kind of thing by now. */
	{ "rsync: [sender] opendir ", NO_FOLDER },
	{ "rsync: [sender] send_files failed to open ", NO_FOLDER },
	{ "rsync: [sender] send_files failed to open ", A_SYMLINK },
};

static bool begins(const char *line, size_t n, const char *with)
{
	size_t m = strlen(with);

	return n >= m && memcmp(line, with, m) == 0;
}

static bool ends(const char *line, size_t n, const char *with)
{
	size_t m = strlen(with);

	return n >= m && memcmp(line + n - m, with, m) == 0;
}

static bool is_of_writers(const char *line, size_t n)
{
	for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++)
		if (begins(line, n, writers[i].first) && ends(line, n, writers[i].last))
			return true;
	return false;
}

static void keep(struct bare_said *said)
{
	if (said->line_bytes + 1 > BARE_SAID_KEPT - said->words_bytes)
		return;
	memcpy(said->words + said->words_bytes, said->line, said->line_bytes);
	said->words_bytes += said->line_bytes;
	said->words[said->words_bytes++] = '\n';
	said->words[said->words_bytes] = '\0';
}

static void take_line(struct bare_said *said)
{
	/* Of a line that is too long nobody knows how it ends. */
	bool known = said->line_bytes < sizeof(said->line);

	if (said->line_bytes == 0)
		return;
	if (known && is_of_writers(said->line, said->line_bytes)) {
		if (said->of_writers++ == 0)
			keep(said);
	} else {
		said->others = said->others || !begins(said->line, said->line_bytes, "rsync error: ");
		if (known)
			keep(said);
	}
	said->line_bytes = 0;
}

void bare_said_hear(struct bare_said *said, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] == '\n' || text[i] == '\r')
			take_line(said);
		else if (said->line_bytes < sizeof(said->line))
			said->line[said->line_bytes++] = text[i];
}

void bare_said_end(struct bare_said *said)
{
	take_line(said);
}
