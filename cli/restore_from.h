/* restore_from: the vault of `aob restore --from`: ssh://[user@]host[:port]/root, or a folder of this machine; so that a bare new machine needs no configuration, and no broker.
 *
 * lifetime: restore_from_init / restore_from_done. threads: none shared. */
#ifndef AOB_RESTORE_FROM_H
#define AOB_RESTORE_FROM_H

#include "lib/config.h"
#include "lib/error.h"

#define RESTORE_FROM_SSH_OPTIONS 64 /* as many as a request may name */

struct restore_from {
	struct config_vault vault; /* leads into the rest */
	const char *pipeline;
	char *ssh, *root, *found;
	const char *ssh_options[RESTORE_FROM_SSH_OPTIONS + 1];
};

/* restore_from_init: where: as given; pipeline: NULL: the one that a folder of this machine shows. identity: NULL or the file of a key; ssh_options: as for ssh -o, NULL-terminated; all
 * borrowed. A folder may be the vault's ROOT, or a pipeline's in it. errors: ERR_USAGE, ERR_NOT_FOUND, with what to write instead */
int restore_from_init(struct restore_from *from, const char *where, const char *pipeline, const char *identity,
                      const char *const *ssh_options, struct error *err);
void restore_from_done(struct restore_from *from);

/* restore_from_url: ssh://[user@]host[:port]/root taken apart; %20 and the like in the root become what they stand for. out: the caller's, free(3). Pure. errors: ERR_USAGE */
int restore_from_url(const char *url, char **ssh, char **root, struct error *err);

#endif
