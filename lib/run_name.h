/* run_name: what a run is called: its second (UTC), and a number that tells it from others of that second: "20261127T195223Z-31a1dc8f". Pure. */
#ifndef AOB_RUN_NAME_H
#define AOB_RUN_NAME_H

#include <stdint.h>

#define RUN_NAME_SIZE 32

void run_name_make(char name[RUN_NAME_SIZE], int64_t at_s, uint32_t number);

#endif
