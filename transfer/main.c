#include <stddef.h>

#include "lib/entry.h"
#include "lib/priority.h"
#include "lib/rights.h"
#include "lib/stage_main.h"
#include "transfer/transfer.h"

/* The NAS's own work comes first. */
static int stand_back(const struct config *config, struct error *err)
{
	(void)config;
	(void)err;
	priority_stand_back();
	/* A service that is not root but may read everything: what lies in the source is what is meant. */
	if (rights_have(CAP_DAC_READ_SEARCH))
		entry_take_as_it_is();
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
