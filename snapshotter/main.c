#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "lib/rights.h"
#include "lib/stage_main.h"
#include "snapshotter/live.h"
#include "snapshotter/snapshot.h"

static int may_snapshot(const struct config *config, struct error *err)
{
	(void)config;
	if (geteuid() != 0 && !rights_have(CAP_SYS_ADMIN))
		return error_set(err, ERR_PERMISSION, "making and removing snapshots needs root, or CAP_SYS_ADMIN");
	return 0;
}

static int run(struct stage_job *job, const struct stage_request *request, struct stage_result *result,
               struct error *err)
{
	const char *driver = "btrfs";

	if (stage_request_with_string(request, "driver", &driver, err) != 0)
		return -1;
	if (strcmp(driver, "btrfs") == 0)
		return snapshot_run(job, request, result, err);
	if (strcmp(driver, "none") == 0)
		return live_run(job, request, result, err);
	return error_set(err, ERR_CONFIG, "driver: %s: this snapshotter knows `btrfs` and `none`", driver);
}

int main(int argc, char **argv)
{
	static const struct stage_ops ops = { .program = "aob-snapshotter",
		                              .service = "snapshot",
		                              .summary = "Makes a read-only snapshot of a pipeline's source.",
		                              .check = may_snapshot,
		                              .run = run };

	return stage_main(argc, argv, &ops);
}
