#include "lib/config_value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config.h"
#include "lib/duration.h"
#include "lib/suggest.h"

#define PATH_BYTES_MAX 1024

static const char *kind_name(const struct yaml_pos *value)
{
	switch (value->kind) {
	case YAML_POS_TEXT:
		return "a text";
	case YAML_POS_LIST:
		return "a list";
	case YAML_POS_MAP:
		return "a map";
	}
	return "unknown";
}

static bool want(const struct yaml_pos *value, const struct schema_key *key, struct faults *faults)
{
	if (yaml_pos_null(value) || (value->kind == YAML_POS_TEXT && value->text[0] == '\0'))
		faults_add(faults, yaml_pos_place(value)->line, yaml_pos_place(value)->column, "'%s' is empty; want %s",
		           key->name, key->want);
	else
		faults_add(faults, value->line, value->column, "'%s' can't be %s; want %s", key->name, kind_name(value),
		           key->want);
	return false;
}

static bool text_is_clean(const struct yaml_pos *value, struct faults *faults)
{
	for (const unsigned char *s = (const unsigned char *)value->text; *s != '\0'; s++) {
		if (*s >= 0x20 && *s != 0x7f)
			continue;
		faults_add(faults, value->line, value->column, "'%.100s' holds a control character; take it out",
		           value->text);
		return false;
	}
	return true;
}

static bool check_path(const struct yaml_pos *value, const struct schema_key *key, struct faults *faults)
{
	const char *path = value->text;

	if (*path != '/') {
		faults_add(faults, value->line, value->column, "'%s: %.100s' is no absolute path; want %s", key->name,
		           path, key->want);
		return false;
	}
	if (strlen(path) > PATH_BYTES_MAX) {
		faults_add(faults, value->line, value->column, "'%s' is longer than %d bytes; choose a shorter path",
		           key->name, PATH_BYTES_MAX);
		return false;
	}
	for (const char *s = path; *s != '\0'; s += strcspn(s, "/")) {
		s += strspn(s, "/");
		if (strcspn(s, "/") == 2 && s[0] == '.' && s[1] == '.') {
			faults_add(faults, value->line, value->column,
			           "'%s: %.100s' holds '..'; write the path without it", key->name, path);
			return false;
		}
	}
	return true;
}

int config_value_integer(const struct yaml_pos *value, int64_t *integer)
{
	const char *digits = value->text;
	char *end = NULL;
	long long number = 0;

	if (value->kind != YAML_POS_TEXT || value->quoted)
		return -1;
	digits += *digits == '-';
	/* No 010, which some read as eight. */
	if (*digits < '0' || *digits > '9' || (*digits == '0' && digits[1] != '\0'))
		return -1;
	errno = 0;
	number = strtoll(value->text, &end, 10);
	if (*end != '\0' || errno != 0)
		return -1;
	*integer = number;
	return 0;
}

static bool check_integer(const struct yaml_pos *value, const struct schema_key *key, struct faults *faults)
{
	int64_t number = 0;

	if (config_value_integer(value, &number) == 0 && number >= key->low && number <= key->high)
		return true;
	faults_add(faults, value->line, value->column, "'%s: %.40s' is no whole number from %lld to %lld%s; want %s",
	           key->name, value->text, (long long)key->low, (long long)key->high,
	           value->quoted ? " (without quotes)" : "", key->want);
	return false;
}

static bool check_duration(const struct yaml_pos *value, const struct schema_key *key, struct faults *faults)
{
	char low[DURATION_TEXT_SIZE];
	char high[DURATION_TEXT_SIZE];
	struct error err = { 0 };
	uint64_t ms = 0;

	if (duration_parse(value->text, &ms, &err) != 0) {
		faults_add(faults, value->line, value->column, "'%s': %s", key->name, err.text);
		return false;
	}
	if (ms >= (uint64_t)key->low && ms <= (uint64_t)key->high)
		return true;
	faults_add(faults, value->line, value->column, "'%s: %.40s' is not from %s to %s; want %s", key->name,
	           value->text, duration_text((uint64_t)key->low, low, sizeof(low)),
	           duration_text((uint64_t)key->high, high, sizeof(high)), key->want);
	return false;
}

static bool check_choice(const struct yaml_pos *value, const struct schema_key *key, struct faults *faults)
{
	const char *near = NULL;
	char list[128] = "";
	size_t n = 0;

	for (; key->choices[n] != NULL; n++) {
		size_t used = strlen(list);

		if (strcmp(value->text, key->choices[n]) == 0)
			return true;
		(void)snprintf(list + used, sizeof(list) - used, "%s%s", n == 0 ? "" : ", ", key->choices[n]);
	}
	near = suggest_nearest(value->text, key->choices, n);
	if (near != NULL)
		faults_add(faults, value->line, value->column, "unknown %s '%.64s'; did you mean '%s'?", key->name,
		           value->text, near);
	else
		faults_add(faults, value->line, value->column, "unknown %s '%.64s'; want one of %s", key->name,
		           value->text, list);
	return false;
}

