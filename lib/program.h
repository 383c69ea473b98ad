/* program: is there a program of that name to be run? */
#ifndef AOB_PROGRAM_H
#define AOB_PROGRAM_H

#include <stdbool.h>

/* program_is_there: as execvp(3) looks for it, and may be executed by this process; name: without '/'. */
bool program_is_there(const char *name);

#endif
