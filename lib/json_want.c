#include "lib/json_want.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static bool is_too_deep(const char *text, size_t len)
{
	unsigned depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		if (in_string) {
			if (text[i] == '\\')
				i++;
			else if (text[i] == '"')
				in_string = false;
		} else if (text[i] == '"') {
			in_string = true;
		} else if (text[i] == '{' || text[i] == '[') {
			if (++depth > JSON_WANT_DEPTH)
				return true;
		} else if ((text[i] == '}' || text[i] == ']') && depth > 0) {
			depth--;
		}
	}
	return false;
}

json_t *json_want_load(const char *text, size_t len, enum error_class class, struct error *err)
{
	json_error_t fault = { .text = "" };
	json_t *root = NULL;

	if (len == 0)
		(void)error_set(err, class, "empty");
	else if (is_too_deep(text, len))
		(void)error_set(err, class, "nested deeper than %d levels", JSON_WANT_DEPTH);
	else if ((root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &fault)) == NULL)
		(void)error_set(err, class, "no JSON: %s (at byte %d)", fault.text, fault.position);
	else if (!json_is_object(root))
		(void)error_set(err, class, "want an object");
	else
		return root;
	json_decref(root);
	return NULL;
}

int json_want_string(json_t *object, const char *where, const char *key, bool required, const char **value,
                     struct error *err)
{
	json_t *member = json_object_get(object, key);

	*value = NULL;
	if (!required && (member == NULL || json_is_null(member)))
		return 0;
	if (!json_is_string(member)) {
		(void)error_set(err, ERR_INPUT, "%s%s: %s", where, key, member == NULL ? "missing" : "want a string");
		return -1;
	}
	*value = json_string_value(member);
	return 0;
}

int json_want_name(json_t *object, const char *where, const char *key, const char *allowed, size_t max,
                   const char **value, struct error *err)
{
	if (json_want_string(object, where, key, true, value, err) != 0)
		return -1;
	size_t len = strlen(*value);

	if (len == 0 || len > max || strspn(*value, allowed) != len || strchr("._-/", **value) != NULL)
		return error_set(err, ERR_INPUT, "%s%s: want 1 to %zu of letters, digits, and inside of \"%s\"", where,
		                 key, max,
		                 allowed + strlen("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"));
	return 0;
}

int json_want_path(json_t *object, const char *where, const char *key, bool required, const char **value,
                   struct error *err)
{
	if (json_want_string(object, where, key, required, value, err) != 0)
		return -1;
	if (*value != NULL && (**value != '/' || strlen(*value) >= PATH_MAX))
		return error_set(err, ERR_INPUT, "%s%s: want an absolute path of less than %d bytes", where, key,
		                 PATH_MAX);
	return 0;
}

int json_want_integer(json_t *object, const char *where, const char *key, json_int_t low, json_int_t high,
                      json_int_t *value, struct error *err)
{
	json_t *member = json_object_get(object, key);

	if (!json_is_integer(member) || json_integer_value(member) < low || json_integer_value(member) > high)
		return error_set(err, ERR_INPUT, "%s%s: want an integer from %lld to %lld", where, key, (long long)low,
		                 (long long)high);
	*value = json_integer_value(member);
	return 0;
}

int json_want_object(json_t *root, const char *key, bool required, json_t **value, struct error *err)
{
	*value = json_object_get(root, key);
	if (*value == NULL && !required)
		return 0;
	return json_is_object(*value) ? 0 : error_set(err, ERR_INPUT, "%s: want an object", key);
}

/* A list of strings as a NULL-terminated array. */
int json_want_strings(json_t *list, const char *where, const char ***strings, struct error *err)
{
	size_t n = json_array_size(list);
	const char **copy = calloc(n + 1, sizeof(*copy));

	if (copy == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		copy[i] = json_string_value(json_array_get(list, i));
		if (copy[i] == NULL) {
			free(copy);
			return error_set(err, ERR_INPUT, "%s[%zu]: want a string", where, i);
		}
	}
	*strings = copy;
	return 0;
}
