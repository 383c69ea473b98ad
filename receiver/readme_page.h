/* readme_page: START-HERE.html and README.txt of a vault: for a relative who has never heard of us. They say what is there now.
 *
 * threads: one; the vault is locked. */
#ifndef AOB_README_PAGE_H
#define AOB_README_PAGE_H

#include "receiver/vault.h"

/* readme_page_write: both, each by one rename. errors: by errno; the older pages stay then */
int readme_page_write(const struct vault *vault, struct error *err);

#endif
