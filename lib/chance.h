/* chance: a random number for jitter, which keeps many that failed together from trying again together. Not for secrets. */
#ifndef AOB_CHANCE_H
#define AOB_CHANCE_H

#include <stdint.h>

/* chance: any number; 0 without entropy: then there is no jitter, and nothing else changes. Never waits. threads: any. source: getrandom(2) */
uint32_t chance(void);

#endif
