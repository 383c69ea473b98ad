/* dying: what a service manager tells of our processes, as events and as an alarm of all pipelines: whatever keeps dying may be what one of them waits for.
 *
 * Not kept in the store: managers repeat what is so. threads: one. */
#ifndef AOB_BROKER_DYING_H
#define AOB_BROKER_DYING_H

#include <stddef.h>
#include <stdint.h>

#include "broker/broker.h"

/* dying_open: errors: ERR_SYSTEM. */
int dying_open(struct broker *broker, struct error *err);
void dying_close(struct broker *broker);

/* dying_told: what: "died", "down", "up". errors: ERR_INPUT; ERR_REFUSED: of more processes than anybody has */
int dying_told(struct broker *broker, const char *name, const char *what, const char *reason, struct error *err);

void dying_turn(struct broker *broker);

/* dying_text: as process_watch_text. */
int64_t dying_text(const struct broker *broker, char *out, size_t size);

#endif
