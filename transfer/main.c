#include <stddef.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/stage_main.h"
#include "transfer/transfer.h"

#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE (3 << 13) /* linux/ioprio.h: IOPRIO_CLASS_IDLE */

/* The NAS's own work comes first. Where that is not granted, the transfer goes on as anybody. */
static int stand_back(const struct config *config, struct error *err)
{
	(void)config;
	(void)err;
	(void)setpriority(PRIO_PROCESS, 0, 10);
	(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct stage_ops ops = {
		.program = "aob-transfer",
		.service = "transfer",
		.summary = "Sends what changed in a snapshot to the vault, as a new generation.",
		.check = stand_back,
		.run = transfer_run
	};

	return stage_main(argc, argv, &ops);
}
