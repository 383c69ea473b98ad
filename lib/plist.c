#include "lib/plist.h"

#include <errno.h>
#include <expat.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/plist_binary.h"

static const char binary_magic[] = "bplist00";

/* ---- XML */

enum element { DICT, ARRAY, KEY, STRING, INTEGER, DATE, TRUE, FALSE, OTHER, ROOT, UNKNOWN };

static const struct {
	const char *name;
	enum element element;
} elements[] = { { "dict", DICT },       { "array", ARRAY }, { "key", KEY },   { "string", STRING },
	         { "integer", INTEGER }, { "date", DATE },   { "true", TRUE }, { "false", FALSE },
	         { "real", OTHER },      { "data", OTHER },  { "plist", ROOT } };

struct level {
	enum element element;
	size_t path_bytes; /* of the path without this container's own last key */
	bool keyed;        /* a dict's key has been read, its value has not */
};

struct reader {
	XML_Parser parser;
	plist_each *each;
	void *cookie;
	struct level levels[PLIST_DEPTH_MAX + 1];
	size_t depth;
	char path[PLIST_PATH_SIZE];
	char text[PLIST_TEXT_SIZE];
	size_t text_bytes;
	enum element scalar; /* whose text is being read; ROOT: none */
	size_t n_values;
	bool seen_root, seen_value;
	const char *wrong;
};

static void refuse(struct reader *r, const char *why)
{
	if (r->wrong == NULL)
		r->wrong = why;
	(void)XML_StopParser(r->parser, XML_FALSE);
}

static enum element element_of(const char *name)
{
	for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++)
		if (strcmp(elements[i].name, name) == 0)
			return elements[i].element;
	return UNKNOWN;
}

/* A value may stand here: the only one of the document, a member of an array, or behind a dict's key. */
static bool value_fits(struct reader *r)
{
	struct level *top = r->depth > 0 ? &r->levels[r->depth - 1] : NULL;

	if (!r->seen_root || (top == NULL && r->seen_value) || (top != NULL && top->element == DICT && !top->keyed)) {
		refuse(r, "a value stands where none belongs");
		return false;
	}
	if (++r->n_values > PLIST_VALUES_MAX) {
		refuse(r, "too many values");
		return false;
	}
	if (top == NULL)
		r->seen_value = true;
	return true;
}

static void begin_container(struct reader *r, enum element element)
{
	if (!value_fits(r))
		return;
	if (r->depth == PLIST_DEPTH_MAX) {
		refuse(r, "nested too deep");
		return;
	}
	r->levels[r->depth++] = (struct level){ .element = element, .path_bytes = strlen(r->path) };
}

static void begin_element(void *cookie, const XML_Char *name, const XML_Char **attributes)
{
	struct reader *r = cookie;
	enum element element = element_of(name);

	(void)attributes;
	if (r->wrong != NULL)
		return;
	if (element == UNKNOWN || r->scalar != ROOT) {
		refuse(r, "an element that does not belong into a property list");
	} else if (element == ROOT) {
		if (r->seen_root)
			refuse(r, "a second <plist>");
		r->seen_root = true;
	} else if (element == DICT || element == ARRAY) {
		begin_container(r, element);
	} else if (element == KEY) {
		struct level *top = r->depth > 0 ? &r->levels[r->depth - 1] : NULL;

		if (top == NULL || top->element != DICT || top->keyed)
			refuse(r, "a <key> stands where none belongs");
		r->scalar = element;
		r->text_bytes = 0;
	} else if (value_fits(r)) {
		r->scalar = element;
		r->text_bytes = 0;
	}
}

static void take_text(void *cookie, const XML_Char *text, int len_bytes)
{
	struct reader *r = cookie;
	size_t n = (size_t)len_bytes;

	if (r->scalar == ROOT)
		return; /* white space between elements */
	if (n > sizeof(r->text) - 1 - r->text_bytes)
		n = sizeof(r->text) - 1 - r->text_bytes;
	memcpy(r->text + r->text_bytes, text, n);
	r->text_bytes += n;
}

static bool read_integer(const char *text, int64_t *number)
{
	char *end = NULL;

	errno = 0;
	*number = strtoll(text, &end, 0);
	return errno == 0 && end != text && end[strspn(end, " \t\r\n")] == '\0';
}

