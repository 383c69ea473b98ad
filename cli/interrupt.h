/* interrupt: Ctrl-C and SIGTERM end long work at its next step, so that it can be gone on with. Of the whole process. */
#ifndef AOB_INTERRUPT_H
#define AOB_INTERRUPT_H

#include <stdbool.h>

/* interrupt_catch: from now on they only ask. */
void interrupt_catch(void);

/* interrupt_asked: has one come? */
bool interrupt_asked(void);

#endif
