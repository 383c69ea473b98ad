/* restore_wish: a GIVE, put together wish by wish: which bytes of which file. */
#ifndef AOB_RESTORE_WISH_H
#define AOB_RESTORE_WISH_H

#include "wire/codec.h"
#include "wire/wire.h"

#define RESTORE_WISH_MOST 1024u
#define RESTORE_WISH_BYTES                                                                                             \
	(768u                                                                                                          \
	 << 10) /* when it is as long, no more is put: with the longest path behind, a GIVE still is not too long */

void restore_wish_begin(struct encoder *e);
/* restore_wish_put: to: before this byte; UINT64_MAX: to the end. */
void restore_wish_put(struct encoder *e, const char *path, uint64_t from, uint64_t to);
/* restore_wish_send: in: wishes: how many were put. errors: ERR_SYSTEM, the wire's */
int restore_wish_send(struct wire *wire, struct encoder *e, unsigned wishes, struct error *err);

#endif
