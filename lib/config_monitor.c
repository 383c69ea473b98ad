#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config_build.h"
#include "lib/config_schema.h"
#include "lib/config_value.h"

#define PORT_MAX 65535

/* ADDRESS:PORT with a literal address, as a name may be looked up to anything: 127.0.0.1:9877, [::1]:9877. 0, or -1. */
static int split(const char *listen, struct config_monitor *monitor, struct config_build *b)
{
	const char *colon = strrchr(listen, ':');
	const char *from = listen;
	const char *to = colon;
	unsigned char address[sizeof(struct in6_addr)];
	char *end = NULL;
	long port;

	if (colon == NULL || colon[1] < '0' || colon[1] > '9')
		return -1;
	port = strtol(colon + 1, &end, 10);
	if (*end != '\0' || port < 1 || port > PORT_MAX)
		return -1;
	monitor->is_ipv6 = *listen == '[';
	if (monitor->is_ipv6) {
		from++;
		to--;
		if (to <= from || *to != ']')
			return -1;
	}
	monitor->address = arena_text(b->arena, from, (size_t)(to - from));
	monitor->port = (uint16_t)port;
	if (monitor->address == NULL)
		return 0; /* the arena has failed, which is looked at once, at the end */
	return inet_pton(monitor->is_ipv6 ? AF_INET6 : AF_INET, monitor->address, address) == 1 ? 0 : -1;
}

void config_monitor_build(struct config_build *build)
{
	const struct yaml_pos *map = yaml_pos_get(build->root, "monitor");
	const struct yaml_pos *listen = yaml_pos_get(map, "listen");
	struct config_monitor *monitor = &build->config->monitor;
	const char *text = NULL;

	if (map != NULL && map->kind == YAML_POS_MAP)
		(void)config_schema_check(map, &config_schema_monitor, build->faults);
	text = config_value_text(map, "listen", CONFIG_DEFAULT_LISTEN);
	if (split(text, monitor, build) != 0)
		faults_add(build->faults, listen->line, listen->column,
		           "'listen: %.100s' is no address with a port; write 127.0.0.1:9877, or [::1]:9877", text);
	monitor->textfile = config_value_path(map, "textfile", NULL, build->arena);
	monitor->host_names = config_value_texts(yaml_pos_get(map, "host_names"), build->arena);
}
