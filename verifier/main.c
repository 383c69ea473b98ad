#include <stddef.h>

#include "lib/priority.h"
#include "lib/stage_main.h"
#include "verifier/verify.h"

/* The NAS's own work comes first. */
static int stand_back(const struct config *config, struct error *err)
{
	(void)config;
	(void)err;
	priority_stand_back();
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
