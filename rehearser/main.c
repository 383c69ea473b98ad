#include <stddef.h>

#include "lib/priority.h"
#include "lib/stage_main.h"
#include "rehearser/rehearse.h"
#include "wire/rehearse_scratch.h"

/* The NAS's own work comes first; and what a killed one left does not lie about until the next rehearsal. */
static int stand_back(const struct config *config, struct error *err)
{
	(void)config;
	(void)err;
	priority_stand_back();
	rehearse_scratch_sweep();
	return 0;
}

int main(int argc, char **argv)
{
	static const struct stage_ops ops = { .program = "aob-rehearser",
		                              .service = "rehearse",
		                              .summary = "Brings a sample of a vault back to scratch: would a restore "
		                                         "give everything back, and in what time?",
		                              .check = stand_back,
		                              .run = rehearse_run };

	return stage_main(argc, argv, &ops);
}
