/* store_upgrade: the tables of the run store, made, or brought from an older version to today's. */
#ifndef AOB_BROKER_STORE_UPGRADE_H
#define AOB_BROKER_STORE_UPGRADE_H

#include "broker/sql.h"
#include "lib/error.h"

/* store_upgrade: one transaction: killed in it, the store is as before, and the next start does it again.
 * errors: ERR_CONFIG (made by a newer version), of the store */
int store_upgrade(struct sql *sql, struct error *err);

#endif
