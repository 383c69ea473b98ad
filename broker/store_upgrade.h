/* store_upgrade: the tables of the run store, made, or brought from an older version to today's. */
#ifndef AOB_BROKER_STORE_UPGRADE_H
#define AOB_BROKER_STORE_UPGRADE_H

#include "broker/sql.h"
#include "lib/error.h"

/* store_upgrade: one transaction: killed in it, the store is as before, and the next start does it again. An older store is copied before, to
 * PATH.version-N (N: its version): going back to the older program, that one takes the store's place.
 * in: path: of the store. durable: on return 0, the copy too. errors: ERR_CONFIG (made by a newer version), ERR_SPACE (of the copy, too), of the store */
int store_upgrade(struct sql *sql, const char *path, struct error *err);

#endif
