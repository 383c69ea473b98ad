/* vault_clock: a vault's own clock, which a wrong time of day does not move: seconds that have passed here since the vault began. It is written with each generation; since then count, in the same boot, those that have
 * passed (sleep too), and in another one those of the time of day, a week at most. `--keep-for` counts by it, so that a clock that is years ahead lets nobody remove what is days old. It never goes back, unless it is
 * lost; it may be behind, then generations are kept longer.
 *
 * threads: one; vault_clock_keep: the vault is locked. source: clock_gettime(2), CLOCK_BOOTTIME; docs/vault-format.md, "Removing" */
#ifndef AOB_VAULT_CLOCK_H
#define AOB_VAULT_CLOCK_H

#include "lib/boot_id.h"
#include "receiver/vault.h"

#define VAULT_CLOCK_MOST_S ((int64_t)1 << 40)            /* what no clock shows: a file that says more is damaged */
#define VAULT_CLOCK_AWAY_MOST_S ((int64_t)7 * 24 * 3600) /* that are believed from one boot to the next */

struct vault_clock {
	int64_t elapsed_s;          /* what it showed when it was written */
	int64_t boot_s, day_s;      /* CLOCK_BOOTTIME and the time of day then */
	char boot_id[BOOT_ID_SIZE]; /* "": like no other */
};

/* vault_clock_after: what it shows at now (whose elapsed_s is not looked at). Pure. */
int64_t vault_clock_after(const struct vault_clock *then, const struct vault_clock *now);

/* vault_clock_read: out: *now_s; less than 0: it is lost: not kept here yet, damaged, not given by its disk, or something else stands in its place. errors: by errno; that its file system is away, or no memory */
int vault_clock_read(const struct vault *vault, int64_t *now_s, struct error *err);

/* vault_clock_keep: as vault_clock_read, and it is kept; one that is lost goes on from the highest that a record tells, else from 0, and a folder in its place is moved aside. durable: on return 0. errors: by errno */
int vault_clock_keep(const struct vault *vault, int64_t *now_s, struct error *err);

#endif
