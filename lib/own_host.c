#include "lib/own_host.h"

#include <stdio.h>
#include <strings.h>
#include <unistd.h>

void own_host(const char *option, const struct config *config, char host[OWN_HOST_SIZE])
{
	char system[OWN_HOST_SIZE] = "";
	const char *name = option;

	if (name == NULL && config != NULL)
		name = config->host;
	if (name == NULL && gethostname(system, sizeof(system) - 1) == 0)
		name = system;
	(void)snprintf(host, OWN_HOST_SIZE, "%s", name != NULL ? name : "");
}

bool own_host_same(const char *a, const char *b)
{
	return a[0] != '\0' && strcasecmp(a, b) == 0;
}

bool own_host_may_be(const char *a, const char *b)
{
	return a == NULL || b == NULL || own_host_same(a, b);
}
