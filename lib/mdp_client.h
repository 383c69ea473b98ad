/* mdp_client: asks a Majordomo 0.2 (RFC 18) service and waits for its answer, for `aob` and the watcher.
 *
 * lifetime: mdp_client_new / mdp_client_destroy. threads: one at a time. */
#ifndef AOB_MDP_CLIENT_H
#define AOB_MDP_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/config.h"
#include "lib/error.h"

#define MDP_SERVICE_BROKER "aob.broker" /* the broker's own service: the verbs of docs/protocol.md */

struct mdp_client;

/* mdp_client_new: config gives the endpoint and, for tcp, the CURVE keys; borrowed for the client's life. Does not wait for
 * the broker. errors: ERR_CONFIG, ERR_SYSTEM. */
int mdp_client_new(const struct config *config, struct mdp_client **client, struct error *err);
void mdp_client_destroy(struct mdp_client **client);

/* mdp_client_meanwhile: hook is called while an answer is waited for: it returns when it wants to be called again, most_ms at most: for what must not stand
 * still so long. NULL: none. */
void mdp_client_meanwhile(struct mdp_client *client, int64_t (*hook)(int64_t most_ms));

/* mdp_client_ask: send one JSON body to service, wait for the FINAL reply (PARTIALs are dropped).
 * out:     *reply, NUL-terminated JSON text, owned by the caller, free(3); length in bytes to *reply_bytes if not NULL
 * repeat:  safe for the broker's verbs; after ERR_LINK the next call starts with a fresh socket
 * errors:  ERR_LINK (no answer in timeout_ms; names the endpoint and the remedy), ERR_PROTOCOL, ERR_SYSTEM, ERR_CANCELLED (interrupted by a signal) */
int mdp_client_ask(struct mdp_client *client, const char *service, const char *body, uint64_t timeout_ms, char **reply,
                   size_t *reply_bytes, struct error *err);

#endif
