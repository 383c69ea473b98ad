/* list_vault: the generations as the vaults themselves tell, in the form in which the broker tells them: for a machine that has lost its store, or never had one. */
#ifndef AOB_LIST_VAULT_H
#define AOB_LIST_VAULT_H

#include <jansson.h>

#include "lib/config.h"
#include "lib/error.h"

/* list_vault: of one pipeline, or of all (NULL); asks each vault in turn. Returns {"generations": […]}, the newest of each first, the caller's; NULL: errors: as
 * remote_open and remote_list, ERR_NOT_FOUND (no such pipeline) */
json_t *list_vault(const struct config *config, const char *pipeline, struct error *err);

#endif
