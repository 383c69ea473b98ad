/* verify_proof: `aob verify --proof`: the root hash that this machine came to when a generation was published, the one in the vault's record, and what the vault comes
 * to now, from metadata and recorded hashes. */
#ifndef AOB_VERIFY_PROOF_H
#define AOB_VERIFY_PROOF_H

#include <stdbool.h>

/* verify_proof_asked: is --proof on the command line? */
bool verify_proof_asked(int argc, char *const *argv);

/* verify_proof_main: as the verbs. returns: the exit status: EX_DATAERR if they are not the same */
int verify_proof_main(int argc, char **argv, const char *config_path);

#endif
