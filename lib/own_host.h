/* own_host: what this machine is called where pipelines say which machine has their source (`host`).
 *
 * threads: any. */
#ifndef AOB_OWN_HOST_H
#define AOB_OWN_HOST_H

#include <stdbool.h>

#include "lib/config.h"

#define OWN_HOST_SIZE (CONFIG_NAME_MAX + 1)

/* own_host: as given on the command line, else the configuration's `host`, else the system's host name; "" if that can't be told. option, config: may be NULL */
void own_host(const char *option, const struct config *config, char host[OWN_HOST_SIZE]);

/* own_host_same: upper and lower case are the same, as in all names of machines. "" is nobody's. Pure. */
bool own_host_same(const char *a, const char *b);

/* own_host_may_be: may both be the same machine? NULL is any. Pure. */
bool own_host_may_be(const char *a, const char *b);

#endif
