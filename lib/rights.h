/* rights: what this process may do besides what its user may: root, or a service whose unit names capabilities.
 *
 * threads: any. source: capabilities(7), capget(2) */
#ifndef AOB_RIGHTS_H
#define AOB_RIGHTS_H

#include <linux/capability.h> /* CAP_SYS_ADMIN, … */
#include <stdbool.h>

/* rights_have: is the capability in the effective set? */
bool rights_have(unsigned capability);

/* rights_keep_from_children: what is executed from now on by this process, or by a child between fork and exec that calls this, gets no ambient
 * capabilities; root stays root. Safe after fork in a program with threads. */
void rights_keep_from_children(void);

/* rights_keep_but_reading: likewise, but for the right to read everything, if this process was given it. */
void rights_keep_but_reading(void);

#endif
