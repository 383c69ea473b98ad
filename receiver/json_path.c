#include "receiver/json_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hex.h"

#define KEY_SIZE 64

static const char *hex_key(const char *key, char out[KEY_SIZE])
{
	(void)snprintf(out, KEY_SIZE, "%s_hex", key);
	return out;
}

int json_path_put(json_t *object, const char *key, const char *path)
{
	json_t *text = json_string(path); /* NULL also for what is no UTF-8 */
	char other[KEY_SIZE];
	size_t n = strlen(path);
	char *hex;
	int rc;

	if (text != NULL)
		return json_object_set_new(object, key, text);
	hex = malloc(2 * n + 1);
	if (hex == NULL)
		return -1;
	hex_text((const uint8_t *)path, n, hex);
	rc = json_object_set_new(object, hex_key(key, other), json_string(hex));
	free(hex);
	return rc;
}

int json_path_get(const json_t *object, const char *key, char *path, size_t size)
{
	const char *text = json_string_value(json_object_get(object, key));
	char other[KEY_SIZE];
	size_t n;

	if (text != NULL && strlen(text) < size) {
		(void)snprintf(path, size, "%s", text);
		return 0;
	}
	text = json_string_value(json_object_get(object, hex_key(key, other)));
	n = text != NULL ? hex_bytes(text, (uint8_t *)path, size - 1) : 0;
	path[n] = '\0';
	return n != 0 && strlen(path) == n ? 0 : -1;
}
