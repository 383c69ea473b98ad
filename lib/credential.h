/* credential: a secret of the configuration (a key, a token) that the service manager handed over, so that the service's user need not be able to read the file
 * itself.
 *
 * A unit says LoadCredential=keys:/etc/aob/keys, and the file /etc/aob/keys/vault is then $CREDENTIALS_DIRECTORY/keys_vault.
 *
 * threads: any. source: systemd.exec(5), LoadCredential= of a folder */
#ifndef AOB_CREDENTIAL_H
#define AOB_CREDENTIAL_H

#include <limits.h>

/* credential_path: where to read the file from: what was handed over, if it was, else the path itself.
 * in: where, room for the answer; the result is one of both. */
const char *credential_path(const char *path, char where[PATH_MAX]);

#endif
