/* watch_run: follows a run until it ends, with a progress bar; for `aob run --wait` and `aob prune`. Survives a restart of the broker. */
#ifndef AOB_WATCH_RUN_H
#define AOB_WATCH_RUN_H

#include "cli/ask.h"
#include "cli/options.h"

/* watch_run_follow: out: *info, the run's last run-info, the caller's. errors: ERR_LINK (no broker for a minute), the broker's own */
int watch_run_follow(struct ask *ask, const char *run, json_t **info, struct error *err);

/* watch_run_ask: ask for a run by that verb (body as ask_verb's), follow it, print what came of it. errors: as above, and how the run ended */
int watch_run_ask(struct ask *ask, const char *verb, json_t *body, const struct options *options,
                  void (*print)(const json_t *info, bool json), struct error *err);

/* watch_run_generations: all of it as JSON; else the result of each step that tells a generation, to print. */
void watch_run_generations(const json_t *info, bool json, void (*print)(const json_t *result));

/* watch_run_status: what the run ended as, as an error; 0 for `ok`. ERR_CANCELLED, ERR_BUSY (deferred), or the class of its fault. */
int watch_run_status(const json_t *info, struct error *err);

#endif
