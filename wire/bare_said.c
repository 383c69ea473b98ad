#include "wire/bare_said.h"

#include <string.h>

#define GONE ": No such file or directory (2)"
#define NO_FOLDER ": Not a directory (20)"
#define A_SYMLINK ": Too many levels of symbolic links (40)"

/* What tells is at a line's ends, where no name of a file can pretend it. That the source itself is not there ("change_dir", "link_stat") is none of these. */
static const struct {
	bool of_rsync; /* behind "rsync: [sender] ", or "rsync: ", which is all that 3.1 says of who speaks */
	const char *first, *last;
} writers[] = {
	{ false, "file has vanished: ", "" },
	{ false, "directory has vanished: ", "" },
	{ false, "rsync warning: some files vanished ", "" },
	{ true, "", ": No data available (61)" },
	{ true, "", "truncated while read" },
	{ false, "WARNING: ", " (will try again)." },
	/* It went between two looks at it. */
	{ true, "get_acl: ", GONE },
	{ true, "get_xattr_names: ", GONE },
	{ true, "get_xattr_data: ", GONE },
	/* It is another kind of thing by now. */
	{ true, "opendir ", NO_FOLDER },
	{ true, "send_files failed to open ", NO_FOLDER },
	{ true, "send_files failed to open ", A_SYMLINK },
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
	static const char *const speakers[] = { "rsync: [sender] ", "rsync: " };
	bool of_rsync = false;

	for (size_t i = 0; !of_rsync && i < sizeof(speakers) / sizeof(speakers[0]); i++)
		if (begins(line, n, speakers[i])) {
			of_rsync = true;
			line += strlen(speakers[i]);
			n -= strlen(speakers[i]);
		}
	for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++)
		if (writers[i].of_rsync == of_rsync && begins(line, n, writers[i].first) &&
		    ends(line, n, writers[i].last))
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
