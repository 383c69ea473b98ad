/* service: who works for which service: the table of workers, as READY made them known. Jobs wait in the runs themselves
 * (STEP_QUEUED); an idle worker is chosen least-recently-used first. No I/O.
 *
 * lifetime: service_table_new / service_table_destroy. A struct worker is valid until service_remove.
 * threads: one. */
#ifndef AOB_BROKER_SERVICE_H
#define AOB_BROKER_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/config.h"
#include "lib/mdp.h"

#define SERVICE_WORKERS_MAX 256
#define SERVICE_IDENTITY_MAX 64 /* bytes; libzmq makes them of 5 */

struct worker {
	uint8_t identity[SERVICE_IDENTITY_MAX];
	size_t identity_bytes;
	char service[CONFIG_NAME_MAX + 1];
	char name[128]; /* for people; "" of a plain Majordomo worker */
	char host[128];
	char version[32];
	bool can_cancel;
	int64_t heard_ms;       /* monotonic */
	int64_t beat_ms;        /* when the next heartbeat to it is due */
	char tag[MDP_TAG_SIZE]; /* what it has in hand, "" nothing; an outdated job as well, until its FINAL */
	uint64_t served;        /* order of last use */
};

struct service_table;

struct service_table *service_table_new(void); /* NULL: out of memory */
void service_table_destroy(struct service_table **table);

/* service_add: NULL if there are SERVICE_WORKERS_MAX, or the identity is too long, or memory is out. */
struct worker *service_add(struct service_table *table, const void *identity, size_t identity_bytes,
                           const char *service);
void service_remove(struct service_table *table, struct worker **worker);

struct worker *service_find(struct service_table *table, const void *identity, size_t identity_bytes);
/* service_idle: who takes the next job: of those without one the least recently used. host: only of that machine, and none that did not say where it is; NULL: of any.
 * NULL: none. */
struct worker *service_idle(struct service_table *table, const char *service, const char *host);
bool service_known(struct service_table *table, const char *service, const char *host); /* likewise, idle or not */
/* service_scattered: do workers of it on more than one machine say so? Then only who knows where a source lies can tell whose job it is. */
bool service_scattered(struct service_table *table, const char *service);
struct worker *service_with(struct service_table *table, const char *tag); /* who has this job in hand */
void service_use(struct service_table *table, struct worker *worker, const char *tag);

/* The workers one by one, index from 0; NULL beyond the last. Removing one moves another to its place. */
struct worker *service_at(struct service_table *table, size_t index);

#endif
