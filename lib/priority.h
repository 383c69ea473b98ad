/* priority: a backup lets everybody else go first. */
#ifndef AOB_PRIORITY_H
#define AOB_PRIORITY_H

/* priority_stand_back: this process, and what it starts from now on, gets a CPU only where nobody else wants one (nice 19), and a disk likewise (the idle
 * I/O class, as far as the disk's scheduler has classes). Never fails: where it is not granted, the process goes on as before. Call it before
 * threads are started, which each have a priority of their own. */
void priority_stand_back(void);

#endif
