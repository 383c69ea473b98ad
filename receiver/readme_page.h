/* readme_page: START-HERE.html and README.txt of a vault, and the page above all vaults of this ROOT: for a relative who has never heard of us. They say what is
 * there now. What they were written of is remembered (.aob/pages), so that a crash before they were written is made good by the next writer.
 *
 * threads: one; the vault is locked. */
#ifndef AOB_README_PAGE_H
#define AOB_README_PAGE_H

#include "receiver/vault.h"

/* readme_page_write: all, each by one rename. errors: by errno; the older pages stay then. The page above may fail alone, which is logged. If a record can't be read, they are written without it, and again by the next writer */
int readme_page_write(const struct vault *vault, struct error *err);

/* readme_page_refresh: only if something they tell has changed since: generations, the newest, the brake, the contact, this program. Cheap otherwise. */
int readme_page_refresh(const struct vault *vault, struct error *err);

#endif
