#include "wire/bare_welcome.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "wire/bare_word.h"

int bare_welcome_hello(const char *line, struct bare_welcome *welcome, struct error *err)
{
	uint64_t numbers[2];

	if (bare_word_numbers(line, ' ', numbers, 2) == NULL || numbers[1] == 0 || numbers[1] > INT64_MAX)
		return error_set(err, ERR_PROTOCOL, "the far end's greeting makes no sense");
	welcome->is_root = numbers[0] == 0;
	welcome->clock_s = (int64_t)numbers[1];
	return 0;
}

unsigned bare_welcome_version(const char *text)
{
	uint64_t numbers[3] = { 0 };

	if (bare_word_numbers(text, '.', numbers, 3) == NULL)
		numbers[2] = 0;
	if (numbers[0] >= 100 || numbers[1] >= 100 || numbers[2] >= 100)
		return 0;
	return (unsigned)(numbers[0] * 10000 + numbers[1] * 100 + numbers[2]);
}

static int read_version(const char *text, struct bare_welcome *w, struct error *err)
{
	char safe[64];

	w->rsync = bare_welcome_version(text);
	if (w->rsync >= BARE_WELCOME_OLDEST)
		return 0;
	return error_set(err, ERR_CONFIG,
	                 "rsync at the far end is %.20s, and 3.1 is the oldest that will do: install a newer one",
	                 *text != '\0' ? log_escape(text, safe, sizeof(safe)) : "of an unknown version");
}

/* The line of df -P: behind the device, whose name may be anything, three numbers and a percentage. */
static void read_room(const char *line, struct bare_welcome *w)
{
	for (const char *at = strchr(line, ' '); at != NULL; at = strchr(at + 1, ' ')) {
		uint64_t numbers[3];
		const char *rest = bare_word_numbers(at, ' ', numbers, 3);
		size_t digits = rest != NULL ? strspn(rest + strspn(rest, " "), "0123456789") : 0;

		if (digits == 0 || rest[strspn(rest, " ") + digits] != '%' || numbers[0] > UINT64_MAX / 1024 ||
		    numbers[2] > numbers[0])
			continue;
		w->total_bytes = numbers[0] * 1024;
		w->free_bytes = numbers[2] * 1024;
		return;
	}
}

static int read_format(const char *text, struct bare_welcome *w, struct error *err)
{
	json_t *json = json_loads(text, 0, NULL);
	const char *id = NULL;
	int format = 0;
	int rc = 0;

	if (json_unpack(json, "{s:i, s:s}", "format", &format, "vault_id", &id) != 0 ||
	    strlen(id) >= sizeof(w->vault_id) || *id == '\0' || !bare_word_plain(id, "-"))
		rc = error_set(err, ERR_DAMAGED,
		               ".aob/format.json of this vault can't be read; bring it back from another copy");
	else if (format > BARE_WELCOME_FORMAT)
		rc = error_set(err, ERR_CONFIG, "this vault has format %d, this transfer knows %d; install a newer one",
		               format, BARE_WELCOME_FORMAT);
	else
		(void)snprintf(w->vault_id, sizeof(w->vault_id), "%s", id);
	json_decref(json);
	return rc;
}

static int read_owner(const char *text, struct bare_welcome *w, struct error *err)
{
	json_t *json = json_loads(text, 0, NULL);
	const char *id = NULL;
	const char *host = NULL;
	json_int_t since = 0;
	int rc = 0;

	if (json_unpack(json, "{s:s, s:s, s?I}", "machine", &id, "host", &host, "since", &since) != 0 ||
	    strlen(id) >= sizeof(w->owner_id)) {
		rc = error_set(err, ERR_DAMAGED,
		               "whose backups these are can't be read (.aob/owner.json); remove it there, if they are "
		               "this machine's");
	} else {
		(void)snprintf(w->owner_id, sizeof(w->owner_id), "%s", id);
		(void)log_escape(host, w->owner_host, sizeof(w->owner_host));
		w->owner_since_s = since;
	}
	json_decref(json);
	return rc;
}

int bare_welcome_line(const char *line, struct bare_welcome *welcome, struct error *err)
{
	if (strncmp(line, "room ", 5) == 0)
		read_room(line + 5, welcome);
	if (strncmp(line, "rsync ", 6) == 0)
		return read_version(line + 6, welcome, err);
	if (strncmp(line, "format ", 7) == 0)
		return read_format(line + 7, welcome, err);
	return strncmp(line, "owner ", 6) == 0 ? read_owner(line + 6, welcome, err) : 0;
}
