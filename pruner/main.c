#include <stddef.h>
#include <unistd.h>

#include "lib/priority.h"
#include "lib/rights.h"
#include "lib/stage_main.h"
#include "pruner/prune.h"

static int may_prune(const struct config *config, struct error *err)
{
	(void)config;
	if (geteuid() != 0 && !rights_have(CAP_SYS_ADMIN))
		return error_set(err, ERR_PERMISSION, "removing local snapshots needs root, or CAP_SYS_ADMIN");
	/* The NAS's own work comes first. */
	priority_stand_back();
	return 0;
}

int main(int argc, char **argv)
{
	static const struct stage_ops ops = {
		.program = "aob-pruner",
		.service = "prune",
		.summary = "Removes the generations and local snapshots that the policy does not keep.",
		.check = may_prune,
		.run = prune_run
	};

	return stage_main(argc, argv, &ops);
}