static bool check_texts(const struct yaml_pos *value, const struct schema_key *key, struct faults *faults)
{
	bool good = true;

	for (const struct yaml_pos *item = value->first; item != NULL; item = item->next) {
		if (item->kind == YAML_POS_TEXT && item->text[0] != '\0') {
			good = text_is_clean(item, faults) && good;
			continue;
		}
		faults_add(faults, item->line, item->column, "an item of '%s' is %s; want %s", key->name,
		           item->kind == YAML_POS_TEXT ? "empty" : kind_name(item), key->want);
		good = false;
	}
	return good;
}

bool config_value_check(const struct yaml_pos *value, const struct schema_key *key, struct faults *faults)
{
	enum yaml_pos_kind kind = key->type == SCHEMA_MAP                                 ? YAML_POS_MAP
	                          : key->type == SCHEMA_LIST || key->type == SCHEMA_TEXTS ? YAML_POS_LIST
	                                                                                  : YAML_POS_TEXT;

	if (yaml_pos_null(value))
		return want(value, key, faults);
	if (key->type == SCHEMA_OTHER)
		return true;
	if (value->kind != kind || (kind == YAML_POS_TEXT && value->text[0] == '\0'))
		return want(value, key, faults);
	if (kind == YAML_POS_TEXT && !text_is_clean(value, faults))
		return false;
	switch (key->type) {
	case SCHEMA_PATH:
		return check_path(value, key, faults);
	case SCHEMA_INTEGER:
		return check_integer(value, key, faults);
	case SCHEMA_DURATION:
		return check_duration(value, key, faults);
	case SCHEMA_CHOICE:
		return check_choice(value, key, faults);
	case SCHEMA_TEXTS:
		return check_texts(value, key, faults);
	case SCHEMA_TEXT:
	case SCHEMA_MAP:
	case SCHEMA_LIST:
	case SCHEMA_OTHER:
		break;
	}
	return true;
}

bool config_value_is_name(const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t len = strlen(text);

	return len > 0 && len <= CONFIG_NAME_MAX && strspn(text, letters) == len && strchr("._-", text[0]) == NULL;
}

bool config_value_name(const struct yaml_pos *name, const char *what, struct faults *faults)
{
	if (config_value_is_name(name->text))
		return true;
	faults_add(
	        faults, name->line, name->column,
	        "'%.80s' is no name for a %s; use 1 to %d letters, digits, '.', '_' and '-', a letter or digit first",
	        name->text, what, CONFIG_NAME_MAX);
	return false;
}

const char *config_value_host(const struct yaml_pos *value, struct faults *faults)
{
	/* One that is no text was told by the schema. */
	if (value == NULL || value->kind != YAML_POS_TEXT || yaml_pos_null(value) ||
	    !config_value_name(value, "machine", faults))
		return NULL;
	return value->text;
}

const char *config_value_text(const struct yaml_pos *map, const char *key, const char *otherwise)
{
	const struct yaml_pos *value = yaml_pos_get(map, key);

	if (value == NULL || value->kind != YAML_POS_TEXT || value->text[0] == '\0' || yaml_pos_null(value))
		return otherwise;
	return value->text;
}

const char *config_value_path(const struct yaml_pos *map, const char *key, const char *otherwise, struct arena *arena)
{
	const char *path = config_value_text(map, key, NULL);
	char *clean = NULL;
	size_t used = 0;

	if (path == NULL || *path != '/')
		return otherwise;
	clean = arena_text(arena, path, strlen(path));
	if (clean == NULL)
		return otherwise;
	for (const char *s = path; *s != '\0';) {
		size_t len = 0;

		s += strspn(s, "/");
		len = strcspn(s, "/");
		if (len == 2 && s[0] == '.' && s[1] == '.')
			return otherwise;
		if (len > 0 && !(len == 1 && s[0] == '.')) {
			clean[used++] = '/';
			memcpy(clean + used, s, len);
			used += len;
		}
		s += len;
	}
	if (used == 0)
		used = 1; /* "/" itself */
	clean[used] = '\0';
	return clean;
}

const char *const *config_value_texts(const struct yaml_pos *list, struct arena *arena)
{
	size_t room = list != NULL && list->kind == YAML_POS_LIST ? list->n_items : 0;
	const char **texts = arena_array(arena, room + 1, sizeof(*texts));
	size_t n = 0;

	if (texts == NULL || room == 0)
		return texts;
	for (const struct yaml_pos *item = list->first; item != NULL; item = item->next)
		if (item->kind == YAML_POS_TEXT)
			texts[n++] = item->text;
	return texts;
}
