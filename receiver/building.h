/* building: the part of a conversation in which a generation comes into being: BEGIN, the listing, signatures, changes, COMMIT.
 *
 * lifetime: building_new / building_destroy. threads: one. */
#ifndef AOB_BUILDING_H
#define AOB_BUILDING_H

#include "receiver/ticker.h"
#include "receiver/vault.h"
#include "wire/wire.h"

struct building;

/* building_new: all borrowed. tells_brake: the client's COMMIT does (WIRE_FEATURE_BRAKE); else it is the default. */
int building_new(struct vault *vault, struct wire *wire, struct ticker *ticker, bool tells_brake,
                 struct building **building, struct error *err);
/* building_destroy: what is not published stays for the next connection. */
void building_destroy(struct building **building);

/* building_open: is something begun and not published? */
bool building_open(const struct building *building);

/* building_frame: one frame of the client. errors: ERR_PROTOCOL, those of what the frame asks for */
int building_frame(struct building *building, const struct frame *frame, struct error *err);

/* building_own_vault: before anything is written: become the only writer, if these backups are the client's, and put in order what a crash left. Done once. builds: a generation is to begin as a copy of another, which must
 * not have the half of a mending in it: what there is no room for now is an error then; a removal makes room. */
int building_own_vault(struct vault *vault, bool builds, struct error *err);

#endif
