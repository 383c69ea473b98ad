/* choose: which generation of a vault is meant. */
#ifndef AOB_CHOOSE_H
#define AOB_CHOOSE_H

#include "wire/remote_list.h"

/* choose_generation: wanted: its name, or NULL: the current one. errors: ERR_NOT_FOUND, naming those that are, the newest first; those of remote_list */
int choose_generation(struct remote *remote, const char *pipeline, const char *wanted, struct generation_info *chosen,
                      struct error *err);

#endif
