#include <stddef.h>
#include <unistd.h>

#include "lib/rights.h"
#include "lib/stage_main.h"
#include "snapshotter/snapshot.h"

static int may_snapshot(const struct config *config, struct error *err)
{
	(void)config;
	if (geteuid() != 0 && !rights_have(CAP_SYS_ADMIN))
		return error_set(err, ERR_PERMISSION, "making and removing snapshots needs root, or CAP_SYS_ADMIN");
	return 0;
}

int main(int argc, char **argv)
{
	static const struct stage_ops ops = { .program = "aob-snapshotter",
		                              .service = "snapshot",
		                              .summary = "Makes a read-only snapshot of a pipeline's source.",
		                              .check = may_snapshot,
		                              .run = snapshot_run };

	return stage_main(argc, argv, &ops);
}
