/* history_trim: what the run store forgets, so that it does not grow without bound: runs that ended with their steps and attempts, and generations that the vault
 * has no more, once they are older than `history`; and the oldest runs beyond a number, however young.
 *
 * What is needed stays whatever its age: runs in flight; the run that the last good generation is of; of each pipeline the newest run of each kind and outcome (the
 * last one of all, the last that ended well, the last rest that one began at, the last failure of each kind of care); generations that lie in the vault. Ages, alarms, totals
 * and space have tables of their own that do not grow with time.
 *
 * A clock that is wrong by years must not empty the history: the newest runs stay whatever their dates say.
 * The pages of the file that get free are used again for what comes: the file does not shrink, it stops growing. source: sqlite.org/fileformat2.html#the_freelist */
#ifndef AOB_BROKER_HISTORY_TRIM_H
#define AOB_BROKER_HISTORY_TRIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/run_store.h"
#include "lib/config.h"

#define HISTORY_TRIM_RUNS 5000     /* that are kept at most, by one or few pipelines … */
#define HISTORY_TRIM_RUNS_EACH 500 /* … or by so many times their number, if that is more */

struct history_trim_keep {
	int64_t seconds;
	int64_t runs; /* in all */
};
struct history_trim_keep history_trim_keep(int64_t seconds, size_t n_pipelines);

struct history_trim { /* how far a pass has come; all zeros: it begins */
	int64_t seq;
	bool runs_done;
	char pipeline[CONFIG_NAME_MAX + 1];
};

/* history_trim: the next portion of a pass: some hundred runs, or the generations of one pipeline. One transaction of its own, and none if there is nothing to forget.
 * in:      now: wall clock
 * returns: 1: the pass goes on, 0: it is over, and *pass is zeros, -1: nothing was forgotten, the next portion is this one
 * errors:  of the store */
int history_trim(struct run_store *store, int64_t now, const struct history_trim_keep *keep, struct history_trim *pass,
                 struct error *err);

#endif
