/* fetch: FETCH: a generation, or a part of it, goes back. Reads only; no lock but a shared one on the generation's folder, so that it is not
 * pruned meanwhile. */
#ifndef AOB_FETCH_H
#define AOB_FETCH_H

#include "receiver/vault.h"
#include "wire/wire.h"

#define FETCH_LINKED UINT64_MAX           /* FETCH_FILE_END's size: another name of an inode that was sent before */
#define FETCH_UNREADABLE (UINT64_MAX - 1) /* the disk would not give it */

/* fetch_answer: frame is the FETCH. errors: ERR_NOT_FOUND (generation, path), ERR_INPUT, by errno, the wire's */
int fetch_answer(const struct vault *vault, struct wire *wire, const struct frame *frame, struct error *err);

#endif
