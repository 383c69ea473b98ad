/* remote_facts: how is the far machine? As its receiver tells (DOCTOR).
 *
 * threads: one at a time. */
#ifndef AOB_REMOTE_FACTS_H
#define AOB_REMOTE_FACTS_H

#include "lib/host_facts.h"
#include "wire/remote.h"

/* remote_facts: remote: of the role "doctor". May take a minute. out: facts, with all texts escaped. errors: ERR_CONFIG (an older receiver), ERR_LINK, ERR_PROTOCOL */
int remote_facts(struct remote *remote, struct host_facts *facts, struct error *err);

#endif