static bool read_date(const char *text, int64_t *seconds)
{
	struct tm tm = { .tm_isdst = 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

	if (end == NULL || *end != '\0')
		return false;
	*seconds = timegm(&tm);
	return true;
}

static void tell(struct reader *r, enum element element)
{
	struct plist_value value = { .type = PLIST_OTHER };

	switch (element) {
	case STRING:
		value.type = PLIST_STRING;
		(void)snprintf(value.text, sizeof(value.text), "%s", r->text);
		break;
	case INTEGER:
		if (!read_integer(r->text, &value.number))
			refuse(r, "an <integer> that is none");
		value.type = PLIST_INTEGER;
		break;
	case DATE:
		if (!read_date(r->text, &value.number))
			refuse(r, "a <date> that is none");
		value.type = PLIST_DATE;
		break;
	case TRUE:
	case FALSE:
		value.type = PLIST_BOOL;
		value.number = element == TRUE;
		break;
	case DICT:
	case ARRAY:
	case KEY:
	case OTHER:
	case ROOT:
	case UNKNOWN:
		break;
	}
	if (r->wrong == NULL)
		r->each(r->cookie, r->path, &value);
}

/* A value is done: its key leaves the path. */
static void value_ends(struct reader *r)
{
	struct level *top = r->depth > 0 ? &r->levels[r->depth - 1] : NULL;

	if (top != NULL && top->element == DICT) {
		r->path[top->path_bytes] = '\0';
		top->keyed = false;
	}
}

static void end_element(void *cookie, const XML_Char *name)
{
	struct reader *r = cookie;
	enum element element = element_of(name);
	struct level *top = r->depth > 0 ? &r->levels[r->depth - 1] : NULL;

	if (r->wrong != NULL || element == ROOT)
		return;
	r->text[r->text_bytes] = '\0';
	r->scalar = ROOT;
	if (element == KEY && top != NULL) {
		plist_path_add(r->path, r->text);
		top->keyed = true;
	} else if (element == DICT || element == ARRAY) {
		if (element == DICT && top != NULL && top->keyed)
			refuse(r, "a <key> without a value");
		r->depth--;
		value_ends(r);
	} else {
		tell(r, element);
		value_ends(r);
	}
}

/* No document of ours declares entities of its own. */
static void refuse_entity(void *cookie, const XML_Char *name, int is_parameter, const XML_Char *value, int len_bytes,
                          const XML_Char *base, const XML_Char *system_id, const XML_Char *public_id,
                          const XML_Char *notation)
{
	(void)name;
	(void)is_parameter;
	(void)value;
	(void)len_bytes;
	(void)base;
	(void)system_id;
	(void)public_id;
	(void)notation;
	refuse(cookie, "it declares entities");
}

static int parse_xml(const void *data, size_t len_bytes, plist_each *each, void *cookie, struct error *err)
{
	struct reader *r = calloc(1, sizeof(*r));
	int rc = 0;

	if (r == NULL || (r->parser = XML_ParserCreate(NULL)) == NULL) {
		free(r);
		return error_set(err, ERR_SYSTEM, "out of memory");
	}
	r->each = each;
	r->cookie = cookie;
	r->scalar = ROOT;
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, begin_element, end_element);
	XML_SetCharacterDataHandler(r->parser, take_text);
	XML_SetEntityDeclHandler(r->parser, refuse_entity);
	if (XML_Parse(r->parser, data, (int)len_bytes, 1) != XML_STATUS_OK) {
		const char *why = r->wrong != NULL ? r->wrong : XML_ErrorString(XML_GetErrorCode(r->parser));

		rc = error_set(err, ERR_DAMAGED, "no property list: line %lu: %s",
		               (unsigned long)XML_GetCurrentLineNumber(r->parser), why);
	} else if (!r->seen_value) {
		rc = error_set(err, ERR_DAMAGED, "no property list: it holds no value");
	}
	XML_ParserFree(r->parser);
	free(r);
	return rc;
}

/* ---- both */

void plist_path_add(char path[PLIST_PATH_SIZE], const char *key)
{
	size_t used = strlen(path);

	(void)snprintf(path + used, PLIST_PATH_SIZE - used, "%s%s", used > 0 ? "/" : "", key);
}

int plist_parse(const void *data, size_t len_bytes, plist_each *each, void *cookie, struct error *err)
{
	if (len_bytes == 0)
		return error_set(err, ERR_DAMAGED, "no property list: it is empty");
	if (len_bytes > PLIST_BYTES_MAX)
		return error_set(err, ERR_DAMAGED, "no property list: larger than %d bytes", PLIST_BYTES_MAX);
	if (len_bytes >= sizeof(binary_magic) - 1 && memcmp(data, binary_magic, sizeof(binary_magic) - 1) == 0)
		return plist_binary_parse(data, len_bytes, each, cookie, err);
	return parse_xml(data, len_bytes, each, cookie, err);
}

static int read_all(int fd, size_t len_bytes, char *data, size_t *got_bytes, struct error *err)
{
	for (*got_bytes = 0; *got_bytes < len_bytes;) {
		ssize_t n = read(fd, data + *got_bytes, len_bytes - *got_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys(err, errno, "reading");
		if (n == 0)
			break;
		*got_bytes += (size_t)n;
	}
	return 0;
}

int plist_read(int folder_fd, const char *name, plist_each *each, void *cookie, struct error *err)
{
	int fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOATIME);
	char *data = NULL;
	struct stat st;
	size_t n = 0;
	int rc = -1;

	if (fd < 0)
		return error_sys(err, errno, "%s", name);
	if (fstat(fd, &st) != 0) {
		(void)error_sys(err, errno, "stat");
	} else if (!S_ISREG(st.st_mode) || st.st_size > PLIST_BYTES_MAX) {
		(void)error_set(err, ERR_DAMAGED, "no property list: not a plain file of at most %d bytes",
		                PLIST_BYTES_MAX);
	} else {
		data = malloc((size_t)st.st_size + 1);
		if (data == NULL)
			(void)error_set(err, ERR_SYSTEM, "out of memory");
		else if (read_all(fd, (size_t)st.st_size, data, &n, err) == 0)
			rc = plist_parse(data, n, each, cookie, err);
	}
	free(data);
	(void)close(fd);
	return rc == 0 ? 0 : error_prefix(err, "%s", name);
}
