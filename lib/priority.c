#include "lib/priority.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NICE_MOST 19
/* linux/ioprio.h: IOPRIO_WHO_PROCESS, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0). Not every libc's kernel headers have it. */
#define WHO_PROCESS 1
#define CLASS_IDLE (3 << 13)

void priority_stand_back(void)
{
	(void)setpriority(PRIO_PROCESS, 0, NICE_MOST);
	(void)syscall(SYS_ioprio_set, WHO_PROCESS, 0, CLASS_IDLE);
}
