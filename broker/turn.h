/* turn: whose turn is it? Which of the jobs that wait gets a worker next, and what the others wait for. Pure.
 *
 * The one that waits longest of those that can be done now. A pipeline has one run in flight, and each step of it that becomes due goes to the end of the line; so whoever has
 * had its turn is behind all that waited meanwhile, however often its source changes and however many steps it has. What can't be done now holds up nobody, and keeps its place. */
#ifndef AOB_BROKER_TURN_H
#define AOB_BROKER_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum turn_wait {
	TURN_READY,     /* there is an idle worker, and room at the vault */
	TURN_NO_WORKER, /* none of its service is connected; with a `host`: none there */
	TURN_BUSY,      /* all of them have a job in hand */
	TURN_WHERE, /* workers on several machines could take it, and nothing says on which of them its source lies */
	TURN_VAULT  /* as many transfers as may go to the vault at a time are at work */
};

struct turn_facts {
	bool known, idle; /* workers that may take it: is there one, and one without a job? */
	unsigned vault_most,
	        vault_now; /* transfers to its vault: how many may be at work (0: any number; of jobs that are no transfers, too), and are */
	bool scattered; /* it is about a source, the pipeline says no `host`, and workers on several machines would take it */
};
enum turn_wait turn_wait(const struct turn_facts *facts);

struct turn_job {
	uint64_t queued; /* the smaller, the longer it waits; no two are equal */
	enum turn_wait wait;
};
/* turn_next: index of the job; n: none can be done now. */
size_t turn_next(const struct turn_job *jobs, size_t n);

#endif
