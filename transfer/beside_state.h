/* beside_state: where a transfer keeps what it remembers: in folders beside the broker's store (`broker.state`).
 *
 * threads: any. */
#ifndef AOB_BESIDE_STATE_H
#define AOB_BESIDE_STATE_H

#include <stddef.h>

#define BESIDE_STATE_LEDGERS "ledgers" /* all of it lies there: the service may write nowhere else */

/* beside_state: in: state: the store's path, NULL: there is none; name: of a folder in the store's. out: path, of size bytes. Returns -1 if there is no such place. Pure. */
int beside_state(const char *state, const char *name, char *path, size_t size);

#endif
