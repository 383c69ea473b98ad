/* verify: VERIFY and MEND: reading again what lies in the vault, and giving damaged files their content back, for a client, or for somebody at this machine.
 *
 * lifetime: verify_new / verify_destroy; from the first question on nobody else verifies these backups. threads: one. */
#ifndef AOB_VERIFY_H
#define AOB_VERIFY_H

#include "receiver/breath.h"
#include "receiver/verify_round.h"
#include "wire/wire.h"

struct verify;

/* verify_new: vault is borrowed. tell: as breath.h, with its context. */
int verify_new(struct vault *vault,
               int (*tell)(void *context, uint64_t done, uint64_t total, bool waits, struct error *err), void *context,
               struct verify **verify, struct error *err);
void verify_destroy(struct verify **verify);

/* verify_look: what a mending that was cut off left is taken up, what is known to be damaged is looked at again, and then what is wanted is read. errors: ERR_LOCKED, those of verify_round_run */
int verify_look(struct verify *verify, const struct verify_want *want, struct wire_verified *verified,
                struct error *err);

/* verify_damage: what is known to be damaged, behind verify_look: number i of it, NULL behind the last. Those that are damaged no more have no generations. */
const struct wire_damage *verify_damage(const struct verify *verify, size_t i);

/* verify_mend: damage i, from other files of the vault with the same content. out: *result, and why not, for people.
 * errors: those that end the work: the breath's, ERR_SPACE, by errno */
int verify_mend(struct verify *verify, size_t i, enum wire_mended *result, char reason[VERIFY_CODEC_REASON_SIZE],
                struct error *err);

/* verify_answer: frame is a VERIFY or a MEND of the client. errors: those above, ERR_INPUT, ERR_PROTOCOL, the wire's */
int verify_answer(struct verify *verify, struct wire *wire, const struct frame *frame, struct error *err);

#endif
