/* security: who may reach a socket of the broker. ipc: the folder's mode (0750) and the socket's (0660). tcp: CURVE keys, the
 * clients' checked by ZAP (RFC 27, CZMQ's zauth) against a folder of public certificates, which may change at any time.
 *
 * lifetime: security_new / security_destroy, longer than the sockets. One in a process: ZAP has one address.
 * threads: one; zauth has a thread of its own. source: zmq_curve(7), zauth(3) */
#ifndef AOB_BROKER_SECURITY_H
#define AOB_BROKER_SECURITY_H

#include <czmq.h>

#include "lib/config.h"
#include "lib/error.h"

struct security;

/* security_new: starts ZAP if an endpoint of the configuration is tcp.
 * errors:  ERR_CONFIG (tcp without broker.curve, a certificate that cannot be read or has no secret part, no folder of
 *          clients), ERR_SYSTEM */
int security_new(const struct config *config, struct security **security, struct error *err);
void security_destroy(struct security **security);

/* security_bind: bind socket to an ipc or tcp endpoint, guarded as above. For ipc the folder is made if it is missing.
 * errors:  ERR_CONFIG, ERR_LOCKED (another process listens there), ERR_PERMISSION (folder open to all), by errno */
int security_bind(struct security *security, zsock_t *socket, const char *endpoint, struct error *err);

#endif
