/* page_front: ROOT/START-HERE.html: what is kept in this ROOT, with a link to each pipeline's own page. Whoever writes one pipeline's pages writes it too; a lock on
 * ROOT keeps two of them from telling an older state last.
 *
 * threads: one. */
#ifndef AOB_PAGE_FRONT_H
#define AOB_PAGE_FRONT_H

#include "receiver/vault.h"

#define PAGE_FRONT_NAME "START-HERE.html"
#define PAGE_FRONT_PIPELINES 200 /* told, the first by name */

/* page_front_write: of all pipelines there, in this vault's language. One rename.
 * out:     *there: it is there now. A ROOT that this user may not write into is none of our business: it has no such page, and that is no error
 * errors:  ERR_LOCKED (held for seconds), ERR_SYSTEM, by errno; the older page stays then */
int page_front_write(const struct vault *vault, bool *there, struct error *err);

#endif
