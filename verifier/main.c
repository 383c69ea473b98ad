#include <stddef.h>

#include "lib/entry.h"
#include "lib/priority.h"
#include "lib/rights.h"
#include "lib/stage_main.h"
#include "verifier/verify.h"

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
		.program = "aob-verifier",
		.service = "verify",
		.summary = "Has a vault read again what lies there, and mends what is damaged.",
		.check = stand_back,
		.run = verify_run
	};

	return stage_main(argc, argv, &ops);
}
