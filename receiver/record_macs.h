/* record_macs: the Macs in a generation's record, for those who look at the vault alone. Part of record.h; records from before have none.
 *
 * threads: none shared. */
#ifndef AOB_RECORD_MACS_H
#define AOB_RECORD_MACS_H

#include <jansson.h>
#include <stdio.h>

#include "receiver/vault.h"
#include "receiver/words/words.h"
#include "wire/macs_codec.h"

/* record_macs_read: of the generation's record; none if it can't be read, or tells of none. */
void record_macs_read(const struct vault *vault, const char *generation, struct wire_macs *macs);

#define RECORD_MACS_SAY_SIZE 512

/* record_macs_say: what is to be said of it, behind its name: "last completed backup 24 November 2026, 10:00 UTC". size: not 0. */
void record_macs_say(const struct wire_mac *mac, const struct words *words, char *text, size_t size);

#endif
