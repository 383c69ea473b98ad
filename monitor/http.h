/* http: the monitor's server (libmicrohttpd): pages, metrics, health, status as JSON, events as a stream. Reading only: GET and HEAD.
 *
 * One thread serves all connections, without waiting for any: a client that is slow, silent or gone costs a place of HTTP_CONNECTIONS_MAX
 * until its time is over, and nothing else. Nothing here asks the broker; what is answered is what state knows.
 *
 * lifetime: http_open / http_close. threads: http_open, http_wake and http_close from one. */
#ifndef AOB_MONITOR_HTTP_H
#define AOB_MONITOR_HTTP_H

#include "lib/config.h"
#include "lib/error.h"
#include "monitor/state.h"
#include "monitor/text.h"

#define HTTP_CONNECTIONS_MAX 512
#define HTTP_TIMEOUT_S 20 /* without a byte either way */

struct http;

/* http_open: listens on config's address. config and state are borrowed for its life.
 * errors: ERR_CONFIG, saying who may have the port; ERR_SYSTEM */
int http_open(const struct config *config, struct state *state, struct http **http, struct error *err);
void http_close(struct http **http);

void http_wake(struct http *http, bool beat); /* events are there for the streams */

/* http_textfile: what /metrics answers, for the textfile. */
void http_textfile(struct http *http, struct text *text);

#endif
