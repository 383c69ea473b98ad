/* notify_secret: the first line of a file: a token or password. */
#ifndef AOB_MONITOR_NOTIFY_SECRET_H
#define AOB_MONITOR_NOTIFY_SECRET_H

#include <stddef.h>

#include "lib/error.h"

#define NOTIFY_SECRET_SIZE 512

/* notify_secret_read: read anew each time, so that a new one needs no restart. errors: ERR_CONFIG (empty, too long, not printable), by errno */
int notify_secret_read(const char *path, char secret[static NOTIFY_SECRET_SIZE], struct error *err);

#endif
