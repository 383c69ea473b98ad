#include "monitor/host_check.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NAME_SIZE 256

/* Without port and brackets. False: too long, or nothing. */
static bool take_name(const char *host, char name[NAME_SIZE])
{
	size_t len = strcspn(host, ":");

	if (*host == '[') {
		host++;
		len = strcspn(host, "]");
	}
	if (len > 0 && host[len - 1] == '.')
		len--; /* "localhost.", as DNS writes it */
	if (len == 0 || len >= NAME_SIZE)
		return false;
	memcpy(name, host, len);
	name[len] = '\0';
	return true;
}

static bool is_address(const char *name)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

bool host_check(const char *host, const char *own, const char *const *names)
{
	char name[NAME_SIZE];
	size_t own_len = strlen(own);

	if (host == NULL)
		return true; /* no browser: those always send it */
	if (!take_name(host, name))
		return false;
	if (is_address(name) || strcasecmp(name, "localhost") == 0)
		return true;
	for (size_t i = 0; names[i] != NULL; i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	/* "nas", "nas.local", "nas.lan": a domain of the own network; "nas.evil.example" is somebody else's. */
	if (own_len == 0 || strncasecmp(name, own, own_len) != 0)
		return false;
	return name[own_len] == '\0' || strcasecmp(name + own_len, ".local") == 0 ||
	       strcasecmp(name + own_len, ".lan") == 0 || strcasecmp(name + own_len, ".home.arpa") == 0;
}
