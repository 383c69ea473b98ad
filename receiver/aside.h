/* Names for what gets its place by rename(2) only when it is whole. None is used twice: a brick of GlusterFS that was away while one was renamed still has it, and until it is healed would put that, which is
 * another file, in the place of what comes by the same name. */
#ifndef AOB_ASIDE_H
#define AOB_ASIDE_H

#include "lib/error.h"

#define ASIDE_NAME_SIZE 32

/* aside_name: prefix, of at most 15 bytes, and 16 random hexadecimal digits. errors: by errno. threads: any. source: getrandom(2) */
int aside_name(const char *prefix, char name[ASIDE_NAME_SIZE], struct error *err);

/* aside_clear: what a killed process left: each name in the folder that begins with prefix goes, but for "." and "..". What can't be removed does not stop the others. errors: by errno, of the last one. threads: any */
int aside_clear(int folder_fd, const char *prefix, struct error *err);

#endif
