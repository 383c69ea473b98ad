/* differing: is a generation that was read to its end what was published, by its root hash (docs/vault-format.md, "The root")? That sees what no content tells: a symlink or an empty folder that is gone, a name more, other
 * metadata. Computed anew from what lies there, by its recorded hashes: a look at each name, and what has none is read; memory bounded.
 *
 * threads: one. */
#ifndef AOB_DIFFERING_H
#define AOB_DIFFERING_H

#include "receiver/breath.h"
#include "receiver/verify_book.h"

/* differing_look: of these generations, those that differ come into the book; those that it knows of and that do not any more are forgotten. Not looked at: one that something else which is known to be damaged
 * touches, as that tells why; one whose root was not recorded.
 * errors: ERR_SYSTEM, the breath's */
int differing_look(const struct vault *vault, struct verify_book *book, struct breath *breath, char (*generations)[32],
                   size_t n, struct error *err);

/* differing_same: out: *same: no name and no metadata of it is other than was published; false also where that can't be told. Of the content only the recorded hashes count.
 * errors: ERR_SYSTEM, the breath's */
int differing_same(const struct vault *vault, struct breath *breath, const char *generation, bool *same,
                   struct error *err);

#endif
