/* client_verbs: the broker's own service, aob.broker: decodes a client's request strictly (a known verb, known keys, right
 * types, or a refusal that says what is wrong), does it, and gives the reply as JSON text. docs/protocol.md lists the verbs.
 *
 * What is answered "ok" is committed before. threads: one. */
#ifndef AOB_BROKER_CLIENT_VERBS_H
#define AOB_BROKER_CLIENT_VERBS_H

#include <stddef.h>

#include "broker/broker.h"

#define CLIENT_VERBS_SOURCES_MAX CONFIG_PIPELINES_MAX /* of one watch-report */

/* client_verbs_answer: the hook `ask` of mdp_broker; broker is a struct broker. Returned text: free(3); NULL: out of memory. */
char *client_verbs_answer(void *broker, const void *body, size_t len_bytes);

#endif
