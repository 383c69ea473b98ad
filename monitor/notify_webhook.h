/* notify_webhook: a notice as an HTTP POST, in the form that a service wants. */
#ifndef AOB_MONITOR_NOTIFY_WEBHOOK_H
#define AOB_MONITOR_NOTIFY_WEBHOOK_H

#include "lib/config.h"
#include "monitor/notify_notice.h"

#define NOTIFY_WEBHOOK_HEADERS 5

struct notify_webhook_request {
	char url[1100];
	char headers[NOTIFY_WEBHOOK_HEADERS][700]; /* "Name: value"; "": none */
	char *body;                                /* free(3) */
};

/* notify_webhook_fill: what is sent. token: NULL: none. Pure.
 * errors: ERR_SYSTEM (memory), ERR_CONFIG (the address is too long)
 * source: docs.ntfy.sh/publish, gotify.net/docs/pushmsg, healthchecks.io/docs/http_api, CloudEvents HTTP binding 1.0 "structured mode" */
int notify_webhook_fill(const struct config_notify *config, const struct notify_notice *notice, const char *token,
                        struct notify_webhook_request *request, struct error *err);

#endif
