/* generation_name: the folder name of a generation, "2026-11-23T05-36-00Z": the time of its snapshot in UTC, ISO 8601 with '-' for ':' so that
 * every file system takes it. Names sort by time. Pure. */
#ifndef AOB_GENERATION_NAME_H
#define AOB_GENERATION_NAME_H

#include <stdbool.h>
#include <stdint.h>

#define GENERATION_NAME_SIZE 21

/* generation_name_make: for a snapshot taken at taken_at_s; if that is not greater than the newest name there is (the clock was set back, two in
 * one second), the newest one's time plus a second. newest: NULL or a valid name. Times outside 1970 … 9999 count as the nearest of them. */
void generation_name_make(int64_t taken_at_s, const char *newest, char name[GENERATION_NAME_SIZE]);

/* generation_name_valid: of exactly that form. */
bool generation_name_valid(const char *name);

#endif
