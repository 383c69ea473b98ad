/* reload: SIGHUP and the verb: the file is read and checked as a whole; only if all of it is right the new configuration
 * takes the old one's place. Runs in flight keep what they began with (run_config.h). threads: one. */
#ifndef AOB_BROKER_RELOAD_H
#define AOB_BROKER_RELOAD_H

#include "broker/broker.h"

/* reload_config: out: event aob.-.config.loaded or aob.-.config.refused, and a log line.
 * errors: ERR_CONFIG with the faults' text (also for what only a restart can change: endpoints, curve, state), and those of
 *         config_load; then nothing has changed. */
int reload_config(struct broker *broker, struct error *err);

/* reload_loaded: tell (event, log) that broker->config is in force. */
void reload_loaded(struct broker *broker);

#endif
