/* vault_user: a vault's folder belongs to one user, who receives into it. Root, who alone may read all of a disk that was carried here, becomes that user, and keeps of
 * all its rights only the one to read: so whatever is made is that user's, in the form in which that user keeps it.
 *
 * threads: for this one and those that it starts; call before any other. source: capabilities(7), setresuid(2) */
#ifndef AOB_VAULT_USER_H
#define AOB_VAULT_USER_H

#include "lib/error.h"

/* vault_user_become: for good. Nothing to do if this process is not root's, or the folder (ROOT/<pipeline>; ROOT, if that is not there) is.
 * errors: by errno */
int vault_user_become(const char *root, const char *pipeline, struct error *err);

#endif
