#include "broker/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/own_host.h"

struct service_table {
	struct worker *workers[SERVICE_WORKERS_MAX];
	size_t n;
	uint64_t served;
};

struct service_table *service_table_new(void)
{
	return calloc(1, sizeof(struct service_table));
}

void service_table_destroy(struct service_table **table)
{
	if (*table == NULL)
		return;
	for (size_t i = 0; i < (*table)->n; i++)
		free((*table)->workers[i]);
	free(*table);
	*table = NULL;
}

struct worker *service_add(struct service_table *table, const void *identity, size_t identity_bytes,
                           const char *service)
{
	struct worker *worker;

	if (table->n == SERVICE_WORKERS_MAX || identity_bytes > SERVICE_IDENTITY_MAX)
		return NULL;
	worker = calloc(1, sizeof(*worker));
	if (worker == NULL)
		return NULL;
	memcpy(worker->identity, identity, identity_bytes);
	worker->identity_bytes = identity_bytes;
	(void)snprintf(worker->service, sizeof(worker->service), "%s", service);
	worker->served = ++table->served;
	table->workers[table->n++] = worker;
	return worker;
}

void service_remove(struct service_table *table, struct worker **worker)
{
	for (size_t i = 0; i < table->n; i++)
		if (table->workers[i] == *worker) {
			table->workers[i] = table->workers[--table->n];
			break;
		}
	free(*worker);
	*worker = NULL;
}

struct worker *service_find(struct service_table *table, const void *identity, size_t identity_bytes)
{
	for (size_t i = 0; i < table->n; i++) {
		struct worker *worker = table->workers[i];

		if (worker->identity_bytes == identity_bytes && memcmp(worker->identity, identity, identity_bytes) == 0)
			return worker;
	}
	return NULL;
}

static bool does(const struct worker *worker, const char *service, const char *host)
{
	return strcmp(worker->service, service) == 0 && (host == NULL || own_host_same(host, worker->host));
}

struct worker *service_idle(struct service_table *table, const char *service, const char *host)
{
	struct worker *best = NULL;

	for (size_t i = 0; i < table->n; i++) {
		struct worker *worker = table->workers[i];

		if (worker->tag[0] == '\0' && does(worker, service, host) &&
		    (best == NULL || worker->served < best->served))
			best = worker;
	}
	return best;
}

bool service_known(struct service_table *table, const char *service, const char *host)
{
	for (size_t i = 0; i < table->n; i++)
		if (does(table->workers[i], service, host))
			return true;
	return false;
}

bool service_scattered(struct service_table *table, const char *service)
{
	const char *first = NULL;

	for (size_t i = 0; i < table->n; i++) {
		const struct worker *worker = table->workers[i];

		if (strcmp(worker->service, service) != 0 || worker->host[0] == '\0')
			continue;
		if (first == NULL)
			first = worker->host;
		else if (!own_host_same(first, worker->host))
			return true;
	}
	return false;
}

struct worker *service_with(struct service_table *table, const char *tag)
{
	for (size_t i = 0; i < table->n; i++)
		if (strcmp(table->workers[i]->tag, tag) == 0)
			return table->workers[i];
	return NULL;
}

void service_use(struct service_table *table, struct worker *worker, const char *tag)
{
	(void)snprintf(worker->tag, sizeof(worker->tag), "%s", tag);
	worker->served = ++table->served;
}

struct worker *service_at(struct service_table *table, size_t index)
{
	return index < table->n ? table->workers[index] : NULL;
}
