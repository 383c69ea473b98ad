/* host_check: may a browser ask for the page under this name? Pure.
 *
 * The page has no password on this machine. A foreign web site whose name its owner lets point to 127.0.0.1 (DNS rebinding) would be allowed by
 * the browser to read it, as it would be "the same site"; but the name is in the request's Host. So only names that nobody
 * else can hold are answered. */
#ifndef AOB_MONITOR_HOST_CHECK_H
#define AOB_MONITOR_HOST_CHECK_H

#include <stdbool.h>

/* host_check: host: the request's Host, with or without a port; NULL: none was sent. An address, localhost, own (this machine's name, also
 * with .local, .lan, .home.arpa), one of names (NULL-terminated). */
bool host_check(const char *host, const char *own, const char *const *names);

#endif
