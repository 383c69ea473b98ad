/* missing: files that somebody, or a file system that lost them, took out of a published generation, as far as the record's count and the neighbours tell. */
#ifndef AOB_MISSING_H
#define AOB_MISSING_H

#include "receiver/breath.h"
#include "receiver/verify_book.h"

/* missing_find: in: files: how many names of files the generation has; before, behind: its neighbours, NULL: there is none. If there should be more, and its root hash does not tell that all is there, what both neighbours
 * have alike and it has not is named in the book; and in any case how many it had and has, as that is a guess. cost: nothing, or a look at each name, or those of the neighbours too.
 * errors: ERR_SYSTEM, the breath's; what can't be looked at is passed over */
int missing_find(const struct vault *vault, struct verify_book *book, struct breath *breath, const char *generation,
                 const char *before, const char *behind, uint64_t files, struct error *err);

#endif
