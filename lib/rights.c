#include "lib/rights.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BITS 32u

bool rights_have(unsigned capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	/* By the system call: libcap would be one more library for this alone. */
	return capability / BITS < _LINUX_CAPABILITY_U32S_3 && syscall(SYS_capget, &header, data) == 0 &&
	       (data[capability / BITS].effective >> capability % BITS & 1u) != 0;
}

void rights_keep_from_children(void)
{
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

void rights_keep_but_reading(void)
{
	rights_keep_from_children();
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0);
}
